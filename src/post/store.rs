//! All SQL of posts.

mod event;

pub use event::{Event, ensure_event, event, raise_sequence};

use sqlx::AssertSqlSafe;

use super::{File, Kind};
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};
use crate::id::PostId;
use crate::line::Line;

row! {
    /// A version of a post as it is kept: the file it was read from, and what lists of posts show.
    #[derive(Clone, Debug)]
    pub struct Stored {
        pub id: PostId,
        pub slug: String,
        pub version: i64,
        pub kind: Kind,
        pub title: Line,
        pub source: String,
        pub hash: String,
        pub created_at: Timestamp,
        pub withdrawn_at: Option<Timestamp>,
        /// When it was first announced, on any list.
        pub published_at: Option<Timestamp>,
    }
}

row! {
    struct FileRow {
        name: String,
        content_type: String,
        bytes: Vec<u8>,
    }
}

const STORED: &str = "SELECT p.id, p.slug, v.version, v.kind, v.title, v.source, v.hash, v.created_at, p.withdrawn_at, \
    (SELECT min(b.published_at) FROM publication b WHERE b.post_id = v.post_id AND b.version = v.version) AS published_at \
    FROM post p JOIN post_version v ON v.post_id = p.id ";

/// The newest version of a post.
pub async fn newest(session: &mut impl Session, slug: &str) -> Result<Option<Stored>, Error> {
    let sql =
        || AssertSqlSafe(format!("{STORED} WHERE p.slug = $1 ORDER BY v.version DESC LIMIT 1"));
    on!(session, c => sqlx::query_as(sql()).bind(slug).fetch_optional(c).await)
}

pub async fn version(
    session: &mut impl Session,
    id: PostId,
    version: i64,
) -> Result<Stored, Error> {
    let sql = || AssertSqlSafe(format!("{STORED} WHERE v.post_id = $1 AND v.version = $2"));
    on!(session, c => sqlx::query_as(sql()).bind(id).bind(version).fetch_one(c).await)
}

/// The slugs of all posts that are called so, or so with something behind it.
pub async fn called(session: &mut impl Session, slug: &str) -> Result<Vec<String>, Error> {
    on!(session, c => sqlx::query_scalar("SELECT slug FROM post WHERE slug = $1 OR slug LIKE $1 || '-%'")
        .bind(slug).fetch_all(c).await)
}

/// The newest version of every post, the newest post first.
pub async fn all(session: &mut impl Session) -> Result<Vec<Stored>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "{STORED} WHERE v.version = (SELECT max(n.version) FROM post_version n WHERE n.post_id = p.id) \
         ORDER BY p.id DESC"
        ))
    };
    on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)
}

/// The newest announced version of every post that is not withdrawn, the newest announcement first.
pub async fn published(session: &mut impl Session) -> Result<Vec<Stored>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "{STORED} WHERE p.withdrawn_at IS NULL AND v.version = \
         (SELECT max(b.version) FROM publication b WHERE b.post_id = p.id) ORDER BY published_at DESC, p.id DESC"
        ))
    };
    on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)
}

/// The newest announced version of one post, unless it is withdrawn.
pub async fn published_one(
    session: &mut impl Session,
    slug: &str,
) -> Result<Option<Stored>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "{STORED} WHERE p.slug = $1 AND p.withdrawn_at IS NULL AND v.version = \
         (SELECT max(b.version) FROM publication b WHERE b.post_id = p.id)"
        ))
    };
    on!(session, c => sqlx::query_as(sql()).bind(slug).fetch_optional(c).await)
}

pub async fn files(
    session: &mut impl Session,
    id: PostId,
    version: i64,
) -> Result<Vec<File>, Error> {
    let rows: Vec<FileRow> = on!(session, c => sqlx::query_as(
        "SELECT name, content_type, bytes FROM post_file WHERE post_id = $1 AND version = $2 ORDER BY name",
    )
    .bind(id)
    .bind(version)
    .fetch_all(c)
    .await)?;
    Ok(rows
        .into_iter()
        .map(|FileRow { name, content_type, bytes }| File { name, content_type, bytes })
        .collect())
}

/// Makes the post when it is new, and says its id.
pub async fn insert(write: &mut Write, slug: &str, now: Timestamp) -> Result<PostId, Error> {
    on!(write, c => sqlx::query_scalar(
        "INSERT INTO post (slug, created_at) VALUES ($1, $2) \
         ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id",
    )
    .bind(slug)
    .bind(now)
    .fetch_one(c)
    .await)
}

/// What a version is made of.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    pub version: i64,
    pub kind: Kind,
    pub title: &'a Line,
    pub source: &'a str,
    pub hash: &'a str,
    pub files: &'a [File],
}

pub async fn insert_version(
    write: &mut Write,
    id: PostId,
    new: &NewVersion<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO post_version (post_id, version, kind, title, source, hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(new.version)
    .bind(new.kind)
    .bind(new.title)
    .bind(new.source)
    .bind(new.hash)
    .bind(now)
    .execute(c)
    .await
    .map(drop))?;
    for file in new.files {
        on!(write, c => sqlx::query(
            "INSERT INTO post_file (post_id, version, name, content_type, bytes) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(new.version)
        .bind(&file.name)
        .bind(&file.content_type)
        .bind(&file.bytes)
        .execute(c)
        .await
        .map(drop))?;
    }
    Ok(())
}

/// True when the post was not withdrawn before.
pub async fn withdraw(write: &mut Write, id: PostId, now: Timestamp) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query("UPDATE post SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL")
        .bind(id).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Announces a version on a list under the next sequence number. Announced again it gets a new
/// number, so that digest readers who came meanwhile have it in their next digest; the ledger
/// leaves out whoever had it.
pub async fn publish(
    write: &mut Write,
    id: PostId,
    version: i64,
    list: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sequence = next_sequence(write).await?;
    on!(write, c => sqlx::query(
        "INSERT INTO publication (sequence, post_id, version, list, published_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (post_id, version, list) DO UPDATE SET sequence = excluded.sequence, correction = false",
    )
    .bind(sequence)
    .bind(id)
    .bind(version)
    .bind(list)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Puts a correction into the archive, on a list that had an earlier version. It is no news there: digests
/// bring it in place of the earlier version, to those who have that still to come.
pub async fn publish_correction(
    write: &mut Write,
    id: PostId,
    version: i64,
    list: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sequence = next_sequence(write).await?;
    on!(write, c => sqlx::query(
        "INSERT INTO publication (sequence, post_id, version, list, published_at, correction) \
         VALUES ($1, $2, $3, $4, $5, true) ON CONFLICT (post_id, version, list) DO NOTHING",
    )
    .bind(sequence)
    .bind(id)
    .bind(version)
    .bind(list)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Raising the counter holds its row until the commit, so numbers become visible in order.
async fn next_sequence(write: &mut Write) -> Result<i64, Error> {
    on!(write, c => sqlx::query_scalar(
        "UPDATE counter SET value = value + 1 WHERE name = 'publication' RETURNING value",
    )
    .fetch_one(c)
    .await)
}

/// The newest version before this one that was announced.
pub async fn announced_before(
    session: &mut impl Session,
    id: PostId,
    version: i64,
) -> Result<Option<i64>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT max(version) FROM publication WHERE post_id = $1 AND version < $2",
    )
    .bind(id)
    .bind(version)
    .fetch_one(c)
    .await)
}

/// The newest version that was announced; of a post that is withdrawn, too.
pub async fn announced(session: &mut impl Session, id: PostId) -> Result<Option<i64>, Error> {
    on!(session, c => sqlx::query_scalar("SELECT max(version) FROM publication WHERE post_id = $1")
        .bind(id).fetch_one(c).await)
}

/// The newest version that each list announced of a post, in the order in which they first announced it.
pub async fn announced_by_list(
    session: &mut impl Session,
    id: PostId,
) -> Result<Vec<(String, i64)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT list, max(version) FROM publication WHERE post_id = $1 GROUP BY list ORDER BY min(sequence)",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}

/// The lists on which any version of a post was announced, in the order in which that happened.
pub async fn announced_on(session: &mut impl Session, id: PostId) -> Result<Vec<String>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT list FROM publication WHERE post_id = $1 GROUP BY list ORDER BY min(sequence)",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}
