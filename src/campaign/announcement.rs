//! Queueing a post: from "this goes out" to a campaign that waits for its time.

use anyhow::bail;

use super::store::{self, New};
use super::{Action, Forecast, Kind, Order, State};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::Db;
use crate::id::CampaignId;
use crate::post::add::{lists, named};

/// What queueing a post made, or would make.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: CampaignId,
    pub state: State,
    pub due_at: Timestamp,
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
    order.check(&stored, now)?;
    let post = stored.post()?;
    let lists = lists(&post, &order.lists, config)?;
    let approval = lists.iter().any(|list| config.list[list].approval);
    let state = if approval { State::AwaitingApproval } else { State::Scheduled };
    let new = New {
        kind: Kind::Announcement,
        subject: &post.title,
        post: Some((stored.id, stored.version)),
        digest: None,
        urgent: post.urgent,
        state,
        due_at: order.due_at,
        expires_at: order.expires_at,
    };
    let mut write = db.write().await?;
    let id = store::insert(&mut write, &new, &lists, now).await?;
    let detail = format!("version {}, to {}", stored.version, lists.join(", "));
    store::log(&mut write, id, &order.by, Action::Queued, Some(&detail), now).await?;
    let forecast = store::forecast(&mut write, id, stored.id, post.urgent).await?;
    // The first announcement of a post fills archive and digests even when nobody reads its lists.
    let nobody_left = stored.published_at.is_some() && !forecast.reaches_somebody();
    if !dry_run && !nobody_left {
        write.commit().await?;
    }
    Ok(Queued { id, state, due_at: order.due_at, lists, forecast, nobody_left })
}
