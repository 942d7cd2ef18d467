//! The attempt log: it only grows.

use sqlx::AssertSqlSafe;

use crate::clock::Timestamp;
use crate::db::{Error, Words, Write, on};
use crate::id::DeliveryId;

/// How many rows one statement writes, at most.
const ROWS: usize = 128;

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

pub async fn append_all(write: &mut Write, attempts: &[Attempt<'_>]) -> Result<(), Error> {
    let words = write.words();
    for piece in pieces(attempts) {
        let sql = || AssertSqlSafe(statement(words, piece.len()));
        on!(write, c => {
            let mut query = sqlx::query(sql());
            for attempt in piece {
                query = query
                    .bind(attempt.delivery)
                    .bind(attempt.at)
                    .bind(attempt.relay)
                    .bind(attempt.outcome)
                    .bind(attempt.stage.as_str())
                    .bind(attempt.code)
                    .bind(attempt.enhanced)
                    .bind(attempt.text)
                    .bind(attempt.bearing)
                    .bind(attempt.duration_ms);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

fn statement(words: &Words, rows: usize) -> String {
    let values = words.places(rows, 10);
    format!(
        "INSERT INTO attempt (delivery_id, at, relay, outcome, stage, code, enhanced, text, bearing, duration_ms) \
         VALUES {values}"
    )
}

/// Of lengths that are powers of two, so that there are few statements to prepare.
pub(super) fn pieces<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = all;
    std::iter::from_fn(move || {
        let length = rest.len().checked_ilog2()?;
        let (piece, others) = rest.split_at((1 << length).min(ROWS));
        rest = others;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_and_lose_nobody() {
        for length in [0, 1, 2, 7, 128, 129, 300] {
            let all: Vec<_> = (0..length).collect();
            let pieces: Vec<_> = pieces(&all).collect();
            assert_eq!(pieces.concat(), all);
            assert!(
                pieces.iter().all(|piece| piece.len().is_power_of_two() && piece.len() <= ROWS)
            );
        }
    }
}
