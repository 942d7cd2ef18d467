//! The hours of a day in which nothing is sent, such as `21:00-08:00`.
//!
//! What always holds: an instant is quiet when the clocks of the reader's zone show a time from the
//! first on and before the second, and never otherwise. All else follows, also when they are
//! changed: an end that they skip is the instant they jump; after an end that they show twice the
//! hours end the first time, and what they show again of the hours is quiet again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::Timestamp;

const REMEDY: &str = "write when they begin and when they end, such as 21:00-08:00";

/// The quiet hours of a day; they may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: NaiveTime,
    to: NaiveTime,
}

impl QuietHours {
    pub fn parse(text: &str) -> Result<Self, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let ends = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
        match ends {
            None => Err(format!("\"{text}\" are no quiet hours; {REMEDY}")),
            Some((from, to)) if from == to => Err(format!(
                "\"{text}\" begin and end at the same time, so that nothing would ever be sent, or \
                 everything; {REMEDY}, or leave them out"
            )),
            Some((from, to)) => Ok(Self { from, to }),
        }
    }

    /// When whatever is ready at `at` may go: none when it may at once.
    pub fn until(&self, at: Timestamp, zone: Tz) -> Option<Timestamp> {
        let mut quiet = self.holds(at, zone).then_some(at)?;
        loop {
            let end = self.end_as_the_clocks_run(quiet, zone);
            let Some(change) = change_between(quiet, end, zone) else { return Some(end) };
            if !self.holds(change, zone) {
                return Some(change);
            }
            quiet = change;
        }
    }

    fn holds(&self, at: Timestamp, zone: Tz) -> bool {
        let (from, to, time) = (self.from, self.to, at.local(zone).time());
        if from < to { from <= time && time < to } else { from <= time || time < to }
    }

    /// The end of the hours that hold at `at`, as long as nobody changes the clocks.
    fn end_as_the_clocks_run(&self, at: Timestamp, zone: Tz) -> Timestamp {
        let left = self.to - at.local(zone).time();
        let left = if left < TimeDelta::zero() { left + TimeDelta::days(1) } else { left };
        at.plus(left.to_std().unwrap_or(Duration::ZERO))
    }
}

/// As people write them, and as they are kept.
impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}

impl FromStr for QuietHours {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

/// The first instant after `from` and not after `to` at which the clocks have been changed. No zone
/// changes them twice within a day.
fn change_between(from: Timestamp, to: Timestamp, zone: Tz) -> Option<Timestamp> {
    let offset = |at: i64| *Timestamp(at).local(zone).offset();
    let (mut before, mut after) = (from.0, to.0);
    if offset(before) == offset(after) {
        return None;
    }
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if offset(middle) == offset(before) {
            before = middle;
        } else {
            after = middle;
        }
    }
    Some(Timestamp(after))
}

#[cfg(test)]
mod tests;
