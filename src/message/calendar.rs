//! A meeting as calendars read it: one iCalendar object with one event (RFC 5545, 5546).
//!
//! # What always holds
//! * Lines end in CRLF, have at most 75 octets and are never broken inside a character (RFC 5545 §3.1).
//! * What a person wrote is text: it adds no line, no property and no parameter.
//! * Times are those of the wall clock where people meet, with the rules of its zone beside them, so
//!   that every calendar finds the same instant whatever it knows of zones.
//! * Nobody but the recipient is an attendee, and only of a meeting that asks who comes (promise 5).

mod line;
mod zone;

use std::borrow::Cow;

use chrono::{DateTime, Days, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::slot::Slot;
use super::{Invitation, Occasion};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::config::{Config, Discreet, Sender};
use crate::line::Line;
use crate::post::{Meeting, Post};
use line::{Lines, parameter, text};

const PRODUCT: &str = "-//Bulletin//Bulletin//EN";
/// Beyond this the rules of a zone are anybody's guess, and one year's rules do not do.
const LONGEST: Days = Days::new(366);

/// What a calendar is asked to do with the event (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Publish,
    Request,
    Cancel,
}

impl Method {
    /// A meeting is published, or asked to when people are to answer.
    ///
    /// Both are taken back by CANCEL (RFC 5546 §3.2.5, §4.1.3). A PUBLISH whose status says
    /// CANCELLED would be allowed too, but Outlook takes it for one more appointment.
    fn of(occasion: Occasion, rsvp: bool) -> Self {
        match (occasion, rsvp) {
            (Occasion::Cancellation, _) => Self::Cancel,
            (_, true) => Self::Request,
            (_, false) => Self::Publish,
        }
    }

    /// The one that an object of ours names.
    fn named_in(object: &str) -> Self {
        let told = object.lines().find_map(|line| line.strip_prefix("METHOD:"));
        let all = [Self::Request, Self::Cancel];
        all.into_iter().find(|method| told == Some(method.as_str())).unwrap_or(Self::Publish)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// Which state of an event this is; the same on every try of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Edition<'a> {
    /// For the life of the post.
    pub uid: &'a str,
    /// A higher one replaces a lower one.
    pub sequence: i64,
    /// Of two with one sequence, the later counts (RFC 5546 §2.1.5).
    pub stamp: Timestamp,
}

/// What the event says, in words that its reader may be seen with.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    pub title: &'a str,
    pub place: Option<&'a str>,
    pub description: String,
    pub url: Option<&'a str>,
    pub file_name: Cow<'a, str>,
    /// Whose meeting it is; answers that a calendar sends by itself go there.
    pub organizer: (&'a str, &'a EmailAddress),
}

impl<'a> Words<'a> {
    /// Those of the post.
    pub fn of(
        post: &'a Post,
        meeting: &'a Meeting,
        archive_url: &'a str,
        from: &'a Sender,
    ) -> Self {
        let mut description = post.summary.to_string();
        if let Some(join) = &meeting.join {
            description.push_str("\n\nJoin the meeting online:\n");
            description.push_str(join);
        }
        let place = meeting.place.as_ref().map(Line::as_str).or(meeting.join.as_deref());
        // an answer that a calendar sends by itself should reach somebody who reads it
        let mailbox = from.reply_to.as_ref().unwrap_or(&from.address);
        Self {
            title: post.title.as_str(),
            place,
            description,
            url: Some(archive_url),
            file_name: file_name(None),
            organizer: (from.name.as_str(), mailbox),
        }
    }

    /// Neutral ones: what a calendar shows must not say what the meeting is about.
    pub fn discreet(meeting: &'a Meeting, archive_url: &'a str, config: &'a Config) -> Self {
        let words = &config.discreet;
        let from = config.from(true);
        Self {
            title: words.calendar_title.as_str(),
            place: meeting.place.as_ref().map(Line::as_str).or(meeting.join.as_deref()),
            description: meeting.join.clone().unwrap_or_default(),
            url: Some(archive_url),
            file_name: file_name(Some(words)),
            organizer: (words.sender_name.as_str(), words.reply_to.as_ref().unwrap_or(from)),
        }
    }
}

/// The calendar part of a mail, with a slot for its recipient when people are to answer.
pub fn invitation(
    meeting: &Meeting,
    occasion: Occasion,
    edition: &Edition<'_>,
    words: &Words<'_>,
) -> Invitation {
    let method = Method::of(occasion, meeting.rsvp);
    Invitation {
        method,
        file_name: words.file_name.clone().into_owned(),
        object: object(meeting, method, meeting.rsvp, edition, words),
    }
}

/// The calendar part of a mail that was composed before.
pub(super) fn kept(object: String, discreet: Option<&Discreet>) -> Invitation {
    let file_name = file_name(discreet).into_owned();
    Invitation { method: Method::named_in(&object), file_name, object }
}

/// What the attached copy of the object is called.
fn file_name(discreet: Option<&Discreet>) -> Cow<'static, str> {
    discreet.map_or("invite.ics".into(), |words| format!("{}.ics", words.file_name).into())
}

/// The event for whoever takes it from a page: nobody is asked anything.
pub fn published(meeting: &Meeting, edition: &Edition<'_>, words: &Words<'_>) -> String {
    object(meeting, Method::Publish, false, edition, words)
}

/// `ATTENDEE` of this person, folded, without the end of its last line.
///
/// `RSVP=FALSE`: people answer by the links in the mail, since nothing of ours reads the answers
/// that calendars send.
pub(super) fn attendee(to: &EmailAddress, name: Option<&Line>) -> String {
    let name = name.map(|name| format!(";CN={}", parameter(name.as_str()))).unwrap_or_default();
    let property = format!(
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE{name}:{}",
        mailto(to)
    );
    let mut lines = Lines::default();
    lines.add(&property);
    lines.into_text().trim_end().to_owned()
}

fn object(
    meeting: &Meeting,
    method: Method,
    attended: bool,
    edition: &Edition<'_>,
    words: &Words<'_>,
) -> String {
    let mut out = Lines::default();
    out.add("BEGIN:VCALENDAR");
    out.add("VERSION:2.0");
    out.add(&format!("PRODID:{PRODUCT}"));
    out.add("CALSCALE:GREGORIAN");
    out.add(&format!("METHOD:{}", method.as_str()));
    let span = Span::of(meeting);
    span.zone(&mut out);
    out.add("BEGIN:VEVENT");
    out.add(&format!("UID:{}", edition.uid));
    out.add(&format!("DTSTAMP:{}", utc(edition.stamp.to_utc())));
    out.add(&format!("SEQUENCE:{}", edition.sequence));
    out.add(&format!("DTSTART{}", span.time(meeting.starts, span.starts)));
    out.add(&format!("DTEND{}", span.time(meeting.ends, span.ends)));
    let status = if method == Method::Cancel { "CANCELLED" } else { "CONFIRMED" };
    out.add(&format!("STATUS:{status}"));
    speak(&mut out, words);
    if attended {
        out.mark(Slot::Attendee);
    }
    out.add("END:VEVENT");
    out.add("END:VCALENDAR");
    out.into_text()
}

fn speak(out: &mut Lines, words: &Words<'_>) {
    out.add(&format!("SUMMARY:{}", text(words.title)));
    if let Some(place) = words.place {
        out.add(&format!("LOCATION:{}", text(place)));
    }
    if !words.description.is_empty() {
        out.add(&format!("DESCRIPTION:{}", text(&words.description)));
    }
    if let Some(url) = words.url {
        out.add(&format!("URL:{}", line::uri(url)));
    }
    let (name, mailbox) = words.organizer;
    out.add(&format!("ORGANIZER;CN={}:{}", parameter(name), mailto(mailbox)));
}

fn mailto(address: &EmailAddress) -> String {
    // what would begin something else in a URI (RFC 6068 §2)
    let address = address.wire().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("mailto:{}", line::uri(&address))
}

/// When a meeting is, as instants, and how its times are written.
struct Span {
    timezone: Tz,
    starts: DateTime<Utc>,
    ends: DateTime<Utc>,
    by_wall: bool,
}

impl Span {
    fn of(meeting: &Meeting) -> Self {
        let timezone = meeting.timezone;
        let [starts, ends] = [meeting.starts, meeting.ends].map(|wall| instant(wall, timezone));
        // An hour that comes twice is told by its instant: RFC 5545 §3.3.5 means the first of the
        // two, and not every calendar has read that.
        let once = [meeting.starts, meeting.ends]
            .iter()
            .all(|wall| timezone.from_local_datetime(wall).single().is_some());
        let short = starts.checked_add_days(LONGEST).is_none_or(|limit| ends <= limit);
        let zoned = !matches!(timezone, Tz::UTC | Tz::Etc__UTC);
        Self { timezone, starts, ends, by_wall: once && short && zoned }
    }

    fn zone(&self, out: &mut Lines) {
        if self.by_wall {
            zone::write(out, self.timezone, self.starts, self.ends);
        }
    }

    /// The parameter and the value of a time.
    fn time(&self, wall: NaiveDateTime, instant: DateTime<Utc>) -> String {
        if self.by_wall {
            format!(";TZID={}:{}", self.timezone.name(), local(wall))
        } else {
            format!(":{}", utc(instant))
        }
    }
}

/// The first of the instants that a clock shows; one that clocks skip is as if they had not.
fn instant(wall: NaiveDateTime, timezone: Tz) -> DateTime<Utc> {
    let shown = timezone.from_local_datetime(&wall).earliest();
    shown.map_or_else(
        || {
            Timestamp::on_the_wall_or_after(wall, timezone)
                .map_or(wall.and_utc(), Timestamp::to_utc)
        },
        |at| at.to_utc(),
    )
}

fn local(wall: NaiveDateTime) -> String {
    wall.format("%Y%m%dT%H%M%S").to_string()
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests;
