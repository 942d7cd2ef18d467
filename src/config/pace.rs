//! How fast mails may go at a time.

use std::time::Duration;

use super::{Pace, WarmUp};
use crate::clock::Timestamp;

/// Of a warm-up.
const DAY: Duration = Duration::from_hours(24);

impl Pace {
    /// The least time from one message to the next at `wall`; None: no limit.
    pub fn gap_at(&self, wall: Timestamp) -> Option<Duration> {
        self.gap.max(self.warm_up_at(wall))
    }

    /// The warm-up's part of it. Before its first day, too, the first of its rates counts.
    pub fn warm_up_at(&self, wall: Timestamp) -> Option<Duration> {
        let WarmUp { from, gaps } = self.warm_up.as_ref()?;
        let day = wall.since(*from).as_secs() / DAY.as_secs();
        gaps.get(usize::try_from(day).ok()?).copied()
    }
}
