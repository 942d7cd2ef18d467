//! What the operators are told: at once what is broken, and once a day what waits for a person.
//!
//! Owns the tables `alert` and `summary`.
//!
//! ```text
//! facts → broken? → alert (begun, lasting, over) → told, again each day, told that it is over
//! summary's firing → needs? → told, or settled without a word
//! ```
//!
//! # What always holds
//! * An alert means that something is broken, never that there is much to do: whoever was accepted lately
//!   explains why others still wait (`judge`, pure).
//! * What a person did (a pause, a limit in the configuration) is not broken.
//! * What is broken has been so for `operator.alert_after`, and this daemon has looked on for as long: after
//!   a start, or a machine's sleep, it first lets the work be done. It may end an alert at any time.
//! * An alert is told once, again after a day, and its end is told if its beginning was. What was told is
//!   written down after the relay has taken it: a crash repeats, it does not lose.
//! * No address of a reader and no words of a server are in an alert, in a note or in the log.
//! * A note goes beside the queue: it waits for no campaign, counts as no delivery, and holds up nothing. A
//!   relay that a person paused gets none.
//! * Without `operator.address` nothing is sent; `status`, the log and the metrics tell the same.
//!
//! # Races
//! 1. *Two daemons see that something is broken.* The row's key lets one begin it; who claims the row tells.
//! 2. *Whoever tells dies.* The claim lapses after some minutes, and another tells it.
//! 3. *It is over while its beginning is being told.* The row stays until that is settled, and the end is
//!    told after it.
//! 4. *It begins again while its end is being told.* The row becomes one that nobody was told of.
//! 5. *The summary's firing comes to two daemons.* One of them takes it, in the transaction that claims it.

mod disk;
mod fact;
mod judge;
mod mail;
mod need;
pub mod store;
mod summary;
mod tell;
mod word;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::token::Keys;
use crate::transport::Transport;
use fact::Facts;

pub use need::{Need, needs};

/// What looking and telling work with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub db: &'a Db,
    pub config: &'a Config,
    pub keys: &'a Keys,
    pub clock: &'a Clock,
}

/// The ways to the relays, by their names.
pub type Transports = BTreeMap<String, Transport>;

/// What sort of thing is broken, causes before consequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The disk of an SQLite database has no room left.
    Disk,
    /// A fault holds a relay.
    Relay,
    /// Mails are due and none is accepted.
    Stalled,
    /// A firing of a digest was not planned.
    Digest,
    /// An urgent campaign has reached nobody.
    Urgent,
    /// A list's canary was not reached.
    Canary,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Disk, Self::Relay, Self::Stalled, Self::Digest, Self::Urgent, Self::Canary];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Relay => "relay",
            Self::Stalled => "stalled",
            Self::Digest => "digest",
            Self::Urgent => "urgent",
            Self::Canary => "canary",
        }
    }

    /// Of an alert's name: `relay:main`.
    pub fn of(name: &str) -> Option<Self> {
        let word = name.split_once(':').map_or(name, |(word, _)| word);
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub kind: Kind,
    /// Of what: a relay's name, a campaign's number.
    pub of: Option<String>,
    /// In the site's words, as the beginning of a sentence.
    pub what: String,
    /// What to do, with the command.
    pub remedy: String,
    pub since: Timestamp,
    /// How long whoever says so must have looked on.
    pub patience: Duration,
}

impl Broken {
    pub fn name(&self) -> String {
        match &self.of {
            Some(of) => format!("{}:{of}", self.kind.as_str()),
            None => self.kind.as_str().to_owned(),
        }
    }
}

/// Looks once at everything, writes down what began and what is over, and tells whom there is to tell.
/// `awake`: how long this daemon has looked on without a break.
pub async fn look(desk: Desk<'_>, transports: &Transports, awake: Duration) -> anyhow::Result<()> {
    let known = store::all(&mut desk.db.read().await?).await?;
    let facts = Facts::read(desk, &known).await?;
    note(desk, &facts, &known, awake).await?;
    let Some(to) = &desk.config.operator.address else { return Ok(()) };
    let mail = mail::Mail { desk, transports, to };
    let told = tell::tell(&mail).await;
    // one that cannot be told holds up no other
    summary::send_due(&mail).await?;
    told
}

/// Writes down what changed since the last look, if anything did.
async fn note(
    desk: Desk<'_>,
    facts: &Facts,
    known: &[store::Alert],
    awake: Duration,
) -> anyhow::Result<()> {
    let broken = facts.broken(desk.config);
    let names: Vec<String> = broken.iter().map(Broken::name).collect();
    let lasting = |name: &String| known.iter().find(|alert| alert.name == *name);
    let news: Vec<_> = broken
        .iter()
        .zip(&names)
        .filter(|(broken, name)| match lasting(name) {
            Some(alert) => !alert.says(broken),
            None => awake >= broken.patience,
        })
        .collect();
    let over: Vec<_> =
        known.iter().filter(|alert| alert.lasts() && !names.contains(&alert.name)).collect();
    if news.is_empty()
        && over.is_empty()
        && known.iter().all(|alert| !alert.is_forgotten(facts.now))
    {
        return Ok(());
    }
    let mut write = desk.db.write().await?;
    for (broken, name) in news {
        if store::begin(&mut write, name, broken).await? && lasting(name).is_none() {
            tracing::error!(alert = name, since = %broken.since, "broken: {}", broken.what);
        }
    }
    for alert in over {
        if store::end(&mut write, &alert.name, facts.is_mended(&alert.name), facts.now).await? {
            tracing::info!(alert = alert.name, "no longer broken: {}", alert.what);
        }
    }
    store::forget(&mut write, facts.now).await?;
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
