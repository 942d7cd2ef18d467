//! Broken or merely busy: pure, over [`Facts`].
//!
//! Whatever was accepted lately shows that mails go out, and that others wait is then no alert. Each
//! judgement is one function; those that measure time say for how long somebody must have looked on.

use std::time::Duration;

use super::fact::{Canary, Digest, Facts, Gate, Relay};
use super::store::{Mailing, Standing, Waiting};
use super::{Broken, Kind, word};
use crate::clock::Timestamp;
use crate::config::Config;

/// A firing that is further ahead was taken by a clock that ran wrong, which the daemon sees to.
const AHEAD: Duration = Duration::from_hours(24);
/// How long a campaign that ended without having reached anybody is spoken of.
const MOURNED: Duration = Duration::from_hours(24);

impl Facts {
    /// All that is broken, causes before consequences.
    pub(super) fn broken(&self, config: &Config) -> Vec<Broken> {
        let after = config.operator.alert_after;
        let disk = self.disk(config.operator.disk_free);
        let relays = self.relays.iter().filter_map(|relay| self.relay(relay, after));
        let digests = self.digests.iter().filter_map(|digest| self.digest(digest, after));
        let urgent = self.urgent.iter().filter_map(|mailing| self.urgent(mailing, after));
        let canaries = self.canaries.iter().filter_map(|canary| self.canary(canary, after));
        let stalled = self.stalled(after);
        disk.into_iter()
            .chain(relays)
            .chain(stalled)
            .chain(digests)
            .chain(urgent)
            .chain(canaries)
            .collect()
    }

    /// Whether an alert that is over is so because all is well. Of a campaign that was called off, or is
    /// long past, that cannot be said.
    pub(super) fn is_mended(&self, name: &str) -> bool {
        let Some((kind, of)) = name.split_once(':') else { return true };
        let accepted = |mailing: &Mailing| mailing.mail == Standing::Accepted;
        match Kind::of(kind) {
            Some(Kind::Urgent) => {
                self.urgent.iter().any(|one| one.id.to_string() == of && accepted(one))
            }
            Some(Kind::Canary) => {
                self.canaries.iter().any(|one| one.list == of && accepted(&one.mailing))
            }
            _ => true,
        }
    }

    /// Once it is full, it is so until there is a quarter more room: not now full, now not.
    fn disk(&self, least: u64) -> Option<Broken> {
        let wanted = if self.disk_was_full { least.saturating_add(least / 4) } else { least };
        (self.disk_free? < wanted).then(|| word::disk(least, self.now))
    }

    fn relay(&self, relay: &Relay, after: Duration) -> Option<Broken> {
        let Gate::Held { since } = relay.state else { return None };
        self.overdue(since, after).then(|| word::relay(&relay.name, since, after))
    }

    /// Nothing was accepted for so long, though something was due all that time and a relay open.
    fn stalled(&self, after: Duration) -> Option<Broken> {
        let due = self.waiting.iter().map(Waiting::since).min()?;
        let since = due.max(self.open_since()?).max(self.accepted_at.unwrap_or(due));
        let patience = after.saturating_add(self.slowness());
        self.overdue(since, patience).then(|| word::stalled(since, patience))
    }

    fn digest(&self, digest: &Digest, after: Duration) -> Option<Broken> {
        let Digest { firing, fired, .. } = *digest;
        let missed = fired < firing || fired > self.now.plus(AHEAD);
        (missed && self.overdue(firing, after))
            .then(|| word::digest(&digest.name, &digest.title, firing, after))
    }

    /// An urgent campaign goes before all others, so that others are no excuse.
    fn urgent(&self, mailing: &Mailing, after: Duration) -> Option<Broken> {
        let patience = after.saturating_add(self.slowness());
        let missing = mailing.mail != Standing::Accepted
            && self.may_go_on(mailing)
            && self.overdue(mailing.began(), patience);
        // what ended because nobody was to be mailed any more is nobody's fault
        let lost = !mailing.has_ended() || mailing.mail == Standing::Failed;
        (missing && lost).then(|| word::urgent(mailing, patience))
    }

    fn canary(&self, canary: &Canary, after: Duration) -> Option<Broken> {
        let mailing = &canary.mailing;
        let patience = after.saturating_add(self.slowness());
        let missing = match mailing.mail {
            Standing::Failed => !mailing.is_paused_by_a_person(),
            // its turn has not come: others' may explain that
            Standing::Waiting => !self.is_busy(patience) && self.may_go_on(mailing),
            Standing::Accepted | Standing::Unwanted => false,
        };
        (missing && self.overdue(mailing.began(), patience)).then(|| word::canary(canary, patience))
    }

    /// No person holds it up, and it is not long over.
    fn may_go_on(&self, mailing: &Mailing) -> bool {
        let over = mailing.finished_at.is_some_and(|at| self.overdue(at, MOURNED));
        let closed = self.relays.iter().all(|relay| relay.state == Gate::Paused);
        !(over || closed || mailing.is_paused_by_a_person())
    }

    fn is_busy(&self, patience: Duration) -> bool {
        self.accepted_at.is_some_and(|at| !self.overdue(at, patience))
    }

    /// Since when at least one relay may be used; None: none may.
    fn open_since(&self) -> Option<Timestamp> {
        let open = |relay: &Relay| match relay.state {
            Gate::Open { since } => Some(since),
            Gate::Held { .. } | Gate::Paused => None,
        };
        self.relays.iter().filter_map(open).min()
    }

    /// How far apart the configuration wants mails to be: on the quickest relay that may be used, with
    /// the daemon's part of its rate.
    fn slowness(&self) -> Duration {
        let usable = self.relays.iter().filter(|relay| relay.state != Gate::Paused);
        let gap = usable.map(|relay| relay.gap).min().unwrap_or_default();
        gap.saturating_mul(self.daemons.max(1))
    }

    fn overdue(&self, since: Timestamp, patience: Duration) -> bool {
        self.now.since(since) >= patience
    }
}
