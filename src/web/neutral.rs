//! `GET /u/{id}`, `/u/{id}/event.ics` and `/u/{id}/file/{n}`: a post by its number, for discreet mails.
//!
//! What always holds: no address, title or file name says what the post is about; only the newest
//! announced version is served, and of a post that is withdrawn only that it is.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde_json::json;

use super::archive::{calendar, page};
use super::file;
use super::page::{Answer, Refusal, Site};
use crate::db::Session;
use crate::id::PostId;
use crate::message::calendar::Words;
use crate::message::discreet::file_name;
use crate::post::store::{self, Stored};
use crate::post::{File, Post};

const TAKEN_BACK: &str = "What was here has been withdrawn: please do not use it or pass it on. \
    If it invited you to a meeting, that meeting will not take place.";

type Id = Result<Path<i64>, PathRejection>;

pub(super) async fn show(State(site): State<Site>, id: Id) -> Answer {
    let Path(id) = id.map_err(|_| Refusal::NotFound)?;
    let mut read = site.office.db.read().await?;
    let stored = announced(&mut read, id).await?;
    let title = site.office.config.discreet.title.as_str();
    // A discreet mail may say no more than "there is an update": here its reader learns which.
    if stored.withdrawn_at.is_some() {
        let page = json!({ "title": title, "text": TAKEN_BACK });
        return site.neutral_page("notice.html", title, &page);
    }
    let files = store::files(&mut read, stored.id, stored.version).await?;
    let post = stored.post()?;
    let address = format!("{}/u/{id}", site.root());
    let numbered = numbered(&post, &files);
    let place = |name: &str| {
        // what is no file of the post leads to none
        let at = numbered.iter().position(|file| file.name == name);
        format!("{address}/file/{}", at.map_or(0, |at| at + 1))
    };
    let page = page(&post, &files, format!("{address}/event.ics"), &place);
    site.neutral_page("post.html", title, &page)
}

/// The meeting under a neutral title, as in discreet mails.
pub(super) async fn event(State(site): State<Site>, id: Id) -> Answer {
    let Path(id) = id.map_err(|_| Refusal::NotFound)?;
    let config = &site.office.config;
    let mut read = site.office.db.read().await?;
    let stored = standing(&mut read, id).await?;
    let post = stored.post()?;
    let meeting = post.meeting.as_ref().ok_or(Refusal::NotFound)?;
    let address = format!("{}/u/{id}", config.base_url(true));
    calendar(&mut read, &stored, meeting, &Words::discreet(meeting, &address, config)).await
}

/// A file by its number, counted from 1, and under a name that says no more.
pub(super) async fn file(
    State(site): State<Site>,
    path: Result<Path<(i64, usize)>, PathRejection>,
) -> Answer {
    let Path((id, number)) = path.map_err(|_| Refusal::NotFound)?;
    let mut read = site.office.db.read().await?;
    let stored = standing(&mut read, id).await?;
    let post = stored.post()?;
    let files = store::files(&mut read, stored.id, stored.version).await?;
    let at = number.checked_sub(1).ok_or(Refusal::NotFound)?;
    let numbered = numbered(&post, &files);
    let file = *numbered.get(at).ok_or(Refusal::NotFound)?;
    let picture = at.saturating_sub(post.attachments.len());
    let name = file_name(&site.office.config.discreet, &post, picture, file);
    file::answer(&name, &file.content_type, file.bytes.clone())
}

/// The attachments in their order, then the pictures: the numbers that their neutral names have.
fn numbered<'f>(post: &Post, files: &'f [File]) -> Vec<&'f File> {
    let attached = |name: &String| files.iter().find(|file| file.name == *name);
    let pictures = files.iter().filter(|file| !post.attachments.contains(&file.name));
    post.attachments.iter().filter_map(attached).chain(pictures).collect()
}

async fn announced(session: &mut impl Session, id: i64) -> Result<Stored, Refusal> {
    let version = store::announced(session, PostId(id)).await?.ok_or(Refusal::NotFound)?;
    Ok(store::version(session, PostId(id), version).await?)
}

async fn standing(session: &mut impl Session, id: i64) -> Result<Stored, Refusal> {
    let stored = announced(session, id).await?;
    if stored.withdrawn_at.is_some() { Err(Refusal::NotFound) } else { Ok(stored) }
}
