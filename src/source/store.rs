//! All SQL of sources.

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
        /// When it was last read, or found to be unchanged; None before the first look.
        pub polled_at: Option<Timestamp>,
        pub next_at: Timestamp,
        /// In a row.
        pub faults: i64,
        pub error: Option<String>,
        pub fence: i64,
    }
}

row! {
    /// What is known of one item: an entry of a feed, or a file.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Known {
        pub item: String,
        /// Of the content that was last taken; empty before that.
        pub hash: String,
        /// The slug of its post.
        pub post: Option<String>,
        /// What is wrong with it.
        pub finding: Option<String>,
        /// `never`, `wanted` or `done`.
        pub announce: String,
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

/// Holds the source's row until the commit; false when somebody else has taken it meanwhile.
pub async fn hold(write: &mut Write, standing: &Standing) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query("UPDATE source SET fence = fence WHERE name = $1 AND fence = $2")
        .bind(&standing.name).bind(standing.fence).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows > 0)
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

/// All that is known of a source's items.
pub async fn items(session: &mut impl Session, source: &str) -> Result<Vec<Known>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT item, hash, post, finding, announce FROM source_item WHERE source = $1 ORDER BY item",
    )
    .bind(source)
    .fetch_all(c)
    .await)
}

pub async fn keep(
    write: &mut Write,
    source: &str,
    known: &Known,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO source_item (source, item, hash, post, finding, announce, seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, item) DO UPDATE SET \
         hash = excluded.hash, post = excluded.post, finding = excluded.finding, announce = excluded.announce",
    )
    .bind(source)
    .bind(&known.item)
    .bind(&known.hash)
    .bind(&known.post)
    .bind(&known.finding)
    .bind(&known.announce)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// The post that some source made of this very content.
pub async fn same_content(session: &mut impl Session, hash: &str) -> Result<Option<String>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT post FROM source_item WHERE hash = $1 AND post IS NOT NULL ORDER BY seen_at, source LIMIT 1",
    )
    .bind(hash)
    .fetch_optional(c)
    .await)
}

/// Where a post comes from, if it comes by itself: the sources' names and the items.
pub async fn owners(
    session: &mut impl Session,
    post: &str,
) -> Result<Vec<(String, String)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT source, item FROM source_item WHERE post = $1 ORDER BY source, item",
    )
    .bind(post)
    .fetch_all(c)
    .await)
}

/// Posts that this source wants queued, in the order in which they came, and what was wrong with each
/// when that was last tried.
pub async fn wanted(
    session: &mut impl Session,
    source: &str,
) -> Result<Vec<(String, Option<String>)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT post, finding FROM source_item WHERE source = $1 AND announce = 'wanted' AND post IS NOT NULL \
         ORDER BY seen_at, item",
    )
    .bind(source)
    .fetch_all(c)
    .await)
}

/// A post could not be queued.
pub async fn stuck(
    write: &mut Write,
    source: &str,
    post: &str,
    finding: &str,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET finding = $3 WHERE source = $1 AND post = $2 AND announce = 'wanted'",
    )
    .bind(source)
    .bind(post)
    .bind(finding)
    .execute(c)
    .await
    .map(drop))
}

/// Nothing that this source has brought so far is queued by itself any more.
pub async fn ask_first(write: &mut Write, source: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET announce = 'never' WHERE source = $1 AND announce = 'wanted'",
    )
    .bind(source)
    .execute(c)
    .await
    .map(drop))
}

/// A post has been queued, or need not be.
pub async fn done(write: &mut Write, source: &str, post: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET announce = 'done', finding = NULL WHERE source = $1 AND post = $2 AND announce = 'wanted'",
    )
    .bind(source)
    .bind(post)
    .execute(c)
    .await
    .map(drop))
}
