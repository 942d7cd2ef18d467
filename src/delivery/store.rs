//! All SQL of deliveries, attempts and relays.

mod look;
mod relay;

pub use look::{Filter, Shown, Tried, attempts, shown, totals};
pub use relay::{RelayRow, relays, set_relay};

use std::collections::HashMap;

use sqlx::AssertSqlSafe;

use super::{Claim, Errand, State};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::column::text_column;
use crate::db::{Db, Error, Session, Write, on, row};
use crate::id::{CampaignId, DeliveryId, RenditionId, SubscriptionId};
use crate::line::Line;

text_column!(State);

row! {
    struct ClaimRow {
        id: DeliveryId,
        fence: i64,
        campaign_id: CampaignId,
        rendition_id: RenditionId,
        email: Option<EmailAddress>,
        name: Option<Line>,
        message_id: String,
        dated_at: Option<Timestamp>,
        attempts: i64,
        expires_at: Timestamp,
        unwanted: String,
    }
}

/// Subscription `u` is one that delivery `d` of campaign `c` comes by: on one of the campaign's
/// lists, and for a digest in that digest, or on the list of a post that this copy holds.
const COMES_BY: &str = "u.subscriber_id = d.subscriber_id AND u.state = 'active' \
     AND (c.digest IS NULL OR u.cadence = c.digest \
         OR u.list IN (SELECT r.list FROM rendition_post r WHERE r.rendition_id = d.rendition_id))";

/// Why delivery `d` of campaign `c` to subscriber `s` must not go out at `$2`, or nothing.
///
/// One phrase for the claim and for the last look, so that they cannot disagree.
fn unwanted() -> String {
    format!(
        "CASE WHEN s.email IS NULL THEN 'erased' \
         WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) THEN 'suppressed' \
         WHEN s.discreet THEN 'unsafe' \
         WHEN NOT EXISTS (SELECT 1 FROM campaign_list l JOIN subscription u ON u.list = l.list \
             WHERE l.campaign_id = c.id AND {COMES_BY}) THEN 'unsubscribed' \
         WHEN EXISTS (SELECT 1 FROM rendition_post r JOIN post p ON p.id = r.post_id \
             WHERE r.rendition_id = d.rendition_id AND p.withdrawn_at IS NOT NULL) THEN 'withdrawn' \
         WHEN c.expires_at <= $2 THEN 'expired' \
         WHEN c.state <> 'running' THEN 'not now' \
         ELSE '' END"
    )
}

/// The words of [`unwanted`].
const REASONS: [&str; 7] = [
    "erased",
    "suppressed",
    "unsafe",
    "unsubscribed",
    "withdrawn",
    "expired",
    "not now",
];

/// A row that was claimed.
#[derive(Debug)]
pub enum Taken {
    Wanted(Box<Errand>),
    /// It must not be sent, for this reason.
    Unwanted(Claim, &'static str),
}

impl Taken {
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Wanted(errand) => &errand.claim,
            Self::Unwanted(claim, _) => claim,
        }
    }
}

/// Who claims, until when, and how many at most.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    pub owner: i64,
    pub lease_until: Timestamp,
    pub limit: i64,
}

/// Claims due deliveries of running campaigns; each comes with what must be known to send it, or
/// with the reason why it must not be sent.
pub async fn claim(write: &mut Write, taker: Taker, now: Timestamp) -> Result<Vec<Taken>, Error> {
    let words = write.words();
    let take = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET state = 'sending', next_at = NULL, owner = $1, lease_until = $2, fence = fence + 1, \
         dated_at = COALESCE(dated_at, $3) WHERE id IN (SELECT d.id FROM delivery d \
         JOIN campaign c ON c.id = d.campaign_id WHERE d.next_at <= $3 AND c.state = 'running' \
         ORDER BY d.next_at, d.id LIMIT $4 {}) RETURNING id",
            words.skip_locked
        ))
    };
    let ids: Vec<i64> = on!(write, c => sqlx::query_scalar(take())
        .bind(taker.owner).bind(taker.lease_until).bind(now).bind(taker.limit).fetch_all(c).await)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = serde_json::Value::from(ids).to_string();
    let look = || {
        AssertSqlSafe(format!(
            "SELECT d.id, d.fence, d.campaign_id, d.rendition_id, s.email, s.name, d.message_id, d.dated_at, d.attempts, \
         c.expires_at, {} AS unwanted FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
         JOIN subscriber s ON s.id = d.subscriber_id WHERE d.id IN ({}) ORDER BY d.id",
            unwanted(),
            words.each_number
        ))
    };
    let rows: Vec<ClaimRow> =
        on!(write, c => sqlx::query_as(look()).bind(&ids).bind(now).fetch_all(c).await)?;
    let mut came_by = came_by(write, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| taken(row, &mut came_by, now))
        .collect())
}

/// The subscriptions each of these deliveries comes by, in the order of the campaign's lists.
async fn came_by(
    write: &mut Write,
    ids: &str,
) -> Result<HashMap<DeliveryId, Vec<(SubscriptionId, String)>>, Error> {
    let words = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT d.id, u.id, u.list FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
         JOIN campaign_list l ON l.campaign_id = c.id \
         JOIN subscription u ON u.list = l.list \
         WHERE {COMES_BY} AND d.id IN ({}) \
         ORDER BY d.id, l.position",
            words.each_number
        ))
    };
    let rows: Vec<(DeliveryId, SubscriptionId, String)> =
        on!(write, c => sqlx::query_as(sql()).bind(ids).fetch_all(c).await)?;
    let mut came_by: HashMap<_, Vec<_>> = HashMap::new();
    for (delivery, subscription, list) in rows {
        came_by
            .entry(delivery)
            .or_default()
            .push((subscription, list));
    }
    Ok(came_by)
}

fn taken(
    row: ClaimRow,
    came_by: &mut HashMap<DeliveryId, Vec<(SubscriptionId, String)>>,
    now: Timestamp,
) -> Taken {
    let claim = Claim {
        id: row.id,
        fence: row.fence,
        campaign: row.campaign_id,
        attempts: row.attempts,
        expires_at: row.expires_at,
    };
    match (row.email, known_reason(&row.unwanted)) {
        (_, Some(reason)) => Taken::Unwanted(claim, reason),
        (None, None) => Taken::Unwanted(claim, "erased"),
        (Some(email), None) => Taken::Wanted(Box::new(Errand {
            claim,
            rendition: row.rendition_id,
            email,
            name: row.name,
            message_id: row.message_id,
            dated_at: row.dated_at.unwrap_or(now),
            subscriptions: came_by.remove(&row.id).unwrap_or_default(),
        })),
    }
}

fn known_reason(text: &str) -> Option<&'static str> {
    REASONS.into_iter().find(|reason| *reason == text)
}

/// The last look before a message is handed over: why it must not be, or nothing. A claim that
/// is no longer the newest says "not now": its row belongs to somebody else.
pub async fn last_look(
    session: &mut impl Session,
    claim: &Claim,
    now: Timestamp,
) -> Result<Option<&'static str>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT {} FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
             JOIN subscriber s ON s.id = d.subscriber_id \
             WHERE d.id = $1 AND d.fence = $3 AND d.state = 'sending'",
            unwanted()
        ))
    };
    let reason: Option<String> = on!(session, c => sqlx::query_scalar(sql())
        .bind(claim.id).bind(now).bind(claim.fence).fetch_optional(c).await)?;
    Ok(reason.map_or(Some("not now"), |reason| known_reason(&reason)))
}

/// What a delivery becomes.
#[derive(Clone, Debug)]
pub struct Next<'a> {
    pub state: State,
    pub reason: Option<&'a str>,
    pub next_at: Option<Timestamp>,
    pub counts: bool,
}

/// Writes a result; false when the claim is no longer the newest, and then nothing is written.
pub async fn settle(
    write: &mut Write,
    id: DeliveryId,
    fence: i64,
    next: &Next<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET state = $3, reason = $4, next_at = $5, attempts = attempts + $6, finished_at = $7, \
         owner = NULL, lease_until = NULL WHERE id = $1 AND fence = $2 AND state = 'sending'",
    )
    .bind(id)
    .bind(fence)
    .bind(next.state)
    .bind(next.reason)
    .bind(next.next_at)
    .bind(i64::from(next.counts))
    .bind(next.state.is_final().then_some(now))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// One try, as it is kept for ever.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    pub delivery: DeliveryId,
    pub at: Timestamp,
    pub relay: &'a str,
    pub outcome: &'static str,
    pub stage: String,
    pub code: Option<i64>,
    pub enhanced: Option<&'a str>,
    pub text: &'a str,
    pub duration_ms: i64,
}

pub async fn append(write: &mut Write, attempt: &Attempt<'_>) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO attempt (delivery_id, at, relay, outcome, stage, code, enhanced, text, duration_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(attempt.delivery)
    .bind(attempt.at)
    .bind(attempt.relay)
    .bind(attempt.outcome)
    .bind(&attempt.stage)
    .bind(attempt.code)
    .bind(attempt.enhanced)
    .bind(attempt.text)
    .bind(attempt.duration_ms)
    .execute(c)
    .await
    .map(drop))
}

/// No try of the delivery of this ledger row came as far as a final dot: nobody can have the mail.
const NO_DOT: &str = "NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = ledger.delivery_id \
     AND (a.outcome = 'in_doubt' OR a.stage = 'dot'))";

/// Lets the person be sent these posts again, unless an earlier try may have brought them.
pub async fn release_ledger(write: &mut Write, id: DeliveryId) -> Result<(), Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "DELETE FROM ledger WHERE delivery_id = $1 AND {NO_DOT}"
        ))
    };
    on!(write, c => sqlx::query(sql()).bind(id).execute(c).await.map(drop))
}

/// Moves the end of these rows' leases, as far as they are still this owner's.
pub async fn renew(
    write: &mut Write,
    owner: i64,
    ids: &[DeliveryId],
    until: Timestamp,
) -> Result<(), Error> {
    let words = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET lease_until = $3 WHERE owner = $2 AND id IN ({})",
            words.each_number
        ))
    };
    let ids = serde_json::Value::from(ids.iter().map(|id| id.0).collect::<Vec<_>>()).to_string();
    on!(write, c => sqlx::query(sql()).bind(&ids).bind(owner).bind(until).execute(c).await.map(drop))
}

/// The owners of rows that are being sent, each with the first of its leases to end.
pub async fn owners(session: &mut impl Session) -> Result<Vec<(i64, Timestamp)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT owner, min(lease_until) FROM delivery WHERE owner IS NOT NULL GROUP BY owner",
    )
    .fetch_all(c)
    .await)
}

/// Rows of an owner whose lease ended by `until`: what it had may or may not have been sent.
pub async fn orphans(
    write: &mut Write,
    owner: i64,
    until: Timestamp,
) -> Result<Vec<(DeliveryId, i64)>, Error> {
    on!(write, c => sqlx::query_as(
        "SELECT id, fence FROM delivery WHERE owner = $1 AND lease_until <= $2 ORDER BY id",
    )
    .bind(owner)
    .bind(until)
    .fetch_all(c)
    .await)
}

/// Ends what is not under way of a campaign that is called off, and frees the ledger of what no try
/// may have brought.
pub async fn cancel(write: &mut Write, campaign: CampaignId, now: Timestamp) -> Result<u64, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET state = 'cancelled', next_at = NULL, finished_at = $2 \
         WHERE campaign_id = $1 AND state IN ('queued', 'deferred')",
    )
    .bind(campaign)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    let free = || {
        AssertSqlSafe(format!(
            "DELETE FROM ledger WHERE delivery_id IN \
         (SELECT id FROM delivery WHERE campaign_id = $1 AND state = 'cancelled') AND {NO_DOT}"
        ))
    };
    on!(write, c => sqlx::query(free())
    .bind(campaign)
    .execute(c)
    .await
    .map(drop))?;
    Ok(rows)
}

/// Ends what came back untried to campaigns that were cancelled while it was under way.
pub async fn sweep_cancelled(db: &Db, now: Timestamp) -> Result<(), Error> {
    let campaigns: Vec<CampaignId> = on!(&mut db.read().await?, c => sqlx::query_scalar(
        "SELECT DISTINCT d.campaign_id FROM campaign c JOIN delivery d ON d.campaign_id = c.id \
         WHERE c.state = 'cancelled' AND d.state IN ('queued', 'deferred')",
    )
    .fetch_all(c)
    .await)?;
    for id in campaigns {
        let mut write = db.write().await?;
        cancel(&mut write, id, now).await?;
        write.commit().await?;
    }
    Ok(())
}

/// How much is left to do now: rows under way, and rows of running campaigns that are due by `until`.
pub async fn left(session: &mut impl Session, until: Timestamp) -> Result<(i64, i64), Error> {
    on!(session, c => sqlx::query_as(
        "SELECT (SELECT count(*) FROM delivery WHERE owner IS NOT NULL), \
         (SELECT count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
         WHERE d.next_at <= $1 AND c.state = 'running')",
    )
    .bind(until)
    .fetch_one(c)
    .await)
}
