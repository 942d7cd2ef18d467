//! Looks for what is broken beside all else that the daemon does, and tells the operators.
//!
//! What always holds: a relay or a disk that answers slowly, or never, holds up no mail and no end of the
//! daemon; nothing here ends the daemon. What is dropped in the middle is claimed, and told later.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Home, Until};
use crate::alert::{self, Desk, Transports};
use crate::clock::Timestamp;

/// How often it looks, unless `operator.alert_after` is shorter than two of these.
const EVERY: Duration = Duration::from_secs(30);
const OFTEN: Duration = Duration::from_millis(500);
/// Who slept longer than it meant to has been standing still.
const HICCUP: Duration = Duration::from_mins(1);

/// The task that looks; none when the daemon ends with its work.
pub(super) struct Lookout(Option<JoinHandle<()>>);

impl Lookout {
    pub(super) fn start(home: &Home, until: &Until, transports: Transports) -> Self {
        if matches!(until, Until::Idle) {
            return Self(None);
        }
        let home = home.clone();
        Self(Some(tokio::spawn(async move { go_on(&home, &transports).await })))
    }

    pub(super) async fn stop(self) {
        if let Some(task) = self.0 {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn go_on(home: &Home, transports: &Transports) {
    let Home { config, db, keys, clock, .. } = home;
    let desk = Desk { db, config, keys, clock };
    let every = (config.operator.alert_after / 2).clamp(OFTEN, EVERY);
    let mut watch = Watch::begin(clock.now());
    loop {
        let awake = watch.wake(clock.now(), every);
        if let Err(error) = alert::look(desk, transports, awake).await {
            tracing::error!("what is broken cannot be told now: {error:#}");
        }
        watch.sleep(clock.now());
        tokio::time::sleep(every).await;
    }
}

/// For how long this daemon has looked on: after a start, a machine's sleep or a clock that was set, what
/// has been due for hours may still go within a second.
#[derive(Clone, Copy, Debug)]
struct Watch {
    since: Timestamp,
    slept: Timestamp,
}

impl Watch {
    fn begin(now: Timestamp) -> Self {
        Self { since: now, slept: now }
    }

    fn wake(&mut self, now: Timestamp, meant: Duration) -> Duration {
        if now < self.slept || now.since(self.slept) > meant + HICCUP {
            self.since = now;
        }
        now.since(self.since)
    }

    fn sleep(&mut self, now: Timestamp) {
        self.slept = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn who_stood_still_or_had_its_clock_set_begins_anew() {
        let second = Duration::from_secs(1);
        let mut watch = Watch::begin(at(100));
        assert_eq!(watch.wake(at(100), EVERY), Duration::ZERO);
        for now in (130..1000).step_by(30) {
            assert_eq!(watch.wake(at(now), EVERY).as_secs(), u64::try_from(now - 100).unwrap());
            watch.sleep(at(now));
        }
        // as late as a busy machine may be, and later
        watch.sleep(at(1000));
        assert_eq!(watch.wake(at(1090), EVERY), 990 * second);
        watch.sleep(at(1090));
        assert_eq!(watch.wake(at(1181), EVERY), Duration::ZERO);
        watch.sleep(at(1181));
        assert_eq!(watch.wake(at(1211), EVERY), 30 * second);
        // a look may take long: only the sleep is measured
        watch.sleep(at(1400));
        assert_eq!(watch.wake(at(1430), EVERY), 249 * second);
        watch.sleep(at(1430));
        assert_eq!(watch.wake(at(1429), EVERY), Duration::ZERO);
    }
}
