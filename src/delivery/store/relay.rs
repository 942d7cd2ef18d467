//! The relays' states as they are kept.

use sqlx::AssertSqlSafe;

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};

row! {
    /// A relay's state as it is kept.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RelayRow {
        pub name: String,
        pub state: String,
        pub reason: Option<String>,
        pub faults: i64,
        pub held_until: Option<Timestamp>,
        pub changed_at: Timestamp,
    }
}

pub async fn relays(session: &mut impl Session) -> Result<Vec<RelayRow>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT name, state, reason, faults, held_until, changed_at FROM relay ORDER BY name",
    )
    .fetch_all(c)
    .await)
}

/// What a person says of a relay: it stands, whatever was there.
pub async fn set_relay(write: &mut Write, relay: &RelayRow) -> Result<(), Error> {
    put(write, relay, "").await
}

/// What a daemon has found out about a relay. It changes nothing about one that a person has paused:
/// its last answers may come after that.
pub async fn note_relay(write: &mut Write, relay: &RelayRow) -> Result<(), Error> {
    put(write, relay, " WHERE relay.state <> 'paused'").await
}

/// The time of the change only grows, also when a clock was set back: daemons follow what is newer.
async fn put(write: &mut Write, relay: &RelayRow, unless: &str) -> Result<(), Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "INSERT INTO relay (name, state, reason, faults, held_until, changed_at, held_since) \
             VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $2 = 'held' THEN $6 END) \
             ON CONFLICT (name) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
             faults = excluded.faults, held_until = excluded.held_until, held_since = CASE \
             WHEN excluded.state = 'held' THEN coalesce(relay.held_since, excluded.held_since) END, changed_at = \
             CASE WHEN relay.changed_at < excluded.changed_at THEN excluded.changed_at ELSE relay.changed_at + 1 END{unless}"
        ))
    };
    on!(write, c => sqlx::query(sql())
    .bind(&relay.name)
    .bind(&relay.state)
    .bind(&relay.reason)
    .bind(relay.faults)
    .bind(relay.held_until)
    .bind(relay.changed_at)
    .execute(c)
    .await
    .map(drop))
}
