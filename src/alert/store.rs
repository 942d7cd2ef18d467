//! All SQL of alerts and of the summary.

mod fact;
mod summary;

pub(super) use fact::gates;
pub use fact::{Mailing, Standing, Waiting, accepted_at, canary, daemons, urgent, waiting};
pub use summary::{Summary, claim_summary, find_summary, keep_summary, settle_summary};

use std::time::Duration;

use super::Broken;
use super::fact::before;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};

/// A claim that ends later than this was made by a clock that ran wrong.
const LONGEST_CLAIM: Duration = Duration::from_hours(1);

row! {
    /// An alert as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Alert {
        pub name: String,
        pub what: String,
        pub remedy: String,
        pub since: Timestamp,
        /// It is over, and its end is yet to be told.
        pub ended_at: Option<Timestamp>,
        pub told_at: Option<Timestamp>,
        pub claimed_until: Option<Timestamp>,
    }
}

const ALERT: &str = "name, what, remedy, since, ended_at, told_at, claimed_until";

/// Nobody has a claim on it, `$1` being now and `$2` the latest that a claim can end.
const UNCLAIMED: &str = "(claimed_until IS NULL OR claimed_until NOT BETWEEN $1 AND $2)";

impl Alert {
    pub fn lasts(&self) -> bool {
        self.ended_at.is_none()
    }

    pub(super) fn says(&self, broken: &Broken) -> bool {
        self.lasts() && self.what == broken.what && self.remedy == broken.remedy
    }

    /// Nobody was told that it began, and nobody is telling it.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let claimed = self.claimed_until.is_some_and(|until| until >= now);
        !(self.lasts() || claimed) && self.told_at.is_none()
    }
}

/// Every alert, also those that are over and whose end is not told yet.
pub async fn all(session: &mut impl Session) -> Result<Vec<Alert>, Error> {
    let sql = || sqlx::AssertSqlSafe(format!("SELECT {ALERT} FROM alert ORDER BY since, name"));
    on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)
}

/// It is broken, in these words; true when a row says so for the first time, or says it anew.
pub async fn begin(write: &mut Write, name: &str, broken: &Broken) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "INSERT INTO alert (name, what, remedy, since) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
         what = excluded.what, remedy = excluded.remedy, ended_at = NULL \
         WHERE alert.ended_at IS NOT NULL OR alert.what <> excluded.what OR alert.remedy <> excluded.remedy",
    )
    .bind(name)
    .bind(&broken.what)
    .bind(&broken.remedy)
    .bind(broken.since)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// It is over; false when another daemon was first. One that is not mended goes without a word.
pub async fn end(
    write: &mut Write,
    name: &str,
    mended: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = if mended {
        on!(write, c => sqlx::query("UPDATE alert SET ended_at = $2 WHERE name = $1 AND ended_at IS NULL")
            .bind(name).bind(now).execute(c).await.map(|done| done.rows_affected()))?
    } else {
        on!(write, c => sqlx::query("DELETE FROM alert WHERE name = $1 AND ended_at IS NULL")
            .bind(name).execute(c).await.map(|done| done.rows_affected()))?
    };
    Ok(rows > 0)
}

/// Drops what is over and nobody was told of, unless somebody is telling it now.
pub async fn forget(write: &mut Write, now: Timestamp) -> Result<(), Error> {
    let latest = now.plus(LONGEST_CLAIM);
    let sql = || {
        sqlx::AssertSqlSafe(format!(
            "DELETE FROM alert WHERE ended_at IS NOT NULL AND told_at IS NULL AND {UNCLAIMED}"
        ))
    };
    on!(write, c => sqlx::query(sql()).bind(now).bind(latest).execute(c).await.map(drop))
}

/// Takes all that is to be told until `until`: what began, what has lasted for `again` since it was told,
/// and what is over and was told.
pub async fn claim(
    write: &mut Write,
    again: Duration,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<Alert>, Error> {
    let sql = || {
        sqlx::AssertSqlSafe(format!(
            "UPDATE alert SET claimed_until = $3 WHERE {UNCLAIMED} AND (CASE WHEN ended_at IS NULL \
             THEN told_at IS NULL OR told_at NOT BETWEEN $4 AND $5 ELSE told_at IS NOT NULL END) RETURNING {ALERT}"
        ))
    };
    on!(write, c => sqlx::query_as(sql())
        .bind(now).bind(now.plus(LONGEST_CLAIM)).bind(until)
        .bind(Timestamp(before(now, again).0 + 1)).bind(now.plus(again))
        .fetch_all(c).await)
}

/// The operators have been told that it is broken.
pub async fn told(write: &mut Write, alert: &Alert, now: Timestamp) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE alert SET told_at = $3, claimed_until = NULL WHERE name = $1 AND since = $2")
        .bind(&alert.name).bind(alert.since).bind(now).execute(c).await.map(drop))
}

/// They have been told that it is over. If it began again meanwhile, they do not know that.
pub async fn told_end(write: &mut Write, alert: &Alert) -> Result<(), Error> {
    on!(write, c => sqlx::query("DELETE FROM alert WHERE name = $1 AND ended_at IS NOT NULL")
        .bind(&alert.name).execute(c).await.map(drop))?;
    on!(write, c => sqlx::query("UPDATE alert SET told_at = NULL, claimed_until = NULL WHERE name = $1")
        .bind(&alert.name).execute(c).await.map(drop))
}

/// They could not be told, and are tried again after this.
pub async fn untold(write: &mut Write, alert: &Alert, after: Timestamp) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE alert SET claimed_until = $2 WHERE name = $1")
        .bind(&alert.name).bind(after).execute(c).await.map(drop))
}
