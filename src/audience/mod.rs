//! Who wants it: subscribers, their subscriptions, what they agreed to, and whom never to mail.
//!
//! Owns the tables `subscriber`, `subscription`, `consent` and `suppression`. Lists and digests are
//! declared in the configuration; a subscription names them.
//!
//! # What always holds
//! * Two spellings of one address are one subscriber (`EmailAddress::key`).
//! * Every change of a subscription appends to `consent`, in the same transaction; nothing there is
//!   ever changed or removed.
//! * A suppression is a keyed hash: it outlives the person's row, and a later import meets it.
//! * A reader who comes (back) to a list starts at the moment of subscribing: `from_sequence` is
//!   the last publication before it, so nobody gets old news.
//!
//! # Races
//! 1. *Somebody leaves while a campaign runs.* The opt-out commits first or the claim does; after
//!    the commit every claim and the last look before the hand-over see it (`delivery`).
//! 2. *Two commands add one address.* The unique key decides; the second finds the first's row.

pub mod import;
pub mod optout;
pub mod store;
pub mod subscribe;
pub mod suppression;
pub mod used;

use std::fmt;
use std::str::FromStr;

use crate::address::EmailAddress;
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::clock::quiet::QuietHours;
use crate::config::Config;
use crate::id::{SubscriberId, SubscriptionId};
use crate::line::Line;

/// How often somebody wants to hear from a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cadence {
    Immediate,
    /// In the digest of this name.
    Digest(String),
}

impl Cadence {
    /// Refuses the name of a digest that the configuration does not have.
    pub fn check(&self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Digest(name) if !config.digest.contains_key(name) => {
                let known: Vec<_> = config.digest.keys().map(String::as_str).collect();
                anyhow::bail!(
                    "\"{name}\" is not a cadence; write immediate or the name of a digest ({})",
                    known.join(", ")
                )
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immediate => f.write_str("immediate"),
            Self::Digest(name) => f.write_str(name),
        }
    }
}

impl FromStr for Cadence {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "immediate" { Self::Immediate } else { Self::Digest(text.to_owned()) })
    }
}

/// The life of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked for, and not yet confirmed by the person: gets nothing.
    Pending,
    Active,
    Paused,
    Ended,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Pending, Self::Active, Self::Paused, Self::Ended]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not a state of a subscription"))
    }
}

/// Where a change of consent came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentSource {
    Command,
    Import,
    Page,
    OneClick,
}

impl ConsentSource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Import => "import",
            Self::Page => "page",
            Self::OneClick => "one-click",
        }
    }
}

/// A person and an address.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub id: SubscriberId,
    /// None once the person is erased.
    pub email: Option<EmailAddress>,
    pub name: Option<Line>,
    pub discreet: bool,
    /// Of their own clock; the site's when they told none.
    pub timezone: Option<Tz>,
    /// In place of the site's, and for urgent mails too.
    pub quiet_hours: Option<QuietHours>,
    pub created_at: Timestamp,
    pub suppressed: bool,
    pub subscriptions: Vec<Subscription>,
}

impl Subscriber {
    /// The person as a whole, in one word.
    pub fn status(&self) -> &'static str {
        let any = |state| self.subscriptions.iter().any(|one| one.state == state);
        match () {
            () if self.email.is_none() => "erased",
            () if self.suppressed => "suppressed",
            () if any(State::Active) => "active",
            () if any(State::Paused) => "paused",
            () if any(State::Pending) => "pending",
            () if any(State::Ended) => "ended",
            () => "on no list",
        }
    }
}

/// A subscriber on a list.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub list: String,
    pub cadence: Cadence,
    pub state: State,
    pub basis: String,
    /// Why it ended; None while it has not.
    pub end_reason: Option<String>,
}
