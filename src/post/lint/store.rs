//! All SQL of what people let go.

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};
use crate::id::PostId;

row! {
    /// A rule that somebody let go for one content of a post.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Allowance {
        pub rule: String,
        pub reason: String,
        /// The name they were logged in under.
        pub allowed_by: String,
        pub allowed_at: Timestamp,
    }
}

/// What was let go for this content, the oldest first.
pub async fn allowed(
    session: &mut impl Session,
    slug: &str,
    hash: &str,
) -> Result<Vec<Allowance>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT rule, reason, allowed_by, allowed_at FROM allowance WHERE slug = $1 AND hash = $2 ORDER BY id",
    )
    .bind(slug)
    .bind(hash)
    .fetch_all(c)
    .await)
}

/// What was let go for a version of a post, the oldest first.
pub async fn allowed_in(
    session: &mut impl Session,
    post: PostId,
    version: i64,
) -> Result<Vec<Allowance>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT a.rule, a.reason, a.allowed_by, a.allowed_at FROM post_version v JOIN post p ON p.id = v.post_id \
         JOIN allowance a ON a.slug = p.slug AND a.hash = v.hash WHERE v.post_id = $1 AND v.version = $2 ORDER BY a.id",
    )
    .bind(post)
    .bind(version)
    .fetch_all(c)
    .await)
}

/// Lets a rule go for this content; said again in the same words, it is kept once.
pub async fn allow(
    write: &mut Write,
    slug: &str,
    hash: &str,
    new: &Allowance,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO allowance (slug, hash, rule, reason, allowed_by, allowed_at) \
         SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM allowance \
         WHERE slug = $1 AND hash = $2 AND rule = $3 AND reason = $4 AND allowed_by = $5)",
    )
    .bind(slug)
    .bind(hash)
    .bind(&new.rule)
    .bind(&new.reason)
    .bind(&new.allowed_by)
    .bind(new.allowed_at)
    .execute(c)
    .await
    .map(drop))
}
