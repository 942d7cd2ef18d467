//! How fast a relay is given mail: one message each `gap`, over all its connections together, and all
//! daemons.

use std::time::Duration;

/// Timers are late by a few milliseconds, and a busy machine by a few more: so much of a turn that
/// was missed is made up for. Nobody saves turns up beyond that.
const LATE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Pace {
    gap: Option<Duration>,
    daemons: u32,
    next: Duration,
}

impl Pace {
    pub(super) fn new(gap: Option<Duration>) -> Self {
        Self { gap, daemons: 1, next: Duration::ZERO }
    }

    /// So many daemons take turns.
    pub(super) fn share(&mut self, daemons: usize) {
        self.daemons = u32::try_from(daemons.max(1)).unwrap_or(u32::MAX);
    }

    /// Nothing goes before this.
    pub(super) fn not_before(&mut self, at: Duration) {
        self.next = self.next.max(at);
    }

    pub(super) fn is_limited(&self) -> bool {
        self.gap.is_some()
    }

    pub(super) fn is_ready(&self, now: Duration) -> bool {
        self.next <= now
    }

    /// Takes the turn that is there, to be asked for with [`Pace::is_ready`] first. The next one comes
    /// after the usual time, or after `slower` if that is longer.
    pub(super) fn take(&mut self, now: Duration, slower: Option<Duration>) {
        let gap = self.gap.map(|gap| gap.saturating_mul(self.daemons));
        if let Some(gap) = gap.max(slower) {
            self.next = self.next.max(now.saturating_sub(LATE)) + gap;
        }
    }

    /// When the next message may begin.
    pub(super) fn turn(&self) -> Duration {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_a_gap_apart_and_are_not_saved_up() {
        let gap = Duration::from_millis(20);
        let mut pace = Pace::new(Some(gap));
        let start = Duration::from_secs(1);
        for (turn, lateness) in [(0, 0), (1, 3), (2, 9), (3, 0)] {
            let now = start + gap * turn;
            assert!(!pace.is_ready(now.saturating_sub(LATE + gap / 20)) || turn == 0);
            let now = now + Duration::from_millis(lateness);
            assert!(pace.is_ready(now), "turn {turn}");
            pace.take(now, None);
            assert!(!pace.is_ready(now), "turn {turn}");
        }
        let later = start + Duration::from_mins(1);
        pace.take(later, None);
        assert!(!pace.is_ready(later + Duration::from_millis(9)), "silence earns no burst");
        assert_eq!(pace.turn(), later.saturating_sub(LATE) + gap);
    }

    #[test]
    fn without_a_limit_it_is_always_ones_turn_unless_the_relay_complains() {
        let mut pace = Pace::new(None);
        pace.take(Duration::ZERO, None);
        assert!(pace.is_ready(Duration::ZERO));
        pace.take(Duration::from_secs(9), Some(Duration::from_secs(1)));
        assert!(!pace.is_ready(Duration::from_millis(9_900)));
        assert!(pace.is_ready(Duration::from_secs(10)));
    }

    #[test]
    fn daemons_take_turns() {
        let mut pace = Pace::new(Some(Duration::from_secs(1)));
        pace.share(3);
        let now = Duration::from_mins(1);
        pace.take(now, None);
        assert!(!pace.is_ready(now + Duration::from_millis(2_900)));
        assert!(pace.is_ready(now + Duration::from_secs(3)));
    }
}
