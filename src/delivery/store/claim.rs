//! Claiming rows, and the last look at them before they are handed over.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;

use super::super::{Claim, Errand};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Words, Write, on, row};
use crate::id::{CampaignId, DeliveryId, RenditionId, SubscriptionId};
use crate::line::Line;

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
         WHEN c.digest IS NOT NULL AND EXISTS (SELECT 1 FROM rendition_post r \
             WHERE r.rendition_id = d.rendition_id AND NOT EXISTS (SELECT 1 FROM subscription u \
                 WHERE u.subscriber_id = d.subscriber_id AND u.list = r.list AND u.state = 'active')) \
             THEN 'left a list' \
         WHEN c.expires_at <= $2 THEN 'expired' \
         WHEN c.state <> 'running' THEN 'not now' \
         ELSE '' END"
    )
}

/// The words of [`unwanted`].
const REASONS: [&str; 8] = [
    "erased",
    "suppressed",
    "unsafe",
    "unsubscribed",
    "withdrawn",
    "left a list",
    "expired",
    NOT_NOW,
];

/// Of a campaign that does not run, and of a row that is somebody else's by now.
pub const NOT_NOW: &str = "not now";

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
    let mut ids = Vec::new();
    for campaign in running(write).await? {
        let limit = taker.limit - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if limit <= 0 {
            break;
        }
        ids.extend(take(write, campaign, Taker { limit, ..taker }, now).await?);
    }
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
    Ok(rows.into_iter().map(|row| taken(row, &mut came_by, now)).collect())
}

/// Campaigns that are being sent, the longest due first.
async fn running(write: &mut Write) -> Result<Vec<CampaignId>, Error> {
    on!(write, c => sqlx::query_scalar("SELECT id FROM campaign WHERE state = 'running' ORDER BY due_at, id")
        .fetch_all(c).await)
}

/// Takes the next due rows of one campaign: along the index, however many there are behind them.
async fn take(
    write: &mut Write,
    campaign: CampaignId,
    taker: Taker,
    now: Timestamp,
) -> Result<Vec<i64>, Error> {
    let skip_locked = write.words().skip_locked;
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET state = 'sending', next_at = NULL, owner = $1, lease_until = $2, \
             fence = fence + 1, dated_at = COALESCE(dated_at, $3) WHERE id IN (SELECT d.id FROM delivery d \
             WHERE d.campaign_id = $5 AND d.next_at <= $3 ORDER BY d.next_at, d.id LIMIT $4 {skip_locked}) \
             RETURNING id"
        ))
    };
    on!(write, c => sqlx::query_scalar(sql())
        .bind(taker.owner)
        .bind(taker.lease_until)
        .bind(now)
        .bind(taker.limit)
        .bind(campaign)
        .fetch_all(c)
        .await)
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
        came_by.entry(delivery).or_default().push((subscription, list));
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

/// The last look before messages are handed over: why each must not be, or nothing, in the order of
/// the claims. A claim that is no longer the newest says "not now": its row belongs to somebody else.
pub async fn last_look(
    session: &mut impl Session,
    words: &Words,
    claims: &[Claim],
    now: Timestamp,
) -> Result<Vec<Option<&'static str>>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT d.id, d.fence, {} FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
             JOIN subscriber s ON s.id = d.subscriber_id \
             WHERE d.id IN ({}) AND d.state = 'sending'",
            unwanted(),
            words.each_number
        ))
    };
    let rows: Vec<(DeliveryId, i64, String)> =
        on!(session, c => sqlx::query_as(sql()).bind(ids(claims)).bind(now).fetch_all(c).await)?;
    let seen: HashMap<_, _> =
        rows.into_iter().map(|(id, fence, reason)| ((id, fence), known_reason(&reason))).collect();
    let reason = |claim: &Claim| seen.get(&(claim.id, claim.fence)).copied();
    Ok(claims.iter().map(|claim| reason(claim).unwrap_or(Some(NOT_NOW))).collect())
}

/// Marks what is about to be handed over; a row that is somebody else's by now is left alone. The
/// rows stay locked until the transaction ends.
pub async fn mark(
    write: &mut Write,
    owner: i64,
    claims: &[Claim],
    now: Timestamp,
) -> Result<(), Error> {
    let words = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET handed_at = $2 WHERE owner = $3 AND id IN ({})",
            words.each_number
        ))
    };
    on!(write, c => sqlx::query(sql()).bind(ids(claims)).bind(now).bind(owner).execute(c).await.map(drop))
}

/// As [`Words::each_number`] takes them.
fn ids(claims: &[Claim]) -> String {
    serde_json::Value::from(claims.iter().map(|claim| claim.id.0).collect::<Vec<_>>()).to_string()
}
