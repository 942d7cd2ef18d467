//! `GET /rsvp/{token}` asks whether its reader comes to a meeting, `POST` keeps the answer.
//!
//! What always holds: neither page says who the reader is, because a mail may have been forwarded.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::page::{Answer, Refusal, Site};
use crate::campaign::Answer as Rsvp;
use crate::campaign::rsvp::{Planned, Question, answer, question};
use crate::id::DeliveryId;
use crate::message::view::meeting_view;
use crate::token::Purpose;

type Address = Result<Path<String>, PathRejection>;

/// The page with the two buttons.
pub(super) async fn ask(State(site): State<Site>, address: Address) -> Answer {
    let delivery = delivery(&site, address)?;
    let asked = question(&site.office.db, delivery, site.office.clock.now()).await?;
    page(&site, &asked.ok_or(Refusal::NotFound)?, false)
}

/// One of the two buttons.
pub(super) async fn keep(State(site): State<Site>, address: Address, body: Bytes) -> Answer {
    let delivery = delivery(&site, address)?;
    let Some(said) = said(&body) else { return Ok(StatusCode::BAD_REQUEST.into_response()) };
    let (db, now) = (site.office.db.clone(), site.office.clock.now());
    // A task of its own: a caller who hangs up has answered all the same.
    let kept = tokio::spawn(async move { answer(&db, delivery, said, now).await }).await??;
    page(&site, &kept.ok_or(Refusal::NotFound)?, true)
}

fn delivery(site: &Site, address: Address) -> Result<DeliveryId, Refusal> {
    let Path(token) = address.map_err(|_| Refusal::NotFound)?;
    match site.office.keys.verify(Purpose::Rsvp, &token).as_deref() {
        Some([delivery]) => Ok(DeliveryId(*delivery)),
        _ => Err(Refusal::NotFound),
    }
}

fn said(body: &[u8]) -> Option<Rsvp> {
    let mut pairs = body.split(|octet| *octet == b'&');
    let value = pairs.find_map(|pair| pair.strip_prefix(b"answer="))?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn page(site: &Site, question: &Question, thanked: bool) -> Answer {
    let meeting = match &question.state {
        Planned::Ahead(meeting) => Some(meeting_view(meeting)),
        Planned::Over | Planned::CalledOff => None,
    };
    let ahead = meeting.is_some();
    let page = json!({
        "title": question.title.as_str(),
        "meeting": meeting,
        "over": question.state == Planned::Over,
        "thanked": thanked && ahead,
        "answered": question.answer.is_some(),
        "coming": question.answer == Some(Rsvp::Coming),
    });
    site.neutral_page("rsvp.html", "Your answer", &page)
}
