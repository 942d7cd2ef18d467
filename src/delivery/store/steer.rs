//! What a person changes about deliveries that wait.

use sqlx::AssertSqlSafe;

use super::super::State;
use super::AT_REST;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::{CampaignId, DeliveryId};

/// Where a delivery is, and of which campaign.
pub async fn standing(
    session: &mut impl Session,
    id: DeliveryId,
) -> Result<Option<(CampaignId, State)>, Error> {
    on!(session, c => sqlx::query_as("SELECT campaign_id, state FROM delivery WHERE id = $1")
        .bind(id).fetch_optional(c).await)
}

/// Queues one that waits; false when it does not wait any more.
pub async fn requeue(write: &mut Write, id: DeliveryId, now: Timestamp) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET state = 'queued', reason = NULL, next_at = $2 \
         WHERE id = $1 AND state IN ('deferred', 'in_doubt')",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Queues all of a campaign that are in this state, which is one of waiting or at rest; says how many.
pub async fn requeue_all(
    write: &mut Write,
    campaign: CampaignId,
    from: State,
    now: Timestamp,
) -> Result<u64, Error> {
    let such = if from == State::InDoubt { AT_REST } else { "next_at IS NOT NULL" };
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET state = 'queued', reason = NULL, next_at = $3 \
             WHERE campaign_id = $1 AND state = $2 AND {such}"
        ))
    };
    on!(write, c => sqlx::query(sql())
    .bind(campaign)
    .bind(from)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Queues those of a campaign whom a policy that is about us refused last; says how many.
pub async fn requeue_refused(
    write: &mut Write,
    campaign: CampaignId,
    now: Timestamp,
) -> Result<u64, Error> {
    on!(write, c => sqlx::query(
        "UPDATE delivery SET state = 'queued', reason = NULL, next_at = $2 \
         WHERE campaign_id = $1 AND state = 'deferred' AND next_at IS NOT NULL AND (SELECT a.bearing FROM attempt a \
         WHERE a.delivery_id = delivery.id ORDER BY a.id DESC LIMIT 1) = 'policy'",
    )
    .bind(campaign)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Ends one that is in doubt; false when it is not in doubt. Its ledger rows stay: the mail may
/// have arrived.
pub async fn decide(
    write: &mut Write,
    id: DeliveryId,
    state: State,
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET state = $2, reason = $3, finished_at = $4 WHERE id = $1 AND state = 'in_doubt'",
    )
    .bind(id)
    .bind(state)
    .bind(reason)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}
