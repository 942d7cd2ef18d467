//! The gate before a relay: open, held by a fault until a time, or paused by a person.
//!
//! After a fault nobody passes until the relay's schedule says so; then one worker probes, and its
//! success opens the gate for all. Commands and other daemons change the table; [`Gate::adopt`]
//! follows them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::delivery::store::RelayRow;
use crate::delivery::verdict::pick;

#[derive(Debug)]
pub(super) struct Gate {
    name: String,
    retry: Vec<Duration>,
    state: State,
    faults: usize,
    /// When the row that this gate follows was last changed.
    changed_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Held { until: Timestamp, probing: bool },
    Paused,
}

impl Gate {
    pub(super) fn new(name: &str, retry: &[Duration]) -> Self {
        let (name, retry) = (name.to_owned(), retry.to_vec());
        Self { name, retry, state: State::Open, faults: 0, changed_at: Timestamp(0) }
    }

    /// Whether somebody may use the relay, as one of many or as its probe.
    pub(super) fn may_enter(&self, now: Timestamp) -> bool {
        match self.state {
            State::Open => true,
            State::Held { until, probing } => !probing && self.due(until, now),
            State::Paused => false,
        }
    }

    /// Uses the relay. Whoever is let through while it is held is the probe.
    pub(super) fn enter(&mut self, now: Timestamp) -> bool {
        let may = self.may_enter(now);
        if let State::Held { probing, .. } = &mut self.state {
            *probing |= may;
        }
        may
    }

    /// Whether anybody may use it, without being a probe.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether a message whose envelope the relay has taken may go: it may be the probe's.
    pub(super) fn lets_finish(&self) -> bool {
        matches!(self.state, State::Open | State::Held { probing: true, .. })
    }

    /// A fault of the relay: holds it for the next step of its schedule. The row to keep, unless
    /// it is held already (all its connections broke at once) or a person has paused it.
    pub(super) fn fault(&mut self, reason: &str, now: Timestamp) -> Option<RelayRow> {
        if matches!(self.state, State::Held { probing: false, .. } | State::Paused) {
            return None;
        }
        let until = now.plus(pick(&self.retry, self.faults));
        self.faults += 1;
        self.state = State::Held { until, probing: false };
        Some(self.row(Some(reason), now))
    }

    /// The relay answered; the row to keep when that is news.
    pub(super) fn success(&mut self, now: Timestamp) -> Option<RelayRow> {
        if !matches!(self.state, State::Held { .. }) {
            return None;
        }
        self.state = State::Open;
        self.faults = 0;
        Some(self.row(None, now))
    }

    /// A probe that came to nothing lets another one try.
    pub(super) fn abandon(&mut self) {
        if let State::Held { probing, .. } = &mut self.state {
            *probing = false;
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Follows the table. What a person said of the relay counts whatever the time: only a person
    /// writes over it. What a daemon found out counts when it is newer than what this one did.
    pub(super) fn adopt(&mut self, row: &RelayRow) {
        let by_a_person = (row.state == "paused") != (self.state == State::Paused);
        if !by_a_person && row.changed_at <= self.changed_at {
            return;
        }
        self.changed_at = row.changed_at.max(self.changed_at);
        self.faults = usize::try_from(row.faults).unwrap_or(0);
        self.state = match (row.state.as_str(), row.held_until) {
            ("paused", _) => State::Paused,
            ("held", Some(until)) => State::Held { until, probing: false },
            _ => State::Open,
        };
    }

    /// When the relay can be used again; `None` when only a person can say.
    pub(super) fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Open => Some(now),
            State::Held { until, .. } if self.due(until, now) => Some(now),
            State::Held { until, .. } => Some(until),
            State::Paused => None,
        }
    }

    /// Further away than any step reaches, the clock was set back since: nobody waits for that.
    fn due(&self, until: Timestamp, now: Timestamp) -> bool {
        let longest = self.retry.iter().max().copied().unwrap_or_default();
        until <= now || until > now.plus(longest)
    }

    fn row(&mut self, reason: Option<&str>, now: Timestamp) -> RelayRow {
        self.changed_at = now.max(Timestamp(self.changed_at.0 + 1));
        let held_until = match self.state {
            State::Held { until, .. } => Some(until),
            State::Open | State::Paused => None,
        };
        RelayRow {
            name: self.name.clone(),
            state: if held_until.is_some() { "held" } else { "open" }.to_owned(),
            reason: reason.map(str::to_owned),
            faults: i64::try_from(self.faults).unwrap_or(i64::MAX),
            held_until,
            changed_at: self.changed_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new("main", &[Duration::from_secs(5), Duration::from_secs(30)])
    }

    #[test]
    fn after_a_fault_nobody_passes_until_one_probe_succeeds() {
        let mut gate = gate();
        let row = gate.fault("connect: refused", Timestamp(0)).unwrap();
        assert_eq!((row.state.as_str(), row.held_until), ("held", Some(Timestamp(5_000))));
        assert_eq!(gate.fault("the same fault, another connection", Timestamp(1)), None);
        assert!(!gate.enter(Timestamp(4_999)));
        assert!(gate.enter(Timestamp(5_000)));
        assert!(!gate.enter(Timestamp(5_000)), "one probe is enough");
        assert_eq!(gate.success(Timestamp(5_001)).unwrap().state, "open");
        assert!(gate.enter(Timestamp(5_001)));
    }

    #[test]
    fn a_failed_probe_waits_for_the_next_step_and_the_last_step_repeats() {
        let mut gate = gate();
        let mut now = Timestamp(0);
        for seconds in [5, 30, 30] {
            let until = gate.fault("refused", now).unwrap().held_until.unwrap();
            assert_eq!(until.0 - now.0, seconds * 1000);
            now = until;
            assert!(gate.enter(now));
        }
    }

    #[test]
    fn what_a_person_paused_stays_paused_until_a_person_resumes_it() {
        let mut gate = gate();
        let paused = RelayRow {
            name: "main".into(),
            state: "paused".into(),
            reason: None,
            faults: 0,
            held_until: None,
            changed_at: Timestamp(10),
        };
        gate.adopt(&paused);
        assert!(!gate.enter(Timestamp(i64::MAX)));
        assert_eq!(gate.opens_at(Timestamp(11)), None);
        gate.adopt(&RelayRow { state: "open".into(), changed_at: Timestamp(12), ..paused });
        assert!(gate.enter(Timestamp(13)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_hold_a_relay_for_as_long() {
        let mut gate = gate();
        let hour = 3_600_000;
        gate.fault("refused", Timestamp(hour));
        assert!(!gate.enter(Timestamp(hour - 24_000)), "no longer than its longest step");
        assert!(gate.enter(Timestamp(0)));
    }

    #[test]
    fn a_persons_word_counts_although_the_clock_was_set_back() {
        let mut gate = gate();
        let held = gate.fault("refused", Timestamp(1_000_000)).unwrap();
        let changed_at = Timestamp(5);
        gate.adopt(&RelayRow {
            state: "paused".into(),
            held_until: None,
            changed_at,
            ..held.clone()
        });
        assert!(!gate.enter(Timestamp(i64::MAX)));
        assert_eq!(gate.success(Timestamp(6)), None, "a late answer does not open it");
        let open = RelayRow { state: "open".into(), held_until: None, changed_at, ..held };
        gate.adopt(&open);
        assert!(gate.enter(Timestamp(7)));
    }
}
