//! What is known of a source's items, and which of their posts wait to be queued.

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};

row! {
    /// What is known of one item: an entry of a feed, or a file.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Known {
        pub item: String,
        /// Of the content that was last taken; empty before that, and while it cannot be read.
        pub hash: String,
        /// The slug of its post.
        pub post: Option<String>,
        /// What is wrong with it.
        pub finding: Option<String>,
        /// `never`, `wanted` or `done`.
        pub announce: String,
    }
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

row! {
    /// A post that its source wants queued, or of which a person was told that it is not.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Waiting {
        /// The slug.
        pub post: String,
        pub announce: String,
        /// Why it could not be queued when that was last tried, or will not be.
        pub finding: Option<String>,
        /// When it was added.
        pub since: Timestamp,
    }
}

/// Posts that wait, in the order in which they came. One whose file cannot be read now is left out.
pub async fn waiting(session: &mut impl Session, source: &str) -> Result<Vec<Waiting>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT i.post, i.announce, i.finding, p.created_at AS since \
         FROM source_item i JOIN post p ON p.slug = i.post WHERE i.source = $1 AND i.hash <> '' \
         AND (i.announce = 'wanted' OR i.finding IS NOT NULL) ORDER BY i.seen_at, i.item",
    )
    .bind(source)
    .fetch_all(c)
    .await)
}

/// Why a post that waits could not be queued: it goes on waiting (`wanted`) or does not (`never`).
pub async fn tell(
    write: &mut Write,
    source: &str,
    post: &str,
    announce: &str,
    finding: &str,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET announce = $3, finding = $4 \
         WHERE source = $1 AND post = $2 AND announce = 'wanted'",
    )
    .bind(source)
    .bind(post)
    .bind(announce)
    .bind(finding)
    .execute(c)
    .await
    .map(drop))
}

/// Nothing that this source has brought so far is queued by itself any more, and nobody need be told so.
pub async fn ask_first(write: &mut Write, source: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET announce = CASE announce WHEN 'wanted' THEN 'never' ELSE announce END, \
         finding = CASE hash WHEN '' THEN finding END \
         WHERE source = $1 AND (announce = 'wanted' OR (hash <> '' AND finding IS NOT NULL))",
    )
    .bind(source)
    .execute(c)
    .await
    .map(drop))
}

/// A post has been queued, or need not be.
pub async fn done(write: &mut Write, source: &str, post: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE source_item SET announce = 'done', finding = NULL WHERE source = $1 AND post = $2 AND hash <> '' \
         AND (announce = 'wanted' OR finding IS NOT NULL)",
    )
    .bind(source)
    .bind(post)
    .execute(c)
    .await
    .map(drop))
}
