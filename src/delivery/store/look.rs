//! Deliveries as people look at them.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::super::State;
use super::AT_REST;
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Error, Session, on, row};
use crate::id::{CampaignId, DeliveryId};

/// How many mails are in which state, over all campaigns; accepted ones left out. Those that wait, those
/// under way and those at rest are each in an index of their own.
pub async fn totals(session: &mut impl Session) -> Result<BTreeMap<String, i64>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT state, count(*) FROM delivery WHERE next_at IS NOT NULL GROUP BY state \
             UNION ALL SELECT state, count(*) FROM delivery WHERE owner IS NOT NULL GROUP BY state \
             UNION ALL SELECT state, count(*) FROM delivery WHERE {AT_REST} AND state <> 'accepted' GROUP BY state"
        ))
    };
    let rows: Vec<(String, i64)> = on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}

row! {
    /// A delivery as people look at it.
    #[derive(Clone, Debug)]
    pub struct Shown {
        pub id: DeliveryId,
        pub campaign_id: CampaignId,
        pub email: Option<EmailAddress>,
        pub state: State,
        pub reason: Option<String>,
        pub attempts: i64,
        pub message_id: String,
        pub next_at: Option<Timestamp>,
        pub relay: Option<String>,
        pub stage: Option<String>,
        pub code: Option<i64>,
        pub enhanced: Option<String>,
        pub text: Option<String>,
    }
}

/// Which deliveries somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub campaign: Option<CampaignId>,
    pub state: Option<State>,
    /// `EmailAddress::key`
    pub email_key: Option<String>,
    pub id: Option<DeliveryId>,
}

/// Deliveries above `after`, in the order of their ids, each with the last reply.
pub async fn shown(
    session: &mut impl Session,
    filter: &Filter,
    after: DeliveryId,
    limit: i64,
) -> Result<Vec<Shown>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT d.id, d.campaign_id, s.email, d.state, d.reason, d.attempts, d.message_id, d.next_at, \
         a.relay, a.stage, a.code, a.enhanced, a.text FROM delivery d \
         JOIN subscriber s ON s.id = d.subscriber_id \
         LEFT JOIN attempt a ON a.id = (SELECT max(b.id) FROM attempt b WHERE b.delivery_id = d.id) \
         WHERE d.id > $1 AND ($2 = 0 OR d.campaign_id = $2) AND ($3 = '' OR d.state = $3) \
         AND ($4 = '' OR s.email_key = $4) AND ($5 = 0 OR d.id = $5) ORDER BY d.id LIMIT $6",
    )
    .bind(after)
    .bind(filter.campaign.map_or(0, |id| id.0))
    .bind(filter.state.map_or("", State::as_str))
    .bind(filter.email_key.as_deref().unwrap_or(""))
    .bind(filter.id.map_or(0, |id| id.0))
    .bind(limit)
    .fetch_all(c)
    .await)
}

row! {
    /// One try, as people look at it.
    #[derive(Clone, Debug)]
    pub struct Tried {
        pub at: Timestamp,
        pub relay: String,
        pub outcome: String,
        pub stage: String,
        pub code: Option<i64>,
        pub enhanced: Option<String>,
        pub text: String,
        pub duration_ms: i64,
    }
}

pub async fn attempts(session: &mut impl Session, id: DeliveryId) -> Result<Vec<Tried>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT at, relay, outcome, stage, code, enhanced, text, duration_ms FROM attempt \
         WHERE delivery_id = $1 ORDER BY id",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}
