//! What time it is. The only place that asks, so that tests can say.
//!
//! Times are UTC milliseconds since 1970 everywhere: in types, in the database, in tokens. People
//! meet them as RFC 3339 or in the site's time zone.

pub mod cron;
pub mod local;
pub mod quiet;
pub mod step;
pub mod when;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

/// An instant, in milliseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub fn from_utc(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }

    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// The same instant on the wall clock of `zone`.
    pub fn local(self, zone: Tz) -> DateTime<Tz> {
        self.to_utc().with_timezone(&zone)
    }

    /// The first instant at which the clocks of `zone` show `wall`; none when they skip it.
    pub fn on_the_wall(wall: NaiveDateTime, zone: Tz) -> Option<Self> {
        let local = wall.and_local_timezone(zone).earliest()?;
        Some(Self::from_utc(local.to_utc()))
    }

    /// The same, or the instant to which the clocks jump when they skip `wall`.
    pub fn on_the_wall_or_after(wall: NaiveDateTime, zone: Tz) -> Option<Self> {
        // Clocks jump on a full minute; the longest jump was a whole day (Samoa, 2011-12-30).
        let minute = wall.with_second(0)?.with_nanosecond(0)?;
        Self::on_the_wall(wall, zone).or_else(|| {
            (1..=25 * 60).find_map(|n| Self::on_the_wall(minute + TimeDelta::minutes(n), zone))
        })
    }

    /// RFC 3339 with the offset of `zone`, to the second.
    pub fn rfc3339(self, zone: Tz) -> String {
        self.local(zone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long from `earlier` until now; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// The clock of the process: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.0)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::from_utc(Utc::now()),
            Self::Fixed(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock on; the machine's own moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at) = self {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
