//! Dates, times, places in time, sizes and lists, as people say them.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveTime, TimeZone, Timelike};
use chrono_tz::{OffsetName, Tz};

use crate::post::Meeting;

/// "Friday 12 June 2026".
pub(crate) fn weekday(date: NaiveDate) -> String {
    date.format("%A %-d %B %Y").to_string()
}

/// "12 June 2026".
pub(super) fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// "2pm to 4:30pm", or past midnight "10pm to 1am on Saturday 13 June 2026".
pub(super) fn hours(meeting: &Meeting) -> String {
    let (starts, ends) = (meeting.starts, meeting.ends);
    let range = format!("{} to {}", hour(starts.time()), hour(ends.time()));
    if starts.date() == ends.date() {
        range
    } else {
        format!("{range} on {}", weekday(ends.date()))
    }
}

/// "London time (BST)". An offset that has no letters tells people nothing.
pub(super) fn zone(meeting: &Meeting) -> String {
    let zone = meeting.timezone;
    let city = zone.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ");
    let spoken = if matches!(zone, Tz::UTC | Tz::Etc__UTC) {
        "UTC".to_owned()
    } else {
        format!("{city} time")
    };
    let letters = zone
        .offset_from_local_datetime(&meeting.starts)
        .earliest()
        .and_then(|offset| offset.abbreviation().map(str::to_owned))
        .filter(|letters| letters.chars().all(char::is_alphabetic) && *letters != spoken);
    match letters {
        Some(letters) => format!("{spoken} ({letters})"),
        None => spoken,
    }
}

fn hour(time: NaiveTime) -> String {
    match (time.hour(), time.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => time.format("%-I%P").to_string(),
        _ => time.format("%-I:%M%P").to_string(),
    }
}

/// "120 KB"; nobody needs it more exactly.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => "1 KB".to_owned(),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// "Meetings", "Meetings and Reports", "Meetings, News and Reports": each once.
pub(crate) fn list<T: AsRef<str>>(names: &[T]) -> String {
    let mut each: Vec<&str> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    match each.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// A text as one segment of a link (RFC 3986 §2.3); `@` may stay, mail addresses need it.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                out.push(char::from(byte));
            }
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// Lines of at most `width` characters; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting(starts: &str, ends: &str, timezone: Tz) -> Meeting {
        Meeting {
            starts: starts.parse().unwrap(),
            ends: ends.parse().unwrap(),
            timezone,
            place: None,
            join: None,
            rsvp: false,
            reminders: None,
        }
    }

    #[test]
    fn times_read_as_people_say_them() {
        let usual = meeting("2026-06-12T14:00:00", "2026-06-12T16:30:00", Tz::Europe__London);
        assert_eq!(weekday(usual.starts.date()), "Friday 12 June 2026");
        assert_eq!(hours(&usual), "2pm to 4:30pm");
        assert_eq!(zone(&usual), "London time (BST)");
        let late = meeting("2026-12-31T12:00:00", "2027-01-01T00:00:00", Tz::America__New_York);
        assert_eq!(hours(&late), "midday to midnight on Friday 1 January 2027");
        assert_eq!(zone(&late), "New York time (EST)");
        assert_eq!(zone(&meeting("2026-06-12T09:00:00", "2026-06-12T10:00:00", Tz::UTC)), "UTC");
        let dubai = meeting("2026-06-12T09:00:00", "2026-06-12T10:00:00", Tz::Asia__Dubai);
        assert_eq!(zone(&dubai), "Dubai time");
    }

    #[test]
    fn an_hour_that_the_clocks_skip_still_has_words() {
        let gap = meeting("2026-03-29T01:30:00", "2026-03-29T02:30:00", Tz::Europe__London);
        assert_eq!(zone(&gap), "London time");
    }

    #[test]
    fn names_are_told_as_people_list_them() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["Meetings"]), "Meetings");
        assert_eq!(list(&["Meetings", "Reports"]), "Meetings and Reports");
        assert_eq!(list(&["Meetings", "News", "Reports"]), "Meetings, News and Reports");
        assert_eq!(list(&["Meetings", "News", "Meetings"]), "Meetings and News");
    }

    #[test]
    fn sizes_are_rounded_to_what_matters() {
        assert_eq!(size(1), "1 KB");
        assert_eq!(size(119_400), "120 KB");
        assert_eq!(size(1_260_000), "1.2 MB");
    }
}
