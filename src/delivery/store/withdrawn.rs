//! What becomes of digests that wait when one of their posts is withdrawn.

use sqlx::AssertSqlSafe;

use super::NO_DOT;
use crate::db::{Error, Write, on};
use crate::id::{CampaignId, PostId, RenditionId};

/// The renditions of digests that hold the post and are not sent to everybody, with their campaigns.
pub async fn waiting_digests(
    write: &mut Write,
    post: PostId,
) -> Result<Vec<(CampaignId, RenditionId)>, Error> {
    on!(write, c => sqlx::query_as(
        "SELECT DISTINCT d.campaign_id, d.rendition_id FROM ledger g JOIN delivery d ON d.id = g.delivery_id \
         JOIN campaign c ON c.id = d.campaign_id \
         WHERE g.post_id = $1 AND c.digest IS NOT NULL AND d.next_at IS NOT NULL ORDER BY d.rendition_id",
    )
    .bind(post)
    .fetch_all(c)
    .await)
}

/// Gives what waits of one rendition the other, which is without the post, and frees the ledger of the post
/// unless a try may have brought it.
///
/// The rows first: they are locked from there on, and none of them is claimed with its ledger gone.
pub async fn move_waiting(
    write: &mut Write,
    campaign: CampaignId,
    from: RenditionId,
    to: RenditionId,
    post: PostId,
) -> Result<u64, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET rendition_id = $3 \
         WHERE campaign_id = $1 AND rendition_id = $2 AND next_at IS NOT NULL",
    )
    .bind(campaign)
    .bind(from)
    .bind(to)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    let free = || {
        AssertSqlSafe(format!(
            "DELETE FROM ledger WHERE post_id = $3 AND delivery_id IN \
             (SELECT d.id FROM delivery d WHERE d.campaign_id = $1 AND d.rendition_id = $2) AND {NO_DOT}"
        ))
    };
    on!(write, c => sqlx::query(free())
        .bind(campaign).bind(to).bind(post).execute(c).await.map(drop))?;
    Ok(rows)
}
