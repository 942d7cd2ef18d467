//! Whether the wall clock can be believed: leases are written by it.
//!
//! After a jump, of an hour or a day, every lease seems to have run out, or none for long. A daemon
//! that lives renews its own within seconds; until then nobody's is judged.

use std::time::Duration;

use super::Now;

/// A wall clock that gains or loses more than this between two looks has jumped. Less than the half
/// minute after which a daemon seems to be gone, by more than it takes to say that it lives.
const JUMP_MS: i128 = 20_000;
/// For so long after a jump, or a start, others are given time. A lease is at least as long.
const GRACE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Watch {
    last: Option<Now>,
    jumped: bool,
    distrusts_until: Duration,
}

impl Watch {
    /// To be asked every few seconds.
    pub(super) fn trusts(&mut self, now: Now) -> bool {
        self.jumped = self.has_jumped(now);
        if self.jumped {
            self.distrusts_until = now.steady + GRACE;
        }
        self.last = Some(now);
        now.steady >= self.distrusts_until
    }

    /// Whether it can be believed now, also between the times at which it is asked.
    pub(super) fn believes(&self, now: Now) -> bool {
        !self.has_jumped(now) && now.steady >= self.distrusts_until
    }

    /// Since the last time that it was asked, or it never was.
    fn has_jumped(&self, now: Now) -> bool {
        self.last.is_none_or(|last| {
            let wall = i128::from(now.wall.0) - i128::from(last.wall.0);
            let steady =
                now.steady.as_millis().cast_signed() - last.steady.as_millis().cast_signed();
            (wall - steady).abs() > JUMP_MS
        })
    }

    /// Whether it went evenly between the last two times that it was asked.
    pub(super) fn is_even(&self) -> bool {
        !self.jumped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn for_a_minute_after_a_start_or_a_jump_no_lease_is_judged() {
        let mut watch = Watch::default();
        let mut trusts = |seconds: u64, wall: i64| {
            let (wall, steady) = (Timestamp(wall * 1000), Duration::from_secs(seconds));
            watch.trusts(Now { wall, steady })
        };
        assert!(!trusts(0, 1_000));
        assert!(!trusts(59, 1_059));
        assert!(trusts(60, 1_060));
        assert!(trusts(65, 1_066), "a second is nothing");
        assert!(!trusts(70, 4_670), "an hour forwards");
        assert!(!trusts(129, 4_729));
        assert!(trusts(130, 4_730));
        assert!(!trusts(135, 1_135), "and back");
    }

    #[test]
    fn a_jump_is_not_believed_before_anybody_has_asked_for_it() {
        let at = |seconds: u64, wall: i64| Now {
            wall: Timestamp(wall * 1000),
            steady: Duration::from_secs(seconds),
        };
        let mut watch = Watch::default();
        assert!(!watch.believes(at(0, 0)));
        watch.trusts(at(0, 0));
        watch.trusts(at(60, 60));
        assert!(watch.believes(at(62, 62)));
        assert!(!watch.believes(at(62, 3_662)), "an hour forwards since the last time");
        assert!(!watch.believes(at(62, 87)), "as long as a daemon is believed to live");
    }
}
