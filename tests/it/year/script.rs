//! What happens in the year, and when: by the clocks of London.

use Deed::{
    Answers, Breaks, CallsOff, Corrects, Dies, Discreet, Joins, Leaves, Lives, Mended, Moves,
    Queues, Suppressed,
};

/// One thing that somebody does, or that befalls the program.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Comes to a list, in this cadence.
    Joins(&'static str, &'static str, &'static str),
    /// Changes the cadence.
    Moves(&'static str, &'static str, &'static str),
    /// Leaves everything.
    Leaves(&'static str),
    /// Their address must not be mailed any more.
    Suppressed(&'static str),
    Discreet(&'static str),
    /// The time zone that they live in.
    Lives(&'static str, &'static str),
    /// A post is added and queued: slug, kind, and more of its front matter.
    Queues(&'static str, &'static str, String),
    Corrects(&'static str, &'static str, String),
    /// The post is withdrawn, and whoever had it is told.
    CallsOff(&'static str),
    /// Says that they are not coming.
    Answers(&'static str, &'static str),
    /// The daemon dies.
    Dies(Death),
    /// The relay takes no connections from now on.
    Breaks,
    Mended,
}

/// While it does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    Freezing,
    Planning,
    Sending,
}

pub(super) type Script = Vec<(String, Deed)>;

/// A meeting from two to half past four, with reminders a fortnight and a day before.
fn meeting(day: &str) -> String {
    format!(
        "lists: [meetings]\nmeeting: {{starts: {day} 14:00, ends: {day} 16:30, timezone: Europe/London, place: Room 2, \
         rsvp: true, reminders: [14d, 1d]}}\n"
    )
}

fn at(when: &str, deed: Deed) -> (String, Deed) {
    (when.to_owned(), deed)
}

pub(super) fn year() -> Script {
    let mut script = [people(), meetings(), reports(), faults()].concat();
    script.sort_by(|one, other| one.0.cmp(&other.0));
    script
}

/// Ann reads at once, Ben weekly, Cat monthly, Dan is discreet, Hal lives in Tokyo; the others come and go.
fn people() -> Script {
    vec![
        at("2026-01-05 10:00", Joins("ann", "meetings", "immediate")),
        at("2026-01-05 10:00", Joins("ann", "reports", "immediate")),
        at("2026-01-05 10:00", Joins("ben", "meetings", "weekly")),
        at("2026-01-05 10:00", Joins("ben", "reports", "weekly")),
        at("2026-01-05 10:00", Joins("cat", "reports", "monthly")),
        at("2026-01-05 10:00", Joins("cat", "meetings", "immediate")),
        at("2026-01-05 10:00", Joins("dan", "meetings", "immediate")),
        at("2026-01-05 10:00", Joins("dan", "reports", "weekly")),
        at("2026-01-05 10:00", Discreet("dan")),
        at("2026-01-05 10:00", Joins("gil", "meetings", "immediate")),
        at("2026-01-05 10:00", Joins("gil", "reports", "immediate")),
        at("2026-01-05 10:00", Joins("hal", "meetings", "immediate")),
        at("2026-01-05 10:00", Lives("hal", "Asia/Tokyo")),
        at("2026-02-10 12:00", Joins("fay", "meetings", "immediate")),
        at("2026-02-10 12:00", Joins("fay", "reports", "immediate")),
        // after two reports, before the third
        at("2026-03-02 15:00", Joins("eve", "reports", "weekly")),
        at("2026-03-02 15:00", Joins("eve", "meetings", "weekly")),
        // two days after a report that she had at once
        at("2026-04-17 09:00", Moves("gil", "reports", "weekly")),
        at("2026-06-04 18:00", Leaves("fay")),
        // between a report and the Monday of its digest: what waited comes all the same
        at("2026-07-17 09:00", Moves("ben", "reports", "immediate")),
        at("2026-08-01 11:00", Joins("ida", "meetings", "immediate")),
        at("2026-08-01 11:00", Joins("ida", "reports", "monthly")),
        at("2026-08-20 09:00", Suppressed("gil")),
        at("2026-10-20 09:00", Moves("cat", "reports", "weekly")),
        at("2026-11-02 09:00", Joins("fay", "reports", "immediate")),
    ]
}

/// Four: one as planned, one that is moved, one that is called off, and one as planned.
fn meetings() -> Script {
    let notice = |slug, day: &str| Queues(slug, "meeting-notice", meeting(day));
    let summary = |slug| Queues(slug, "meeting-summary", String::new());
    vec![
        at("2026-01-26 09:00", notice("winter-meeting", "2026-02-24")),
        at("2026-02-12 10:00", Answers("hal", "winter-meeting")),
        at("2026-03-03 11:00", summary("winter-summary")),
        // across the change of the clocks on 29 March
        at("2026-03-16 09:00", notice("spring-meeting", "2026-04-14")),
        at("2026-04-02 16:00", Corrects("spring-meeting", "meeting-notice", meeting("2026-04-21"))),
        at("2026-04-28 11:00", summary("spring-summary")),
        at("2026-08-17 09:00", notice("autumn-meeting", "2026-09-15")),
        at("2026-09-10 17:00", CallsOff("autumn-meeting")),
        // across the change of the clocks on 25 October
        at("2026-10-12 09:00", notice("october-meeting", "2026-11-10")),
        at("2026-10-30 08:00", Answers("ida", "october-meeting")),
        at("2026-11-17 11:00", summary("october-summary")),
    ]
}

/// Twelve, each on the fifteenth.
fn reports() -> Script {
    const REPORTS: [(&str, &str); 12] = [
        ("2026-01-15 10:00", "january-report"),
        ("2026-02-15 10:00", "february-report"),
        ("2026-03-15 10:00", "march-report"),
        ("2026-04-15 10:00", "april-report"),
        ("2026-05-15 10:00", "may-report"),
        ("2026-06-15 10:00", "june-report"),
        ("2026-07-15 10:00", "july-report"),
        ("2026-08-15 10:00", "august-report"),
        ("2026-09-15 10:00", "september-report"),
        ("2026-10-15 10:00", "october-report"),
        ("2026-11-15 10:00", "november-report"),
        ("2026-12-15 10:00", "december-report"),
    ];
    let report = |(when, slug): (&str, _)| at(when, Queues(slug, "report", String::new()));
    let mut script: Script = REPORTS.map(report).into();
    // a figure was wrong; whoever had it is told, and whoever waits for a digest gets the new one alone
    script.push(at(
        "2026-09-17 12:00",
        Corrects("september-report", "report", "urgent: false\n".to_owned()),
    ));
    script
}

fn faults() -> Script {
    vec![
        at("2026-02-15 10:00", Dies(Death::Sending)),
        at("2026-05-15 10:00", Dies(Death::Freezing)),
        at("2026-06-22 08:00", Dies(Death::Planning)),
        at("2026-11-15 09:00", Breaks),
        at("2026-11-16 12:00", Mended),
    ]
}
