//! Keeping results: one recorder, many results in one commit.
//!
//! A result's window slot is let go only after its commit. When nothing can be committed the
//! recorder tries again and again; slots run out, sending stops, and goes on when it can.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::bearing::{self, Bearing};
use super::hand::InHand;
use super::store::{self, Attempt, Next, RelayRow};
use super::verdict::{Verdict, verdict};
use super::{Claim, Happened};
use crate::campaign;
use crate::clock::{Clock, Timestamp};
use crate::config::Delivery;
use crate::db::{Db, Write};
use crate::transport::{Fault, Outcome, Reply, SendError};

/// Results that go into one commit, at most.
const GROUP: usize = 256;
/// How long the recorder waits before it tries a failed commit again.
const AGAIN: Duration = Duration::from_millis(500);

/// A result on its way to the database.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) claim: Claim,
    pub(crate) happened: Happened,
    /// The relay's new state, when this result changed it.
    pub(crate) relay: Option<RelayRow>,
    /// Held until this is committed.
    pub(crate) slot: Option<OwnedSemaphorePermit>,
}

impl Report {
    /// A claim that goes back as it came.
    pub(crate) fn untried(claim: Claim) -> Self {
        Self { claim, happened: Happened::Untried, relay: None, slot: None }
    }
}

/// What recording takes.
pub(crate) struct Recorder {
    pub(crate) db: Db,
    pub(crate) settings: Delivery,
    pub(crate) clock: Clock,
    pub(crate) hand: Arc<InHand>,
}

/// Records until every sender is gone.
pub(crate) async fn record(recorder: Recorder, mut reports: mpsc::Receiver<Report>) {
    let Recorder { db, settings, clock, hand } = recorder;
    let mut group = Vec::with_capacity(GROUP);
    while reports.recv_many(&mut group, GROUP).await > 0 {
        while let Err(error) = keep(&db, &settings, &clock, &group).await {
            tracing::error!(
                results = group.len(),
                "results cannot be kept, sending waits: {error:#}"
            );
            tokio::time::sleep(AGAIN).await;
        }
        hand.let_go(group.iter().map(|report| report.claim.id));
        group.drain(..).for_each(|report| drop(report.slot));
    }
}

async fn keep(db: &Db, settings: &Delivery, clock: &Clock, group: &[Report]) -> anyhow::Result<()> {
    let mut write = db.write().await?;
    for report in group {
        keep_one(&mut write, settings, clock, report).await?;
        if let Some(relay) = &report.relay {
            store::set_relay(&mut write, relay).await?;
        }
    }
    Ok(write.commit().await?)
}

async fn keep_one(
    write: &mut Write,
    settings: &Delivery,
    clock: &Clock,
    report: &Report,
) -> anyhow::Result<()> {
    let (claim, now) = (&report.claim, clock.now());
    let verdict = verdict(claim, &report.happened, settings, now);
    let next = Next {
        state: verdict.state,
        reason: verdict.reason.as_deref(),
        next_at: verdict.next_at,
        counts: verdict.counts,
    };
    // Kept even when it comes too late to settle anything: it did happen, and if it came as far as
    // the final dot the ledger must know before it is released.
    if let Some(attempt) = attempt(claim, &report.happened, &verdict) {
        store::append(write, &attempt).await?;
    }
    if !store::settle(write, claim.id, claim.fence, &next, now).await? {
        tracing::warn!(
            delivery = claim.id.0,
            "a late result settles nothing: the row was claimed again meanwhile"
        );
        return Ok(());
    }
    if verdict.releases_ledger {
        store::release_ledger(write, claim.id).await?;
    }
    if let Some(why) = &verdict.pauses_campaign
        && pause(write, claim, why, now).await?
    {
        tracing::error!(campaign = claim.campaign.0, "the campaign is paused: {why}");
    }
    match verdict.bearing {
        Some(Bearing::Hard) => store::suppress(write, claim.id, "bounce", now).await?,
        Some(Bearing::Policy) => count_refusals(write, claim, &report.happened, now).await?,
        Some(Bearing::Soft) | None => {}
    }
    say(claim, &report.happened, &verdict);
    Ok(())
}

/// Pauses the campaign when too many of its newest replies refuse us. Counted by the attempt log, so
/// that neither a new start nor a second daemon begins anew.
async fn count_refusals(
    write: &mut Write,
    claim: &Claim,
    happened: &Happened,
    now: Timestamp,
) -> anyhow::Result<()> {
    let Happened::Tried { result: Ok(Outcome::Refused(reply)), .. } = happened else {
        return Ok(());
    };
    let (refusals, audience) =
        store::policy_refusals(write, claim.campaign, bearing::REPLIES).await?;
    if bearing::is_refused(refusals, audience)
        && pause(write, claim, &bearing::advice(reply), now).await?
    {
        // what was said may name somebody: the log has the code, `campaign show` has it all
        let (campaign, code, enhanced) = (claim.campaign.0, reply.code, reply.enhanced.as_deref());
        tracing::error!(campaign, code, enhanced, "the campaign is paused: refused by policy");
    }
    Ok(())
}

async fn pause(
    write: &mut Write,
    claim: &Claim,
    why: &str,
    now: Timestamp,
) -> anyhow::Result<bool> {
    let (from, to) = (campaign::State::Running, campaign::State::Paused);
    Ok(campaign::store::change(write, claim.campaign, from, to, Some(why), now).await?)
}

/// The line for the attempt log; a claim that was not tried leaves none.
fn attempt<'a>(claim: &Claim, happened: &'a Happened, verdict: &Verdict) -> Option<Attempt<'a>> {
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

/// The delivery log: one line for each result, ids only.
fn say(claim: &Claim, happened: &Happened, verdict: &Verdict) {
    let relay = match happened {
        Happened::Tried { relay, .. } => relay.as_str(),
        _ => "",
    };
    tracing::debug!(
        delivery = claim.id.0,
        campaign = claim.campaign.0,
        attempt = claim.attempts + 1,
        relay,
        state = %verdict.state,
        "delivery"
    );
}
