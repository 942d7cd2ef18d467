//! A time that every clock shows once, each when it gets there.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDateTime, Timelike};
use chrono_tz::Tz;

use super::Timestamp;

/// As it is kept: `2026-06-12T09:00`.
const FORM: &str = "%Y-%m-%dT%H:%M";

/// What a clock on the wall shows, to the minute, wherever it hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(NaiveDateTime);

impl LocalTime {
    /// What the clocks of `zone` show at `at`.
    pub fn of(at: Timestamp, zone: Tz) -> Self {
        let wall = at.local(zone).naive_local();
        Self(wall.with_second(0).and_then(|wall| wall.with_nanosecond(0)).unwrap_or(wall))
    }

    /// When the clocks of `zone` show it, or jump over it.
    pub fn at(self, zone: Tz) -> Option<Timestamp> {
        Timestamp::on_the_wall_or_after(self.0, zone)
    }

    /// As people read it.
    pub fn spelt(self) -> String {
        self.0.format("%A %-d %B %Y, %H:%M").to_string()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format(FORM))
    }
}

impl FromStr for LocalTime {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wall = NaiveDateTime::parse_from_str(text, FORM);
        wall.map(Self)
            .map_err(|_| format!("\"{text}\" is not a local time such as 2026-06-12T09:00"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::{Asia::Tokyo, Europe::London};

    use super::*;

    #[test]
    fn each_clock_gets_there_at_its_own_time() {
        let noon = DateTime::parse_from_rfc3339("2026-06-12T09:00:59+01:00").unwrap();
        let nine = LocalTime::of(Timestamp::from_utc(noon.to_utc()), London);
        assert_eq!(nine.to_string(), "2026-06-12T09:00");
        assert_eq!(nine.to_string().parse(), Ok(nine));
        assert_eq!(nine.at(London).unwrap().rfc3339(London), "2026-06-12T09:00:00+01:00");
        assert_eq!(nine.at(Tokyo).unwrap().rfc3339(Tokyo), "2026-06-12T09:00:00+09:00");
    }

    #[test]
    fn what_the_clocks_skip_is_when_they_jump() {
        let skipped: LocalTime = "2026-03-29T01:30".parse().unwrap();
        assert_eq!(skipped.at(London).unwrap().rfc3339(London), "2026-03-29T02:00:00+01:00");
    }
}
