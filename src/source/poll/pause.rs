//! How long a feed at fault is left alone.

use std::time::Duration;

pub(super) const DAY: Duration = Duration::from_hours(24);

/// Twice as long each time, up to a day, and up to a tenth more, so that not everybody comes back to a
/// server at once. `dice` is random.
pub(super) fn pause(every: Duration, faults: i64, dice: u32) -> Duration {
    let doublings = u32::try_from(faults - 1).unwrap_or(u32::MAX).min(16);
    let longest = DAY.max(every);
    let wait = every.saturating_mul(1 << doublings).min(longest);
    wait.saturating_add(wait.mul_f64(0.1 * f64::from(dice) / f64::from(u32::MAX))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_at_fault_is_left_alone_for_longer_each_time_up_to_a_day() {
        let every = Duration::from_mins(30);
        let minutes = |faults, dice| pause(every, faults, dice).as_secs() / 60;
        assert_eq!([1, 2, 3, 6].map(|faults| minutes(faults, 0)), [30, 60, 120, 960]);
        assert_eq!([1, 2].map(|faults| minutes(faults, u32::MAX)), [33, 66]);
        assert_eq!([7, 8, 100, i64::MAX].map(|faults| minutes(faults, u32::MAX)), [1440; 4]);
        assert_eq!(pause(DAY * 2, 5, u32::MAX), DAY * 2);
    }
}
