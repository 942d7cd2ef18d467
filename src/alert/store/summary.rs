//! The summary's one row.

use std::time::Duration;

use super::{LONGEST_CLAIM, UNCLAIMED};
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};

/// A firing further ahead than this was taken by a clock that ran wrong and was put right since.
const AHEAD: Duration = Duration::from_hours(24);

row! {
    /// The last firing that was taken, and the last that is settled.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Summary {
        pub fired_at: Timestamp,
        pub settled_at: Timestamp,
    }
}

pub async fn find_summary(session: &mut impl Session) -> Result<Option<Summary>, Error> {
    on!(session, c => sqlx::query_as("SELECT fired_at, settled_at FROM summary").fetch_optional(c).await)
}

/// A summary that is new to the database begins with its next firing.
pub async fn keep_summary(write: &mut Write, firing: Timestamp) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO summary (id, fired_at, settled_at) VALUES (1, $1, $1) ON CONFLICT (id) DO NOTHING",
    )
    .bind(firing)
    .execute(c)
    .await
    .map(drop))
}

/// Takes a firing, and the claim to settle it until `until`; false when it is settled, or another's.
pub async fn claim_summary(
    write: &mut Write,
    firing: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = || {
        sqlx::AssertSqlSafe(format!(
            "UPDATE summary SET fired_at = $4, claimed_until = $3 \
             WHERE {UNCLAIMED} AND settled_at <> $4 AND (fired_at <= $4 OR fired_at > $5)"
        ))
    };
    let rows = on!(write, c => sqlx::query(sql())
        .bind(now).bind(now.plus(LONGEST_CLAIM)).bind(until).bind(firing).bind(now.plus(AHEAD))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// A firing that is dealt with, or (`later`) to be tried again after that.
pub async fn settle_summary(
    write: &mut Write,
    firing: Timestamp,
    later: Option<Timestamp>,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE summary SET claimed_until = $2, settled_at = CASE WHEN $3 THEN $1 ELSE settled_at END \
         WHERE fired_at = $1",
    )
    .bind(firing)
    .bind(later)
    .bind(later.is_none())
    .execute(c)
    .await
    .map(drop))
}
