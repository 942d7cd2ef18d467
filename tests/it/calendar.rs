//! Calendar parts as calendars read them: what we write, two readers give back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bulletin::address::EmailAddress;
use bulletin::clock::Timestamp;
use bulletin::line::Line;
use bulletin::message::calendar::{Edition, Words, published};
use bulletin::post::Meeting;
use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::calendar::{Read, read};

/// Objects that one run of the readers is given.
const OBJECTS: usize = 600;
/// Friday 22 May 2026, 09:00 UTC.
const STAMP: Timestamp = Timestamp(1_779_440_400_000);

#[derive(Clone, Debug)]
struct Case {
    meeting: Meeting,
    title: Line,
    description: String,
    organizer: Line,
    sequence: i64,
}

impl Case {
    fn at(starts: &str, ends: &str, timezone: Tz) -> Self {
        let meeting = Meeting {
            starts: wall(starts),
            ends: wall(ends),
            timezone,
            place: Some(line("Room 2, King's College London")),
            join: None,
            rsvp: false,
            reminders: None,
        };
        Self {
            meeting,
            title: line("Next meeting"),
            description: "We meet.".to_owned(),
            organizer: line("Alliance"),
            sequence: 0,
        }
    }

    fn object(&self) -> String {
        let mailbox = EmailAddress::parse("news@example.org").unwrap();
        let edition = Edition { uid: "0123456789abcdef", sequence: self.sequence, stamp: STAMP };
        published(&self.meeting, &edition, &self.words(&mailbox))
    }

    fn words<'a>(&'a self, mailbox: &'a EmailAddress) -> Words<'a> {
        Words {
            title: self.title.as_str(),
            place: self.meeting.place.as_ref().map(Line::as_str),
            description: self.description.clone(),
            url: Some("https://news.example.org/archive/next-meeting"),
            file_name: "invite.ics".into(),
            organizer: (self.organizer.as_str(), mailbox),
        }
    }

    /// What a reader must find.
    fn expected(&self) -> Read {
        let instant = |wall: NaiveDateTime| {
            self.meeting.timezone.from_local_datetime(&wall).earliest().unwrap().timestamp()
        };
        Read {
            method: "PUBLISH".to_owned(),
            starts: instant(self.meeting.starts),
            ends: instant(self.meeting.ends),
            stamp: STAMP.0 / 1000,
            uid: "0123456789abcdef".to_owned(),
            sequence: self.sequence,
            status: "CONFIRMED".to_owned(),
            summary: self.title.to_string(),
            location: self.meeting.place.as_ref().map(Line::to_string),
            description: (!self.description.is_empty()).then(|| self.description.clone()),
            url: Some("https://news.example.org/archive/next-meeting".to_owned()),
            organizer: (
                self.organizer
                    .as_str()
                    .replace('"', "'")
                    .replace(['\\', '^'], "")
                    .trim()
                    .to_owned(),
                "mailto:news@example.org".to_owned(),
            ),
            attendees: Vec::new(),
        }
    }
}

fn line(text: &str) -> Line {
    Line::parse(text).unwrap()
}

fn wall(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

/// Every one of them is read by both readers as it was meant.
fn assert_read(cases: &[Case]) {
    let objects: Vec<_> = cases.iter().map(Case::object).collect();
    for object in &objects {
        assert_lines(object);
    }
    for ((read, case), object) in read(&objects).iter().zip(cases).zip(&objects) {
        assert_eq!(*read, case.expected(), "{case:?}\n{object}");
    }
}

/// CRLF only, at most 75 octets each (RFC 5545 §3.1).
fn assert_lines(object: &str) {
    assert!(object.ends_with("\r\n"));
    for line in object.trim_end().split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}\n{object}");
    }
}

#[test]
fn a_meeting_is_read_where_clocks_change_and_where_they_do_not() {
    let london = Tz::Europe__London;
    assert_read(&[
        Case::at("2026-06-12 14:00", "2026-06-12 16:30", london),
        Case::at("2026-12-11 14:00", "2026-12-11 16:30", london),
        // over midnight, and over the end of the year
        Case::at("2026-06-12 22:00", "2026-06-13 01:00", london),
        Case::at("2026-12-31 23:00", "2027-01-01 02:00", london),
        // over the hour that is skipped, and over the one that comes twice
        Case::at("2026-03-29 00:30", "2026-03-29 02:30", london),
        Case::at("2026-10-25 00:30", "2026-10-25 03:30", london),
        // within the hour that comes twice: the first of the two
        Case::at("2026-10-25 01:15", "2026-10-25 01:45", london),
        Case::at("2026-10-25 00:30", "2026-10-25 01:30", london),
        Case::at("2026-10-25 01:30", "2026-10-25 02:30", london),
        // without summer time; half an hour and a quarter off; south of the equator
        Case::at("2026-06-12 14:00", "2026-06-12 16:30", Tz::Africa__Lagos),
        Case::at("2026-06-12 14:00", "2026-06-12 16:30", Tz::Asia__Kolkata),
        Case::at("2026-06-12 14:00", "2026-06-12 16:30", Tz::Asia__Kathmandu),
        Case::at("2026-01-12 14:00", "2026-01-12 16:30", Tz::Australia__Lord_Howe),
        Case::at("2026-06-12 14:00", "2026-06-12 16:30", Tz::UTC),
        // clocks that go by the moon, and a summer time that is called winter
        Case::at("2026-02-20 14:00", "2026-02-20 16:30", Tz::Africa__Casablanca),
        Case::at("2026-12-12 14:00", "2026-12-12 16:30", Tz::Europe__Dublin),
        // a whole week, and more than a year
        Case::at("2026-10-20 09:00", "2026-10-27 17:00", london),
        Case::at("2026-10-20 09:00", "2029-06-27 17:00", london),
    ]);
}

#[test]
fn whatever_people_write_is_read_back_as_they_wrote_it() {
    let mut hostile = Case::at("2026-06-12 14:00", "2026-06-12 16:30", Tz::Europe__London);
    let words = [
        "a, b; c: d \\ e \\n f \\, g",
        "END:VEVENT",
        "\"quoted\"; and, more",
        "日本語のとても長い題名がここに続きます。日本語のとても長い題名がここに続きます。",
        "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
        "שלום עולם",
        "^n ^' ^^",
        "=20=0D=0A",
    ];
    let mut cases = Vec::new();
    for words in words {
        (hostile.title, hostile.organizer) = (line(words), line(words));
        hostile.meeting.place = Some(line(words));
        hostile.description = format!("{words}\n\n{words}");
        cases.push(hostile.clone());
    }
    hostile.title = line(&"é".repeat(500));
    hostile.meeting.place = None;
    hostile.description = String::new();
    cases.push(hostile);
    assert_read(&cases);
}

/// Words as people write them, with what calendars give a meaning to.
fn words() -> impl Strategy<Value = Line> {
    "(\\PC|[,;:\\\\\"'^ ]|é|語){1,120}".prop_filter_map("a line", |text| Line::parse(&text).ok())
}

/// Any time from 2020 to 2036, often within a day of a change of clocks.
fn times() -> impl Strategy<Value = (Tz, NaiveDateTime, NaiveDateTime)> {
    let zone = (0..TZ_VARIANTS.len()).prop_map(|at| TZ_VARIANTS[at]);
    let near = prop_oneof![Just(true), Just(false)];
    (zone, 0_u64..6200, 0_i64..1440, 1_i64..4000, near).prop_filter_map(
        "a time that the clocks show",
        |(zone, day, minute, length, near)| {
            let first = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + Days::new(day);
            let day = if near { change_after(zone, first) } else { first };
            let starts = day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minute);
            let ends = starts + TimeDelta::minutes(length);
            let shown = |wall| zone.from_local_datetime(&wall).earliest().is_some();
            (shown(starts) && shown(ends)).then_some((zone, starts, ends))
        },
    )
}

/// The first day from here on at whose end the offset is another, if it comes within a year.
fn change_after(zone: Tz, first: NaiveDate) -> NaiveDate {
    use chrono::Offset;
    let offset = |day: NaiveDate| zone.offset_from_utc_date(&day).fix();
    let days = first.iter_days().take(366);
    days.zip(first.iter_days().skip(1))
        .find(|(day, next)| offset(*day) != offset(*next))
        .map_or(first, |(day, _)| day)
}

fn case() -> impl Strategy<Value = Case> {
    let place = proptest::option::of(words());
    // ours begin with a summary, which is a line: without blanks around it
    let description = "(\\PC|[\n,;\\\\]){0,300}".prop_map(|text: String| text.trim().to_owned());
    (times(), words(), place, description, words(), 0_i64..1000).prop_map(
        |((timezone, starts, ends), title, place, description, organizer, sequence)| {
            let meeting =
                Meeting { starts, ends, timezone, place, join: None, rsvp: false, reminders: None };
            Case { meeting, title, description, organizer, sequence }
        },
    )
}

#[test]
fn any_meeting_in_any_zone_is_read_at_the_same_instant_and_in_the_same_words() {
    let mut runner = TestRunner::default();
    let strategy = case();
    let cases: Vec<_> =
        (0..OBJECTS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    assert_read(&cases);
}
