//! What a refusal means beyond its own delivery: for the address, and for the campaign.

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::{CampaignId, DeliveryId};

/// How many of all attempts are looked through, so that the question costs the same on any day.
const NEWEST: i64 = 10_000;

/// Suppresses the address that a delivery went to.
pub async fn suppress(
    write: &mut Write,
    id: DeliveryId,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO suppression (hash, reason, since) \
         SELECT s.email_hash, $2, $3 FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id WHERE d.id = $1 \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(id)
    .bind(reason)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// How many people of a campaign were refused by policy, in its last `replies` since it began or was
/// resumed; and how many people it has.
///
/// Each counts once: that a few are tried again and again for days is not many people's trouble.
pub async fn policy_refusals(
    session: &mut impl Session,
    campaign: CampaignId,
    replies: i64,
) -> Result<(i64, i64), Error> {
    on!(session, c => sqlx::query_as(
        "SELECT CAST((SELECT count(*) FROM (SELECT a.bearing FROM attempt a \
             WHERE a.id > (SELECT max(id) FROM attempt) - $3 AND a.outcome <> 'fault' \
             AND a.at >= coalesce(c.resumed_at, 0) \
             AND EXISTS (SELECT 1 FROM delivery d WHERE d.id = a.delivery_id AND d.campaign_id = $1) \
             AND NOT EXISTS (SELECT 1 FROM attempt b WHERE b.delivery_id = a.delivery_id AND b.id < a.id \
                 AND b.bearing = 'policy' AND b.at >= coalesce(c.resumed_at, 0)) \
             ORDER BY a.id DESC LIMIT $2) newest WHERE bearing = 'policy') AS BIGINT), \
         coalesce(c.audience, 0) FROM campaign c WHERE c.id = $1",
    )
    .bind(campaign)
    .bind(replies)
    .bind(NEWEST)
    .fetch_one(c)
    .await)
}
