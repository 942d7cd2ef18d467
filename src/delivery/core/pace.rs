//! How fast mails go, to a relay or to somebody's domains: one message each `gap`, over all
//! connections together, and all daemons. During a warm-up the gap is that of the day.

use std::time::Duration;

use super::Now;
use crate::clock::Timestamp;
use crate::config;

/// Timers are late by a few milliseconds, and a busy machine by a few more: so much of a turn that
/// was missed is made up for. Nobody saves turns up beyond that.
const LATE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Pace {
    limit: config::Pace,
    daemons: u32,
    next: Duration,
}

impl Pace {
    pub(super) fn new(limit: &config::Pace) -> Self {
        Self { limit: limit.clone(), daemons: 1, next: Duration::ZERO }
    }

    /// So many daemons take turns.
    pub(super) fn share(&mut self, daemons: usize) {
        self.daemons = u32::try_from(daemons.max(1)).unwrap_or(u32::MAX);
    }

    /// Nothing goes before this.
    pub(super) fn not_before(&mut self, at: Duration) {
        self.next = self.next.max(at);
    }

    /// The last message went so long ago, before this daemon began: starting anew earns no turn.
    pub(super) fn went(&mut self, now: Now, ago: Duration) {
        let wait = self.gap(now.wall).unwrap_or_default().saturating_sub(ago);
        self.not_before(now.steady + wait);
    }

    pub(super) fn is_ready(&self, now: Now) -> bool {
        self.next <= now.steady
    }

    /// Takes the turn that is there, to be asked for with [`Pace::is_ready`] first. The next one comes
    /// after the usual time, or after `slower` if that is longer.
    pub(super) fn take(&mut self, now: Now, slower: Option<Duration>) {
        if let Some(gap) = self.gap(now.wall).max(slower) {
            self.next = self.next.max(now.steady.saturating_sub(LATE)) + gap;
        }
    }

    /// From one turn of this daemon to its next.
    pub(super) fn gap(&self, wall: Timestamp) -> Option<Duration> {
        self.limit.gap_at(wall).map(|gap| gap.saturating_mul(self.daemons))
    }

    pub(super) fn is_warming_up(&self, wall: Timestamp) -> bool {
        self.limit.warm_up_at(wall).is_some()
    }

    /// When the next message may begin.
    pub(super) fn turn(&self) -> Duration {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(gap: Option<Duration>) -> Pace {
        Pace::new(&config::Pace { gap, warm_up: None })
    }

    fn at(steady: Duration) -> Now {
        Now { wall: Timestamp(0), steady }
    }

    #[test]
    fn turns_are_a_gap_apart_and_are_not_saved_up() {
        let gap = Duration::from_millis(20);
        let mut pace = pace(Some(gap));
        let start = Duration::from_secs(1);
        for (turn, lateness) in [(0, 0), (1, 3), (2, 9), (3, 0)] {
            let now = start + gap * turn;
            assert!(!pace.is_ready(at(now.saturating_sub(LATE + gap / 20))) || turn == 0);
            let now = at(now + Duration::from_millis(lateness));
            assert!(pace.is_ready(now), "turn {turn}");
            pace.take(now, None);
            assert!(!pace.is_ready(now), "turn {turn}");
        }
        let later = start + Duration::from_mins(1);
        pace.take(at(later), None);
        let soon = at(later + Duration::from_millis(9));
        assert!(!pace.is_ready(soon), "silence earns no burst");
        assert_eq!(pace.turn(), later.saturating_sub(LATE) + gap);
    }

    #[test]
    fn without_a_limit_it_is_always_ones_turn_unless_the_relay_complains() {
        let mut pace = pace(None);
        pace.take(at(Duration::ZERO), None);
        assert!(pace.is_ready(at(Duration::ZERO)));
        pace.take(at(Duration::from_secs(9)), Some(Duration::from_secs(1)));
        assert!(!pace.is_ready(at(Duration::from_millis(9_900))));
        assert!(pace.is_ready(at(Duration::from_secs(10))));
    }

    #[test]
    fn daemons_take_turns() {
        let mut pace = pace(Some(Duration::from_secs(1)));
        pace.share(3);
        let now = Duration::from_mins(1);
        pace.take(at(now), None);
        assert!(!pace.is_ready(at(now + Duration::from_millis(2_900))));
        assert!(pace.is_ready(at(now + Duration::from_secs(3))));
    }

    #[test]
    fn a_warm_up_is_slower_at_first_and_ends() {
        let gaps = [60, 30, 10].map(Duration::from_secs).to_vec();
        let from = Timestamp(1_000_000);
        let warm_up = Some(config::WarmUp { from, gaps });
        let pace = Pace::new(&config::Pace { gap: Some(Duration::from_secs(20)), warm_up });
        let hours = |hours: i64| Timestamp(from.0 + hours * 3_600_000);
        for (hour, seconds) in [(-50, 60), (0, 60), (23, 60), (24, 30), (48, 20), (72, 20)] {
            let gap = pace.gap(hours(hour)).unwrap();
            assert_eq!(gap.as_secs(), seconds, "after {hour} hours");
        }
        assert!(pace.is_warming_up(hours(71)) && !pace.is_warming_up(hours(72)));
    }
}
