//! `GET /readyz`: whether mails can go out now. Where not, one line says what is wrong and what to do.
//!
//! What always holds: it names relays and their states, never what a server said about anybody; and
//! it writes nothing, though it asks whether it could.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::Office;
use super::metrics::relays;
use super::page::Site;
use crate::db::Error;
use crate::metric::standing::Relay;

/// Longer, and whoever asks should be told.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn show(State(site): State<Site>) -> (StatusCode, String) {
    let why = match tokio::time::timeout(PATIENCE, look(&site.office)).await {
        Ok(Ok(relays)) if relays.iter().any(Relay::is_open) => {
            return (StatusCode::OK, "ready\n".to_owned());
        }
        Ok(Ok(relays)) => closed(&relays),
        Ok(Err(error)) => {
            tracing::error!("the database cannot be written: {error}");
            "the database cannot be written; the log says why\n".to_owned()
        }
        Err(_) => "the database took no write within a second; if it stays so, look for another \
                   program that holds it\n"
            .to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, why)
}

async fn look(office: &Office) -> Result<Vec<Relay>, Error> {
    office.db.probe().await?;
    relays(office, &mut office.db.read().await?).await
}

fn closed(relays: &[Relay]) -> String {
    if relays.is_empty() {
        return "there is no relay; add one to config.toml\n".to_owned();
    }
    let relays: Vec<_> =
        relays.iter().map(|relay| format!("{} is {}", relay.name, relay.state)).collect();
    format!(
        "no relay takes mails: {}; `bulletin relay list` says why, `bulletin relay resume NAME` opens one\n",
        relays.join(", ")
    )
}
