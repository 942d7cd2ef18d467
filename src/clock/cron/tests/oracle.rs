//! When an expression fires, found the slow way: the clocks of a zone are looked at every minute,
//! and each time they show for the first time is held against the five fields.
//!
//! It shares nothing with what it judges: neither the `cron` crate nor the way from a wall time to
//! an instant. `make torture` includes it too, so it names nothing of the crate either.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

/// Rhythms that people use, and those that meet clock changes: the hours around midnight, short
/// steps, ends of months, both day fields.
pub(crate) const TEXTS: [&str; 27] = [
    "0 8 * * Mon",
    "0 8 * * 1-5",
    "0 0 * * *",
    "30 0 * * *",
    "0 1 * * *",
    "30 1 * * *",
    "0 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "59 23 * * *",
    "0 * * * *",
    "30 */2 * * *",
    "0 */6 * * *",
    "*/15 * * * *",
    "*/7 0-4 * * *",
    "*/5 2 * * *",
    "45 1-3 * * Sun",
    "0 8 13 * Fri",
    "30 2 1-7 * 0",
    "0 3 */2 * 7",
    "0 2 29 2 *",
    "0 0 1 * *",
    "30 1 31 * *",
    "5 0,12 * 3,10 *",
    "10-20/5 1 * Mar-Apr Fri-Mon",
    "20/20 2 * * 6,7",
];

/// 2020 to 2030, in minutes since 1970.
const YEARS: Range<i64> = 26_297_280..32_084_640;
const DAY: i64 = 24 * 60;
/// Longer than any stretch that clocks repeat in these years (Casey's three hours).
const REPEATED: i64 = 6 * 60;
/// A zone's days of no particular kind.
const DAYS: usize = 30;

/// What is judged: an expression's first firing later than an instant, and its last not later than
/// it, in milliseconds since 1970.
pub(crate) trait Subject {
    fn read(text: &str) -> Self;
    fn next(&self, after: i64, zone: Tz) -> Option<i64>;
    fn previous(&self, at: i64, zone: Tz) -> Option<i64>;
}

/// What came of it, over some zones.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) zones: usize,
    pub(crate) changes: usize,
    pub(crate) days: usize,
    pub(crate) firings: usize,
    pub(crate) missed: usize,
    /// Fired a second time, or where nothing should.
    pub(crate) doubled: usize,
    /// Questions from the middle of a stretch that got another answer than the clocks give.
    pub(crate) astray: usize,
    /// The first few of all these.
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.zones += other.zones;
        self.changes += other.changes;
        self.days += other.days;
        self.firings += other.firings;
        self.missed += other.missed;
        self.doubled += other.doubled;
        self.astray += other.astray;
        self.wrong.extend(other.wrong);
    }

    fn note<S>(&mut self, case: &Case<'_, S>, what: &str, at: i64) {
        if self.wrong.len() < 10 {
            let Case { zone, text, .. } = case;
            self.wrong.push(format!("{zone}: {text} {what} {}", spelt(at, *zone)));
        }
    }
}

/// All expressions in one zone: two days round each change of the clocks, and days as chance has it.
pub(crate) fn judge<S: Subject>(zone: Tz, seed: u64) -> Tally {
    let mut chance = Chance::new(seed, zone.name());
    let changes = changes(zone);
    let mut tally = Tally { zones: 1, changes: changes.len(), days: DAYS, ..Tally::default() };
    let mut stretches: Vec<_> = changes.iter().map(|at| at - DAY..at + DAY).collect();
    stretches.extend((0..DAYS).map(|_| {
        let start = chance.within(YEARS.start..YEARS.end - DAY);
        start..start + DAY
    }));
    let all = TEXTS.map(|text| (text, Fields::read(text), S::read(text)));
    for stretch in stretches {
        let shown = shown(zone, &stretch);
        let millis = stretch.start * 60_000..stretch.end * 60_000;
        for (text, fields, subject) in &all {
            let mut firings: Vec<_> = shown
                .iter()
                .filter(|(_, wall)| fields.hold(wall))
                .map(|it| it.0 * 60_000)
                .collect();
            // several times that were skipped at once are one firing
            firings.dedup();
            let case = Case { zone, text, subject, millis: millis.clone(), firings };
            case.walk(&mut tally);
            case.ask(&mut chance, &mut tally);
        }
    }
    tally
}

/// An expression over a stretch of time.
struct Case<'a, S> {
    zone: Tz,
    text: &'a str,
    subject: &'a S,
    millis: Range<i64>,
    /// What the clocks say, in milliseconds since 1970.
    firings: Vec<i64>,
}

impl<S: Subject> Case<'_, S> {
    /// From one firing to the next, as a schedule is shown.
    fn walk(&self, tally: &mut Tally) {
        tally.firings += self.firings.len();
        let mut left: BTreeSet<i64> = self.firings.iter().copied().collect();
        let mut at = self.millis.start - 1;
        while let Some(firing) = self.subject.next(at, self.zone)
            && self.millis.contains(&firing)
        {
            if !left.remove(&firing) {
                tally.doubled += 1;
                tally.note(self, "fires, and should not, at", firing);
            }
            if firing <= at {
                break;
            }
            at = firing;
        }
        tally.missed += left.len();
        for firing in left {
            tally.note(self, "misses", firing);
        }
    }

    /// From any instant, as a daemon asks: every other time from close to the middle, where the
    /// clocks change.
    fn ask(&self, chance: &mut Chance, tally: &mut Tally) {
        const NEAR: i64 = 2 * 3_600_000;
        let middle = i64::midpoint(self.millis.start, self.millis.end);
        for stretch in [middle - NEAR..middle + NEAR, self.millis.clone()] {
            let at = chance.within(stretch);
            let (had, to_come) =
                self.firings.split_at(self.firings.partition_point(|it| *it <= at));
            let within = |answer: Option<i64>| answer.filter(|it| self.millis.contains(it));
            if within(self.subject.next(at, self.zone)) != to_come.first().copied() {
                tally.astray += 1;
                tally.note(self, "has another next firing after", at);
            }
            if within(self.subject.previous(at, self.zone)) != had.last().copied() {
                tally.astray += 1;
                tally.note(self, "has another previous firing at", at);
            }
        }
    }
}

/// What clocks show, in the numbers of an expression.
struct Wall {
    minute: u32,
    hour: u32,
    day: u32,
    month: u32,
    week: u32,
}

/// Each minute of `stretch` with the times that its clocks show first then: none in the second
/// pass of an hour, all that were skipped when they jump.
fn shown(zone: Tz, stretch: &Range<i64>) -> Vec<(i64, Wall)> {
    let before = stretch.start - REPEATED..stretch.start;
    let mut latest = before.map(|minute| wall(minute, zone)).max().unwrap_or_default();
    let mut shown = Vec::new();
    for minute in stretch.clone() {
        let now = wall(minute, zone);
        while latest < now {
            latest += TimeDelta::minutes(1);
            shown.push((minute, Wall::of(latest)));
        }
    }
    shown
}

impl Wall {
    fn of(wall: NaiveDateTime) -> Self {
        Self {
            minute: wall.minute(),
            hour: wall.hour(),
            day: wall.day(),
            month: wall.month(),
            week: wall.weekday().num_days_from_sunday(),
        }
    }
}

/// Every minute of the years at which another offset begins.
fn changes(zone: Tz) -> Vec<i64> {
    const STEP: usize = 6 * 60;
    let differ = |from: i64, to: i64| offset(from, zone) != offset(to, zone);
    let steps = (YEARS.start + DAY..YEARS.end - DAY).step_by(STEP);
    let first = |start: i64| (start + 1..=start + STEP as i64).find(|at| differ(start, *at));
    steps.filter(|start| differ(*start, start + STEP as i64)).filter_map(first).collect()
}

/// In seconds.
fn offset(minute: i64, zone: Tz) -> i32 {
    zone.offset_from_utc_datetime(&utc(minute)).fix().local_minus_utc()
}

fn wall(minute: i64, zone: Tz) -> NaiveDateTime {
    utc(minute) + TimeDelta::seconds(offset(minute, zone).into())
}

fn utc(minute: i64) -> NaiveDateTime {
    DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc()
}

fn spelt(millis: i64, zone: Tz) -> String {
    DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone).to_rfc3339()
}

/// The five fields, each with a bit for every number that it holds.
struct Fields {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    week: u64,
    /// Both day fields say something, and either is enough.
    either: bool,
}

impl Fields {
    fn read(text: &str) -> Self {
        let parts: Vec<_> = text.split(' ').collect();
        let week = bits(parts[4], 0..8);
        Self {
            minute: bits(parts[0], 0..60),
            hour: bits(parts[1], 0..24),
            day: bits(parts[2], 1..32),
            month: bits(parts[3], 1..13),
            // Sunday is 0 and 7
            week: week | (week >> 7),
            either: !parts[2].starts_with('*') && !parts[4].starts_with('*'),
        }
    }

    fn hold(&self, wall: &Wall) -> bool {
        let has = |bits: u64, number: u32| (bits >> number) & 1 == 1;
        let (day, week) = (has(self.day, wall.day), has(self.week, wall.week));
        has(self.minute, wall.minute)
            && has(self.hour, wall.hour)
            && has(self.month, wall.month)
            && if self.either { day || week } else { day && week }
    }
}

/// A list of `*`, `3`, `3-5` and `Fri-Mon`, each with or without a step.
fn bits(field: &str, all: Range<u64>) -> u64 {
    let mut bits = 0;
    for item in field.split(',') {
        let (range, step) = item.split_once('/').map_or((item, None), |(r, s)| (r, Some(s)));
        let ends = range.split_once('-').map(|(from, to)| (number(from), number(to)));
        let (from, to) = match (range, ends, step) {
            ("*", ..) => (all.start, all.end - 1),
            (_, Some(ends), _) => ends,
            (_, None, Some(_)) => (number(range), all.end - 1),
            (_, None, None) => (number(range), number(range)),
        };
        // only days of the week pass their end
        let to = if to < from { to + 7 } else { to };
        let step = step.map_or(1, |step| step.parse().unwrap());
        for number in (from..=to).step_by(step) {
            bits |= 1 << if number < all.end { number } else { number - 7 };
        }
    }
    bits
}

fn number(text: &str) -> u64 {
    const NAMES: [(&str, u64); 6] =
        [("Sun", 0), ("Mon", 1), ("Fri", 5), ("Sat", 6), ("Mar", 3), ("Apr", 4)];
    let named = NAMES.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
    named.unwrap_or_else(|| text.parse().unwrap())
}

/// A number after the other from a seed (`SplitMix64`), each zone's own.
struct Chance(u64);

impl Chance {
    fn new(seed: u64, name: &str) -> Self {
        let mix = |sum: u64, byte: u8| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
        Self(name.bytes().fold(seed, mix))
    }

    fn within(&mut self, range: Range<i64>) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let length = (range.end - range.start).cast_unsigned();
        range.start + ((z ^ (z >> 31)) % length).cast_signed()
    }
}
