//! When a digest fires.
//!
//! A cron expression as people write it: five fields (`0 8 * * Mon`), with Sunday as 0 or 7, and
//! both day fields together meaning "either" (POSIX.1-2024, crontab). Six fields begin with
//! seconds, seven end with a year; `@daily` and its like are names for five fields.
//!
//! What always holds:
//! * The expression is stepped on the wall clock, then mapped to an instant. A time that the
//!   clocks skip fires at the instant they jump to; a time they show twice fires the first time.
//! * [`Cron::next`] is later than the instant it is given, so that no firing comes twice.
//! * An expression that can never fire is refused.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use chrono_tz::Tz;
use cron::{Schedule, TimeUnitSpec};

use super::Timestamp;

const REMEDY: &str = "write five fields: minute, hour, day of the month, month, day of the week, \
                      such as 0 8 * * Mon";

/// A cron expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    text: String,
    /// It fires when any of these does: two of them when both day fields are set.
    any: Vec<Schedule>,
}

impl Cron {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fields = fields(text).map_err(|why| format!("\"{text}\" {why}; {REMEDY}"))?;
        let any = alternatives(&fields)
            .iter()
            .map(|fields| fields.join(" ").parse::<Schedule>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| format!("\"{text}\" is not a cron expression; {REMEDY}"))?;
        let cron = Self { text: text.to_owned(), any };
        match cron.step(NaiveDateTime::default()) {
            Some(_) => Ok(cron),
            None => Err(format!("\"{text}\" never fires: there is no such date; {REMEDY}")),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first firing later than `after`.
    pub fn next(&self, after: Timestamp, zone: Tz) -> Option<Timestamp> {
        let mut wall = after.local(zone).naive_local();
        loop {
            wall = self.step(wall)?;
            // In the second pass of a repeated hour the wall shows firings that have already been.
            match Timestamp::on_the_wall_or_after(wall, zone)? {
                firing if firing > after => return Some(firing),
                _ => {}
            }
        }
    }

    /// The last firing not later than `at`.
    pub fn previous(&self, at: Timestamp, zone: Tz) -> Option<Timestamp> {
        let mut wall = last_wall(at, zone)?;
        loop {
            wall = self.step_back(wall)?;
            match Timestamp::on_the_wall_or_after(wall, zone)? {
                firing if firing <= at => return Some(firing),
                _ => wall -= TimeDelta::seconds(1),
            }
        }
    }

    /// The next wall time after `wall`.
    fn step(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |schedule: &Schedule| schedule.after(&wall.and_utc()).next();
        self.any.iter().filter_map(next).map(|at| at.naive_utc()).min()
    }

    /// The last wall time not after `wall`.
    fn step_back(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let previous = |schedule: &Schedule| {
            let before = in_a_year_of(schedule, wall)? + TimeDelta::seconds(1);
            schedule.after(&before.and_utc()).next_back()
        };
        self.any.iter().filter_map(previous).map(|at| at.naive_utc()).max()
    }
}

/// The latest that the clocks have shown up to `at`: past a repeated hour, its end.
fn last_wall(at: Timestamp, zone: Tz) -> Option<NaiveDateTime> {
    let local: DateTime<Tz> = at.local(zone);
    let wall = local.naive_local();
    let first = Timestamp::on_the_wall(wall, zone)?;
    (wall + TimeDelta::from_std(at.since(first)).ok()?).with_nanosecond(0)
}

/// `wall`, or the end of the last year before it in which the schedule fires at all: the crate,
/// stepping back into such a year, would keep the month it came from.
fn in_a_year_of(schedule: &Schedule, wall: NaiveDateTime) -> Option<NaiveDateTime> {
    let fires = |year: &i32| u32::try_from(*year).is_ok_and(|year| schedule.years().includes(year));
    let year = (1970..=wall.year()).rev().find(fires)?;
    let end = NaiveDate::from_ymd_opt(year, 12, 31)?.and_hms_opt(23, 59, 59)?;
    Some(wall.min(end))
}

/// Six or seven fields, as the crate wants them: seconds first, days of the week from 1.
fn fields(text: &str) -> Result<Vec<String>, String> {
    let text = nickname(text)?.unwrap_or(text);
    let mut fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match fields.len() {
        5 => fields.insert(0, "0".to_owned()),
        6 | 7 => {}
        1 => return Err("has 1 field".to_owned()),
        n => return Err(format!("has {n} fields")),
    }
    fields[5] = days_of_week(&fields[5])
        .ok_or_else(|| format!("has no day of the week in \"{}\"", fields[5]))?;
    Ok(fields)
}

fn nickname(text: &str) -> Result<Option<&'static str>, String> {
    Ok(Some(match text {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ if text.starts_with('@') => {
            return Err("is not one of @hourly, @daily, @weekly, @monthly, @yearly".to_owned());
        }
        _ => return Ok(None),
    }))
}

/// Both day fields set means "either": one schedule for each. A field that begins with `*` is not
/// set, also with a step, as cron has always counted it.
fn alternatives(fields: &[String]) -> Vec<Vec<String>> {
    let open = |field: &str| field.starts_with(['*', '?']);
    if open(&fields[3]) || open(&fields[5]) {
        return vec![fields.to_vec()];
    }
    let without = |day: usize| {
        let mut fields = fields.to_vec();
        "*".clone_into(&mut fields[day]);
        fields
    };
    vec![without(5), without(3)]
}

/// Days of the week as the crate counts them, from Sunday = 1; none when it is no such field.
fn days_of_week(field: &str) -> Option<String> {
    if matches!(field, "*" | "?") {
        return Some("*".to_owned());
    }
    let mut days = Vec::new();
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (week(range, true)?, step.parse().ok().filter(|n| *n > 0)?),
            None => (week(item, false)?, 1),
        };
        days.extend(range.step_by(step).map(|day| (day % 7 + 1).to_string()));
    }
    Some(days.join(","))
}

/// The days that `text` names, from Sunday = 0; a range may pass the end of the week (`Fri-Mon`),
/// and a single day with a step runs to Saturday.
fn week(text: &str, stepped: bool) -> Option<RangeInclusive<usize>> {
    if matches!(text, "*" | "?") {
        return Some(0..=6);
    }
    let Some((from, to)) = text.split_once('-') else {
        let day = day_of_week(text)?;
        return Some(day..=if stepped { day.max(6) } else { day });
    };
    let (from, to) = (day_of_week(from)?, day_of_week(to)?);
    Some(from..=if to < from { to + 7 } else { to })
}

fn day_of_week(text: &str) -> Option<usize> {
    const NAMES: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    if let Ok(number) = text.parse::<usize>() {
        return (number <= 7).then_some(number);
    }
    let text = text.to_lowercase();
    NAMES.iter().position(|name| text.len() >= 3 && name.starts_with(&text))
}

#[cfg(test)]
mod tests;
