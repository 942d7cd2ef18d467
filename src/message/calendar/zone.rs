//! The rules of a time zone around an event, as a `VTIMEZONE` (RFC 5545 §3.6.5).
//!
//! Most zones change their clocks by a rule that holds year after year; then the rule is told, once
//! for summer and once for winter, which is all that Outlook can read ([MS-OXCICAL] §2.1.3.1.1.19).
//! Where there is none, only what holds during the event is told: often one offset and no change.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::{OffsetName, Tz};

use super::line::Lines;
use super::local;

/// How far before and after an event changes are looked for.
const BEFORE: Days = Days::new(800);
const AFTER: Days = Days::new(1200);

/// The zone's rules from `starts` until `ends`, which are at most about a year apart.
pub(super) fn write(out: &mut Lines, zone: Tz, starts: DateTime<Utc>, ends: DateTime<Utc>) {
    let changes = changes(zone, starts, ends);
    out.add("BEGIN:VTIMEZONE");
    out.add(&format!("TZID:{}", zone.name()));
    let before = changes.iter().take_while(|change| change.at <= starts.naive_utc()).count();
    let years = ends.year() - starts.year() + 2;
    if let Some(pair) = yearly(&changes, before, years) {
        for (change, rule) in pair {
            observance(out, change.after < change.before, change, Some(rule));
        }
    } else {
        // as long as we look back, it has always been so
        let first = match before.checked_sub(1) {
            Some(last) => changes[last].clone(),
            None => Change::always(zone, starts),
        };
        during(out, &first, &changes[before..], ends);
    }
    out.add("END:VTIMEZONE");
}

/// What holds at the beginning, and each change until the end.
fn during(out: &mut Lines, first: &Change, later: &[Change], ends: DateTime<Utc>) {
    observance(out, true, first, None);
    for change in later.iter().take_while(|change| change.at <= ends.naive_utc()) {
        observance(out, change.after < change.before, change, None);
    }
}

fn observance(out: &mut Lines, standard: bool, change: &Change, rule: Option<Rule>) {
    let name = if standard { "STANDARD" } else { "DAYLIGHT" };
    out.add(&format!("BEGIN:{name}"));
    out.add(&format!("DTSTART:{}", local(change.wall())));
    if let Some(rule) = rule {
        out.add(&format!("RRULE:{}", rule.text()));
    }
    out.add(&format!("TZOFFSETFROM:{}", offset(change.before)));
    out.add(&format!("TZOFFSETTO:{}", offset(change.after)));
    if let Some(letters) = &change.name {
        out.add(&format!("TZNAME:{letters}"));
    }
    out.add(&format!("END:{name}"));
}

/// Clocks are put forward or back.
#[derive(Clone, Debug)]
struct Change {
    /// UTC.
    at: NaiveDateTime,
    /// Seconds east of Greenwich.
    before: i32,
    after: i32,
    name: Option<String>,
}

impl Change {
    fn of(zone: Tz, at: NaiveDateTime) -> Self {
        let after = zone.offset_from_utc_datetime(&at);
        Self {
            at,
            before: seconds(zone, at - TimeDelta::seconds(1)),
            after: after.fix().local_minus_utc(),
            name: after.abbreviation().map(str::to_owned),
        }
    }

    /// No change: the offset that `zone` has at `at`, told as if since 1970.
    fn always(zone: Tz, at: DateTime<Utc>) -> Self {
        let now = Self::of(zone, at.naive_utc());
        let epoch = DateTime::UNIX_EPOCH.naive_utc() - TimeDelta::seconds(i64::from(now.after));
        Self { at: epoch, before: now.after, ..now }
    }

    /// What the clocks show when they are changed.
    fn wall(&self) -> NaiveDateTime {
        self.at + TimeDelta::seconds(i64::from(self.before))
    }
}

fn seconds(zone: Tz, at: NaiveDateTime) -> i32 {
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc()
}

/// Every change around the event. No zone changes twice in a day.
fn changes(zone: Tz, starts: DateTime<Utc>, ends: DateTime<Utc>) -> Vec<Change> {
    let from = starts.checked_sub_days(BEFORE).unwrap_or(starts).naive_utc();
    let until = ends.checked_add_days(AFTER).unwrap_or(ends).naive_utc();
    let mut found = Vec::new();
    let mut day = from;
    while day < until {
        let next = day + Days::new(1);
        if seconds(zone, day) != seconds(zone, next) {
            found.push(Change::of(zone, instant(zone, day, next)));
        }
        day = next;
    }
    found
}

/// The first second of the new offset, somewhere after `day` and not after `next`.
fn instant(zone: Tz, mut day: NaiveDateTime, mut next: NaiveDateTime) -> NaiveDateTime {
    let old = seconds(zone, day);
    while next - day > TimeDelta::seconds(1) {
        let middle = day + TimeDelta::seconds((next - day).num_seconds() / 2);
        if seconds(zone, middle) == old {
            day = middle;
        } else {
            next = middle;
        }
    }
    next
}

/// On the second Sunday, or the last, of a month.
#[derive(Clone, Copy, Debug)]
struct Rule {
    month: u32,
    /// None: the last.
    nth: Option<u8>,
    day: Weekday,
}

impl Rule {
    fn candidates(wall: NaiveDateTime) -> impl Iterator<Item = Self> {
        let (month, day) = (wall.month(), wall.weekday());
        let nth = u8::try_from(wall.day0() / 7 + 1).ok().filter(|nth| *nth < 5);
        // where a fourth Sunday is the last one too, clocks go by the last
        [Some(None), nth.map(Some)].into_iter().flatten().map(move |nth| Self { month, nth, day })
    }

    fn date(self, year: i32) -> Option<NaiveDate> {
        let of = |nth| NaiveDate::from_weekday_of_month_opt(year, self.month, self.day, nth);
        match self.nth {
            Some(nth) => of(nth),
            None => of(5).or_else(|| of(4)),
        }
    }

    fn text(self) -> String {
        let nth = self.nth.map_or("-1".to_owned(), |nth| nth.to_string());
        let day = &self.day.to_string().to_uppercase()[..2];
        format!("FREQ=YEARLY;BYMONTH={};BYDAY={nth}{day}", self.month)
    }
}

/// The last two changes before the event and their rules, if these give every change of the years
/// around it.
fn yearly(changes: &[Change], before: usize, years: i32) -> Option<[(&Change, Rule); 2]> {
    let first = before.checked_sub(2)?;
    let (one, other) = (&changes[first], &changes[first + 1]);
    if (one.before, one.after) != (other.after, other.before) {
        return None;
    }
    let rule = |at: usize| {
        let every: Vec<_> = changes[at..].iter().step_by(2).collect();
        rule(&every, years)
    };
    Some([(one, rule(first)?), (other, rule(first + 1)?)])
}

/// The rule that gives the first of these changes, and the next in each of the years after it.
fn rule(every: &[&Change], years: i32) -> Option<Rule> {
    let first = every.first()?;
    let wall = first.wall();
    Rule::candidates(wall).find(|rule| {
        (0..=years).zip(every.iter().map(Some).chain(std::iter::repeat(None))).all(
            |(year, change)| {
                let expected = rule.date(wall.year() + year).map(|date| date.and_time(wall.time()));
                change.is_some_and(|change| {
                    Some(change.wall()) == expected && change.after == first.after
                })
            },
        )
    })
}

/// `+0100`, with seconds only where there are some.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, rest) = (seconds.abs() / 3600, seconds.abs() % 3600);
    let (minutes, seconds) = (rest / 60, rest % 60);
    let seconds = if seconds == 0 { String::new() } else { format!("{seconds:02}") };
    format!("{sign}{hours:02}{minutes:02}{seconds}")
}
