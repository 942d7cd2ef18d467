//! The operators' pages.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::page::Site;
use super::{guard, health, inbox, metrics, ready};
use crate::config::RelayKind;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// `listening` decides about the inbox: mails are shown on loopback only.
pub(super) fn router(site: &Site, listening: SocketAddr) -> anyhow::Result<Router> {
    let mut pages = Router::new()
        .route("/healthz", get(health::show))
        .route("/readyz", get(ready::show))
        .route("/metrics", get(metrics::show));
    let folders = folders(site);
    if !folders.is_empty() && listening.ip().is_loopback() {
        pages = pages.merge(inbox::router(site, folders));
    }
    let pages = guard::with_headers(guard::limited(pages, PATIENCE), site.inbox_policy()?);
    Ok(pages.with_state(site.clone()))
}

/// Where relays of kind "file" put their mails.
fn folders(site: &Site) -> Vec<PathBuf> {
    let relays = site.office.config.relay.values();
    let folder = |relay: &crate::config::Relay| match &relay.kind {
        RelayKind::File { path } => Some(path.clone()),
        RelayKind::Smtp(_) => None,
    };
    relays.filter_map(folder).collect()
}
