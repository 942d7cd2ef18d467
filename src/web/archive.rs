//! `GET /archive`, `/archive/{slug}`, `/archive/{slug}/event.ics` and `/archive/{slug}/file/{name}`:
//! what was published.
//!
//! What always holds: only the newest announced version of a post that is not withdrawn; only files
//! of that version, by the names the post gives them.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::file;
use super::page::{Answer, Refusal, Site, encode};
use crate::campaign::store::told_sequence;
use crate::db::Session;
use crate::message::calendar::{self, Edition, Words};
use crate::message::view::{MeetingView, date, label, meeting_view};
use crate::message::wording;
use crate::post::markdown::{self, Placed};
use crate::post::store::{self, Stored};
use crate::post::{File, Kind, Meeting, Post};

#[derive(Serialize)]
struct Item {
    slug: String,
    label: &'static str,
    title: String,
    date: Option<String>,
    day: Option<String>,
    summary: String,
}

#[derive(Serialize)]
pub(super) struct Page<'a> {
    label: &'static str,
    title: &'a str,
    date: Option<String>,
    meeting: Option<MeetingView<'a>>,
    /// Where the meeting is to be had for calendars.
    event: Option<String>,
    image: Option<Image<'a>>,
    /// Safe markup, see [`markdown`].
    body: String,
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Image<'a> {
    src: String,
    alt: &'a str,
    size: Option<Size>,
}

/// In CSS pixels.
#[derive(Serialize)]
struct Size {
    width: u32,
    height: u32,
}

#[derive(Serialize)]
struct Attachment<'a> {
    href: String,
    name: &'a str,
    size: String,
}

pub(super) async fn list(State(site): State<Site>) -> Answer {
    let published = store::published(&mut site.office.db.read().await?).await?;
    let mut posts = Vec::with_capacity(published.len());
    for stored in &published {
        match stored.post() {
            Ok(post) => posts.push(item(&post)),
            // one post that cannot be read must not hide all others
            Err(error) => tracing::error!("the archive leaves out a post: {error:#}"),
        }
    }
    site.page("archive.html", "Archive", &json!({ "posts": posts }))
}

fn item(post: &Post) -> Item {
    let notice = post.kind == Kind::MeetingNotice;
    let meeting = post.meeting.as_ref().filter(|_| notice);
    Item {
        slug: post.slug.clone(),
        label: label(post.kind),
        title: post.title.to_string(),
        date: date(post.kind, post.date, post.meeting.as_ref()),
        day: meeting.map(|meeting| wording::weekday(meeting.starts.date())),
        summary: post.summary.to_string(),
    }
}

pub(super) async fn show(
    State(site): State<Site>,
    slug: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(slug) = slug.map_err(|_| Refusal::NotFound)?;
    let (post, files) = published(&site, &slug).await?;
    let address = format!("{}/archive/{}", site.root(), encode(&slug));
    let place = |name: &str| format!("{address}/file/{}", encode(name));
    let page = page(&post, &files, format!("{address}/event.ics"), &place);
    site.page("post.html", post.title.as_str(), &page)
}

/// What a page shows of a post; `event` is where its meeting is, `place` where each of its files.
pub(super) fn page<'a>(
    post: &'a Post,
    files: &'a [File],
    event: String,
    place: &dyn Fn(&str) -> String,
) -> Page<'a> {
    let shown = |name: &str| files.iter().find(|file| file.name == name).and_then(File::shown);
    let sized = |name: &str| Placed { src: place(name), size: shown(name) };
    let attached = files.iter().filter(|file| post.attachments.contains(&file.name));
    Page {
        label: label(post.kind),
        title: post.title.as_str(),
        date: date(post.kind, post.date, post.meeting.as_ref()),
        meeting: post.meeting.as_ref().map(meeting_view),
        event: post.meeting.as_ref().map(|_| event),
        image: post.image.as_ref().map(|image| Image {
            src: place(&image.src),
            alt: image.alt.as_str(),
            size: shown(&image.src).map(|(width, height)| Size { width, height }),
        }),
        body: markdown::html(&post.body, &sized),
        attachments: attached
            .map(|file| Attachment {
                href: place(&file.name),
                name: &file.name,
                size: wording::size(file.bytes.len()),
            })
            .collect(),
    }
}

/// The meeting for the calendar of whoever takes it: the words and the sequence of the mails.
pub(super) async fn event(
    State(site): State<Site>,
    slug: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(slug) = slug.map_err(|_| Refusal::NotFound)?;
    let config = &site.office.config;
    let mut read = site.office.db.read().await?;
    let stored = store::published_one(&mut read, &slug).await?.ok_or(Refusal::NotFound)?;
    let post = stored.post()?;
    let meeting = post.meeting.as_ref().ok_or(Refusal::NotFound)?;
    let address = format!("{}/archive/{slug}", config.site.base_url);
    let words = Words {
        file_name: format!("{slug}.ics").into(),
        ..Words::of(&post, meeting, &address, &config.sender)
    };
    calendar(&mut read, &stored, meeting, &words).await
}

/// The meeting of a post in these words.
pub(super) async fn calendar(
    session: &mut impl Session,
    stored: &Stored,
    meeting: &Meeting,
    words: &Words<'_>,
) -> Answer {
    let event = store::event(session, stored.id).await?.ok_or(Refusal::NotFound)?;
    let told = told_sequence(session, stored.id).await?;
    let edition = Edition {
        uid: &event.uid,
        sequence: told.unwrap_or(event.sequence),
        stamp: stored.created_at,
    };
    let object = calendar::published(meeting, &edition, words);
    file::answer(&words.file_name, "text/calendar; charset=utf-8", object.into_bytes())
}

pub(super) async fn file(
    State(site): State<Site>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Answer {
    let Path((slug, name)) = path.map_err(|_| Refusal::NotFound)?;
    let (_, files) = published(&site, &slug).await?;
    let file = files.into_iter().find(|file| file.name == name);
    let file = file.ok_or(Refusal::NotFound)?;
    answer(file)
}

fn answer(file: File) -> Result<Response, Refusal> {
    file::answer(&file.travelling_name(), &file.content_type, file.bytes)
}

async fn published(site: &Site, slug: &str) -> Result<(Post, Vec<File>), Refusal> {
    let mut read = site.office.db.read().await?;
    let stored = store::published_one(&mut read, slug).await?;
    let stored = stored.ok_or(Refusal::NotFound)?;
    let files = store::files(&mut read, stored.id, stored.version).await?;
    Ok((stored.post()?, files))
}
