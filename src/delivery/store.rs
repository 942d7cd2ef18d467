//! All SQL of deliveries, attempts and relays.

mod attempt;
mod claim;
mod consequence;
mod door;
mod gauge;
mod hours;
mod look;
mod recast;
mod relay;
mod replies;
mod settle;
mod steer;
mod wanted;
mod withdrawn;

pub use attempt::{Attempt, append, append_all, last_tries};
pub use claim::{Taken, Taker, claim};
pub use consequence::{policy_refusals, suppress};
pub use door::{last_look, mark};
pub use gauge::{oldest_due, waiting};
pub use look::{Filter, Shown, Tried, attempts, shown, totals};
pub use relay::{RelayRow, note_relay, relays, set_relay};
pub use replies::{Replies, replies};
pub use settle::{Next, settle, settle_all, settle_each};
pub use steer::{decide, requeue, requeue_all, requeue_refused, standing};
pub use wanted::{ANEW, NOT_NOW, QUIET};
pub use withdrawn::{move_waiting, waiting_digests};

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::State;
use crate::clock::Timestamp;
use crate::db::column::text_column;
use crate::db::{Db, Error, Session, Write, on, row};
use crate::id::{CampaignId, DeliveryId, RenditionId};

text_column!(State);

/// As [`Words::each_item`](crate::db::Words::each_item) and `each_number` take them.
fn list<T: Serialize>(items: impl Iterator<Item = T>) -> Result<String, Error> {
    let items: Vec<T> = items.collect();
    serde_json::to_string(&items).map_err(|error| Error::Encode(error.into()))
}

/// A delivery that neither waits nor is under way: said so, databases see that `delivery_state` has it.
const AT_REST: &str = "state NOT IN ('queued', 'sending', 'deferred')";

/// No try of the delivery of this ledger row came as far as a final dot: nobody can have the mail.
const NO_DOT: &str = "NOT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = ledger.delivery_id \
     AND (a.outcome = 'in_doubt' OR a.stage = 'dot'))";

/// Lets the person be sent these posts again, unless an earlier try may have brought them.
pub async fn release_ledger(write: &mut Write, id: DeliveryId) -> Result<(), Error> {
    let sql = || AssertSqlSafe(format!("DELETE FROM ledger WHERE delivery_id = $1 AND {NO_DOT}"));
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
    let ids = list(ids.iter().map(|id| id.0))?;
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

row! {
    /// A row whose daemon died or hung.
    #[derive(Clone, Copy, Debug)]
    pub struct Orphan {
        pub id: DeliveryId,
        pub fence: i64,
        /// Marked before a hand-over under `hold`, by the claim under `resend`.
        pub handed_at: Option<Timestamp>,
    }
}

/// Rows of an owner whose lease ended by `until`: what it had may or may not have been sent.
pub async fn orphans(
    write: &mut Write,
    owner: i64,
    until: Timestamp,
) -> Result<Vec<Orphan>, Error> {
    on!(write, c => sqlx::query_as(
        "SELECT id, fence, handed_at FROM delivery WHERE owner = $1 AND lease_until <= $2 ORDER BY id",
    )
    .bind(owner)
    .bind(until)
    .fetch_all(c)
    .await)
}

/// Ends what is not under way of a campaign that is called off, or of one of its renditions whose posts
/// were withdrawn, and frees the ledger of what no try may have brought.
pub async fn cancel(
    write: &mut Write,
    campaign: CampaignId,
    withdrawn: Option<RenditionId>,
    now: Timestamp,
) -> Result<u64, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE delivery SET state = 'cancelled', reason = CASE WHEN $3 = 0 THEN reason ELSE 'withdrawn' END, \
         next_at = NULL, finished_at = $2 \
         WHERE campaign_id = $1 AND next_at IS NOT NULL AND ($3 = 0 OR rendition_id = $3)",
    )
    .bind(campaign)
    .bind(now)
    .bind(withdrawn.map_or(0, |rendition| rendition.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    let free = || {
        AssertSqlSafe(format!(
            "DELETE FROM ledger WHERE delivery_id IN \
         (SELECT id FROM delivery WHERE campaign_id = $1 AND state = 'cancelled' AND {AT_REST}) AND {NO_DOT}"
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
         WHERE c.state = 'cancelled' AND d.next_at IS NOT NULL",
    )
    .fetch_all(c)
    .await)?;
    for id in campaigns {
        let mut write = db.write().await?;
        cancel(&mut write, id, None, now).await?;
        write.commit().await?;
    }
    Ok(())
}

/// Whether anything is under way, and whether anything of a running campaign is due by `until`: the least
/// of each is the first in its index, also to a Postgres that has no statistics yet.
pub async fn left(session: &mut impl Session, until: Timestamp) -> Result<(bool, bool), Error> {
    let (sending, due): (i64, i64) = on!(session, c => sqlx::query_as(
        "SELECT CAST(CASE WHEN (SELECT min(owner) FROM delivery WHERE owner IS NOT NULL) IS NOT NULL \
         THEN 1 ELSE 0 END AS BIGINT), \
         CAST(CASE WHEN EXISTS (SELECT 1 FROM campaign c WHERE c.state = 'running' \
         AND (SELECT min(d.next_at) FROM delivery d WHERE d.campaign_id = c.id AND d.next_at IS NOT NULL) <= $1) \
         THEN 1 ELSE 0 END AS BIGINT)",
    )
    .bind(until)
    .fetch_one(c)
    .await)?;
    Ok((sending > 0, due > 0))
}
