//! What templates see: each name in `templates/mail` is a field here.
//!
//! What always holds: only words, already worded; nothing that a person wrote can hold the marks of
//! a slot; every field is there, if only as null, because templates are strict.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};

use super::render::Frame;
use super::slot::{self, Slot};
use super::template::WIDTH;
use super::{Item, Letter, Section, discreet, wording};
use crate::address::EmailAddress;
use crate::config::Discreet;
use crate::line::Line;
use crate::post::{File, Kind, Meeting, Post, plain};

/// Stands for the post's own HTML while MJML is made into HTML: people's markup never meets it.
pub(super) const BODY: &str = "body";

#[derive(Serialize)]
struct View<'a> {
    site: SiteView<'a>,
    title: String,
    /// What an inbox shows beside the subject.
    preview: String,
    /// The first line of a discreet mail.
    opening: Option<&'a str>,
    /// Stands in a discreet mail that says no more.
    notice: Option<NoticeView<'a>>,
    post: Option<PostView<'a>>,
    digest: Option<DigestView<'a>>,
}

#[derive(Serialize)]
struct SiteView<'a> {
    name: &'a str,
    url: &'a str,
    language: &'a str,
    direction: &'static str,
    /// The side that lines start at.
    start: &'static str,
    postal_address: Option<&'a str>,
    contact: Option<&'a str>,
}

#[derive(Serialize)]
struct NoticeView<'a> {
    text: &'a str,
    link_text: &'a str,
    url: String,
}

#[derive(Serialize)]
struct PostView<'a> {
    label: &'static str,
    title: &'a str,
    date: Option<String>,
    summary: &'a str,
    text: String,
    archive_url: &'a str,
    link_text: &'a str,
    image: Option<ImageView<'a>>,
    attachments: Vec<AttachmentView>,
    meeting: Option<MeetingView<'a>>,
}

#[derive(Serialize)]
struct ImageView<'a> {
    src: String,
    alt: &'a str,
}

#[derive(Serialize)]
struct AttachmentView {
    name: String,
    size: String,
}

/// When and where, in words.
#[derive(Serialize)]
pub(crate) struct MeetingView<'a> {
    day: String,
    hours: String,
    zone: String,
    place: Option<&'a str>,
    join: Option<&'a str>,
}

#[derive(Serialize)]
struct DigestView<'a> {
    name: &'a str,
    subject: String,
    opening: String,
    sections: Vec<SectionView<'a>>,
}

#[derive(Serialize)]
struct SectionView<'a> {
    list: &'a str,
    /// Underlines the list in text.
    rule: String,
    items: Vec<ItemView<'a>>,
}

#[derive(Serialize)]
struct ItemView<'a> {
    label: &'static str,
    title: &'a str,
    date: Option<String>,
    summary: &'a str,
    archive_url: &'a str,
    /// Of a discreet digest alone, whose titles are no links.
    link_text: Option<&'a str>,
    meeting: Option<MeetingView<'a>>,
}

/// The data of a letter. `picture` says where in the mail a picture is.
pub(super) fn data(
    letter: &Letter<'_>,
    frame: &Frame<'_>,
    picture: &dyn Fn(&str) -> String,
) -> anyhow::Result<Value> {
    let words = frame.discreet;
    let (title, preview) = match (words, letter) {
        (Some(words), _) => (words.title.to_string(), discreet::preheader(words)),
        (None, Letter::Post { post, .. }) => (post.title.to_string(), post.summary.to_string()),
        (None, Letter::Digest { name, sections }) => {
            (name.to_string(), titles(sections).join("; "))
        }
    };
    let (post, digest) = match letter {
        Letter::Post { post, files, archive_url, .. } => {
            (Some(post_view(post, files, archive_url, words, picture)), None)
        }
        Letter::Digest { name, sections } => (None, Some(digest_view(name, sections, words))),
    };
    let view = View {
        site: site(frame),
        title,
        preview,
        opening: words.map(|words| words.opening.as_str()),
        notice: words.map(|words| notice(words, letter, frame)),
        post,
        digest,
    };
    let mut data = serde_json::to_value(view)?;
    unmark(&mut data);
    data["slot"] =
        Slot::ALL.map(|slot| (slot.name().to_owned(), json!(slot.mark()))).into_iter().collect();
    data[BODY] = json!(slot::mark(BODY));
    Ok(data)
}

/// A digest's link leads to all posts.
fn notice<'a>(words: &'a Discreet, letter: &Letter<'_>, frame: &Frame<'_>) -> NoticeView<'a> {
    let url = match letter {
        Letter::Post { archive_url, .. } => archive_url.clone(),
        Letter::Digest { .. } => format!("{}/archive", frame.base_url),
    };
    NoticeView { text: words.notice.as_str(), link_text: words.link_text.as_str(), url }
}

/// Removes what could be taken for a slot.
fn unmark(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|c| !slot::is_mark(c)),
        Value::Array(items) => items.iter_mut().for_each(unmark),
        Value::Object(fields) => fields.values_mut().for_each(unmark),
        _ => {}
    }
}

fn site<'a>(frame: &Frame<'a>) -> SiteView<'a> {
    let direction = direction(frame.language);
    SiteView {
        name: frame.site_name.as_str(),
        url: frame.base_url,
        language: frame.language,
        direction,
        start: if direction == "rtl" { "right" } else { "left" },
        postal_address: frame.postal_address.map(Line::as_str),
        contact: frame.reply_to.map(EmailAddress::as_str),
    }
}

/// The way that lines of a language run.
pub(crate) fn direction(language: &str) -> &'static str {
    match language.split('-').next().unwrap_or_default() {
        "ar" | "fa" | "he" | "ur" | "yi" => "rtl",
        _ => "ltr",
    }
}

fn post_view<'a>(
    post: &'a Post,
    files: &'a [File],
    archive_url: &'a str,
    words: Option<&'a Discreet>,
    picture: &dyn Fn(&str) -> String,
) -> PostView<'a> {
    PostView {
        label: label(post.kind),
        title: post.title.as_str(),
        date: date(post.kind, post.date, post.meeting.as_ref()),
        summary: post.summary.as_str(),
        text: plain::text(&post.body, WIDTH),
        archive_url,
        link_text: words.map_or("Read this on the web", |words| words.link_text.as_str()),
        image: post
            .image
            .as_ref()
            .map(|image| ImageView { src: picture(&image.src), alt: image.alt.as_str() }),
        attachments: files
            .iter()
            .filter(|file| post.attachments.contains(&file.name))
            .map(|file| AttachmentView {
                name: words.map_or_else(
                    || file.name.clone(),
                    |words| discreet::file_name(words, post, 0, &file.name),
                ),
                size: wording::size(file.bytes.len()),
            })
            .collect(),
        meeting: post.meeting.as_ref().map(meeting_view),
    }
}

/// A notice tells the day of its meeting and no other: readers would take the wrong one.
pub(crate) fn date(kind: Kind, written: NaiveDate, meeting: Option<&Meeting>) -> Option<String> {
    let told = kind == Kind::MeetingNotice && meeting.is_some();
    (!told).then(|| wording::day(written))
}

pub(crate) fn meeting_view(meeting: &Meeting) -> MeetingView<'_> {
    MeetingView {
        day: wording::weekday(meeting.starts.date()),
        hours: wording::hours(meeting),
        zone: wording::zone(meeting),
        place: meeting.place.as_ref().map(Line::as_str),
        join: meeting.join.as_deref(),
    }
}

fn digest_view<'a>(
    name: &'a Line,
    sections: &'a [Section],
    words: Option<&'a Discreet>,
) -> DigestView<'a> {
    let titles = titles(sections);
    let first = titles.first().copied().unwrap_or_default();
    DigestView {
        name: name.as_str(),
        subject: match titles.len() {
            0 | 1 => first.to_owned(),
            count => format!("{first} and {} more", count - 1),
        },
        opening: match titles.len() {
            1 => "There is one thing new for you.".to_owned(),
            count => format!("There are {count} things new for you."),
        },
        sections: sections.iter().map(|section| section_view(section, words)).collect(),
    }
}

fn titles(sections: &[Section]) -> Vec<&str> {
    let items = sections.iter().flat_map(|section| &section.items);
    items.map(|item| item.title.as_str()).collect()
}

fn section_view<'a>(section: &'a Section, words: Option<&'a Discreet>) -> SectionView<'a> {
    SectionView {
        list: section.list.as_str(),
        rule: "-".repeat(section.list.as_str().chars().count().min(WIDTH)),
        items: section.items.iter().map(|item| item_view(item, words)).collect(),
    }
}

fn item_view<'a>(item: &'a Item, words: Option<&'a Discreet>) -> ItemView<'a> {
    ItemView {
        label: label(item.kind),
        title: item.title.as_str(),
        date: date(item.kind, item.date, item.meeting.as_ref()),
        summary: item.summary.as_str(),
        archive_url: &item.archive_url,
        link_text: words.map(|words| words.link_text.as_str()),
        meeting: item.meeting.as_ref().map(meeting_view),
    }
}

/// A kind in words.
pub(crate) fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::MeetingSummary => "Meeting summary",
        Kind::Report => "Report",
        Kind::MeetingNotice => "Meeting notice",
        Kind::Announcement => "Announcement",
    }
}
