//! Times and durations as people write them.
//!
//! What always holds: a local time is one of the given zone; one that the clocks skip is refused,
//! and one they show twice is the first. [`duration`] reads what [`spell`] writes.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::Timestamp;

/// Units, the longest first, in milliseconds.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A hundred years: longer is a slip of the hand, and must not overflow a [`Timestamp`].
const LONGEST: u64 = 36_525 * 86_400_000;

/// The instant that `text` names.
pub fn when(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(later) = text.strip_prefix('+') {
        return Ok(now.plus(duration(later)?));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Timestamp::from_utc(time.to_utc()));
    }
    let wall = wall(text, now.local(zone).date_naive()).ok_or_else(|| {
        format!(
            "\"{text}\" is not a time; write now, 2026-06-12 09:00, today 09:00, tomorrow 09:00, \
             +2h or 2026-06-12T09:00:00+01:00"
        )
    })?;
    Timestamp::on_the_wall(wall, zone).ok_or_else(|| skipped(wall, zone))
}

/// What a clock on the wall shows at `text`.
fn wall(text: &str, today: NaiveDate) -> Option<NaiveDateTime> {
    if let Some((day, time)) = text.split_once(' ')
        && let Some(days) = ["today", "tomorrow"].iter().position(|name| *name == day)
    {
        let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?;
        return Some((today + TimeDelta::days(days as i64)).and_time(time));
    }
    ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

fn skipped(wall: NaiveDateTime, zone: Tz) -> String {
    let shown = wall.format("%Y-%m-%d %H:%M");
    let nearest = Timestamp::on_the_wall_or_after(wall, zone)
        .map_or_else(String::new, |at| at.local(zone).format("; write %Y-%m-%d %H:%M").to_string());
    format!("{shown} does not exist in {zone}: the clocks are put forward past it{nearest}")
}

/// A whole number and a unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    unit.and_then(|(_, millis)| number.parse::<u64>().ok()?.checked_mul(*millis))
        .filter(|millis| *millis <= LONGEST)
        .map(Duration::from_millis)
        .ok_or_else(|| {
            format!("\"{text}\" is not a duration; write a whole number and a unit: 500ms, 90s, 5m, 2h, 3d or 1w")
        })
}

/// The shortest way to write `duration`, to the millisecond.
pub fn spell(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    let whole = UNITS.iter().find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)));
    whole.map_or_else(
        || format!("{millis}ms"),
        |(name, unit)| format!("{}{name}", millis / u128::from(*unit)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::London;
    use proptest::prelude::*;

    /// 2026-06-11 23:30 in London, when it is 22:30 in UTC.
    fn read(text: &str) -> Result<String, String> {
        let now = DateTime::parse_from_rfc3339("2026-06-11T22:30:00Z").unwrap();
        when(text, Timestamp::from_utc(now.to_utc()), London).map(|at| at.rfc3339(London))
    }

    #[test]
    fn every_way_to_write_a_time_is_read() {
        for (text, time) in [
            ("now", "2026-06-11T23:30:00+01:00"),
            ("2026-06-12 09:00", "2026-06-12T09:00:00+01:00"),
            ("2026-06-12T09:00", "2026-06-12T09:00:00+01:00"),
            ("2026-06-12T09:00:00Z", "2026-06-12T10:00:00+01:00"),
            ("2026-06-12T09:00:00+02:00", "2026-06-12T08:00:00+01:00"),
            ("2026-12-12 09:00", "2026-12-12T09:00:00+00:00"),
            ("today 23:45", "2026-06-11T23:45:00+01:00"),
            ("tomorrow 09:00", "2026-06-12T09:00:00+01:00"),
            ("+2h", "2026-06-12T01:30:00+01:00"),
            ("+30m", "2026-06-12T00:00:00+01:00"),
            ("+3d", "2026-06-14T23:30:00+01:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn a_time_the_clocks_skip_is_refused_with_the_nearest_one() {
        assert_eq!(
            read("2027-03-28 01:30").unwrap_err(),
            "2027-03-28 01:30 does not exist in Europe/London: the clocks are put forward past it; \
             write 2027-03-28 02:00"
        );
    }

    #[test]
    fn a_time_the_clocks_show_twice_is_the_first() {
        assert_eq!(read("2026-10-25 01:30").as_deref(), Ok("2026-10-25T01:30:00+01:00"));
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in
            ["", "next week", "tomorrow", "today 25:00", "2026-02-30 09:00", "2026-06-12", "09:00"]
        {
            let error = read(text).unwrap_err();
            assert!(
                error.starts_with(&format!("\"{text}\" is not a time; write now, ")),
                "{error}"
            );
        }
        assert!(read("+2 hours").unwrap_err().contains("is not a duration; write"));
    }

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("90s", 90_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("3d", 259_200_000),
            ("1w", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "5", "m", "5x", "-5m", "1.5h", "1h30m", "5 m", "99999999999999999999s", "6000w"]
        {
            let error = duration(text).unwrap_err();
            assert!(error.contains("is not a duration; write a whole number"), "{text}: {error}");
        }
    }

    #[test]
    fn durations_are_spelt_as_people_write_them() {
        for text in ["3d", "90s", "500ms", "30m", "1h", "1w", "0s", "36h"] {
            assert_eq!(spell(duration(text).unwrap()), text);
        }
        assert_eq!(spell(Duration::from_hours(24)), "1d");
    }

    proptest! {
        #[test]
        fn what_is_spelt_is_read(millis in 0u64..LONGEST) {
            let duration_ = Duration::from_millis(millis);
            prop_assert_eq!(duration(&spell(duration_)), Ok(duration_));
        }
    }
}
