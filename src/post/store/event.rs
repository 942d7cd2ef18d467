//! The event that a meeting is in people's calendars.

use sqlx::AssertSqlSafe;

use crate::db::{Error, Session, Write, on, row};
use crate::id::PostId;

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Event {
        /// Random, for the life of the post (RFC 7986 §5.3).
        pub uid: String,
        /// Of what is announced from now on; a campaign keeps the one it began with.
        pub sequence: i64,
    }
}

/// None of a post that never had a meeting.
pub async fn event(session: &mut impl Session, id: PostId) -> Result<Option<Event>, Error> {
    on!(session, c => sqlx::query_as("SELECT uid, sequence FROM event WHERE post_id = $1")
        .bind(id).fetch_optional(c).await)
}

/// Makes the event of a post unless it has one.
pub async fn ensure_event(write: &mut Write, id: PostId) -> Result<(), Error> {
    let uid = write.words().random_hex;
    let sql = || {
        AssertSqlSafe(format!(
            "INSERT INTO event (post_id, uid) VALUES ($1, {uid}) ON CONFLICT (post_id) DO NOTHING"
        ))
    };
    on!(write, c => sqlx::query(sql()).bind(id).execute(c).await.map(drop))
}

/// Raises the sequence: what is announced after this replaces what calendars have (RFC 5546 §2.1.4).
/// The new one, or none of a post that never had a meeting.
///
/// Its row is held until the commit, so that of two who raise it each gets a number of its own; a
/// campaign that is to carry it is inserted in the same transaction.
pub async fn raise_sequence(write: &mut Write, id: PostId) -> Result<Option<i64>, Error> {
    on!(write, c => sqlx::query_scalar(
        "UPDATE event SET sequence = sequence + 1 WHERE post_id = $1 RETURNING sequence",
    )
    .bind(id)
    .fetch_optional(c)
    .await)
}
