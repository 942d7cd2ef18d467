//! Queueing a post: from "this goes out" to a campaign that waits for its time.

use anyhow::bail;

use super::store::{self, New};
use super::{Action, Forecast, Kind, Order, State, local};
use crate::clock::Timestamp;
use crate::clock::local::LocalTime;
use crate::config::Config;
use crate::db::Db;
use crate::id::CampaignId;
use crate::post::add::{lists, named};

/// What queueing a post made, or would make.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: CampaignId,
    pub state: State,
    /// When the first reader is due.
    pub due_at: Timestamp,
    /// What each reader's own clock shows then.
    pub local_time: Option<LocalTime>,
    /// Sent before all others, and in quiet hours.
    pub urgent: bool,
    pub lists: Vec<String>,
    pub forecast: Forecast,
    /// Everybody it could reach has it already: nothing was made.
    pub nobody_left: bool,
}

/// Makes the campaign of an announcement; with `dry_run` only says what it would be.
pub async fn queue(
    db: &Db,
    config: &Config,
    order: &Order,
    dry_run: bool,
    now: Timestamp,
) -> anyhow::Result<Queued> {
    let stored = named(db, &order.post).await?;
    if stored.withdrawn_at.is_some() {
        bail!(
            "the post \"{}\" was withdrawn; add it under a new slug to announce it again",
            order.post
        );
    }
    order.check(config, &stored, now)?;
    let post = stored.post()?;
    let lists = lists(&post, &order.lists, config)?;
    let approval = lists.iter().any(|list| config.asks_for_approval(list));
    let state = if approval { State::AwaitingApproval } else { State::Scheduled };
    let mut write = db.write().await?;
    let local =
        if order.local_time { Some(local::first(&mut write, config, order).await?) } else { None };
    let due_at = local.map_or(order.due_at, |(_, first)| first.max(now));
    let new = New {
        kind: Kind::Announcement,
        subject: &post.title,
        post: Some((stored.id, stored.version)),
        digest: None,
        urgent: post.urgent,
        state,
        due_at,
        expires_at: order.expires_at,
    };
    let id = store::insert(&mut write, &new, &lists, now).await?;
    let local_time = local.map(|(time, _)| time);
    if let Some(time) = local_time {
        store::set_local_time(&mut write, id, time).await?;
    }
    let detail = format!("version {}, to {}", stored.version, lists.join(", "));
    store::log(&mut write, id, &order.by, Action::Queued, Some(&detail), now).await?;
    let forecast = store::forecast(&mut write, id, stored.id, post.urgent).await?;
    // The first announcement of a post fills archive and digests even when nobody reads its lists.
    let nobody_left = stored.published_at.is_some() && !forecast.reaches_somebody();
    if !dry_run && !nobody_left {
        write.commit().await?;
    }
    Ok(Queued { id, state, due_at, local_time, urgent: post.urgent, lists, forecast, nobody_left })
}
