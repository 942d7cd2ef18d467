//! Who reads a digest, what there is to read, and when it last fired.

use sqlx::AssertSqlSafe;

use crate::clock::Timestamp;
use crate::db::{Error, Session, Words, Write, on, row};
use crate::id::{PostId, SubscriberId};

/// So many people are looked at in one statement.
const PAGE: i64 = 5_000;

row! {
    /// A post as a list announced it.
    #[derive(Clone, Debug)]
    pub struct Publication {
        pub sequence: i64,
        pub post_id: PostId,
        /// The newest that was announced anywhere.
        pub version: i64,
        /// The newest that this very list announced.
        pub own: i64,
        pub list: String,
    }
}

row! {
    /// Somebody who may be given a digest.
    #[derive(Clone, Debug)]
    pub struct Reader {
        pub id: SubscriberId,
        pub discreet: bool,
        /// What they read in it, as JSON: `[["list", sequence after which it is new to them, the last that is
        /// theirs by this digest or null], …]`.
        pub lists: String,
        /// The posts they have had, as JSON: `[post, …]`.
        pub had: String,
    }
}

/// All that digests may bring, in the order it was published: no corrections, and nothing withdrawn.
pub async fn publications(session: &mut impl Session) -> Result<Vec<Publication>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT b.sequence, b.post_id, b.list, \
         (SELECT max(n.version) FROM publication n WHERE n.post_id = b.post_id) AS version, \
         (SELECT max(n.version) FROM publication n WHERE n.post_id = b.post_id AND n.list = b.list) AS own \
         FROM publication b JOIN post p ON p.id = b.post_id \
         WHERE NOT b.correction AND p.withdrawn_at IS NULL ORDER BY b.sequence",
    )
    .fetch_all(c)
    .await)
}

/// Those of the next page of people who read a digest, and the last of the page; none after everybody.
pub async fn readers(
    session: &mut impl Session,
    words: &Words,
    digest: &str,
    after: SubscriberId,
) -> Result<Option<(SubscriberId, Vec<Reader>)>, Error> {
    let last: Option<SubscriberId> = on!(session, c => sqlx::query_scalar(
        "SELECT max(id) FROM (SELECT id FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2) page",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_one(c)
    .await)?;
    let Some(last) = last else { return Ok(None) };
    Ok(Some((last, among(session, words, digest, (after, last)).await?)))
}

/// One person, if they read the digest.
pub async fn reader(
    session: &mut impl Session,
    words: &Words,
    digest: &str,
    id: SubscriberId,
) -> Result<Vec<Reader>, Error> {
    among(session, words, digest, (SubscriberId(id.0 - 1), id)).await
}

/// Whoever reads a digest, or has left it for mails at once and lacks what had come until then, and may be
/// mailed, among the people after the first and up to the last.
///
/// The bounds are said of both tables: each is then read along its own index, however much there is of it.
/// Postgres plans it anew for each page: of a ledger that was empty when a plan was made, the plan would
/// go on reading all for each reader.
async fn among(
    session: &mut impl Session,
    Words { all_items, item, .. }: &Words,
    digest: &str,
    (after, last): (SubscriberId, SubscriberId),
) -> Result<Vec<Reader>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT s.id, s.discreet, CAST({all_items}({item}(u.list, u.from_sequence, \
             CASE WHEN u.cadence <> $1 THEN u.left_sequence END)) AS TEXT) AS lists, \
             coalesce((SELECT CAST({all_items}(g.post_id) AS TEXT) FROM ledger g \
                 WHERE g.subscriber_id = s.id AND g.purpose = 'post'), '[]') AS had \
             FROM subscriber s JOIN subscription u ON u.subscriber_id = s.id \
             WHERE s.id > $2 AND s.id <= $3 AND u.subscriber_id > $2 AND u.subscriber_id <= $3 \
             AND (u.cadence = $1 OR u.left_digest = $1) AND u.state = 'active' AND s.email IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) \
             GROUP BY s.id ORDER BY s.id"
        ))
    };
    on!(session, c => sqlx::query_as(sql()).persistent(false)
        .bind(digest).bind(after).bind(last).fetch_all(c).await)
}

/// The last firing of a digest that was planned.
pub async fn fired(session: &mut impl Session, digest: &str) -> Result<Option<Timestamp>, Error> {
    on!(session, c => sqlx::query_scalar("SELECT fired_at FROM digest WHERE name = $1")
        .bind(digest).fetch_optional(c).await)
}

/// Takes a firing; false when this one or a later one was taken already.
pub async fn take_firing(write: &mut Write, digest: &str, at: Timestamp) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "INSERT INTO digest (name, fired_at) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET fired_at = excluded.fired_at, skipped_at = NULL \
         WHERE digest.fired_at < excluded.fired_at",
    )
    .bind(digest)
    .bind(at)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// The firing that was left out last, or none: it has been made up for.
pub async fn set_skipped(
    write: &mut Write,
    digest: &str,
    at: Option<Timestamp>,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE digest SET skipped_at = $2 WHERE name = $1")
        .bind(digest).bind(at).execute(c).await.map(drop))
}

/// Digests whose last firing was left out, and when that would have been.
pub async fn skipped(session: &mut impl Session) -> Result<Vec<(String, Timestamp)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT name, skipped_at FROM digest WHERE skipped_at IS NOT NULL ORDER BY name",
    )
    .fetch_all(c)
    .await)
}

/// Digests that people left for mails at once while something of theirs waited, and how many people.
pub async fn left_waiting(session: &mut impl Session) -> Result<Vec<(String, i64)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT u.left_digest, count(DISTINCT u.subscriber_id) FROM subscription u \
         JOIN publication b ON b.list = u.list AND b.sequence > u.from_sequence AND b.sequence <= u.left_sequence \
         JOIN post p ON p.id = b.post_id \
         WHERE u.left_digest IS NOT NULL AND u.state = 'active' AND NOT b.correction AND p.withdrawn_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM ledger g WHERE g.subscriber_id = u.subscriber_id AND g.post_id = b.post_id \
             AND g.purpose = 'post') GROUP BY u.left_digest ORDER BY u.left_digest",
    )
    .fetch_all(c)
    .await)
}

/// As if the digest had fired last at `at`, unless another firing than `fired` was taken meanwhile.
pub async fn forget_firing(
    write: &mut Write,
    digest: &str,
    fired: Timestamp,
    at: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE digest SET fired_at = $3 WHERE name = $1 AND fired_at = $2")
        .bind(digest).bind(fired).bind(at).execute(c).await.map(drop))
}
