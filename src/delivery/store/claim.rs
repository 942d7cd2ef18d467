//! Claiming rows.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::AssertSqlSafe;

use super::super::{Claim, Errand, Priority};
use super::hours::put_off;
use super::list;
use super::recast::recast;
use super::wanted::{COMES_BY, OUTRUN, known_reason, unwanted};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Error, Words, Write, on};
use crate::delivery::hours::{Hours, Wish};
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
    timezone: Option<String>,
    quiet_hours: Option<String>,
    local_time: Option<String>,
    /// 1: its correction is on its way.
    outrun: i64,
    unwanted: String,
}

/// How long an earlier version waits for its correction, again and again.
const A_WHILE: Duration = Duration::from_mins(1);

impl ClaimRow {
    /// Until when it waits for its correction or its reader's hours, or for its end if that comes before.
    fn waits(&self, hours: &Hours, now: Timestamp) -> Option<(DeliveryId, Timestamp)> {
        let wish = Wish {
            timezone: self.timezone.as_deref(),
            quiet_hours: self.quiet_hours.as_deref(),
            local_time: self.local_time.as_deref(),
            urgent: self.priority == URGENT,
        };
        let correction = (self.outrun == 1).then(|| now.plus(A_WHILE));
        let until = hours.until(&wish, now).max(correction);
        let until = until.filter(|_| self.unwanted.is_empty())?;
        Some((DeliveryId(self.id), until.min(Timestamp(self.expires_at))))
    }
}

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
    /// Whether what is claimed counts as handed over from now on: no other mark comes ([`mark`](super::mark)).
    pub marks: bool,
    /// What stands behind the @ of Message-IDs: of plain mails, and of discreet ones.
    pub message_domains: &'a [String; 2],
    pub hours: &'a Hours,
}

/// Claims due deliveries of running campaigns; each comes with what must be known to send it, or
/// with the reason why it must not be sent. Those that wait for their readers' hours are put off.
pub async fn claim(
    write: &mut Write,
    taker: Taker<'_>,
    now: Timestamp,
) -> Result<Vec<Taken>, Error> {
    let mut claims = Vec::new();
    for _ in 0..TURNS {
        let room = taker.limit - i64::try_from(claims.len()).unwrap_or(i64::MAX);
        let ids = next(write, room, now).await?;
        if ids.is_empty() {
            break;
        }
        let ids = list(ids.into_iter())?;
        take(write, &ids, taker, now).await?;
        let rows = formed(write, &ids, taker, now).await?;
        let mut came_by = came_by(write, &ids).await?;
        let mut waits = Vec::new();
        for row in rows {
            match row.waits(taker.hours, now) {
                Some(wait) => waits.push(wait),
                None => claims.push(taken(row, &mut came_by, now)?),
            }
        }
        if waits.is_empty() {
            break;
        }
        put_off(write, &waits, now).await?;
    }
    Ok(claims)
}

/// What waits for hours makes room for others so many times in one claim: nobody waits long for this one.
const TURNS: usize = 64;

/// The next due rows, of all campaigns that run.
async fn next(write: &mut Write, room: i64, now: Timestamp) -> Result<Vec<i64>, Error> {
    let mut ids: Vec<i64> = Vec::new();
    for campaign in running(write).await? {
        let limit = room - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if limit <= 0 {
            break;
        }
        ids.extend(due(write, campaign, limit, now).await?);
    }
    Ok(ids)
}

/// What must be known of the claimed rows, in the order of their ids, each in the form that its reader
/// wants by now.
async fn formed(
    write: &mut Write,
    ids: &str,
    taker: Taker<'_>,
    now: Timestamp,
) -> Result<Vec<ClaimRow>, Error> {
    let mut rows = claimed(write, ids, now).await?;
    if rows.iter().any(|row| row.other_form == 1) {
        let wrong = rows.iter().filter(|row| row.other_form == 1);
        let wrong = wrong.map(|row| {
            let (campaign, rendition) = (CampaignId(row.campaign), RenditionId(row.rendition));
            (DeliveryId(row.id), campaign, rendition, row.discreet == 0)
        });
        recast(write, wrong, taker.message_domains).await?;
        rows = claimed(write, ids, now).await?;
    }
    rows.sort_unstable_by_key(|row| row.id);
    Ok(rows)
}

/// The [`Priority`] of campaign `c`.
const PRIORITY: &str = "CASE WHEN c.urgent THEN 0 WHEN c.kind = 'digest' THEN 2 ELSE 1 END";

const URGENT: i64 = 0;

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
             d.message_id, d.dated_at, d.attempts, c.expires_at, {PRIORITY}, \
             s.timezone, s.quiet_hours, c.local_time, {OUTRUN}, {})) AS TEXT) \
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
            URGENT => Priority::Urgent,
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
