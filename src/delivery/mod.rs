//! One campaign mailed to one subscriber, from the queue to the next hop's answer.
//!
//! Owns the tables `delivery`, `attempt` and `relay`; writes the ledger through `campaign`.
//!
//! ```text
//! queued → sending → accepted
//!    ↑        ├────→ deferred → (queued again when its time comes)
//!    │        ├────→ in_doubt   (policy `hold`: a person decides: queued again, accepted or failed)
//!    │        ├────→ failed · expired · suppressed · cancelled
//!    └────────┘ the relay was at fault, or the daemon died
//! ```
//!
//! # What always holds
//! * One row for each campaign and subscriber, made when the audience was frozen.
//! * No transaction is open while a transport talks: claim, send, record.
//! * `finished_at` is set exactly when the state is final; the table checks it too.
//! * What is done when is decided in [`core`], which talks to nobody; [`engine`] does as it says.
//! * A message is handed over only after a last look, when its relay has taken the envelope and waits:
//!   still subscribed, not suppressed, campaign still running. So after an opt-out at most the
//!   messages already handed over go out.
//! * At most `delivery.window` messages are handed over whose outcome is not recorded: that is
//!   what a crash can repeat, with the same Message-ID (RFC 1047 explains why it cannot be none).
//! * A relay's fault holds the relay; it changes nothing for the person.
//! * A test copy ([`trial`]) is no delivery: it writes nothing, and heeds every no.
//! * An address is suppressed only by a refusal that says that it takes no mail ([`bearing`]), in the
//!   transaction that records it. A refusal that is about us fails nobody; many of them pause the
//!   campaign.
//!
//! # Races
//! 1. *Two workers see one row.* The claim's update decides; the other sees no row.
//! 2. *A worker is late.* Every claim raises the row's fence; the last look refuses an older fence,
//!    and a result that comes with one is kept as an attempt and settles nothing.
//! 3. *The process dies after the final dot and before the result is kept.* The next daemon finds
//!    the row `sending` with a dead owner and queues it again ([`recover`]); under `hold` only what
//!    was not marked as handed over.
//! 4. *A row waits long in a daemon's hands (a held relay, a slow pace).* Its lease is renewed every
//!    few seconds for as long as the daemon lives and has it in hand; only a lease that nobody
//!    renews runs out.
//! 5. *Results cannot be kept (disk full).* They are tried again and again, and nothing else is
//!    begun: sending stops by itself and goes on by itself.
//! 6. *A person retries a delivery while its campaign is found to be finished.* Both take the
//!    campaign's row first ([`steer`]); a delivery that is under way is not theirs to change.
//! 7. *Somebody asks for discretion while their mail waits.* The claim gives the mail the discreet
//!    rendition; a plain one that was claimed before is turned down at its last look, and claimed anew. One
//!    that may have arrived is repeated under the discreet sender's Message-ID: discretion comes first.
//! 8. *A post is withdrawn while digests that hold it wait, or go out.* [`withdrawal`] plans those that
//!    wait anew, and the last look turns down the others.
//! 9. *A correction arrives while an earlier version waits for its next try.* The earlier one is turned
//!    down: it would come last and be taken for what holds.

pub mod bearing;
pub mod core;
mod desk;
pub mod engine;
pub mod hours;
mod record;
pub mod recover;
mod shared;
mod sign;
pub mod steer;
pub mod store;
pub mod trial;
pub mod verdict;
pub mod withdrawal;
mod worker;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::id::{CampaignId, DeliveryId, RenditionId, SubscriptionId};
use crate::line::Line;
use crate::transport::{Outcome, SendError};

/// Where a delivery is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Queued,
    Sending,
    Accepted,
    Deferred,
    InDoubt,
    Failed,
    Expired,
    Suppressed,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Sending,
        Self::Accepted,
        Self::Deferred,
        Self::InDoubt,
        Self::Failed,
        Self::Expired,
        Self::Suppressed,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::InDoubt => "in_doubt",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Suppressed => "suppressed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::Failed | Self::Expired | Self::Suppressed | Self::Cancelled
        )
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
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|state| state.as_str()).collect();
            format!("\"{text}\" is not a state of a delivery; write one of {}", all.join(", "))
        })
    }
}

/// A delivery that this daemon has claimed and must give back: with a result, or untried.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub id: DeliveryId,
    /// The result must come with this fence.
    pub fence: i64,
    pub campaign: CampaignId,
    pub attempts: i64,
    pub expires_at: Timestamp,
}

/// Who goes first when there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A post that says so of itself.
    Urgent,
    News,
    /// A digest can wait.
    Digest,
}

/// A claimed delivery that may be sent, with all that is the person's own.
#[derive(Clone, Debug)]
pub struct Errand {
    pub claim: Claim,
    pub priority: Priority,
    pub rendition: RenditionId,
    /// Of a discreet rendition.
    pub discreet: bool,
    pub email: EmailAddress,
    pub name: Option<Line>,
    pub message_id: String,
    pub dated_at: Timestamp,
    /// The subscriptions that the mail comes by, with their lists.
    pub subscriptions: Vec<(SubscriptionId, String)>,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Happened {
    /// It was tried at a relay.
    Tried { relay: Arc<str>, at: Timestamp, took: Duration, result: Result<Outcome, SendError> },
    /// It must not be sent any more; the reason is for the record.
    Unwanted(&'static str),
    /// It was not tried, and may be claimed again at once.
    Untried,
    /// It was not tried because it is not its domain's turn before this.
    Later(Timestamp),
    /// It cannot be composed: a fault of ours, which pauses the campaign.
    Ours(String),
}
