//! The last look at claimed rows before they are handed over.

use sqlx::AssertSqlSafe;

use super::list;
use super::wanted::{NOT_NOW, QUIET, known_reason, unwanted};
use crate::clock::Timestamp;
use crate::db::{Error, Session, Words, Write, on, row};
use crate::delivery::Claim;
use crate::delivery::hours::{Hours, Wish};
use crate::id::DeliveryId;

/// The last look before messages are handed over: why each must not be, or nothing, in the order of
/// the claims. A claim that is no longer the newest says "not now": its row belongs to somebody else.
pub async fn last_look(
    session: &mut impl Session,
    words: &Words,
    hours: &Hours,
    claims: &[Claim],
    now: Timestamp,
) -> Result<Vec<Option<&'static str>>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT id, claimed, fence, state, reason, timezone, quiet_hours FROM (SELECT d.id, d.fence, d.state, \
             e.fence AS claimed, s.timezone, s.quiet_hours, {} AS reason \
             FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, CAST(value ->> 1 AS BIGINT) AS fence FROM {}) e \
             JOIN delivery d ON d.id = e.id JOIN campaign c ON c.id = d.campaign_id \
             JOIN rendition n ON n.id = d.rendition_id \
             JOIN subscriber s ON s.id = d.subscriber_id {}) looked \
             WHERE reason <> '' OR state <> 'sending' OR fence <> claimed OR quiet_hours IS NOT NULL",
            unwanted(),
            words.each_item,
            words.apart
        ))
    };
    let pairs = list(claims.iter().map(|claim| (claim.id.0, claim.fence)))?;
    // mostly there is none
    let rows: Vec<Seen> =
        on!(session, c => sqlx::query_as(sql()).bind(pairs).bind(now).fetch_all(c).await)?;
    let reason = |claim: &Claim| {
        let seen = rows.iter().find(|seen| (seen.id, seen.claimed) == (claim.id, claim.fence))?;
        seen.reason(hours, now)
    };
    Ok(claims.iter().map(reason).collect())
}

row! {
    /// A row that must not go, or that is to somebody with quiet hours of their own.
    struct Seen {
        id: DeliveryId,
        claimed: i64,
        fence: i64,
        state: String,
        reason: String,
        timezone: Option<String>,
        quiet_hours: Option<String>,
    }
}

impl Seen {
    fn reason(&self, hours: &Hours, now: Timestamp) -> Option<&'static str> {
        if self.fence != self.claimed || self.state != "sending" {
            return Some(NOT_NOW);
        }
        known_reason(&self.reason).or_else(|| {
            let (timezone, quiet_hours) = (self.timezone.as_deref(), self.quiet_hours.as_deref());
            let wish = Wish { timezone, quiet_hours, ..Wish::default() };
            quiet_hours.and(hours.until(&wish, now)).map(|_| QUIET)
        })
    }
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
