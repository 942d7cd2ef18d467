//! How fast a relay is given mail: one message each `gap`, over all its connections together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

#[derive(Debug)]
pub(crate) struct Pace {
    gap: Option<Duration>,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(gap: Option<Duration>) -> Self {
        Self { gap, next: Mutex::new(Instant::now()) }
    }

    /// Waits for this message's turn; nobody saves turns up while there is nothing to send.
    pub(crate) async fn turn(&self) {
        if let Some(gap) = self.gap {
            sleep_until(self.reserve(gap, Instant::now())).await;
        }
    }

    fn reserve(&self, gap: Duration, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = (*next).max(now);
        *next = mine + gap;
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_a_gap_apart_and_are_not_saved_up() {
        let gap = Duration::from_millis(20);
        let pace = Pace::new(Some(gap));
        let start = Instant::now();
        let first = pace.reserve(gap, start);
        assert_eq!(pace.reserve(gap, start), first + gap);
        assert_eq!(pace.reserve(gap, start), first + gap * 2);
        let later = start + Duration::from_mins(1);
        assert_eq!(pace.reserve(gap, later), later, "an hour of silence earns no burst");
        assert_eq!(pace.reserve(gap, later), later + gap);
    }
}
