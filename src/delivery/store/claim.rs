//! Claiming rows, and the last look at them before they are handed over.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::AssertSqlSafe;

use super::super::{Claim, Errand, Priority};
use super::list;
use super::recast::recast;
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Words, Write, on};
use crate::id::{CampaignId, DeliveryId, RenditionId, SubscriptionId};
use crate::line::Line;

/// As [`due`] tells it: one item for each row, since each row that a database answers with costs a
/// turn between threads.
#[derive(Deserialize)]
struct ClaimRow {
    id: i64,
    fence: i64,
    campaign: i64,
    rendition: i64,
    discreet: i64,
    /// 1: the person asked for discretion since it was frozen, or no longer does.
    other_form: i64,
    email: Option<String>,
    name: Option<String>,
    message_id: String,
    dated_at: Option<i64>,
    attempts: i64,
    expires_at: i64,
    priority: i64,
    unwanted: String,
}

/// Subscription `u` is one that delivery `d` of campaign `c` comes by: on `l`, one of the campaign's
/// lists, and for a digest in that digest, or on the list of a post that this copy holds; for a correction,
/// a cancellation or a reminder on a list by which the person had the post, which their copy names.
///
/// `u.list || ''` is no column, so that databases go by the person, who has a few subscriptions, and not
/// through a list, which may have a million: to Postgres, before it has statistics, both are the same.
const COMES_BY: &str = "u.subscriber_id = d.subscriber_id AND u.list || '' = l.list AND u.state = 'active' \
     AND (c.kind = 'announcement' OR u.cadence = c.digest \
         OR u.list IN (SELECT r.list FROM rendition_post r WHERE r.rendition_id = d.rendition_id))";

/// Why delivery `d` of campaign `c` and rendition `n` to subscriber `s` must not go out at `$2`, or nothing.
///
/// One phrase for the claim and for the last look, so that they cannot disagree.
fn unwanted() -> String {
    format!(
        "CASE WHEN s.email IS NULL THEN 'erased' \
         WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) THEN 'suppressed' \
         WHEN NOT EXISTS (SELECT 1 FROM campaign_list l JOIN subscription u ON {COMES_BY} \
             WHERE l.campaign_id = c.id) THEN 'unsubscribed' \
         WHEN c.kind <> 'cancellation' AND EXISTS (SELECT 1 FROM rendition_post r JOIN post p ON p.id = r.post_id \
             WHERE r.rendition_id = d.rendition_id AND p.withdrawn_at IS NOT NULL) THEN 'withdrawn' \
         WHEN c.kind = 'reminder' AND EXISTS (SELECT 1 FROM publication b WHERE b.post_id = c.post_id \
             AND b.version > c.version) THEN 'corrected' \
         WHEN c.kind = 'reminder' AND EXISTS (SELECT 1 FROM rsvp o WHERE o.post_id = c.post_id \
             AND o.subscriber_id = d.subscriber_id AND o.answer = 'not_coming') THEN 'not coming' \
         WHEN c.kind IN ('announcement', 'update') AND EXISTS (SELECT 1 FROM ledger g JOIN delivery k ON k.id = g.delivery_id \
             WHERE g.subscriber_id = d.subscriber_id AND g.post_id = c.post_id AND g.purpose = 'update' \
             AND g.version > c.version AND k.state = 'accepted') THEN 'corrected' \
         WHEN c.digest IS NOT NULL AND EXISTS (SELECT 1 FROM rendition_post r \
             WHERE r.rendition_id = d.rendition_id AND NOT EXISTS (SELECT 1 FROM subscription u \
                 WHERE u.subscriber_id = d.subscriber_id AND u.list || '' = r.list AND u.state = 'active')) \
             THEN 'left a list' \
         WHEN s.discreet AND NOT n.discreet THEN '{ANEW}' \
         WHEN c.expires_at <= $2 THEN 'expired' \
         WHEN c.state <> 'running' THEN 'not now' \
         ELSE '' END"
    )
}

/// The words of [`unwanted`].
const REASONS: [&str; 10] = [
    "erased",
    "suppressed",
    "unsubscribed",
    "withdrawn",
    "corrected",
    "not coming",
    "left a list",
    ANEW,
    "expired",
    NOT_NOW,
];

/// Of a campaign that does not run, and of a row that is somebody else's by now.
pub const NOT_NOW: &str = "not now";

/// Of a plain mail to somebody who has asked for discretion meanwhile: the next claim gives it another form.
pub const ANEW: &str = "anew";

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
pub struct Taker<'a> {
    pub owner: i64,
    pub lease_until: Timestamp,
    pub limit: i64,
    /// Whether what is claimed counts as handed over from now on: no other mark comes ([`mark`]).
    pub marks: bool,
    /// What stands behind the @ of Message-IDs: of plain mails, and of discreet ones.
    pub message_domains: &'a [String; 2],
}

/// Claims due deliveries of running campaigns; each comes with what must be known to send it, or
/// with the reason why it must not be sent.
pub async fn claim(
    write: &mut Write,
    taker: Taker<'_>,
    now: Timestamp,
) -> Result<Vec<Taken>, Error> {
    let mut ids: Vec<i64> = Vec::new();
    for campaign in running(write).await? {
        let limit = taker.limit - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if limit <= 0 {
            break;
        }
        ids.extend(due(write, campaign, limit, now).await?);
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = list(ids.into_iter())?;
    take(write, &ids, taker, now).await?;
    let mut came_by = came_by(write, &ids).await?;
    let mut rows = claimed(write, &ids, now).await?;
    if rows.iter().any(|row| row.other_form == 1) {
        let wrong = rows.iter().filter(|row| row.other_form == 1);
        let wrong = wrong.map(|row| {
            let (campaign, rendition) = (CampaignId(row.campaign), RenditionId(row.rendition));
            (DeliveryId(row.id), campaign, rendition, row.discreet == 0)
        });
        recast(write, wrong, taker.message_domains).await?;
        rows = claimed(write, &ids, now).await?;
    }
    rows.sort_unstable_by_key(|row| row.id);
    rows.into_iter().map(|row| taken(row, &mut came_by, now)).collect()
}

/// The [`Priority`] of campaign `c`.
const PRIORITY: &str = "CASE WHEN c.urgent THEN 0 WHEN c.kind = 'digest' THEN 2 ELSE 1 END";

/// Campaigns that are being sent: by priority, then the longest due first.
async fn running(write: &mut Write) -> Result<Vec<CampaignId>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT c.id FROM campaign c WHERE c.state = 'running' ORDER BY {PRIORITY}, c.due_at, c.id"
        ))
    };
    on!(write, c => sqlx::query_scalar(sql()).fetch_all(c).await)
}

/// The next due rows of one campaign: along the index, however many there are behind them.
async fn due(
    write: &mut Write,
    campaign: CampaignId,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<i64>, Error> {
    let Words { all_items, skip_locked, .. } = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT CAST({all_items}(due.id) AS TEXT) FROM (SELECT d.id FROM delivery d \
             WHERE d.campaign_id = $1 AND d.next_at <= $2 ORDER BY d.next_at, d.id LIMIT $3 {skip_locked}) due"
        ))
    };
    let all: Option<String> = on!(write, c => sqlx::query_scalar(sql())
        .bind(campaign)
        .bind(now)
        .bind(limit)
        .fetch_one(c)
        .await)?;
    items(all.as_deref())
}

async fn take(write: &mut Write, ids: &str, taker: Taker<'_>, now: Timestamp) -> Result<(), Error> {
    let words = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET state = 'sending', next_at = NULL, owner = $2, lease_until = $3, \
             fence = fence + 1, dated_at = COALESCE(dated_at, $4), handed_at = $5 WHERE id IN ({})",
            words.each_number
        ))
    };
    on!(write, c => sqlx::query(sql())
        .bind(ids)
        .bind(taker.owner)
        .bind(taker.lease_until)
        .bind(now)
        .bind(taker.marks.then_some(now))
        .execute(c)
        .await
        .map(drop))
}

/// All that must be known of these rows.
async fn claimed(write: &mut Write, ids: &str, now: Timestamp) -> Result<Vec<ClaimRow>, Error> {
    let Words { all_items, item, each_number, .. } = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT CAST({all_items}({item}(d.id, d.fence, d.campaign_id, d.rendition_id, \
             CASE WHEN n.discreet THEN 1 ELSE 0 END, CASE WHEN s.discreet <> n.discreet THEN 1 ELSE 0 END, s.email, s.name, \
             d.message_id, d.dated_at, d.attempts, c.expires_at, {PRIORITY}, {})) AS TEXT) \
             FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
             JOIN rendition n ON n.id = d.rendition_id \
             JOIN subscriber s ON s.id = d.subscriber_id WHERE d.id IN ({each_number})",
            unwanted()
        ))
    };
    let all: Option<String> =
        on!(write, c => sqlx::query_scalar(sql()).bind(ids).bind(now).fetch_one(c).await)?;
    items(all.as_deref())
}

/// The subscriptions each of these deliveries comes by, in the order of the campaign's lists.
async fn came_by(
    write: &mut Write,
    ids: &str,
) -> Result<HashMap<i64, Vec<(SubscriptionId, String)>>, Error> {
    let Words { all_items, item, each_number, .. } = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT CAST({all_items}({item}(d.id, l.position, u.id, u.list)) AS TEXT) FROM delivery d \
             JOIN campaign c ON c.id = d.campaign_id \
             JOIN campaign_list l ON l.campaign_id = c.id \
             JOIN subscription u ON {COMES_BY} WHERE d.id IN ({each_number})"
        ))
    };
    let all: Option<String> =
        on!(write, c => sqlx::query_scalar(sql()).bind(ids).fetch_one(c).await)?;
    let mut rows: Vec<(i64, i64, i64, String)> = items(all.as_deref())?;
    rows.sort_unstable();
    let mut came_by: HashMap<_, Vec<_>> = HashMap::new();
    for (delivery, _, subscription, list) in rows {
        came_by.entry(delivery).or_default().push((SubscriptionId(subscription), list));
    }
    Ok(came_by)
}

/// What an aggregate of items holds; of no rows some say nothing.
fn items<T: DeserializeOwned>(all: Option<&str>) -> Result<Vec<T>, Error> {
    let all = all.map(serde_json::from_str).transpose();
    Ok(all.map_err(|error| Error::Decode(error.into()))?.unwrap_or_default())
}

fn taken(
    row: ClaimRow,
    came_by: &mut HashMap<i64, Vec<(SubscriptionId, String)>>,
    now: Timestamp,
) -> Result<Taken, Error> {
    let claim = Claim {
        id: DeliveryId(row.id),
        fence: row.fence,
        campaign: CampaignId(row.campaign),
        attempts: row.attempts,
        expires_at: Timestamp(row.expires_at),
    };
    if let Some(reason) = known_reason(&row.unwanted) {
        return Ok(Taken::Unwanted(claim, reason));
    }
    let Some(email) = row.email else { return Ok(Taken::Unwanted(claim, "erased")) };
    let email = EmailAddress::parse(&email).map_err(|error| Error::Decode(error.into()))?;
    Ok(Taken::Wanted(Box::new(Errand {
        claim,
        priority: match row.priority {
            0 => Priority::Urgent,
            1 => Priority::News,
            _ => Priority::Digest,
        },
        rendition: RenditionId(row.rendition),
        discreet: row.discreet == 1,
        email,
        // as the audience reads it
        name: row.name.as_deref().and_then(|name| Line::parse(name).ok()),
        message_id: row.message_id,
        dated_at: row.dated_at.map_or(now, Timestamp),
        subscriptions: came_by.remove(&row.id).unwrap_or_default(),
    })))
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
            "SELECT id, claimed, fence, state, reason FROM (SELECT d.id, d.fence, d.state, e.fence AS claimed, {} AS reason \
             FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, CAST(value ->> 1 AS BIGINT) AS fence FROM {}) e \
             JOIN delivery d ON d.id = e.id JOIN campaign c ON c.id = d.campaign_id \
             JOIN rendition n ON n.id = d.rendition_id \
             JOIN subscriber s ON s.id = d.subscriber_id {}) looked \
             WHERE reason <> '' OR state <> 'sending' OR fence <> claimed",
            unwanted(),
            words.each_item,
            words.apart
        ))
    };
    let pairs = list(claims.iter().map(|claim| (claim.id.0, claim.fence)))?;
    // mostly there is none
    let rows: Vec<(DeliveryId, i64, i64, String, String)> =
        on!(session, c => sqlx::query_as(sql()).bind(pairs).bind(now).fetch_all(c).await)?;
    let reason = |claim: &Claim| {
        let of_it =
            |(id, claimed, ..): &&(_, _, _, _, _)| (*id, *claimed) == (claim.id, claim.fence);
        let (_, _, fence, state, reason) = rows.iter().find(of_it)?;
        let ours = *fence == claim.fence && state == "sending";
        Some(known_reason(reason).filter(|_| ours).unwrap_or(NOT_NOW))
    };
    Ok(claims.iter().map(reason).collect())
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
    let ids = list(claims.iter().map(|claim| claim.id.0))?;
    on!(write, c => sqlx::query(sql()).bind(ids).bind(now).bind(owner).execute(c).await.map(drop))
}
