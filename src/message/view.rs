//! What templates see: each name in `templates/mail` is a field here.
//!
//! What always holds: only words, already worded; nothing that a person wrote can hold the marks of
//! a slot; every field is there, if only as null, because templates are strict.

mod digest;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};

use super::render::{Frame, LOGO};
use super::slot::{self, Slot};
use super::template::WIDTH;
use super::{Letter, Occasion, discreet, wording};
use crate::address::EmailAddress;
use crate::config::{Brand, Discreet};
use crate::line::Line;
use crate::post::passage::{self, Passage};
use crate::post::picture::{COLUMN, COVER};
use crate::post::{File, Image, Kind, Meeting, Post, plain};
use digest::{DigestView, digest_view, titles};

/// The parts of a post's body, each Markdown; empty for other letters.
///
/// Their HTML stands for itself by a mark while MJML is made into HTML: people's markup never meets it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    body: String,
    /// What a report found.
    findings: Option<Passage>,
    /// What follows from a meeting.
    next: Option<Passage>,
}

const BODY: &str = "body";
const FINDINGS: &str = "findings";
const NEXT: &str = "next";

/// The headings by which they are known.
const FINDINGS_NAMES: [&str; 5] =
    ["key findings", "main findings", "findings", "outcomes", "results"];
const NEXT_NAMES: [&str; 4] = ["what comes next", "next steps", "the next meeting", "next meeting"];

impl Parts {
    pub(super) fn of(letter: &Letter<'_>) -> Self {
        let Letter::Post { post, occasion, .. } = letter else { return Self::default() };
        match (occasion, post.kind) {
            (Occasion::News, Kind::Report) => {
                let (findings, body) = passage::take(&post.body, &FINDINGS_NAMES);
                Self { body, findings, next: None }
            }
            (Occasion::News, Kind::MeetingSummary) => {
                let (next, body) = passage::take(&post.body, &NEXT_NAMES);
                Self { body, findings: None, next }
            }
            _ => Self { body: post.body.clone(), ..Self::default() },
        }
    }

    /// Each with the name of its mark.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some((BODY, self.body.as_str())),
            self.findings.as_ref().map(|it| (FINDINGS, it.body.as_str())),
            self.next.as_ref().map(|it| (NEXT, it.body.as_str())),
        ]
        .into_iter()
        .flatten()
    }
}

#[derive(Serialize)]
struct View<'a> {
    site: SiteView<'a>,
    brand: BrandView<'a>,
    title: String,
    /// What an inbox shows beside the subject.
    preview: String,
    /// Stands in a discreet mail that says no more.
    notice: Option<NoticeView<'a>>,
    post: Option<PostView<'a>>,
    digest: Option<DigestView<'a>>,
    /// What one person is asked, in a mail that came by no list.
    request: Option<RequestView<'a>>,
}

#[derive(Serialize)]
struct BrandView<'a> {
    accent: String,
    accent_dark: String,
    /// The ground of a panel, and the line beside a quotation.
    tint: String,
    tint_dark: String,
    edge: String,
    edge_dark: String,
    logo: Option<LogoView<'a>>,
}

#[derive(Serialize)]
struct LogoView<'a> {
    src: String,
    alt: &'a str,
    width: usize,
}

#[derive(Serialize)]
struct RequestView<'a> {
    url: &'a str,
    lists: Vec<&'a str>,
}

#[derive(Serialize)]
struct PassageView<'a> {
    title: &'a str,
    /// With its title above it.
    text: String,
    html: String,
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
    links: Vec<LinkView<'a>>,
}

#[derive(Serialize)]
struct LinkView<'a> {
    text: String,
    url: &'a str,
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
    findings: Option<PassageView<'a>>,
    next: Option<PassageView<'a>>,
}

#[derive(Serialize)]
struct ImageView<'a> {
    src: String,
    alt: &'a str,
    /// As wide as it is and the column at most, in CSS pixels.
    width: u32,
    /// The same beside a summary.
    cover_width: u32,
}

#[derive(Serialize)]
struct AttachmentView {
    name: String,
    size: String,
    /// Where the archive has it.
    url: String,
}

/// When and where, in words.
#[derive(Serialize)]
pub(crate) struct MeetingView<'a> {
    day: String,
    hours: String,
    zone: String,
    place: Option<&'a str>,
    join: Option<&'a str>,
    rsvp: bool,
}

/// The data of a letter. `picture` says where in the mail a picture is.
pub(super) fn data(
    letter: &Letter<'_>,
    parts: &Parts,
    frame: &Frame<'_>,
    picture: &dyn Fn(&str) -> String,
) -> anyhow::Result<Value> {
    let words = frame.discreet;
    let mut view = View {
        site: site(frame),
        brand: brand(frame, picture),
        title: frame.site_name.to_string(),
        preview: String::new(),
        notice: frame.notice().map(|words| notice(words, letter)),
        post: None,
        digest: None,
        request: None,
    };
    match letter {
        // a template cannot tell what it does not know
        Letter::Post { .. } | Letter::Digest { .. } if frame.notice().is_some() => {}
        Letter::Post { post, files, archive_url, .. } => {
            view.title = post.title.to_string();
            view.preview = post.summary.to_string();
            view.post = Some(post_view(post, parts, files, archive_url, words, picture));
        }
        Letter::Digest { name, sections } => {
            view.title = name.to_string();
            view.preview = titles(sections).join("; ");
            view.digest = Some(digest_view(name, sections, words));
        }
        Letter::Confirm { lists, url } => {
            let lists = match words {
                Some(words) => vec![words.list_name.as_str()],
                None => lists.iter().map(Line::as_str).collect(),
            };
            view.request = Some(RequestView { url, lists });
        }
        Letter::PreferencesLink { url } => {
            view.request = Some(RequestView { url, lists: Vec::new() });
        }
    }
    if let Some(words) = words {
        view.title = words.title.to_string();
        view.preview = discreet::preheader(words);
    }
    let mut data = serde_json::to_value(view)?;
    unmark(&mut data);
    data["slot"] =
        Slot::ALL.map(|slot| (slot.name().to_owned(), json!(slot.mark()))).into_iter().collect();
    for (name, _) in parts.named() {
        let place = if name == BODY { &mut data[BODY] } else { &mut data["post"][name]["html"] };
        *place = json!(slot::mark(name));
    }
    Ok(data)
}

fn brand<'a>(frame: &Frame<'a>, picture: &dyn Fn(&str) -> String) -> BrandView<'a> {
    let brand: &Brand = frame.brand;
    BrandView {
        accent: brand.accent.to_string(),
        accent_dark: brand.accent_dark.to_string(),
        tint: brand.tint().to_string(),
        tint_dark: brand.tint_dark().to_string(),
        edge: brand.edge().to_string(),
        edge_dark: brand.edge_dark().to_string(),
        logo: frame.logo().map(|logo| LogoView {
            src: picture(LOGO),
            alt: logo.alt.as_str(),
            width: logo.width,
        }),
    }
}

/// A link for each post: the list of all of them would say whose it is. Several are numbered, because
/// links of one name are to lead to one place (WCAG 2.2, 3.2.4).
fn notice<'a>(words: &'a Discreet, letter: &'a Letter<'_>) -> NoticeView<'a> {
    let urls: Vec<&str> = match letter {
        Letter::Post { archive_url, .. } => vec![archive_url],
        Letter::Digest { sections, .. } => {
            let items = sections.iter().flat_map(|section| &section.items);
            items.map(|item| item.archive_url.as_str()).collect()
        }
        Letter::Confirm { url, .. } | Letter::PreferencesLink { url } => vec![url],
    };
    let text = |number: usize| match urls.len() {
        1 => words.link_text.to_string(),
        _ => format!("{} ({number})", words.link_text),
    };
    let links = urls.iter().zip(1..).map(|(url, number)| LinkView { text: text(number), url });
    NoticeView { text: words.notice.as_str(), links: links.collect() }
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
    parts: &'a Parts,
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
        text: plain::text(&parts.body, WIDTH),
        archive_url,
        link_text: words.map_or("Read this on the web", |words| words.link_text.as_str()),
        image: post.image.as_ref().map(|image| image_view(image, files, picture)),
        attachments: files
            .iter()
            .filter(|file| post.attachments.contains(&file.name))
            .map(|file| AttachmentView {
                name: words.map_or_else(
                    || file.name.clone(),
                    |words| discreet::file_name(words, post, 0, file),
                ),
                size: wording::size(file.bytes.len()),
                // the address of a file says its name
                url: match words {
                    Some(_) => archive_url.to_owned(),
                    None => format!("{archive_url}/file/{}", wording::encode(&file.name)),
                },
            })
            .collect(),
        meeting: post.meeting.as_ref().map(meeting_view),
        findings: parts.findings.as_ref().map(passage_view),
        next: parts.next.as_ref().map(passage_view),
    }
}

fn image_view<'a>(
    image: &'a Image,
    files: &[File],
    picture: &dyn Fn(&str) -> String,
) -> ImageView<'a> {
    let file = files.iter().find(|file| file.name == image.src);
    let width = file.and_then(File::shown).map_or(COLUMN, |(width, _)| width);
    ImageView {
        src: picture(&image.src),
        alt: image.alt.as_str(),
        width,
        cover_width: width.min(COVER),
    }
}

/// Its HTML is put in later. Its heading is one of ours, and so holds no Markdown.
fn passage_view(passage: &Passage) -> PassageView<'_> {
    let title = passage.title.trim_end_matches(':');
    let text = plain::text(&format!("# {title}\n\n{}", passage.body), WIDTH);
    PassageView { title, text, html: String::new() }
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
        rsvp: meeting.rsvp,
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
