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

/// Writes a result; false when the claim is no longer the newest, and then nothing is written.
pub async fn settle(
    write: &mut Write,
    id: DeliveryId,
    fence: i64,
    next: &Next<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(!settle_all(write, &[(id, fence, *next)], now).await?.is_empty())
}

/// Writes results, each for a delivery and the fence of its claim; which of them counted. Of a row
/// that was claimed again meanwhile nothing is written.
pub async fn settle_all(
    write: &mut Write,
    results: &[(DeliveryId, i64, Next<'_>)],
    now: Timestamp,
) -> Result<HashSet<(DeliveryId, i64)>, Error> {
    let mut settled = HashSet::new();
    let words = write.words();
    for piece in pieces(results) {
        let sql = || AssertSqlSafe(statement(words, piece.len()));
        let rows: Vec<(DeliveryId, i64)> = on!(write, c => {
            let mut query = sqlx::query_as(sql());
            for (id, fence, next) in piece {
                query = query
                    .bind(*id)
                    .bind(*fence)
                    .bind(next.state)
                    .bind(next.reason)
                    .bind(next.next_at)
                    .bind(i64::from(next.counts))
                    .bind(next.state.is_final().then_some(now));
            }
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
         WHERE delivery.id = result.id AND delivery.fence = result.fence AND delivery.state = 'sending' \
         RETURNING delivery.id, delivery.fence"
    )
}
