//! The gate before a relay: open, held by a fault until a time, or paused by a person.
//!
//! After a fault nobody passes until the relay's schedule says so; then one worker probes, and its
//! success opens the gate for all. Commands and other daemons change the table; [`Gate::adopt`]
//! follows them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::store::RelayRow;
use super::verdict::pick;
use crate::clock::Timestamp;

#[derive(Debug)]
pub(crate) struct Gate {
    name: String,
    retry: Vec<Duration>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    faults: usize,
    /// When the row that this gate follows was last changed.
    changed_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Open,
    Held { until: Timestamp, probing: bool },
    Paused,
}

/// What a worker may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    Go,
    /// Not now; look again soon.
    Wait,
}

impl Gate {
    pub(crate) fn new(name: &str, retry: &[Duration]) -> Self {
        let inner = Inner { state: State::Open, faults: 0, changed_at: Timestamp(0) };
        Self { name: name.to_owned(), retry: retry.to_vec(), inner: Mutex::new(inner) }
    }

    /// Asks to use the relay. Whoever is let through while it is held is the probe.
    pub(crate) fn enter(&self, now: Timestamp) -> Pass {
        match &mut self.lock().state {
            State::Open => Pass::Go,
            State::Held { until, probing } if *until <= now && !*probing => {
                *probing = true;
                Pass::Go
            }
            State::Held { .. } | State::Paused => Pass::Wait,
        }
    }

    /// A fault of the relay: holds it for the next step of its schedule. The row to keep, unless
    /// it is held already (all its connections broke at once) or a person has paused it.
    pub(crate) fn fault(&self, reason: &str, now: Timestamp) -> Option<RelayRow> {
        let mut inner = self.lock();
        if matches!(inner.state, State::Held { probing: false, .. } | State::Paused) {
            return None;
        }
        let until = now.plus(pick(&self.retry, inner.faults));
        inner.faults += 1;
        inner.state = State::Held { until, probing: false };
        Some(self.row(&mut inner, Some(reason), now))
    }

    /// The relay answered; the row to keep when that is news.
    pub(crate) fn success(&self, now: Timestamp) -> Option<RelayRow> {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Held { .. }) {
            return None;
        }
        inner.state = State::Open;
        inner.faults = 0;
        Some(self.row(&mut inner, None, now))
    }

    /// A probe that had nothing to send lets another one try.
    pub(crate) fn abandon(&self) {
        if let State::Held { probing, .. } = &mut self.lock().state {
            *probing = false;
        }
    }

    /// Follows a change that somebody else made in the table.
    pub(crate) fn adopt(&self, row: &RelayRow) {
        let mut inner = self.lock();
        if row.changed_at <= inner.changed_at {
            return;
        }
        inner.changed_at = row.changed_at;
        inner.faults = usize::try_from(row.faults).unwrap_or(0);
        inner.state = match (row.state.as_str(), row.held_until) {
            ("paused", _) => State::Paused,
            ("held", Some(until)) => State::Held { until, probing: false },
            _ => State::Open,
        };
    }

    /// When the relay can be used again; `None` when only a person can say.
    pub(crate) fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.lock().state {
            State::Open => Some(now),
            State::Held { until, .. } => Some(until),
            State::Paused => None,
        }
    }

    fn row(&self, inner: &mut Inner, reason: Option<&str>, now: Timestamp) -> RelayRow {
        inner.changed_at = now.max(Timestamp(inner.changed_at.0 + 1));
        let held_until = match inner.state {
            State::Held { until, .. } => Some(until),
            State::Open | State::Paused => None,
        };
        RelayRow {
            name: self.name.clone(),
            state: if held_until.is_some() { "held" } else { "open" }.to_owned(),
            reason: reason.map(str::to_owned),
            faults: i64::try_from(inner.faults).unwrap_or(i64::MAX),
            held_until,
            changed_at: inner.changed_at,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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
        let gate = gate();
        let row = gate.fault("connect: refused", Timestamp(0)).unwrap();
        assert_eq!((row.state.as_str(), row.held_until), ("held", Some(Timestamp(5_000))));
        assert_eq!(gate.fault("the same fault, another connection", Timestamp(1)), None);
        assert_ne!(gate.enter(Timestamp(4_999)), Pass::Go);
        assert_eq!(gate.enter(Timestamp(5_000)), Pass::Go);
        assert_ne!(gate.enter(Timestamp(5_000)), Pass::Go, "one probe is enough");
        assert_eq!(gate.success(Timestamp(5_001)).unwrap().state, "open");
        assert_eq!(gate.enter(Timestamp(5_001)), Pass::Go);
    }

    #[test]
    fn a_failed_probe_waits_for_the_next_step_and_the_last_step_repeats() {
        let gate = gate();
        let mut now = Timestamp(0);
        for seconds in [5, 30, 30] {
            let until = gate.fault("refused", now).unwrap().held_until.unwrap();
            assert_eq!(until.0 - now.0, seconds * 1000);
            now = until;
            assert_eq!(gate.enter(now), Pass::Go);
        }
    }

    #[test]
    fn what_a_person_paused_stays_paused_until_a_person_resumes_it() {
        let gate = gate();
        let paused = RelayRow {
            name: "main".into(),
            state: "paused".into(),
            reason: None,
            faults: 0,
            held_until: None,
            changed_at: Timestamp(10),
        };
        gate.adopt(&paused);
        assert_ne!(gate.enter(Timestamp(i64::MAX)), Pass::Go);
        assert_eq!(gate.opens_at(Timestamp(11)), None);
        gate.adopt(&RelayRow { state: "open".into(), changed_at: Timestamp(12), ..paused });
        assert_eq!(gate.enter(Timestamp(13)), Pass::Go);
    }
}
