//! A step of a ladder that leads up to a moment: so long before it.
//!
//! What always holds: whole days are days of the calendar, so that 14 days before a meeting at 14:00 it is
//! 14:00, whatever the clocks did meanwhile; hours and minutes are what a stopwatch measures. A ladder has
//! no step twice, and the longest first.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::Timestamp;
use super::when::{duration, spell};

/// The shortest step: mails take a moment, and readers too.
const SHORTEST: Duration = Duration::from_mins(10);
/// The most steps of a ladder: who gets more stops reading them.
const MOST: usize = 10;
const DAY: Duration = Duration::from_hours(24);

/// How long before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    length: Duration,
    /// Whole days, as the calendar counts them.
    days: bool,
}

impl Step {
    /// The instant so long before `wall` in `zone`; none when no calendar goes back so far.
    pub fn before(self, wall: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
        let length = TimeDelta::from_std(self.length).ok()?;
        if self.days {
            return Timestamp::on_the_wall_or_after(wall.checked_sub_signed(length)?, zone);
        }
        let at = Timestamp::on_the_wall_or_after(wall, zone)?;
        Some(Timestamp(at.0.checked_sub(length.num_milliseconds())?))
    }
}

/// As people know it best: `14d`, `36h`, `90m`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.length.as_secs() / 3600;
        if self.days {
            write!(f, "{}d", hours / 24)
        } else if self.length == Duration::from_hours(hours) {
            write!(f, "{hours}h")
        } else {
            f.write_str(&spell(self.length))
        }
    }
}

impl FromStr for Step {
    type Err = String;

    /// Days and weeks are days of the calendar.
    fn from_str(text: &str) -> Result<Self, String> {
        let length = duration(text)?;
        if length < SHORTEST {
            return Err(format!(
                "\"{text}\" is shorter than ten minutes; write a longer one, such as 1h"
            ));
        }
        Ok(Self { length, days: text.trim().ends_with(['d', 'w']) && length >= DAY })
    }
}

/// The steps as a ladder, or what is wrong with them together.
pub fn ladder(mut steps: Vec<Step>) -> Result<Vec<Step>, String> {
    steps.sort_unstable_by(|one, other| other.cmp(one));
    let alike = steps.array_windows().find(|[one, other]| one.length == other.length);
    if let Some([one, other]) = alike {
        let what = if one == other {
            format!("has {one} twice")
        } else {
            format!("has both {one} and {other}, which are the same")
        };
        return Err(format!("{what}; keep one"));
    }
    if steps.len() > MOST {
        return Err(format!("has {} steps; write at most {MOST}", steps.len()));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::New_York, Europe::London, Pacific::Apia};

    fn before(step: &str, wall: &str, zone: Tz) -> String {
        let step: Step = step.parse().unwrap();
        step.before(wall.parse().unwrap(), zone).unwrap().rfc3339(zone)
    }

    #[test]
    fn days_are_days_of_the_calendar_and_hours_are_hours() {
        for (step, wall, zone, at) in [
            // clocks go forward on 29 March, and back on 25 October
            ("14d", "2026-04-02T14:00:00", London, "2026-03-19T14:00:00+00:00"),
            ("2w", "2026-04-02T14:00:00", London, "2026-03-19T14:00:00+00:00"),
            ("1d", "2026-03-29T14:00:00", London, "2026-03-28T14:00:00+00:00"),
            ("24h", "2026-03-29T14:00:00", London, "2026-03-28T13:00:00+00:00"),
            ("1d", "2026-10-25T14:00:00", London, "2026-10-24T14:00:00+01:00"),
            ("24h", "2026-10-25T14:00:00", London, "2026-10-24T15:00:00+01:00"),
            ("90m", "2026-10-25T14:00:00", London, "2026-10-25T12:30:00+00:00"),
            ("7d", "2026-03-10T09:00:00", New_York, "2026-03-03T09:00:00-05:00"),
        ] {
            assert_eq!(before(step, wall, zone), at, "{step} before {wall}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_the_one_they_jump_to_and_of_two_it_is_the_first() {
        let skipped = before("1d", "2026-03-30T01:30:00", London);
        assert_eq!(skipped, "2026-03-29T02:00:00+01:00");
        let twice = before("1d", "2026-10-26T01:30:00", London);
        assert_eq!(twice, "2026-10-25T01:30:00+01:00");
        // Samoa had no 30 December 2011
        assert_eq!(before("1d", "2011-12-31T08:00:00", Apia), "2011-12-31T00:00:00+14:00");
    }

    #[test]
    fn a_step_reads_as_it_is_written() {
        for text in ["14d", "1d", "24h", "36h", "1h", "90m", "10m", "3601s"] {
            assert_eq!(text.parse::<Step>().unwrap().to_string(), text);
        }
        for (text, shown) in [("2w", "14d"), (" 1w ", "7d"), ("60m", "1h"), ("5400s", "90m")] {
            let step: Step = text.parse().unwrap();
            assert_eq!(step.to_string(), shown);
            assert_eq!(shown.parse(), Ok(step));
        }
    }

    #[test]
    fn what_is_no_step_is_refused_in_plain_words() {
        let refused = |text: &str| text.parse::<Step>().unwrap_err();
        assert!(refused("tomorrow").starts_with("\"tomorrow\" is not a duration; write a whole"));
        for short in ["9m", "0d", "599s"] {
            assert_eq!(
                refused(short),
                format!("\"{short}\" is shorter than ten minutes; write a longer one, such as 1h")
            );
        }
    }

    #[test]
    fn a_ladder_begins_with_the_longest_and_has_none_twice() {
        let steps = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(ladder(steps(&["1d", "1h", "14d"])), Ok(steps(&["14d", "1d", "1h"])));
        assert_eq!(ladder(Vec::new()), Ok(Vec::new()));
        assert_eq!(ladder(steps(&["2w", "1d", "14d"])).unwrap_err(), "has 14d twice; keep one");
        let both = "has both 1d and 24h, which are the same; keep one";
        assert_eq!(ladder(steps(&["24h", "1d"])).unwrap_err(), both);
        let many: Vec<_> = (1..=11).map(|day| format!("{day}d").parse().unwrap()).collect();
        assert_eq!(ladder(many).unwrap_err(), "has 11 steps; write at most 10");
    }

    #[test]
    fn a_step_that_goes_back_further_than_calendars_is_none() {
        let far: Step = "36500d".parse().unwrap();
        let first = NaiveDateTime::MIN + TimeDelta::days(400);
        assert_eq!(far.before(first, London), None);
    }
}
