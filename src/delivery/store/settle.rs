//! What becomes of claimed rows: many in one statement.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::super::State;
use super::attempt::pieces;
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

/// A result's values, in the order of [`statement`].
macro_rules! bound {
    ($query:expr, $result:expr, $now:expr) => {{
        let (id, fence, next) = $result;
        $query
            .bind(*id)
            .bind(*fence)
            .bind(next.state)
            .bind(next.reason)
            .bind(next.next_at)
            .bind(i64::from(next.counts))
            .bind(next.state.is_final().then_some($now))
    }};
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

/// Writes results, each for a delivery and the fence of its claim; false when a row was claimed again
/// meanwhile, and then the transaction is to be given up.
pub async fn settle_all(
    write: &mut Write,
    results: &[(DeliveryId, i64, Next<'_>)],
    now: Timestamp,
) -> Result<bool, Error> {
    let (words, mut rows) = (write.words(), 0);
    for piece in pieces(results) {
        let sql = || AssertSqlSafe(statement(words, piece.len()));
        rows += on!(write, c => {
            let query = piece.iter().fold(sqlx::query(sql()), |query, one| bound!(query, one, now));
            query.execute(c).await.map(|done| done.rows_affected())
        })?;
    }
    Ok(rows == results.len() as u64)
}

/// The same; says which of them counted. Of a row that was claimed again meanwhile nothing is written.
pub async fn settle_each(
    write: &mut Write,
    results: &[(DeliveryId, i64, Next<'_>)],
    now: Timestamp,
) -> Result<HashSet<(DeliveryId, i64)>, Error> {
    let (words, mut settled) = (write.words(), HashSet::new());
    for piece in pieces(results) {
        let returning = "RETURNING delivery.id, delivery.fence";
        let sql = || AssertSqlSafe(format!("{} {returning}", statement(words, piece.len())));
        let rows: Vec<(DeliveryId, i64)> = on!(write, c => {
            let query = piece.iter().fold(sqlx::query_as(sql()), |query, one| bound!(query, one, now));
            query.fetch_all(c).await
        })?;
        settled.extend(rows);
    }
    Ok(settled)
}

fn statement(words: &Words, rows: usize) -> String {
    let values = words.places(rows, 7);
    format!(
        "WITH result (id, fence, state, reason, next_at, counts, finished_at) AS (VALUES {values}) \
         UPDATE delivery SET state = result.state, reason = result.reason, next_at = result.next_at, \
         attempts = attempts + result.counts, finished_at = result.finished_at, owner = NULL, \
         lease_until = NULL, handed_at = NULL FROM result \
         WHERE delivery.id = result.id AND delivery.fence = result.fence AND delivery.state = 'sending'"
    )
}
