//! The relays' states as they are kept.

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

pub async fn set_relay(write: &mut Write, relay: &RelayRow) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO relay (name, state, reason, faults, held_until, changed_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (name) DO UPDATE SET state = excluded.state, reason = excluded.reason, faults = excluded.faults, \
         held_until = excluded.held_until, changed_at = excluded.changed_at",
    )
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
