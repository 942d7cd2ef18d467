//! At its due time a campaign meets its audience: frozen in one transaction (promise 1).

use super::store::{self, Campaign, Frozen, Piece, Sequel};
use super::{State, reminder, sequel};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Db, Error, Write};
use crate::id::{CampaignId, PostId};
use crate::post::{self, store::Stored};

/// A campaign that was frozen now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub id: CampaignId,
    pub audience: i64,
}

/// Freezes every scheduled campaign whose time has come.
pub async fn freeze_due(db: &Db, config: &Config, now: Timestamp) -> anyhow::Result<Vec<Started>> {
    let waiting = store::in_state(&mut db.read().await?, State::Scheduled).await?;
    let mut started = Vec::new();
    for campaign in waiting.into_iter().filter(|campaign| campaign.due_at <= now) {
        match freeze(db, config, &campaign, now).await {
            Ok(frozen) => started.extend(frozen),
            // The database is away, or another froze the same post this instant: the next round
            // tries again. The others do not wait for it.
            Err(error) if error.is::<Error>() => {
                tracing::debug!(campaign = campaign.id.0, "not frozen yet: {error:#}");
            }
            Err(error) => set_aside(db, &campaign, &error, now).await?,
        }
    }
    Ok(started)
}

/// What cannot be frozen waits for a person, with the reason.
async fn set_aside(
    db: &Db,
    campaign: &Campaign,
    error: &anyhow::Error,
    now: Timestamp,
) -> anyhow::Result<()> {
    let reason = format!("{error:#}");
    let mut write = db.write().await?;
    store::change(&mut write, campaign.id, State::Scheduled, State::Paused, Some(&reason), now)
        .await?;
    write.commit().await?;
    tracing::error!(campaign = campaign.id.0, "the campaign is paused: {reason}");
    Ok(())
}

/// One campaign: publish, renditions, deliveries, ledger; or the reason why it is cancelled.
async fn freeze(
    db: &Db,
    config: &Config,
    campaign: &Campaign,
    now: Timestamp,
) -> anyhow::Result<Option<Started>> {
    let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
        return Ok(None);
    };
    let mut write = db.write().await?;
    store::take_turn(&mut write).await?;
    let stored = post::store::version(&mut write, post, version).await?;
    let sequel = Sequel::of(campaign.kind);
    let calls_off = sequel == Some(Sequel::Cancellation);
    let pulled = if stored.withdrawn_at.is_some() && !calls_off {
        Some("the post was withdrawn")
    } else {
        (campaign.expires_at <= now).then_some("it expired before it could be sent")
    };
    if let Some(reason) = pulled {
        store::change(
            &mut write,
            campaign.id,
            State::Scheduled,
            State::Cancelled,
            Some(reason),
            now,
        )
        .await?;
        write.commit().await?;
        tracing::warn!(campaign = campaign.id.0, "the campaign is cancelled: {reason}");
        return Ok(None);
    }
    // Who had the post is known when none of its mails is under way: the next round looks again.
    if calls_off && store::under_way(&mut write, post).await? {
        return Ok(None);
    }
    if !store::begin(&mut write, campaign.id, now).await? {
        return Ok(None);
    }
    match sequel {
        Some(sequel) => {
            sequel::freeze(&mut write, config, campaign, sequel, (post, version), now).await?;
        }
        None => announce(&mut write, config, campaign, &stored, now).await?,
    }
    if !calls_off {
        reminder::lay(&mut write, config, post, now).await?;
    }
    let audience = store::set_audience(&mut write, campaign.id).await?;
    write.commit().await?;
    Ok(Some(Started { id: campaign.id, audience }))
}

/// Publishes the version, and gives everybody who is due it their mail.
async fn announce(
    write: &mut Write,
    config: &Config,
    campaign: &Campaign,
    stored: &Stored,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (post, version) = (stored.id, stored.version);
    let pieces = publish(write, campaign.id, post, version, now).await?;
    let plain = store::insert_rendition(write, campaign.id, &pieces, false).await?;
    let discreet = if store::any_discreet(write, campaign.id).await? {
        store::insert_rendition(write, campaign.id, &pieces, true).await?
    } else {
        plain
    };
    let frozen = Frozen {
        id: campaign.id,
        post,
        urgent: stored.post()?.urgent,
        message_domains: &config.message_domains(),
    };
    store::freeze(write, &frozen, [plain, discreet], now).await?;
    Ok(store::write_ledger(write, campaign.id, "post").await?)
}

/// Announces the version on the campaign's lists; the mail is a rendition of its first.
async fn publish(
    write: &mut Write,
    id: CampaignId,
    post: PostId,
    version: i64,
    now: Timestamp,
) -> anyhow::Result<Vec<Piece>> {
    let lists = store::lists(write, id).await?;
    for list in &lists {
        post::store::publish(write, post, version, list, now).await?;
    }
    Ok(lists.into_iter().take(1).map(|list| Piece { post, version, list }).collect())
}
