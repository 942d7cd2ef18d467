//! Deliveries as a monitor looks at them, every few seconds: nothing here reads what has ended.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::AT_REST;
use crate::clock::Timestamp;
use crate::db::{Error, Session, on};

/// How many mails are in which state: of campaigns that are not over, and in doubt of all campaigns.
///
/// Without those that were accepted, which may be a million. What waits is counted along the index of
/// what is due; each state of each campaign at rest is one look at an index, and so is the doubt of each
/// campaign that is over.
pub async fn waiting(session: &mut impl Session) -> Result<BTreeMap<String, i64>, Error> {
    const OPEN: &str = "campaign c JOIN delivery d ON d.campaign_id = c.id \
         WHERE c.state IN ('running', 'paused')";
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT d.state, count(*) FROM {OPEN} AND d.next_at IS NOT NULL GROUP BY d.state \
             UNION ALL SELECT d.state, count(*) FROM delivery d JOIN campaign c ON c.id = +d.campaign_id \
             WHERE c.state IN ('running', 'paused') AND d.owner IS NOT NULL GROUP BY d.state \
             UNION ALL SELECT d.state, count(*) FROM {OPEN} AND d.{AT_REST} \
             AND d.state IN ('failed', 'expired', 'suppressed', 'cancelled') GROUP BY d.state \
             UNION ALL SELECT 'in_doubt', CAST(coalesce(sum(t.mails), 0) AS BIGINT) FROM \
             (SELECT (SELECT count(*) FROM delivery d WHERE d.campaign_id = c.id \
             AND d.state = 'in_doubt' AND d.{AT_REST}) AS mails FROM campaign c) t"
        ))
    };
    let rows: Vec<(String, i64)> = on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// When the oldest mail of a running campaign that nobody has claimed became due, or will.
pub async fn oldest_due(session: &mut impl Session) -> Result<Option<Timestamp>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT min(t.next_at) FROM (SELECT (SELECT min(d.next_at) FROM delivery d \
         WHERE d.campaign_id = c.id AND d.next_at IS NOT NULL) AS next_at \
         FROM campaign c WHERE c.state = 'running') t",
    )
    .fetch_one(c)
    .await)
}
