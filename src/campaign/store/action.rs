//! The log of what was done to campaigns, and by whom. It only grows.

use super::super::Action;
use super::super::action::Actor;
use crate::clock::Timestamp;
use crate::db::column::text_column;
use crate::db::{Error, Session, Write, on, row};
use crate::id::CampaignId;

text_column!(Action);

row! {
    /// What somebody did.
    #[derive(Clone, Debug)]
    pub struct Entry {
        pub at: Timestamp,
        /// The name of a coordinator's table, of a system user, or the machine.
        pub coordinator: String,
        pub action: Action,
        pub detail: Option<String>,
    }
}

/// Keeps what `by` did, in the transaction in which it was done.
pub async fn log(
    write: &mut Write,
    id: CampaignId,
    by: &Actor,
    action: Action,
    detail: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO action (campaign_id, at, coordinator, action, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(now)
    .bind(by.name())
    .bind(action)
    .bind(detail)
    .execute(c)
    .await
    .map(drop))
}

/// All that was done to a campaign, the oldest first.
pub async fn actions(session: &mut impl Session, id: CampaignId) -> Result<Vec<Entry>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT at, coordinator, action, detail FROM action WHERE campaign_id = $1 ORDER BY id",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}

/// Who queued a campaign; nobody knows it of one that is older than the log.
pub async fn queued_by(
    session: &mut impl Session,
    id: CampaignId,
) -> Result<Option<String>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT coordinator FROM action WHERE campaign_id = $1 AND action = 'queued' ORDER BY id LIMIT 1",
    )
    .bind(id)
    .fetch_optional(c)
    .await)
}
