//! Taking a post back: out of everything that is not yet sent, and, if asked, out of people's minds.
//!
//! # What always holds
//! * In one transaction: the archive, campaigns, digests that wait, and the cancellation.
//! * A digest that waits is planned anew without the post; one that held nothing else is cancelled. What
//!   is under way is turned down at its last look, and what else it held comes in the next edition.
//! * The ledger keeps who may have had the post, and only them: they are told.

use std::collections::BTreeSet;

use super::store;
use crate::campaign::action::Actor;
use crate::campaign::sequel::{Notice, call_off};
use crate::campaign::store::{self as campaigns, Campaign};
use crate::campaign::{Action, Kind, State};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Db, Write};
use crate::id::PostId;
use crate::message::store as message;
use crate::post::store::{self as posts, Stored};

/// What withdrawing a post did.
#[derive(Clone, Debug)]
pub struct Withdrawn {
    /// False when it was withdrawn before.
    pub new: bool,
    pub campaigns: usize,
    /// Mails that are not sent.
    pub mails: u64,
    /// Digests that go without it.
    pub digests: u64,
    /// When people were to be told.
    pub notice: Option<Notice>,
}

/// Withdraws a post; doing it again changes nothing more.
pub async fn withdraw(
    db: &Db,
    config: &Config,
    stored: &Stored,
    notify: bool,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Withdrawn> {
    let mut write = db.write().await?;
    // Whoever freezes or plans now is before us, and has written, or after us, and sees it.
    campaigns::take_turn(&mut write).await?;
    let new = posts::withdraw(&mut write, stored.id, now).await?;
    let (stopped, cancelled) = stop(&mut write, stored.id, by, now).await?;
    let (digests, empty) = plan_anew(&mut write, stored, by, now).await?;
    if new && stopped == 0 {
        remember(&mut write, stored.id, by, now).await?;
    }
    let notice =
        if notify { Some(call_off(&mut write, config, stored, by, now).await?) } else { None };
    write.commit().await?;
    Ok(Withdrawn { new, campaigns: stopped, mails: cancelled + empty, digests, notice })
}

/// Cancels every campaign of the post but its cancellation: how many, and how many mails.
async fn stop(
    write: &mut Write,
    post: PostId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<(usize, u64)> {
    let mut all = campaigns::all(write).await?;
    all.retain(|one| one.post_id == Some(post) && one.kind != Kind::Cancellation);
    all.retain(|one| is_open(one.state));
    let mut mails = 0;
    let mut stopped = 0;
    for one in &all {
        // as it stands now, and until the commit
        let locked = campaigns::lock(write, one.id).await?;
        let Some(state) = locked.map(|locked| locked.state).filter(|state| is_open(*state)) else {
            continue;
        };
        let why = Some("the post was withdrawn");
        campaigns::change(write, one.id, state, State::Cancelled, why, now).await?;
        campaigns::log(write, one.id, by, Action::Cancelled, why, now).await?;
        stopped += 1;
        mails += store::cancel(write, one.id, None, now).await?;
    }
    Ok((stopped, mails))
}

/// Who withdrew a post of which nothing was under way, in the log of what was sent of it last.
async fn remember(
    write: &mut Write,
    post: PostId,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let all = campaigns::all(write).await?;
    let newest = all.iter().find(|one| one.post_id == Some(post));
    if let Some(Campaign { id, .. }) = newest {
        let why = Some("the post was withdrawn");
        campaigns::log(write, *id, by, Action::Cancelled, why, now).await?;
    }
    Ok(())
}

fn is_open(state: State) -> bool {
    !matches!(state, State::Finished | State::Cancelled)
}

/// Takes the post out of digests that wait: how many go without it, and how many had nothing else.
async fn plan_anew(
    write: &mut Write,
    stored: &Stored,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<(u64, u64)> {
    let (mut moved, mut cancelled, post) = (0, 0, stored.id);
    let mut touched = BTreeSet::new();
    for (campaign, rendition) in store::waiting_digests(write, post).await? {
        touched.insert(campaign);
        let discreet = message::find(write, rendition).await?.discreet;
        let mut left = message::pieces(write, rendition).await?;
        left.retain(|piece| piece.post != post);
        if left.is_empty() {
            cancelled += store::cancel(write, campaign, Some(rendition), now).await?;
        } else {
            let other = campaigns::insert_rendition(write, campaign, &left, discreet).await?;
            moved += store::move_waiting(write, campaign, rendition, other, post).await?;
        }
    }
    let what = format!("the post \"{}\" was withdrawn from it", stored.slug);
    for campaign in touched {
        campaigns::log(write, campaign, by, Action::Cancelled, Some(&what), now).await?;
    }
    Ok((moved, cancelled))
}
