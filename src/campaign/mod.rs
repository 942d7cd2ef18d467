//! What goes out and when: one mailing, to everybody who is due it.
//!
//! Owns the tables `campaign`, `campaign_list`, `rendition`, `rendition_post`, `digest`, `reminder`, `ledger`,
//! `rsvp`, `action` and `approval`.
//! A campaign says what and when; a delivery says to whom and how it went.
//!
//! ```text
//! draft → awaiting_approval ⇄ scheduled → running ⇄ paused → finished
//!                                  └──────────┴────────┴──→ cancelled
//! ```
//! A finished campaign runs again when a person has a delivery of it retried that was in doubt.
//!
//! # What always holds
//! * The audience is frozen in one transaction: the post is published, the deliveries and their
//!   ledger rows are written, and the campaign runs, or nothing of it happened (promise 1).
//! * The ledger is unique by subscriber, post, version and purpose: nobody is sent a version twice
//!   for one purpose, whatever planned it (promise 2).
//! * A digest's firing is recorded in the transaction that plans it: after a crash it is planned
//!   again or was planned whole.
//!
//! * A correction and a cancellation go to exactly those whose ledger says that they had the post, by
//!   the lists it came by and as far as they still read them; nothing re-sends by itself.
//! * Where a list wants it, a second person approves, and what is frozen is what they approved
//!   (`approval`). Who did what is in the log of the transaction that did it (`action`).
//!
//! # Races
//! 1. *Two daemons find one campaign due.* The update from `scheduled` to `running` decides.
//! 2. *Two campaigns freeze one post at once.* The ledger's key refuses the second; it is tried
//!    again on the next round and then leaves out whoever has it.
//! 3. *A post is withdrawn while its campaign waits, or while a digest is planned.* All three take
//!    turns; the freeze looks, and cancels instead, and the digest leaves it out.
//! 4. *A campaign is found to be finished while a person retries one of its deliveries.* Both take
//!    the campaign's row before they look at deliveries, so that the later one sees what the first
//!    did: it stays running, or it runs again.
//! 5. *A post is withdrawn while its mails are under way.* Its cancellation is frozen when they have
//!    come to rest: only then is it known who had the post.
//! 6. *A campaign changes while a second person looks at it.* They approve what they have seen: the
//!    approval holds the row and compares, and so does the freeze.
//! 7. *Two daemons find one reminder due, or a meeting is moved or withdrawn at that moment.* All of them
//!    take turns: the later one finds the step fired, or gone.

pub mod action;
pub mod announcement;
pub mod approval;
pub mod digest;
pub mod freeze;
mod local;
pub mod reminder;
pub mod rsvp;
pub mod sequel;
pub mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::bail;

use self::action::Actor;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::post::store::Stored;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident as $what:literal { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!(concat!("\"{}\" is not ", $what, "; write one of: ", $($word, " "),+), text)),
                }
            }
        }
    };
}

words! {
    /// What sort of mailing it is.
    Kind as "a kind of campaign" {
        Announcement = "announcement",
        Digest = "digest",
        Reminder = "reminder",
        Update = "update",
        Cancellation = "cancellation",
    }
}

words! {
    /// Where a campaign is in its life.
    State as "a state of a campaign" {
        Draft = "draft",
        AwaitingApproval = "awaiting_approval",
        Scheduled = "scheduled",
        Running = "running",
        Paused = "paused",
        Finished = "finished",
        Cancelled = "cancelled",
    }
}

words! {
    /// What somebody says of a meeting.
    Answer as "an answer" {
        Coming = "coming",
        NotComing = "not_coming",
        NotTold = "not_told",
    }
}

words! {
    /// Why somebody on a list is not in the audience.
    Exclusion as "a reason" {
        Digest = "digest",
        AlreadyReceived = "already_received",
        Unsubscribed = "unsubscribed",
        Pending = "pending",
        Paused = "paused",
        Suppressed = "suppressed",
        NotComing = "not_coming",
        NotTold = "not_told",
    }
}

words! {
    /// What somebody did to a campaign.
    Action as "something that is done to a campaign" {
        Queued = "queued",
        Approved = "approved",
        Voided = "voided",
        Paused = "paused",
        Resumed = "resumed",
        Cancelled = "cancelled",
        Retried = "retried",
        Settled = "settled",
        Tested = "tested",
    }
}

/// Who would get a campaign now, and who not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    pub audience: i64,
    pub excluded: BTreeMap<&'static str, i64>,
}

impl Forecast {
    /// From how many people are in which standing: a reason to be left out, or in.
    fn of(standings: Vec<(String, i64)>) -> Self {
        let mut forecast = Self::default();
        for (standing, people) in standings {
            match standing.parse::<Exclusion>() {
                Ok(reason) => drop(forecast.excluded.insert(reason.as_str(), people)),
                Err(_) => forecast.audience = people,
            }
        }
        forecast
    }

    /// Whether anybody gets it, now or by digest.
    pub fn reaches_somebody(&self) -> bool {
        self.audience > 0 || self.excluded.contains_key(Exclusion::Digest.as_str())
    }
}

/// What a campaign is asked to be.
#[derive(Clone, Debug)]
pub struct Order {
    /// The version that was looked over; none is the newest.
    pub version: Option<i64>,
    /// The post's slug.
    pub post: String,
    /// Instead of the post's own lists.
    pub lists: Vec<String>,
    pub due_at: Timestamp,
    /// Each reader gets it when their own clock shows what the site's shows at `due_at`.
    pub local_time: bool,
    pub expires_at: Timestamp,
    pub by: Actor,
}

impl Order {
    /// Whether `stored`, the newest version, is the one that was looked over, and can be sent in time.
    fn check(&self, config: &Config, stored: &Stored, now: Timestamp) -> anyhow::Result<()> {
        if self.version.is_some_and(|version| version != stored.version) {
            bail!(
                "the post \"{}\" was edited just now; queue it again to look over what is new",
                self.post
            );
        }
        if self.expires_at <= self.due_at.max(now) {
            bail!("it would expire before it is due; give a later --expires, or an earlier --at");
        }
        let (site, urgent) = (&config.site, stored.post()?.urgent);
        let quiet = site.quiet_hours.filter(|_| !urgent);
        let until = quiet.and_then(|hours| hours.until(self.due_at.max(now), site.timezone));
        if until.is_some_and(|until| self.expires_at <= until) {
            bail!(
                "it would expire before the quiet hours end; give a later --expires, or another --at"
            );
        }
        Ok(())
    }
}
