//! Keeping results: many in one commit.

use super::bearing::{self, Bearing};
use super::core::Record;
use super::store::{self, Attempt, Next, RelayRow};
use super::{Claim, Happened};
use crate::campaign::action::Actor;
use crate::campaign::{self, Action};
use crate::clock::Timestamp;
use crate::db::{Db, Error, Write};
use crate::fault;
use crate::id::DeliveryId;
use crate::metric::Metrics;
use crate::transport::{Fault, Outcome, Reply, SendError};

/// Writes all of these down, or nothing.
pub(crate) async fn keep(db: &Db, records: &[Record], now: Timestamp) -> Result<(), Error> {
    fault::point("keep");
    if !write_all(db, records, now).await? {
        write_each(db, records, now).await?;
    }
    fault::point("kept");
    Ok(())
}

/// All results settle their rows, as they nearly always do; false when not, and nothing is written.
async fn write_all(db: &Db, records: &[Record], now: Timestamp) -> Result<bool, Error> {
    let mut write = db.write().await?;
    append(&mut write, records).await?;
    let results: Vec<_> = records.iter().map(result).collect();
    if !store::settle_all(&mut write, &results, now).await? {
        return Ok(false);
    }
    for record in records {
        follow_up(&mut write, record, now).await?;
    }
    commit(write).await?;
    Ok(true)
}

async fn write_each(db: &Db, records: &[Record], now: Timestamp) -> Result<(), Error> {
    let mut write = db.write().await?;
    append(&mut write, records).await?;
    let results: Vec<_> = records.iter().map(result).collect();
    let settled = store::settle_each(&mut write, &results, now).await?;
    for record in records {
        if settled.contains(&(record.claim.id, record.claim.fence)) {
            follow_up(&mut write, record, now).await?;
        } else {
            note_relay(&mut write, record).await?;
            tracing::warn!(
                delivery = record.claim.id.0,
                "a late result settles nothing: the row was claimed again meanwhile"
            );
        }
    }
    commit(write).await
}

async fn append(write: &mut Write, records: &[Record]) -> Result<(), Error> {
    // Kept even when it comes too late to settle anything: it did happen, and if it came as far as
    // the final dot the ledger must know before it is released.
    let attempts: Vec<_> = records.iter().filter_map(attempt).collect();
    store::append_all(write, &attempts).await
}

async fn commit(write: Write) -> Result<(), Error> {
    fault::point("keeping");
    write.commit().await
}

async fn note_relay(write: &mut Write, record: &Record) -> Result<(), Error> {
    match &record.relay {
        Some(relay) => store::note_relay(write, relay).await,
        None => Ok(()),
    }
}

fn result(record: &Record) -> (DeliveryId, i64, Next<'_>) {
    let Record { claim, verdict, .. } = record;
    let next = Next {
        state: verdict.state,
        reason: verdict.reason.as_deref(),
        next_at: verdict.next_at,
        counts: verdict.counts,
    };
    (claim.id, claim.fence, next)
}

/// What else follows from a result, which is little for one that is accepted.
async fn follow_up(write: &mut Write, record: &Record, now: Timestamp) -> Result<(), Error> {
    let Record { claim, happened, verdict, .. } = record;
    note_relay(write, record).await?;
    if verdict.releases_ledger {
        store::release_ledger(write, claim.id).await?;
    }
    if let Some(why) = &verdict.pauses_campaign
        && pause(write, claim, why, why, now).await?
    {
        tracing::error!(campaign = claim.campaign.0, "the campaign is paused: {why}");
    }
    match verdict.bearing {
        Some(Bearing::Hard) => store::suppress(write, claim.id, "bounce", now).await,
        Some(Bearing::Policy) => count_refusals(write, claim, happened, now).await,
        Some(Bearing::Soft) | None => Ok(()),
    }
}

/// Pauses the campaign when too many of its newest replies refuse us. Counted by the attempt log, so
/// that neither a new start nor a second daemon begins anew.
async fn count_refusals(
    write: &mut Write,
    claim: &Claim,
    happened: &Happened,
    now: Timestamp,
) -> Result<(), Error> {
    let Happened::Tried { result: Ok(Outcome::Refused(reply)), .. } = happened else {
        return Ok(());
    };
    let (refusals, audience) =
        store::policy_refusals(write, claim.campaign, bearing::REPLIES).await?;
    if !bearing::is_refused(refusals, audience) {
        return Ok(());
    }
    // what was said may name somebody: the log has the code, `campaign show` has it all
    let (code, enhanced) = (reply.code, reply.enhanced.as_deref());
    let detail = format!("refused by policy: {code} {}", enhanced.unwrap_or_default());
    if pause(write, claim, &bearing::advice(reply), detail.trim_end(), now).await? {
        let campaign = claim.campaign.0;
        tracing::error!(campaign, code, enhanced, "the campaign is paused: refused by policy");
    }
    Ok(())
}

/// For this reason, told in the log of actions as `detail`: that is kept for ever, so nobody is named there.
async fn pause(
    write: &mut Write,
    claim: &Claim,
    why: &str,
    detail: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let (id, by) = (claim.campaign, Actor::machine());
    let (from, to) = (campaign::State::Running, campaign::State::Paused);
    let paused = campaign::store::change(write, id, from, to, Some(why), now).await?;
    if paused {
        campaign::store::log(write, id, &by, Action::Paused, Some(detail), now).await?;
    }
    Ok(paused)
}

/// The line for the attempt log; a claim that was not tried leaves none.
fn attempt(record: &Record) -> Option<Attempt<'_>> {
    let Record { claim, happened, verdict, .. } = record;
    let Happened::Tried { relay, at, took, result } = happened else {
        return None;
    };
    let (outcome, reply, stage, text) = match result {
        Ok(Outcome::Accepted(reply)) => {
            ("accepted", Some(reply), reply.stage.to_string(), reply.text.as_str())
        }
        Ok(Outcome::Deferred(reply)) => {
            ("deferred", Some(reply), reply.stage.to_string(), reply.text.as_str())
        }
        Ok(Outcome::Refused(reply)) => {
            ("refused", Some(reply), reply.stage.to_string(), reply.text.as_str())
        }
        Ok(Outcome::InDoubt(why)) => ("in_doubt", None, "dot".to_owned(), why.as_str()),
        Err(SendError::Fault(Fault { stage, reply, text })) => {
            ("fault", reply.as_ref(), stage.to_string(), text.as_str())
        }
        Err(SendError::Malformed(why)) => ("fault", None, "compose".to_owned(), why.as_str()),
    };
    Some(Attempt {
        delivery: claim.id,
        at: *at,
        relay,
        outcome,
        stage,
        code: reply.map(|reply| i64::from(reply.code)),
        enhanced: reply.and_then(|reply: &Reply| reply.enhanced.as_deref()),
        text,
        bearing: verdict.bearing.map(Bearing::as_str),
        duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
    })
}

/// The delivery log, one line for each result:
///
/// `delivery=7 campaign=2 attempt=1 relay=main state=accepted stage=dot code=250 enhanced=2.0.0 took_ms=12`
///
/// Ids only. What a server says may name somebody, and a domain may be one person's own: both are in
/// the database, for `delivery show`.
pub(crate) fn say(record: &Record, metrics: &Metrics) {
    if let Some(row) = &record.relay {
        say_relay(row, &record.happened);
    }
    let Record { claim, verdict, .. } = record;
    let tried = attempt(record);
    let tried = tried.as_ref();
    if let Some(tried) = tried {
        metrics.attempt(tried.outcome, &tried.stage);
    }
    tracing::debug!(
        target: "bulletin::delivery",
        delivery = claim.id.0,
        campaign = claim.campaign.0,
        attempt = claim.attempts + i64::from(verdict.counts),
        relay = tried.map(|tried| tried.relay),
        state = %verdict.state,
        stage = tried.map(|tried| tried.stage.as_str()),
        code = tried.and_then(|tried| tried.code),
        enhanced = tried.and_then(|tried| tried.enhanced),
        took_ms = tried.map(|tried| tried.duration_ms),
    );
}

/// What a relay said may name somebody: the log has the code, the table has it all.
fn say_relay(row: &RelayRow, happened: &Happened) {
    let Happened::Tried { result: Err(SendError::Fault(fault)), .. } = happened else {
        tracing::info!(relay = row.name, "relay open again");
        return;
    };
    let code = fault.reply.as_ref().map(|reply| reply.code.to_string());
    let why = code.as_deref().unwrap_or(&fault.text);
    let until = row.held_until.map(|at| at.to_string());
    tracing::warn!(relay = row.name, held_until = until, "relay held: {}: {why}", fault.stage);
}
