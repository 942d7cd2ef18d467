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
        let cron = Self {
            text: text.to_owned(),
            any,
        };
        match cron.step(NaiveDateTime::default()) {
            Some(_) => Ok(cron),
            None => Err(format!(
                "\"{text}\" never fires: there is no such date; {REMEDY}"
            )),
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
        self.any
            .iter()
            .filter_map(next)
            .map(|at| at.naive_utc())
            .min()
    }

    /// The last wall time not after `wall`.
    fn step_back(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let previous = |schedule: &Schedule| {
            let before = in_a_year_of(schedule, wall)? + TimeDelta::seconds(1);
            schedule.after(&before.and_utc()).next_back()
        };
        self.any
            .iter()
            .filter_map(previous)
            .map(|at| at.naive_utc())
            .max()
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
    const NAMES: [&str; 7] = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    if let Ok(number) = text.parse::<usize>() {
        return (number <= 7).then_some(number);
    }
    let text = text.to_lowercase();
    NAMES
        .iter()
        .position(|name| text.len() >= 3 && name.starts_with(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::London;
    use chrono_tz::UTC;
    use proptest::prelude::*;

    fn cron(text: &str) -> Cron {
        Cron::parse(text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_utc(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
    }

    /// The first `n` firings after `from`, on the wall.
    fn firings(text: &str, from: &str, zone: Tz, n: usize) -> Vec<String> {
        let (cron, mut last) = (cron(text), at(from));
        let mut step = || {
            last = cron.next(last, zone)?;
            Some(
                last.local(zone)
                    .format("%a %Y-%m-%d %H:%M:%S %z")
                    .to_string(),
            )
        };
        (0..n).map_while(|_| step()).collect()
    }

    #[test]
    fn one_in_the_last_field_is_a_monday() {
        for text in [
            "0 9 * * 1",
            "0 9 * * Mon",
            "0 9 * * monday",
            "0 0 9 * * 1",
            "0 0 9 * * MON *",
        ] {
            assert_eq!(
                firings(text, "2026-06-01T12:00:00Z", UTC, 2),
                [
                    "Mon 2026-06-08 09:00:00 +0000",
                    "Mon 2026-06-15 09:00:00 +0000"
                ],
                "{text}"
            );
        }
    }

    #[test]
    fn days_of_the_week_are_those_of_unix() {
        for (field, days) in [
            ("0", "1"),
            ("7", "1"),
            ("Sun", "1"),
            ("1-5", "2,3,4,5,6"),
            ("5-7", "6,7,1"),
            ("Fri-Mon", "6,7,1,2"),
            ("Mon,Wed", "2,4"),
            ("*/2", "1,3,5,7"),
            ("1-5/2", "2,4,6"),
            ("4/2", "5,7"),
            ("Tues", "3"),
        ] {
            assert_eq!(days_of_week(field).as_deref(), Some(days), "{field}");
        }
        for field in ["8", "Foo", "Mo", "1-", "*/0", "", "1,,2", "Mon-Foo"] {
            assert_eq!(days_of_week(field), None, "{field}");
        }
    }

    #[test]
    fn both_day_fields_mean_either() {
        assert_eq!(
            firings("0 8 13 * Fri", "2026-03-06T12:00:00Z", UTC, 5),
            [
                "Fri 2026-03-13 08:00:00 +0000",
                "Fri 2026-03-20 08:00:00 +0000",
                "Fri 2026-03-27 08:00:00 +0000",
                "Fri 2026-04-03 08:00:00 +0000",
                "Fri 2026-04-10 08:00:00 +0000"
            ]
        );
        assert_eq!(
            firings("0 8 13 * Fri", "2026-04-10T12:00:00Z", UTC, 1),
            ["Mon 2026-04-13 08:00:00 +0000"]
        );
    }

    #[test]
    fn a_skipped_time_fires_once_when_the_clocks_jump() {
        assert_eq!(
            firings("30 1 * * *", "2026-03-28T12:00:00Z", London, 2),
            [
                "Sun 2026-03-29 02:00:00 +0100",
                "Mon 2026-03-30 01:30:00 +0100"
            ]
        );
        // three skipped quarters and the one the clocks jump to are one instant, hence one firing
        assert_eq!(
            firings("*/15 * * * *", "2026-03-29T00:45:00Z", London, 2),
            [
                "Sun 2026-03-29 02:00:00 +0100",
                "Sun 2026-03-29 02:15:00 +0100"
            ]
        );
    }

    #[test]
    fn a_repeated_time_fires_the_first_time_only() {
        assert_eq!(
            firings("30 1 * * *", "2026-10-24T12:00:00Z", London, 2),
            [
                "Sun 2026-10-25 01:30:00 +0100",
                "Mon 2026-10-26 01:30:00 +0000"
            ]
        );
        // a daemon started in the second pass does not fire what the first pass has fired
        assert_eq!(
            firings("30 1 * * *", "2026-10-25T01:10:00Z", London, 1),
            ["Mon 2026-10-26 01:30:00 +0000"]
        );
    }

    #[test]
    fn the_previous_firing_is_the_last_that_has_been() {
        let daily = cron("30 1 * * *");
        let first = at("2026-10-25T00:30:00Z");
        for (now, previous) in [
            ("2026-10-25T00:30:00Z", first),
            ("2026-10-25T01:10:00Z", first),
            ("2026-10-25T00:29:59Z", at("2026-10-24T00:30:00Z")),
            ("2026-03-29T01:00:00Z", at("2026-03-29T01:00:00Z")),
            ("2026-03-29T00:59:59Z", at("2026-03-28T01:30:00Z")),
        ] {
            assert_eq!(daily.previous(at(now), London), Some(previous), "{now}");
        }
        let once = cron("0 0 8 24 12 * 2020");
        assert_eq!(
            once.previous(at("2026-03-01T00:00:00Z"), UTC),
            Some(at("2020-12-24T08:00:00Z"))
        );
        assert_eq!(once.next(at("2026-03-01T00:00:00Z"), UTC), None);
    }

    #[test]
    fn leap_days_fire_in_leap_years() {
        assert_eq!(
            firings("0 8 29 2 *", "2026-01-01T00:00:00Z", UTC, 2),
            [
                "Tue 2028-02-29 08:00:00 +0000",
                "Sun 2032-02-29 08:00:00 +0000"
            ]
        );
    }

    #[test]
    fn the_names_of_common_rhythms_are_known() {
        for (text, first) in [
            ("@hourly", "Wed 2026-06-03 13:00:00 +0000"),
            ("@daily", "Thu 2026-06-04 00:00:00 +0000"),
            ("@weekly", "Sun 2026-06-07 00:00:00 +0000"),
            ("@monthly", "Wed 2026-07-01 00:00:00 +0000"),
            ("@yearly", "Fri 2027-01-01 00:00:00 +0000"),
        ] {
            assert_eq!(
                firings(text, "2026-06-03T12:30:00Z", UTC, 1),
                [first],
                "{text}"
            );
        }
    }

    #[test]
    fn what_can_never_fire_or_is_no_expression_is_refused_with_an_example() {
        for text in [
            "",
            "0 9 * *",
            "0 0 30 2 *",
            "0 24 * * *",
            "60 * * * *",
            "*/0 * * * *",
            "0 9 * * 8",
            "0 9 * Foo *",
            "0 9 * * Foo",
            "@fortnightly",
            "0 9 99999999999 * *",
            "1 2 3 4 5 6 7 8",
            "every Monday",
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(
                error.starts_with(&format!("\"{text}\" "))
                    && error.ends_with("such as 0 8 * * Mon"),
                "{error}"
            );
        }
        assert!(
            cron("0 0 30 2 Mon")
                .next(at("2026-01-01T00:00:00Z"), UTC)
                .is_some()
        );
    }

    proptest! {
        #[test]
        fn next_and_previous_agree(
            which in 0usize..8,
            seconds in 1_700_000_000i64..1_900_000_000,
            zone in prop::sample::select(vec![
                London, UTC, chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe,
            ]),
        ) {
            let texts = [
                "30 1 * * *", "*/7 * * * *", "0 8 13 * Fri", "0 0 1 1 *", "15 2 * 3,10,11 Sun",
                "@hourly", "*/20 * * * * *", "0 0 12 * * * 2024-2028/2",
            ];
            let (cron, at) = (cron(texts[which]), Timestamp(seconds * 1000 + 500));
            if let Some(next) = cron.next(at, zone) {
                prop_assert!(next > at);
                prop_assert_eq!(cron.previous(next, zone), Some(next));
                let last = cron.previous(Timestamp(next.0 - 1), zone);
                prop_assert!(last.is_none_or(|last| last <= at));
            }
            if let Some(last) = cron.previous(at, zone) {
                prop_assert!(last <= at);
                prop_assert_eq!(cron.next(Timestamp(last.0 - 1), zone), Some(last));
            }
        }
    }
}
