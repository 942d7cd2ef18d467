//! Campaigns as a monitor looks at them.

use std::collections::BTreeMap;

use crate::db::{Error, Session, on};

/// How many campaigns are in which state.
pub async fn by_state(session: &mut impl Session) -> Result<BTreeMap<String, i64>, Error> {
    let rows: Vec<(String, i64)> = on!(session, c => sqlx::query_as(
        "SELECT state, count(*) FROM campaign GROUP BY state",
    )
    .fetch_all(c)
    .await)?;
    Ok(rows.into_iter().collect())
}
