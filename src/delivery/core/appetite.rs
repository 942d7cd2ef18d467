//! How many deliveries are claimed at once: as many as go out in about a second.
//!
//! A claim checks whom it may mail, and what waits in the queue grows old: with a slow relay or a
//! low rate, a person may say no meanwhile, and the relay would be told their name in vain.

use std::time::Duration;

const FIRST: usize = 32;
const MOST: usize = 512;
/// A batch that lasted for longer was too large, one that lasted for half of it too small.
const LASTS: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Appetite {
    batch: usize,
    /// When the last batch came, if it was a full one.
    since: Option<Duration>,
}

impl Default for Appetite {
    fn default() -> Self {
        Self { batch: FIRST, since: None }
    }
}

impl Appetite {
    /// Whether to claim with so many in the queue, and how many.
    pub(super) fn wants(&mut self, queued: usize, now: Duration) -> Option<i64> {
        if queued > self.batch / 2 {
            return None;
        }
        if let Some(lasted) = self.since.take().map(|since| now.saturating_sub(since)) {
            self.batch = match lasted {
                _ if lasted > LASTS => (self.batch / 2).max(1),
                _ if lasted < LASTS / 2 => (self.batch * 2).min(MOST),
                _ => self.batch,
            };
        }
        i64::try_from(self.batch).ok()
    }

    /// About as many as go out in a second.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// So many came.
    pub(super) fn fed(&mut self, taken: usize, now: Duration) {
        // one that was not full says nothing of how fast they go
        self.since = (taken >= self.batch).then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_while_batches_go_quickly_and_shrinks_when_they_last() {
        let mut appetite = Appetite::default();
        let mut now = Duration::ZERO;
        let mut batch = |appetite: &mut Appetite, lasts: u64| {
            let wanted = appetite.wants(0, now).unwrap();
            appetite.fed(usize::try_from(wanted).unwrap(), now);
            now += Duration::from_millis(lasts);
            wanted
        };
        let quick: Vec<_> = (0..6).map(|_| batch(&mut appetite, 10)).collect();
        assert_eq!(quick, [32, 64, 128, 256, 512, 512]);
        let slow: Vec<_> = (0..10).map(|_| batch(&mut appetite, 1_500)).collect();
        assert_eq!(slow, [512, 256, 128, 64, 32, 16, 8, 4, 2, 1]);
        assert_eq!([batch(&mut appetite, 700), batch(&mut appetite, 700)], [1, 1]);
    }

    #[test]
    fn there_is_none_while_the_queue_is_full_enough() {
        let mut appetite = Appetite::default();
        assert_eq!(appetite.wants(FIRST / 2 + 1, Duration::ZERO), None);
        assert_eq!(appetite.wants(FIRST / 2, Duration::ZERO), Some(32));
    }
}
