//! One composed mail: from posts and templates to the bytes that one person gets.
//!
//! In steps, because most of a mail is the same for everybody:
//! 1. a [`Letter`] becomes a [`Content`] once for each rendition: handlebars → MJML → HTML, and
//!    text, with *slots* where a person's own words go (`slot`);
//! 2. a rendition, prepared once, becomes each person's message by filling its slots;
//!    A notice of a meeting has a part for calendars (`calendar`);
//! 3. the message is signed for the relay that carries it (`dkim`).
//!
//! # What always holds
//! * Two recipients' messages differ only in their slots and their own headers (promise 5).
//! * Only CRLF, no line over 998 octets, headers folded and encoded (RFC 5322 §2.1.1, RFC 2047).
//!   The message knows it ([`Octets`](crate::octets::Octets)), and what everybody gets was looked through once.
//! * What a person wrote is data, never template: escaped for HTML, plain in text.
//! * The text part is never empty and holds the whole opt-out address.
//! * Outside its body a discreet mail has only the configuration's neutral words (promise 6, `discreet`).

pub mod calendar;
pub mod compose;
pub mod dkim;
pub mod lint;
pub mod note;
pub mod press;
pub mod proof;
pub mod render;
pub mod slot;
pub mod store;
pub mod template;

mod header;
mod quoted;
mod specimen;
// the pages read mails, and word and name things as the mails do
pub(crate) mod discreet;
pub(crate) mod mime;
pub(crate) mod view;
pub(crate) mod wording;

pub use compose::{Copy, Head, ListId, Rendition};
pub use render::Frame;
pub use template::{STACK, Templates};

use crate::line::Line;
use crate::post::{File, Post};

/// What a rendition is made of.
#[derive(Clone, Debug)]
pub enum Letter<'a> {
    Post {
        post: &'a Post,
        files: &'a [File],
        archive_url: String,
        occasion: Occasion,
    },
    Digest {
        name: &'a Line,
        sections: Vec<Section>,
    },
    /// To one person, who has not said yes yet: the lists they seem to want, and the link to say so.
    Confirm {
        lists: Vec<Line>,
        url: &'a str,
    },
    /// To one person: the link to their own settings.
    PreferencesLink {
        url: &'a str,
    },
}

/// Why a post is mailed; all but news have templates of their own, whatever the post's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    News,
    /// A meeting comes near.
    Reminder,
    /// What was sent before is no longer right.
    Update,
    /// A meeting does not take place, or a post was withdrawn.
    Cancellation,
}

impl Occasion {
    pub const ALL: [Self; 4] = [Self::News, Self::Reminder, Self::Update, Self::Cancellation];
}

/// The posts of one list in a digest.
#[derive(Clone, Debug)]
pub struct Section {
    pub list: Line,
    pub items: Vec<Item>,
}

/// A post as a digest tells it.
#[derive(Clone, Debug)]
pub struct Item {
    pub title: Line,
    pub kind: crate::post::Kind,
    pub date: chrono::NaiveDate,
    pub summary: Line,
    pub archive_url: String,
    pub meeting: Option<crate::post::Meeting>,
}

/// What the recipients of a rendition share, with slots for what is a person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub subject: Line,
    pub html: String,
    pub text: String,
    pub parts: Vec<Part>,
    pub invitation: Option<Invitation>,
    /// What the HTML was made from, for whoever writes templates.
    pub mjml: String,
}

/// A meeting for the reader's calendar: the last alternative of the body, and a file beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub method: calendar::Method,
    pub file_name: String,
    /// The iCalendar object, with a slot for the attendee if it has one.
    pub object: String,
}

/// A file that travels with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub content_type: String,
    /// Set for a picture shown inside the HTML: its Content-ID without angle brackets.
    pub cid: Option<String>,
    pub bytes: Vec<u8>,
}
