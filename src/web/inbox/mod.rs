//! `GET /inbox`: the mails that a file relay captured, as a reader would see them.
//!
//! What always holds: a mail is shown in a frame without scripts, forms or an origin, and without
//! anything from another server; a name from an address is looked up only when it can be nothing
//! but a file of the folder; a page on another site cannot read mails by calling us by its own name.

mod folder;
mod mail;
mod sheet;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::file;
use super::page::{Answer, Refusal, Site};
use folder::{Entry, Folders};
use mail::Mail;
pub use sheet::sheet;

/// Mails need their own styles and pictures; nothing else, and nothing from elsewhere.
const FRAMED: &str = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; \
    frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox";

#[derive(Clone)]
struct Shelf {
    site: Site,
    folders: Arc<Folders>,
}

/// How a mail is looked at.
#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    view: String,
    #[serde(default)]
    width: String,
}

pub(super) fn router(site: &Site, folders: Vec<PathBuf>) -> Router<Site> {
    let shelf = Shelf { site: site.clone(), folders: Arc::new(Folders(folders)) };
    Router::new()
        .route("/", get(|| async { Redirect::to("/inbox") }))
        .route("/inbox", get(list))
        .route("/inbox/{id}", get(show))
        .route("/inbox/{id}/html", get(html))
        .route("/inbox/{id}/part/{number}", get(part))
        .route("/inbox/{id}/file", get(whole))
        .layer(from_fn(called_by_our_name))
        .with_state(shelf)
}

/// A stranger's page can point a name of its own at 127.0.0.1 and have a browser here read from it;
/// the name then stands in `Host` (DNS rebinding).
async fn called_by_our_name(headers: HeaderMap, request: Request, next: Next) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let name = host.unwrap_or_default();
    let name = name.rsplit_once(':').map_or(name, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host.unwrap_or_default() }
    });
    match name {
        "localhost" | "127.0.0.1" | "[::1]" => next.run(request).await,
        _ => (StatusCode::FORBIDDEN, "the inbox answers to 127.0.0.1 and localhost only\n")
            .into_response(),
    }
}

async fn list(State(shelf): State<Shelf>) -> Answer {
    let mails = shelf.newest("").await?;
    let page = json!({ "mails": mails, "none": mails.is_empty(), "refresh": true, "mail": null });
    shelf.site.inbox_page("inbox.html", "Inbox", &page)
}

async fn show(
    State(shelf): State<Shelf>,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Answer {
    let mail = shelf.open(&id).await?;
    let mails = shelf.newest(&id).await?;
    let zone = shelf.site.office.config.site.timezone;
    let view = mail.view(&look.view, look.width == "phone", zone);
    let page = json!({ "mails": mails, "none": false, "refresh": false, "mail": view });
    shelf.site.inbox_page("inbox.html", &mail.subject(), &page)
}

/// What the frame shows.
async fn html(State(shelf): State<Shelf>, Path(id): Path<String>) -> Answer {
    let mail = shelf.open(&id).await?;
    let html = mail.framed().ok_or(Refusal::NotFound)?;
    let policy = (CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAMED));
    Ok(([policy], Html(html)).into_response())
}

async fn part(State(shelf): State<Shelf>, Path((id, number)): Path<(String, usize)>) -> Answer {
    let mail = shelf.open(&id).await?;
    let part = mail.part(number).ok_or(Refusal::NotFound)?;
    file::answer(&part.name, &part.content_type, part.bytes)
}

/// The mail as it lies in the folder.
async fn whole(State(shelf): State<Shelf>, Path(id): Path<String>) -> Answer {
    let mail = shelf.open(&id).await?;
    let disposition = format!("attachment; filename=\"{id}\"");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (CONTENT_DISPOSITION, HeaderValue::from_str(&disposition)?),
    ];
    Ok((headers, mail.bytes).into_response())
}

impl Shelf {
    async fn newest(&self, current: &str) -> Result<Vec<Entry>, Refusal> {
        let zone = self.site.office.config.site.timezone;
        let (folders, current) = (Arc::clone(&self.folders), current.to_owned());
        let listed = tokio::task::spawn_blocking(move || folders.newest(&current, zone));
        Ok(listed.await??)
    }

    async fn open(&self, id: &str) -> Result<Mail, Refusal> {
        let (folders, name) = (Arc::clone(&self.folders), id.to_owned());
        let found = tokio::task::spawn_blocking(move || folders.read(&name)).await??;
        let bytes = found.ok_or(Refusal::NotFound)?;
        Ok(Mail { id: id.to_owned(), bytes })
    }
}
