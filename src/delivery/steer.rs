//! A person steers mails that wait: sent again now, or settled as arrived or not.
//!
//! Each of these takes the campaign's row first, so that the campaign is not found to be finished,
//! or called off, while one of its deliveries is queued.

use std::str::FromStr;

use anyhow::{Context, bail, ensure};

use super::State;
use super::store;
use crate::campaign::action::Actor;
use crate::campaign::{self, Action, store::Campaign};
use crate::clock::Timestamp;
use crate::db::Write;
use crate::id::{CampaignId, DeliveryId};

/// What retrying one delivery did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    Now,
    /// It was queued before.
    Already,
}

/// How many deliveries of a campaign are due now that were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub deferred: u64,
    pub in_doubt: u64,
}

/// What a campaign that goes on is now, and how many are due again who were refused for our sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    pub state: campaign::State,
    pub refused: u64,
}

/// How a doubt is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Accepted,
    Failed,
}

impl Decision {
    pub fn state(self) -> State {
        match self {
            Self::Accepted => State::Accepted,
            Self::Failed => State::Failed,
        }
    }
}

impl FromStr for Decision {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let both = [Self::Accepted, Self::Failed];
        both.into_iter()
            .find(|one| one.state().as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not a decision; write accepted or failed"))
    }
}

/// Kept as the reason, since no reply says it.
const DECIDED: &str = "decided by a person";

/// Queues a delivery that waits; one in doubt goes again with the same Message-ID.
pub async fn retry(
    write: &mut Write,
    id: DeliveryId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Retried> {
    let (campaign, state) = locked(write, id).await?;
    match state {
        State::Queued => return Ok(Retried::Already),
        State::Sending => bail!("delivery {id} is being sent at this moment; look again"),
        state if state.is_final() => bail!(
            "delivery {id} is {state}, which is final; `bulletin queue` reaches whoever does not have a post"
        ),
        _ => {}
    }
    open(&campaign, now)?;
    ensure!(
        store::requeue(write, id, now).await?,
        "delivery {id} changed at this very moment; look again"
    );
    reopen(write, &campaign, now).await?;
    let detail = format!("delivery {id}");
    campaign::store::log(write, campaign.id, by, Action::Retried, Some(&detail), now).await?;
    Ok(Retried::Now)
}

/// Queues all that waits of a campaign.
pub async fn retry_all(
    write: &mut Write,
    id: CampaignId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Due> {
    let campaign = held(write, id).await?;
    open(&campaign, now)?;
    let due = Due {
        deferred: store::requeue_all(write, id, State::Deferred, now).await?,
        in_doubt: store::requeue_all(write, id, State::InDoubt, now).await?,
    };
    if due.deferred + due.in_doubt > 0 {
        reopen(write, &campaign, now).await?;
        let detail = format!("{} deferred, {} in doubt", due.deferred, due.in_doubt);
        campaign::store::log(write, id, by, Action::Retried, Some(&detail), now).await?;
    }
    Ok(due)
}

/// Stops a campaign for now.
pub async fn pause(
    write: &mut Write,
    id: CampaignId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    use campaign::State::{Paused, Running, Scheduled};
    change(write, id, (&[Scheduled, Running], Paused), now).await?;
    Ok(campaign::store::log(write, id, by, Action::Paused, None, now).await?)
}

/// Calls a campaign off: how many mails of it are not sent.
pub async fn cancel(
    write: &mut Write,
    id: CampaignId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<u64> {
    use campaign::State::{AwaitingApproval, Cancelled, Draft, Paused, Running, Scheduled};
    let open = &[Draft, AwaitingApproval, Scheduled, Running, Paused];
    change(write, id, (open, Cancelled), now).await?;
    campaign::store::log(write, id, by, Action::Cancelled, None, now).await?;
    Ok(store::cancel(write, id, None, now).await?)
}

/// Takes a campaign from one of these states to that one.
async fn change(
    write: &mut Write,
    id: CampaignId,
    (from, to): (&[campaign::State], campaign::State),
    now: Timestamp,
) -> anyhow::Result<()> {
    let state = held(write, id).await?.state;
    ensure!(from.contains(&state), "campaign {id} is {state}; it cannot become {to} from there");
    campaign::store::change(write, id, state, to, None, now).await?;
    Ok(())
}

/// Lets a paused campaign go on where it was: sending, or waiting for its time.
///
/// Whoever was refused for our sake is due at once: that it goes on says that it is mended, and the
/// schedule is for what mends itself. All else that was put off keeps its time.
pub async fn resume(
    write: &mut Write,
    id: CampaignId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Resumed> {
    let campaign = held(write, id).await?;
    let (from, frozen) = (campaign::State::Paused, campaign.audience.is_some());
    let state = if frozen { campaign::State::Running } else { campaign::State::Scheduled };
    ensure!(
        campaign::store::change(write, id, from, state, None, now).await?,
        "campaign {id} is {}; it cannot become {state} from there",
        campaign.state
    );
    let refused = store::requeue_refused(write, id, now).await?;
    campaign::store::log(write, id, by, Action::Resumed, None, now).await?;
    Ok(Resumed { state, refused })
}

/// Ends a delivery in doubt as a person says.
pub async fn settle(
    write: &mut Write,
    id: DeliveryId,
    decision: Decision,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (campaign, state) = locked(write, id).await?;
    ensure!(
        store::decide(write, id, decision.state(), DECIDED, now).await?,
        "delivery {id} is {state}; only one that is in_doubt can be settled by hand"
    );
    let detail = format!("delivery {id} as {}", decision.state());
    Ok(campaign::store::log(write, campaign.id, by, Action::Settled, Some(&detail), now).await?)
}

/// A campaign, its row held.
async fn held(write: &mut Write, id: CampaignId) -> anyhow::Result<Campaign> {
    campaign::store::lock(write, id).await?.with_context(|| campaign::approval::no_such(id))
}

/// A delivery's state, with its campaign's row held.
async fn locked(write: &mut Write, id: DeliveryId) -> anyhow::Result<(Campaign, State)> {
    let none = || format!("there is no delivery {id}; `bulletin delivery list` shows them");
    let (campaign, _) = store::standing(write, id).await?.with_context(none)?;
    let campaign = campaign::store::lock(write, campaign).await?.with_context(none)?;
    // before the lock it may have been another
    let (_, state) = store::standing(write, id).await?.with_context(none)?;
    Ok((campaign, state))
}

/// Whether anything of a campaign may still go out.
fn open(campaign: &Campaign, now: Timestamp) -> anyhow::Result<()> {
    use campaign::State::{Finished, Paused, Running};
    let Campaign { id, state, .. } = campaign;
    ensure!(
        matches!(state, Running | Paused | Finished),
        "campaign {id} is {state}; nothing of it can be sent again"
    );
    ensure!(
        now < campaign.expires_at,
        "campaign {id} has expired; nothing of it can be sent again"
    );
    Ok(())
}

/// Deliveries of a finished campaign are claimed only when it runs again.
async fn reopen(write: &mut Write, campaign: &Campaign, now: Timestamp) -> anyhow::Result<()> {
    let (from, to) = (campaign::State::Finished, campaign::State::Running);
    if campaign.state == from {
        campaign::store::change(write, campaign.id, from, to, None, now).await?;
    }
    Ok(())
}
