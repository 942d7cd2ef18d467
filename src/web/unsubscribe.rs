//! `GET /unsubscribe/{token}` asks, `POST` ends: what one click does, whoever sends it.
//!
//! What always holds: the token alone decides what ends, whatever the body says (RFC 8058 §3.2);
//! neither page says who the reader is, because a mail may have been forwarded.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use memchr::memmem;
use serde_json::json;

use super::page::{Answer, Refusal, Site};
use crate::audience::optout::{OptOut, opt_out};
use crate::audience::{self, ConsentSource, State as Standing};
use crate::id::{DeliveryId, SubscriptionId};
use crate::line::Line;
use crate::message::wording;
use crate::token::Purpose;

/// Says no more than the page's address does.
const TITLE: &str = "Unsubscribe";

type Address = Result<Path<String>, PathRejection>;

/// The page with the one button.
pub(super) async fn ask(State(site): State<Site>, address: Address) -> Answer {
    let link = Link::read(&site, address)?;
    let lists = link.lists(&site).await?;
    let open = lists.iter().filter(|(_, state)| *state != Standing::Ended);
    let open: Vec<_> = open.map(|(name, _)| name).collect();
    let page = json!({ "open": open, "promise": promise(&lists) });
    site.neutral_page("unsubscribe.html", TITLE, &page)
}

/// The button, or a mail provider's one-click post.
pub(super) async fn end(State(site): State<Site>, address: Address, body: Bytes) -> Answer {
    let link = Link::read(&site, address)?;
    let no = link.no(&body);
    let (db, now) = (site.office.db.clone(), site.office.clock.now());
    // A task of its own: a caller who hangs up has said no all the same.
    let ended = tokio::spawn(async move { opt_out(&db, &no, now).await }).await??;
    tracing::info!(delivery = link.delivery.0, subscriptions = ended.len(), "unsubscribed");
    let lists = link.lists(&site).await?;
    let page = json!({ "promise": promise(&lists) });
    site.neutral_page("unsubscribed.html", TITLE, &page)
}

/// What an opt-out link stands for.
struct Link {
    delivery: DeliveryId,
    subscriptions: Vec<SubscriptionId>,
}

impl Link {
    fn read(site: &Site, address: Address) -> Result<Self, Refusal> {
        let Path(token) = address.map_err(|_| Refusal::NotFound)?;
        let ids = site.office.keys.verify(Purpose::Unsubscribe, &token);
        match ids.as_deref() {
            Some([delivery, subscriptions @ ..]) => Ok(Self {
                delivery: DeliveryId(*delivery),
                subscriptions: subscriptions.iter().copied().map(SubscriptionId).collect(),
            }),
            _ => Err(Refusal::NotFound),
        }
    }

    fn no(&self, body: &[u8]) -> OptOut {
        let (source, wording) = if one_click(body) {
            (ConsentSource::OneClick, "List-Unsubscribe=One-Click")
        } else {
            (ConsentSource::Page, "Unsubscribe")
        };
        OptOut {
            subscriptions: self.subscriptions.clone(),
            source,
            wording,
            delivery: Some(self.delivery),
        }
    }

    /// The lists by the names that readers know, and whether each has ended.
    async fn lists(&self, site: &Site) -> Result<Vec<(String, Standing)>, Refusal> {
        let mut read = site.office.db.read().await?;
        let standing = audience::store::standing(&mut read, &self.subscriptions).await?;
        let known = &site.office.config.list;
        let named = |(slug, state): (String, Standing)| {
            let name = known.get(&slug).map(|list| &list.name);
            (name.map_or(slug, Line::to_string), state)
        };
        Ok(standing.into_iter().map(named).collect())
    }
}

/// In both encodings the pair stands in the body as it is (RFC 8058 §3.2). It only decides how the
/// consent log tells the no.
fn one_click(body: &[u8]) -> bool {
    let holds = |text: &str| memmem::find(body, text.as_bytes()).is_some();
    holds("List-Unsubscribe") && holds("One-Click")
}

/// "You will get nothing more from Meetings and Reports."
fn promise(lists: &[(String, Standing)]) -> String {
    let names: Vec<_> = lists.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return "You will get nothing more.".to_owned();
    }
    format!("You will get nothing more from {}.", wording::list(&names))
}
