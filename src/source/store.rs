//! All SQL of sources.

mod item;

pub use item::{Known, Waiting, ask_first, done, items, keep, owners, same_content, tell, waiting};

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};

row! {
    /// How a source stands.
    #[derive(Clone, Debug)]
    pub struct Standing {
        pub name: String,
        pub location: String,
        pub etag: Option<String>,
        pub last_modified: Option<String>,
        /// When it was last read, or found to be unchanged; None until a look finds something.
        pub polled_at: Option<Timestamp>,
        pub next_at: Timestamp,
        /// In a row.
        pub faults: i64,
        pub error: Option<String>,
        pub fence: i64,
    }
}

/// Makes a source known. One that has moved begins anew: what the new place holds is old news.
pub async fn declare(
    write: &mut Write,
    name: &str,
    location: &str,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO source (name, location, next_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
         SET location = excluded.location, etag = NULL, last_modified = NULL, polled_at = NULL, \
         next_at = excluded.next_at, faults = 0, error = NULL, busy_until = NULL, fence = source.fence + 1 \
         WHERE source.location <> excluded.location",
    )
    .bind(name)
    .bind(location)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Takes a source to look at it until `lease`; None when it is not due, or somebody has it.
pub async fn claim(
    write: &mut Write,
    name: &str,
    due: Timestamp,
    now: Timestamp,
    lease: Timestamp,
) -> Result<Option<Standing>, Error> {
    on!(write, c => sqlx::query_as(
        "UPDATE source SET busy_until = $4, fence = fence + 1 \
         WHERE name = $1 AND next_at <= $2 AND (busy_until IS NULL OR busy_until <= $3) \
         RETURNING name, location, etag, last_modified, polled_at, next_at, faults, error, fence",
    )
    .bind(name)
    .bind(due)
    .bind(now)
    .bind(lease)
    .fetch_optional(c)
    .await)
}

/// Holds the source's row until the commit, and its claim until `lease`; false when somebody else has
/// taken it meanwhile.
pub async fn hold(write: &mut Write, standing: &Standing, lease: Timestamp) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query("UPDATE source SET busy_until = $3 WHERE name = $1 AND fence = $2")
        .bind(&standing.name)
        .bind(standing.fence)
        .bind(lease)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Gives up a claim, and leaves all else as it is.
pub async fn let_go(write: &mut Write, standing: &Standing) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE source SET busy_until = NULL WHERE name = $1 AND fence = $2")
        .bind(&standing.name).bind(standing.fence).execute(c).await.map(drop))
}

/// Writes down how a look went, and lets the source go.
pub async fn release(write: &mut Write, standing: &Standing) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE source SET etag = $3, last_modified = $4, polled_at = $5, next_at = $6, faults = $7, \
         error = $8, busy_until = NULL WHERE name = $1 AND fence = $2",
    )
    .bind(&standing.name)
    .bind(standing.fence)
    .bind(&standing.etag)
    .bind(&standing.last_modified)
    .bind(standing.polled_at)
    .bind(standing.next_at)
    .bind(standing.faults)
    .bind(&standing.error)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Every source that was ever looked at, also those no longer configured.
pub async fn all(session: &mut impl Session) -> Result<Vec<Standing>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT name, location, etag, last_modified, polled_at, next_at, faults, error, fence \
         FROM source ORDER BY name",
    )
    .fetch_all(c)
    .await)
}
