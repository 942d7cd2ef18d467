//! When and where a meeting is.

use chrono::offset::LocalResult;
use chrono::{Datelike, NaiveDateTime, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::field::{Fields, Findings, Text, nearest};
use crate::clock::step::{self, Step};
use crate::post::Meeting;

pub(super) fn read(mut fields: Fields, found: &mut Findings) -> Option<Meeting> {
    let starts = time(&mut fields, "starts", found);
    let ends = time(&mut fields, "ends", found);
    let timezone = timezone(&mut fields, found);
    let place = fields.line("place", found);
    let join = join(&mut fields, found);
    let rsvp = fields.truth("rsvp", found);
    let reminders = reminders(&mut fields, found);
    fields.finish(found);
    if let Some(timezone) = timezone {
        for (line, time) in [starts, ends].into_iter().flatten() {
            exists(time, timezone, line, found);
        }
    }
    let (line, ends) = ends?;
    let (_, starts) = starts?;
    if ends <= starts {
        found.error(
            line,
            "ends-before-start",
            "the meeting ends before it starts; write a later time after ends:",
        );
    }
    Some(Meeting { starts, ends, timezone: timezone?, place, join, rsvp, reminders })
}

/// A time on the wall clock, and the line it is on.
fn time(
    fields: &mut Fields,
    key: &'static str,
    found: &mut Findings,
) -> Option<(usize, NaiveDateTime)> {
    let example = format!("{key}: 2026-06-12 14:00");
    fields.require(key, "missing-time", &example, found)?;
    let text = fields.text(key, found)?;
    let time = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text.value, format).ok())
        // calendars write a year in four digits
        .filter(|time| (1..=9999).contains(&time.year()));
    if time.is_none() {
        let message =
            format!("{key} \"{}\" is not a day and a time; write it like {example}", text.value);
        found.error(text.line, "bad-time", message);
    }
    time.map(|time| (text.line, time))
}

fn timezone(fields: &mut Fields, found: &mut Findings) -> Option<Tz> {
    fields.require("timezone", "missing-timezone", "timezone: Europe/London", found)?;
    let Text { line, value } = fields.text("timezone", found)?;
    let zone = value.parse().ok();
    if zone.is_none() {
        let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let message = format!(
            "\"{value}\" is not a time zone{}; write a name like Europe/London",
            nearest(&value, &names)
        );
        found.error(line, "unknown-timezone", message);
    }
    zone
}

/// When clocks go forward, an hour of the wall clock does not happen.
fn exists(time: NaiveDateTime, zone: Tz, line: usize, found: &mut Findings) {
    if matches!(zone.from_local_datetime(&time), LocalResult::None) {
        let message = format!(
            "{} does not exist in {zone}, where clocks go forward then; write another time",
            time.format("%Y-%m-%d %H:%M")
        );
        found.error(line, "no-such-time", message);
    }
}

fn join(fields: &mut Fields, found: &mut Findings) -> Option<String> {
    let line = fields.line_of("join");
    let join = fields.line("join", found)?;
    let join = join.as_str();
    let host = join.strip_prefix("https://").unwrap_or_default();
    if host.is_empty()
        || host.starts_with(['/', '?', '#', ':'])
        || join.contains(char::is_whitespace)
    {
        let message = format!(
            "join \"{join}\" is not an address to join by; write one that begins with https://"
        );
        found.error(line, "bad-join", message);
        return None;
    }
    Some(join.to_owned())
}

/// The ladder of this meeting alone; an empty one is none at all, and one that is left out is the kind's.
fn reminders(fields: &mut Fields, found: &mut Findings) -> Option<Vec<Step>> {
    let given = fields.has("reminders");
    let line = fields.line_of("reminders");
    let mut steps = Vec::new();
    for text in fields.texts("reminders", found) {
        match text.value.parse() {
            Ok(step) => steps.push(step),
            Err(why) => {
                found.error(text.line, "bad-reminder", format!("meeting.reminders: {why}"));
            }
        }
    }
    match step::ladder(steps) {
        Ok(steps) => given.then_some(steps),
        Err(why) => {
            found.error(line, "bad-reminder", format!("meeting.reminders {why}"));
            None
        }
    }
}
