//! When a campaign has ended, and how it goes on after that.

use sqlx::AssertSqlSafe;

use super::{Campaign, find};
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::CampaignId;

/// Nothing of `campaign` goes out by itself any more: nothing waits, and nothing is under way. The plus
/// keeps databases from looking through all of the campaign for the few that are.
const ENDED: &str = "NOT EXISTS (SELECT 1 FROM delivery d WHERE d.campaign_id = campaign.id \
     AND d.next_at IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM delivery d WHERE +d.campaign_id = campaign.id AND d.owner IS NOT NULL)";

/// Running campaigns whose every delivery has ended, or is held in doubt, are finished.
///
/// Their rows are taken first: whoever holds one with [`lock`] may be queuing a delivery, and on
/// Postgres a statement that waited for a row still sees the other rows as they were before.
pub async fn finish(write: &mut Write, now: Timestamp) -> Result<Vec<CampaignId>, Error> {
    let words = write.words();
    let take = || {
        AssertSqlSafe(format!(
            "UPDATE campaign SET state = state WHERE state = 'running' AND {ENDED} RETURNING id"
        ))
    };
    let taken: Vec<i64> = on!(write, c => sqlx::query_scalar(take()).fetch_all(c).await)?;
    let ids = serde_json::Value::from(taken).to_string();
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE campaign SET state = 'finished', finished_at = $2 \
             WHERE state = 'running' AND id IN ({}) AND {ENDED} RETURNING id",
            words.each_number
        ))
    };
    on!(write, c => sqlx::query_scalar(sql()).bind(&ids).bind(now).fetch_all(c).await)
}

pub async fn any_to_finish(session: &mut impl Session) -> Result<bool, Error> {
    let sql = || {
        AssertSqlSafe(format!("SELECT count(*) FROM campaign WHERE state = 'running' AND {ENDED}"))
    };
    let count: i64 = on!(session, c => sqlx::query_scalar(sql()).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Holds a campaign as it stands until the transaction ends: nobody finishes, pauses or cancels it
/// meanwhile.
pub async fn lock(write: &mut Write, id: CampaignId) -> Result<Option<Campaign>, Error> {
    on!(write, c => sqlx::query("UPDATE campaign SET state = state WHERE id = $1")
        .bind(id).execute(c).await.map(drop))?;
    find(write, id).await
}
