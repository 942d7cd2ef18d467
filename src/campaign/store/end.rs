//! When a campaign has ended, and how it goes on after that.

use sqlx::AssertSqlSafe;

use super::{Campaign, find};
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::CampaignId;

/// Nothing of `campaign` goes out by itself any more: nothing waits, and nothing is under way.
///
/// In this order, which only `CASE` keeps. The first is a look at the beginning of `delivery_due`, which
/// alone has them in the order that `min` asks for, and nearly always enough. For the second Postgres may
/// read all of `delivery` as long as it has no statistics; the plus keeps it, and SQLite, from doing so
/// later, by the campaign.
const ENDED: &str = "CASE WHEN (SELECT min(d.next_at) FROM delivery d \
     WHERE d.campaign_id = campaign.id AND d.next_at IS NOT NULL) IS NOT NULL THEN 0 \
     WHEN EXISTS (SELECT 1 FROM delivery d WHERE +d.campaign_id = campaign.id AND d.owner IS NOT NULL) THEN 0 \
     ELSE 1 END = 1";

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
