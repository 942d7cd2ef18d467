//! The attempt log: it only grows.

use sqlx::AssertSqlSafe;

use super::list;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::DeliveryId;

/// One try, as it is kept for ever.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    pub delivery: DeliveryId,
    pub at: Timestamp,
    pub relay: &'a str,
    pub outcome: &'static str,
    pub stage: String,
    pub code: Option<i64>,
    pub enhanced: Option<&'a str>,
    pub text: &'a str,
    /// Of a refusal only.
    pub bearing: Option<&'static str>,
    pub duration_ms: i64,
}

pub async fn append(write: &mut Write, attempt: &Attempt<'_>) -> Result<(), Error> {
    append_all(write, std::slice::from_ref(attempt)).await
}

/// In one statement, however many there are.
pub async fn append_all(write: &mut Write, attempts: &[Attempt<'_>]) -> Result<(), Error> {
    if attempts.is_empty() {
        return Ok(());
    }
    let each_item = write.words().each_item;
    let sql = || {
        AssertSqlSafe(format!(
            "INSERT INTO attempt (delivery_id, at, duration_ms, code, relay, outcome, stage, enhanced, text, bearing) \
             SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT), \
             CAST(value ->> 3 AS BIGINT), value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9 \
             FROM {each_item}"
        ))
    };
    let rows = list(attempts.iter().map(|a| {
        let Attempt { relay, outcome, code, enhanced, text, bearing, duration_ms, .. } = a;
        let (delivery, at, stage) = (a.delivery.0, a.at.0, a.stage.as_str());
        (delivery, at, duration_ms, code, relay, outcome, stage, enhanced, text, bearing)
    }))?;
    on!(write, c => sqlx::query(sql()).bind(rows).execute(c).await.map(drop))
}

/// When each relay was last tried, as far as it is among the newest thousand tries: of a relay that is
/// not, others were tried so often since that it can hardly have a low rate of its own to keep.
pub async fn last_tries(session: &mut impl Session) -> Result<Vec<(String, Timestamp)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT relay, max(at) FROM (SELECT relay, at FROM attempt ORDER BY id DESC LIMIT 1000) newest \
         GROUP BY relay ORDER BY relay",
    )
    .fetch_all(c)
    .await)
}
