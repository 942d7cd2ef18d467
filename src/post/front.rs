//! A post from its text: front matter between `---` lines, then Markdown.
//!
//! What always holds: every problem that can be found is found at once, each with its line in the
//! file; a post that comes out has nothing left to check but the files it names.

mod body;
mod field;
mod file;
mod meeting;
mod page;

use std::path::Path;

use chrono::NaiveDate;

use super::{Finding, Image, Kind, Meeting, Post};
use crate::line::Line;
use field::{Fields, Findings, nearest};

/// The most a post's text may have, in bytes.
pub(super) const LONGEST: usize = 1_000_000;

/// The longest title, in characters: it is the subject of a mail.
const LONGEST_TITLE: usize = 200;

/// A file that a post names, and where.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// At the top of the post.
    Cover,
    /// In its text.
    Image,
    Attachment,
}

/// What a text says, right or wrong.
pub(super) struct Draft {
    /// Only when there are no findings.
    pub(super) post: Option<Post>,
    pub(super) named: Vec<Named>,
    pub(super) findings: Vec<Finding>,
}

/// Reads a post; `lists` are the lists that are configured, None takes any (a version kept from
/// earlier may name one that is gone).
pub fn parse(file: &Path, text: &str, lists: Option<&[&str]>) -> Result<Post, Vec<Finding>> {
    let draft = draft(file, text, lists);
    draft.post.ok_or(draft.findings)
}

pub(super) fn draft(file: &Path, text: &str, lists: Option<&[&str]>) -> Draft {
    let mut found = Findings::new(file);
    let text = page::normal(text);
    // one of before is read as it was kept
    if lists.is_some() {
        page::unkept(&text, &mut found);
    }
    let mut named = Vec::new();
    let post = page::split(&text, &mut found).and_then(|page| {
        let text = body::checked(&page, &mut named, &mut found);
        let mut fields = Fields::read(page.front, &mut found)?;
        let post = post(&mut fields, &text, lists, &mut named, &mut found);
        fields.finish(&mut found);
        post
    });
    let findings = found.sorted();
    Draft { post: post.filter(|_| findings.is_empty()), named, findings }
}

/// Every field is read before the first missing one ends it, so that all are checked.
fn post(
    fields: &mut Fields,
    body: &str,
    lists: Option<&[&str]>,
    named: &mut Vec<Named>,
    found: &mut Findings,
) -> Option<Post> {
    let title = title(fields, found);
    let slug = slug(fields, found);
    let kind = kind(fields, found);
    let date = date(fields, found);
    let lists = subscribed(fields, lists, found);
    let summary = summary(fields, body, found);
    let discreet_subject = fields.line("discreet_subject", found);
    let image = file::image(fields, named, found);
    let attachments = file::attachments(fields, named, found);
    let meeting = meeting_of(kind, fields, found);
    let urgent = fields.truth("urgent", found);
    Some(Post {
        slug: slug?,
        kind: kind?,
        title: title?,
        date: date?,
        summary: summary?,
        lists,
        discreet_subject,
        image,
        attachments,
        meeting,
        urgent,
        body: body.to_owned(),
    })
}

fn title(fields: &mut Fields, found: &mut Findings) -> Option<Line> {
    let line = fields.require("title", "missing-title", "title: What the post is called", found)?;
    let title = fields.line("title", found)?;
    if title.as_str().chars().count() > LONGEST_TITLE {
        let message = format!(
            "title is longer than {LONGEST_TITLE} characters; shorten it, it becomes a subject line"
        );
        found.error(line, "too-long", message);
        return None;
    }
    Some(title)
}

/// The front matter's slug, else the stem of the file's name.
fn slug(fields: &mut Fields, found: &mut Findings) -> Option<String> {
    let (line, slug) = match fields.text("slug", found) {
        Some(text) => (text.line, text.value),
        None => (0, found.stem()),
    };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !slug.is_empty() && slug.len() <= 100 && slug.chars().all(fits) {
        return Some(slug);
    }
    let message = format!(
        "\"{slug}\" is not a slug; write slug: with lower-case letters a to z, digits and hyphens, at most 100"
    );
    found.error(line, "bad-slug", message);
    None
}

fn kind(fields: &mut Fields, found: &mut Findings) -> Option<Kind> {
    let example = "kind: meeting-summary, report, meeting-notice or announcement";
    fields.require("kind", "missing-kind", example, found)?;
    let text = fields.text("kind", found)?;
    text.value.parse().map_err(|why: String| found.error(text.line, "unknown-kind", why)).ok()
}

fn date(fields: &mut Fields, found: &mut Findings) -> Option<NaiveDate> {
    fields.require("date", "missing-date", "date: 2026-05-20", found)?;
    let text = fields.text("date", found)?;
    let date = NaiveDate::parse_from_str(&text.value, "%Y-%m-%d").ok();
    if date.is_none() {
        let message = format!(
            "date \"{}\" is not a day of the calendar; write it like 2026-05-20",
            text.value
        );
        found.error(text.line, "bad-date", message);
    }
    date
}

fn subscribed(fields: &mut Fields, known: Option<&[&str]>, found: &mut Findings) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for text in fields.texts("lists", found) {
        if let Some(known) = known.filter(|known| !known.contains(&text.value.as_str())) {
            let message = format!(
                "\"{}\" is not a list{}; the lists are: {}",
                text.value,
                nearest(&text.value, known),
                known.join(", ")
            );
            found.error(text.line, "unknown-list", message);
        } else if !lists.contains(&text.value) {
            lists.push(text.value);
        }
    }
    lists
}

/// The front matter's summary, else the beginning of the body.
fn summary(fields: &mut Fields, body: &str, found: &mut Findings) -> Option<Line> {
    let given = fields.has("summary");
    let line = fields.line("summary", found);
    if given {
        return line;
    }
    let summary = Line::parse(&body::opening(body)).ok();
    if summary.is_none() && !body.trim().is_empty() {
        let message = "summary is missing and the body has no text to take it from; write summary: One or two sentences";
        found.error(fields.line_number(), "missing-summary", message);
    }
    summary
}

fn meeting_of(kind: Option<Kind>, fields: &mut Fields, found: &mut Findings) -> Option<Meeting> {
    if kind == Some(Kind::MeetingNotice) {
        let example =
            "meeting: {starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, timezone: Europe/London}";
        fields.require("meeting", "missing-meeting", example, found);
    }
    let fields = fields.map("meeting", found)?;
    meeting::read(fields, found)
}

#[cfg(test)]
mod tests;
