//! What becomes of claimed rows: many in one statement.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::super::State;
use super::list;
use crate::clock::Timestamp;
use crate::db::{Error, Words, Write, on};
use crate::id::DeliveryId;

/// What a delivery becomes.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    pub state: State,
    pub reason: Option<&'a str>,
    pub next_at: Option<Timestamp>,
    pub counts: bool,
}

/// Writes a result; false when the claim is no longer the newest, and then nothing is written.
pub async fn settle(
    write: &mut Write,
    id: DeliveryId,
    fence: i64,
    next: &Next<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    settle_all(write, &[(id, fence, *next)], now).await
}

/// A delivery, the fence of its claim, and what it becomes.
type Settled<'a> = (DeliveryId, i64, Next<'a>);

/// Writes results; false when a row was claimed again meanwhile, and then the transaction is to be
/// given up.
pub async fn settle_all(
    write: &mut Write,
    results: &[Settled<'_>],
    now: Timestamp,
) -> Result<bool, Error> {
    let (words, items) = (write.words(), items(results, now)?);
    let sql = || AssertSqlSafe(statement(words));
    let rows = on!(write, c => {
        sqlx::query(sql()).bind(items).execute(c).await.map(|done| done.rows_affected())
    })?;
    Ok(rows == results.len() as u64)
}

/// The same; says which of them counted. Of a row that was claimed again meanwhile nothing is written.
pub async fn settle_each(
    write: &mut Write,
    results: &[Settled<'_>],
    now: Timestamp,
) -> Result<HashSet<(DeliveryId, i64)>, Error> {
    let (words, items) = (write.words(), items(results, now)?);
    let sql = || {
        let returning = "RETURNING delivery.id, delivery.fence";
        AssertSqlSafe(format!("{} {returning}", statement(words)))
    };
    let rows: Vec<(DeliveryId, i64)> =
        on!(write, c => sqlx::query_as(sql()).bind(items).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

/// As [`statement`] takes them.
fn items(results: &[Settled<'_>], now: Timestamp) -> Result<String, Error> {
    list(results.iter().map(|(id, fence, next)| {
        let finished_at = next.state.is_final().then_some(now.0);
        let next_at = next.next_at.map(|at| at.0);
        let Next { state, reason, counts, .. } = next;
        (id.0, fence, state.as_str(), reason, next_at, i64::from(*counts), finished_at)
    }))
}

fn statement(words: &Words) -> String {
    format!(
        "UPDATE delivery SET state = result.state, reason = result.reason, next_at = result.next_at, \
         attempts = attempts + result.counts, finished_at = result.finished_at, owner = NULL, \
         lease_until = NULL, handed_at = NULL FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, \
         CAST(value ->> 1 AS BIGINT) AS fence, value ->> 2 AS state, value ->> 3 AS reason, \
         CAST(value ->> 4 AS BIGINT) AS next_at, CAST(value ->> 5 AS BIGINT) AS counts, \
         CAST(value ->> 6 AS BIGINT) AS finished_at FROM {}) result \
         WHERE delivery.id = result.id AND delivery.fence = result.fence AND delivery.state = 'sending'",
        words.each_item
    )
}
