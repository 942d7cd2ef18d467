//! At its due time a campaign meets its audience: frozen in one transaction (promise 1).

use super::action::Actor;
use super::store::{self, Campaign, Frozen, Piece, Sequel};
use super::{Action, Kind, State, approval, local, reminder, sequel};
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
    let due = local::due(&mut db.read().await?, config, now).await?;
    let mut started = Vec::new();
    for campaign in due {
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
    let (id, from, to) = (campaign.id, State::Scheduled, State::Paused);
    if store::change(&mut write, id, from, to, Some(&reason), now).await? {
        let by = Actor::machine();
        store::log(&mut write, id, &by, Action::Paused, Some(&reason), now).await?;
    }
    write.commit().await?;
    tracing::error!(campaign = campaign.id.0, "the campaign is paused: {reason}");
    Ok(())
}

/// One campaign: publish, renditions, deliveries, ledger; or the reason why it is cancelled, or waits.
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
    // as it stands now, and until the commit
    let locked = store::lock(&mut write, campaign.id).await?;
    let Some(campaign) = locked.filter(|locked| locked.state == State::Scheduled) else {
        return Ok(None);
    };
    let stored = post::store::version(&mut write, post, version).await?;
    let sequel = Sequel::of(campaign.kind);
    if let Some(reason) = pulled(&campaign, &stored, now) {
        return end(write, &campaign, reason, now).await.map(|()| None);
    }
    if let Some(reason) = stale(config, &campaign, now) {
        let (from, to) = (State::Scheduled, State::Paused);
        store::change(&mut write, campaign.id, from, to, Some(&reason), now).await?;
        let by = Actor::machine();
        store::log(&mut write, campaign.id, &by, Action::Paused, Some(&reason), now).await?;
        write.commit().await?;
        tracing::warn!(campaign = campaign.id.0, "the campaign is paused: {reason}");
        return Ok(None);
    }
    // Who had the post is known when none of its mails is under way: the next round looks again.
    if sequel == Some(Sequel::Cancellation) && store::under_way(&mut write, post).await? {
        return Ok(None);
    }
    if sequel.is_some() {
        sequel::add_lists(&mut write, campaign.id, post).await?;
    }
    if let Some(why) = approval::missing(&mut write, config, &campaign).await? {
        approval::void(&mut write, campaign.id, &why, now).await?;
        write.commit().await?;
        tracing::warn!(campaign = campaign.id.0, "the campaign waits for approval: {why}");
        return Ok(None);
    }
    if !store::begin(&mut write, campaign.id, now).await? {
        return Ok(None);
    }
    match sequel {
        Some(sequel) => {
            sequel::freeze(&mut write, config, &campaign, sequel, (post, version), now).await?;
        }
        None => announce(&mut write, config, &campaign, &stored, now).await?,
    }
    if sequel != Some(Sequel::Cancellation) {
        reminder::lay(&mut write, config, post, now).await?;
    }
    let audience = store::set_audience(&mut write, campaign.id).await?;
    write.commit().await?;
    Ok(Some(Started { id: campaign.id, audience }))
}

/// Why what is overdue had better wait for a person: it may not be news any more. That something is
/// cancelled is true whenever it comes. Nobody is asked twice: from when they let it go on it counts anew.
fn stale(config: &Config, campaign: &Campaign, now: Timestamp) -> Option<String> {
    let zone = config.site.timezone;
    let due = campaign.local_time.and_then(|time| time.at(zone)).unwrap_or(campaign.due_at);
    let since = campaign.resumed_at.map_or(due, |at| at.max(due));
    let late = now.since(since) > config.delivery.stale_after;
    let local = since.local(zone).format("%A %-d %B %Y, %H:%M");
    (late && Sequel::of(campaign.kind) != Some(Sequel::Cancellation)).then(|| {
        format!(
            "it was due on {local}, and nothing could go out then; see whether it is still right"
        )
    })
}

/// Why it is not sent any more.
fn pulled(campaign: &Campaign, stored: &Stored, now: Timestamp) -> Option<&'static str> {
    if stored.withdrawn_at.is_some() && campaign.kind != Kind::Cancellation {
        return Some("the post was withdrawn");
    }
    (campaign.expires_at <= now).then_some("it expired before it could be sent")
}

async fn end(
    mut write: Write,
    campaign: &Campaign,
    reason: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (id, to) = (campaign.id, State::Cancelled);
    store::change(&mut write, id, campaign.state, to, Some(reason), now).await?;
    let by = Actor::machine();
    store::log(&mut write, id, &by, Action::Cancelled, Some(reason), now).await?;
    write.commit().await?;
    tracing::warn!(campaign = id.0, "the campaign is cancelled: {reason}");
    Ok(())
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
