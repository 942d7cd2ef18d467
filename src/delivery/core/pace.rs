//! How fast a relay is given mail: one message each `gap`, over all its connections together.

use std::time::Duration;

/// Timers are late by a few milliseconds, and a busy machine by a few more: so much of a turn that
/// was missed is made up for. Nobody saves turns up beyond that.
const LATE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Pace {
    gap: Option<Duration>,
    next: Duration,
}

impl Pace {
    pub(super) fn new(gap: Option<Duration>) -> Self {
        Self { gap, next: Duration::ZERO }
    }

    pub(super) fn is_ready(&self, now: Duration) -> bool {
        self.gap.is_none() || self.next <= now
    }

    /// Takes the turn that is there; to be asked for with [`Pace::is_ready`] first. Always true, to
    /// stand at the end of a condition.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        if let Some(gap) = self.gap {
            self.next = self.next.max(now.saturating_sub(LATE)) + gap;
        }
        true
    }

    /// When the next message may begin; nothing without a limit.
    pub(super) fn turn(&self) -> Option<Duration> {
        self.gap.map(|_| self.next)
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
            pace.take(now);
            assert!(!pace.is_ready(now), "turn {turn}");
        }
        let later = start + Duration::from_mins(1);
        pace.take(later);
        assert!(!pace.is_ready(later + Duration::from_millis(9)), "silence earns no burst");
        assert_eq!(pace.turn(), Some(later.saturating_sub(LATE) + gap));
    }

    #[test]
    fn without_a_limit_it_is_always_ones_turn() {
        let mut pace = Pace::new(None);
        assert!(pace.is_ready(Duration::ZERO) && pace.take(Duration::ZERO));
        assert!(pace.is_ready(Duration::ZERO));
        assert_eq!(pace.turn(), None);
    }
}
