//! `GET /healthz`: whether the daemon is alive and its database answers.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::page::Site;
use crate::audience;
use crate::db::{Db, Error};

/// Longer, and whoever asks should be told.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn show(State(site): State<Site>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(PATIENCE, look(&site.office.db)).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(error)) => {
            tracing::error!("the database cannot be read: {error}");
            unavailable("the database cannot be read; the log says why\n")
        }
        Err(_) => unavailable("the database did not answer within a second\n"),
    }
}

/// One row by its key, which no hash can be.
async fn look(db: &Db) -> Result<(), Error> {
    let mut read = db.read().await?;
    audience::store::suppressed(&mut read, "").await.map(drop)
}

fn unavailable(why: &'static str) -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, why)
}
