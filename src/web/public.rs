//! The pages for the world, and what they have in common.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::page::Site;
use super::{archive, guard, home, neutral, rsvp, unsubscribe};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// An opt-out, or an answer, waits for a busy database as long as the database lets it (ten seconds), and a little.
const OPT_OUT_PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn router(site: &Site) -> anyhow::Result<Router> {
    let reading = Router::new()
        .route("/", get(home::show))
        .route("/archive", get(archive::list))
        .route("/archive/{slug}", get(archive::show))
        .route("/archive/{slug}/event.ics", get(archive::event))
        .route("/archive/{slug}/file/{name}", get(archive::file))
        .route("/u/{id}", get(neutral::show))
        .route("/u/{id}/event.ics", get(neutral::event))
        .route("/u/{id}/file/{number}", get(neutral::file))
        .fallback(|| async { StatusCode::NOT_FOUND });
    let saying = Router::new()
        .route("/unsubscribe/{token}", get(unsubscribe::ask).post(unsubscribe::end))
        .route("/rsvp/{token}", get(rsvp::ask).post(rsvp::keep));
    let pages = guard::limited(reading, PATIENCE).merge(guard::limited(saying, OPT_OUT_PATIENCE));
    let pages = guard::with_headers(guard::with_notices(pages, site), site.policy()?);
    Ok(pages.with_state(site.clone()))
}
