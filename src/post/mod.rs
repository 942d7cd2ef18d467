//! One thing to announce, read from a file of front matter and Markdown.
//!
//! Owns the tables `post`, `post_version`, `post_file`, `publication` and `event`. Adding a post announces
//! nothing; an edited file is a new version; the version that a campaign names never changes.
//!
//! # What always holds
//! * A version is kept as the text it was read from, and is read again by the same parser.
//! * Title, summary and every other line of front matter is a [`Line`]: no line break, no control
//!   character. The body has no private-use character, with which the message stage marks slots.
//! * Every file a post shows or sends lies in its own folder: a picture on another server would tell
//!   that server who read the mail, and when. A picture is kept small and without the place where it
//!   was taken, never as it came.
//! * What leaves the body, as HTML or as text, is safe and at most 50 levels deep, also when the
//!   body is hostile; only a post without findings becomes a [`Post`].
//! * A publication gets its sequence number when its campaign is due, in commit order.

pub mod add;
mod body;
pub mod front;
pub mod lint;
pub mod markdown;
pub mod passage;
pub mod picture;
pub mod plain;
pub mod read;
pub mod store;
pub mod tracker;
mod yaml;

pub use crate::config::Kind;

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use crate::clock::step::Step;
use crate::line::Line;

/// A post as its file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Names the post for ever, in commands and in the archive's addresses: `[a-z0-9-]+`.
    pub slug: String,
    pub kind: Kind,
    pub title: Line,
    pub date: NaiveDate,
    /// One or two sentences for previews and digests.
    pub summary: Line,
    /// Empty: the lists that take this kind.
    pub lists: Vec<String>,
    pub discreet_subject: Option<Line>,
    pub image: Option<Image>,
    /// File names in the post's folder.
    pub attachments: Vec<String>,
    pub meeting: Option<Meeting>,
    /// Goes to digest readers at once too.
    pub urgent: bool,
    /// Markdown.
    pub body: String,
}

/// The picture at the top of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// A file name in the post's folder.
    pub src: String,
    pub alt: Line,
}

/// When and where people meet, on the wall clock of `timezone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    pub starts: NaiveDateTime,
    pub ends: NaiveDateTime,
    pub timezone: Tz,
    pub place: Option<Line>,
    /// An `https` address to join from elsewhere.
    pub join: Option<String>,
    /// Readers are asked whether they come.
    pub rsvp: bool,
    /// When readers are reminded, the longest before first; none: as the post's kind has it.
    pub reminders: Option<Vec<Step>>,
}

/// A picture or an attachment that belongs to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// As the post names it.
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// Something wrong with a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub file: PathBuf,
    /// Counted from 1; 0 when it concerns the whole file.
    pub line: usize,
    pub level: Level,
    /// A short name such as `unknown-kind`, by which it can be allowed.
    pub rule: &'static str,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Finding {
    fn error(file: &Path, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, level: Level::Error, rule, message: message.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warning,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.display();
        match self.line {
            0 => write!(f, "{file}: {}", self.message),
            line => write!(f, "{file}:{line}: {}", self.message),
        }
    }
}
