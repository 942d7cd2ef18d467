//! What is so at the moment, as far as it can tell what is broken.

use std::time::Duration;

use super::store::{self, Alert, Mailing, Waiting};
use super::{Desk, disk};
use crate::campaign;
use crate::clock::Timestamp;
use crate::db::Read;
use crate::line::Line;

/// Of an urgent campaign, and of a canary's: older ones are history.
const LATELY: Duration = Duration::from_hours(7 * 24);

/// All that is judged. Nobody's address is in it.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// Running campaigns with mails that nobody has claimed.
    pub(super) waiting: Vec<Waiting>,
    /// When a mail was last accepted, as far as the newest tries tell.
    pub(super) accepted_at: Option<Timestamp>,
    /// The configuration's relays.
    pub(super) relays: Vec<Relay>,
    /// How many daemons live: each takes its part of a rate.
    pub(super) daemons: u32,
    /// In octets, where an SQLite database lies.
    pub(super) disk_free: Option<u64>,
    /// The disk's alert lasts.
    pub(super) disk_was_full: bool,
    pub(super) digests: Vec<Digest>,
    /// Campaigns of urgent posts that began lately.
    pub(super) urgent: Vec<Mailing>,
    pub(super) canaries: Vec<Canary>,
}

#[derive(Clone, Debug)]
pub(super) struct Relay {
    pub(super) name: String,
    pub(super) state: Gate,
    /// From one mail to the next, at least.
    pub(super) gap: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Open {
        since: Timestamp,
    },
    Held {
        since: Timestamp,
    },
    /// By a person.
    Paused,
}

#[derive(Clone, Debug)]
pub(super) struct Digest {
    pub(super) name: String,
    pub(super) title: Line,
    /// The last time it was to be made, and the last time it was.
    pub(super) firing: Timestamp,
    pub(super) fired: Timestamp,
}

/// The newest mailing that a list's canary should have had by now.
#[derive(Clone, Debug)]
pub(super) struct Canary {
    pub(super) list: String,
    pub(super) title: Line,
    pub(super) mailing: Mailing,
}

impl Facts {
    /// `known`: the alerts that there are.
    pub(super) async fn read(desk: Desk<'_>, known: &[Alert]) -> anyhow::Result<Self> {
        let now = desk.clock.now();
        let read = &mut desk.db.read().await?;
        Ok(Self {
            now,
            waiting: store::waiting(read).await?,
            accepted_at: store::accepted_at(read).await?,
            relays: relays(desk, &store::gates(read).await?, now),
            daemons: store::daemons(read, now).await?,
            disk_free: disk::free(desk.db).await,
            disk_was_full: known.iter().any(|alert| alert.name == "disk" && alert.lasts()),
            digests: digests(desk, read, now).await?,
            urgent: store::urgent(read, before(now, LATELY)).await?,
            canaries: canaries(desk, read, now).await?,
        })
    }
}

pub(super) fn before(now: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(millis))
}

/// One that the database does not know was never at fault.
fn relays(desk: Desk<'_>, gates: &[(String, Gate)], now: Timestamp) -> Vec<Relay> {
    let known = |name: &String| gates.iter().find(|(known, _)| known == name);
    let relays = desk.config.relay.iter().map(|(name, relay)| Relay {
        name: name.clone(),
        state: known(name).map_or(Gate::Open { since: Timestamp(0) }, |(_, gate)| *gate),
        gap: relay.pace.gap_at(now).unwrap_or_default(),
    });
    relays.collect()
}

/// Without those that begin with their next firing.
async fn digests(desk: Desk<'_>, read: &mut Read, now: Timestamp) -> anyhow::Result<Vec<Digest>> {
    let mut digests = Vec::new();
    for (name, digest) in &desk.config.digest {
        let firing = digest.cron.previous(now, digest.timezone);
        let fired = campaign::store::fired(read, name).await?;
        if let (Some(firing), Some(fired)) = (firing, fired) {
            let (name, title) = (name.clone(), digest.name.clone());
            digests.push(Digest { name, title, firing, fired });
        }
    }
    Ok(digests)
}

async fn canaries(desk: Desk<'_>, read: &mut Read, now: Timestamp) -> anyhow::Result<Vec<Canary>> {
    let mut canaries = Vec::new();
    let began = (before(now, LATELY), before(now, desk.config.operator.alert_after));
    for (slug, list) in &desk.config.list {
        let Some(canary) = list.canary.as_ref().filter(|_| !list.archived) else { continue };
        if let Some(mailing) = store::canary(read, canary, slug, began).await? {
            let (list, title) = (slug.clone(), list.name.clone());
            canaries.push(Canary { list, title, mailing });
        }
    }
    Ok(canaries)
}
