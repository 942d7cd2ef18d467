//! Queues the posts that sources want queued.
//!
//! What always holds: whoever queues has claimed the source, so no other daemon queues the same; whatever has
//! a campaign already, by an earlier daemon that died before it said so or by a person, is left as it is.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::Watch;
use crate::campaign::action::Actor;
use crate::campaign::announcement::queue;
use crate::campaign::{self, Kind, Order, State};
use crate::clock::Timestamp;
use crate::config::{Config, Publish};
use crate::daemon::Home;
use crate::id::PostId;
use crate::message::Occasion;
use crate::message::lint::whole::{self, Planned};
use crate::post::store::Stored;
use crate::post::{self, lint};
use crate::source::poll::{LEASE, take};
use crate::source::store::{self, Standing, Waiting};

fn publishes(config: &Config, name: &str) -> bool {
    config.source.get(name).is_some_and(|source| source.publish == Publish::Auto)
}

/// The sources that want something queued; `all` also those of which it could not be.
pub(super) async fn want(home: &Home, all: bool) -> anyhow::Result<Vec<String>> {
    let mut read = home.db.read().await?;
    let mut names = Vec::new();
    for name in home.config.source.keys().filter(|name| publishes(&home.config, name)) {
        let waiting = store::waiting(&mut read, name).await?;
        let untried = |one: &Waiting| one.announce == "wanted" && one.finding.is_none();
        if waiting.iter().any(|one| all || untried(one)) {
            names.push(name.clone());
        }
    }
    Ok(names)
}

/// Queues what this source wants queued, unless somebody else has it in hand.
pub(super) async fn queue_wanted(watch: &Watch, name: &str) -> anyhow::Result<()> {
    let db = &watch.home.db;
    if !publishes(&watch.home.config, name)
        || store::waiting(&mut db.read().await?, name).await?.is_empty()
    {
        return Ok(());
    }
    let Some(standing) = take(watch.desk(), name).await? else {
        return Ok(());
    };
    let queued = Queueing { watch, standing: &standing }.all().await;
    let mut write = db.write().await?;
    store::let_go(&mut write, &standing).await?;
    write.commit().await?;
    queued
}

struct Queueing<'a> {
    watch: &'a Watch,
    standing: &'a Standing,
}

/// What comes of a post that waits.
enum Fate {
    Done,
    Stuck(String),
    GivenUp(String),
}

impl Queueing<'_> {
    async fn all(&self) -> anyhow::Result<()> {
        let mut read = self.watch.home.db.read().await?;
        let waiting = store::waiting(&mut read, &self.standing.name).await?;
        let campaigns = campaign::store::all(&mut read).await?;
        drop(read);
        let announced: HashSet<PostId> = campaigns
            .into_iter()
            .filter(|one| one.kind == Kind::Announcement)
            .filter_map(|one| one.post_id)
            .collect();
        for one in waiting {
            if let Some(fate) = self.fate(&one, &announced).await? {
                self.write_down(&one, fate).await?;
            }
        }
        Ok(())
    }

    /// None when it stays as it is.
    async fn fate(
        &self,
        one: &Waiting,
        announced: &HashSet<PostId>,
    ) -> anyhow::Result<Option<Fate>> {
        let home = &self.watch.home;
        let stored = post::store::newest(&mut home.db.read().await?, &one.post).await?;
        let Some(stored) =
            stored.filter(|post| post.withdrawn_at.is_none() && !announced.contains(&post.id))
        else {
            return Ok(Some(Fate::Done));
        };
        if one.announce != "wanted" {
            return Ok(None);
        }
        if one.since.plus(home.config.delivery.give_up_after) < home.clock.now() {
            return Ok(Some(Fate::GivenUp(given_up(one))));
        }
        Ok(match announce(self.watch, stored).await {
            Ok(()) => Some(Fate::Done),
            Err(why) => {
                let finding = format!("{} cannot be queued: {why:#}", one.post);
                (one.finding.as_ref() != Some(&finding)).then_some(Fate::Stuck(finding))
            }
        })
    }

    async fn write_down(&self, one: &Waiting, fate: Fate) -> anyhow::Result<()> {
        let Home { db, clock, .. } = &self.watch.home;
        let name = self.standing.name.as_str();
        let mut write = db.write().await?;
        if !store::hold(&mut write, self.standing, clock.now().plus(LEASE)).await? {
            bail!("somebody else has it in hand");
        }
        match &fate {
            Fate::Done => store::done(&mut write, name, &one.post).await?,
            Fate::Stuck(why) => store::tell(&mut write, name, &one.post, "wanted", why).await?,
            Fate::GivenUp(why) => store::tell(&mut write, name, &one.post, "never", why).await?,
        }
        write.commit().await?;
        if let Fate::Stuck(finding) | Fate::GivenUp(finding) = fate {
            tracing::warn!(source = name, "{finding}");
        }
        Ok(())
    }
}

/// What was news when it came is none when it goes out weeks later.
fn given_up(one: &Waiting) -> String {
    let slug = &one.post;
    let last = one.finding.as_deref().map(|why| format!(" Last time: {why}")).unwrap_or_default();
    format!(
        "{slug} has waited too long and is not queued by itself any more; \
         `bulletin queue {slug}` sends it to its readers.{last}"
    )
}

async fn announce(watch: &Watch, stored: Stored) -> anyhow::Result<()> {
    let home = &watch.home;
    let now = home.clock.now();
    let (version, slug) = (Some(stored.version), stored.slug.clone());
    fit(watch, stored, now).await?;
    let expires_at = now.plus(home.config.delivery.give_up_after);
    let order = Order {
        version,
        post: slug.clone(),
        lists: Vec::new(),
        due_at: now,
        local_time: false,
        expires_at,
        by: Actor::machine(),
    };
    let queued = queue(&home.db, &home.config, &order, false, now).await?;
    let waits = queued.state == State::AwaitingApproval;
    tracing::info!(
        campaign = queued.id.0,
        post = slug,
        waits_for_approval = waits,
        "post queued by its source"
    );
    Ok(())
}

/// Nobody looks over what queues itself: an error stops it, unless somebody let it go before.
async fn fit(watch: &Watch, stored: Stored, now: Timestamp) -> anyhow::Result<()> {
    let mut read = watch.home.db.read().await?;
    let files = post::store::files(&mut read, stored.id, stored.version).await?;
    let allowed = lint::store::allowed(&mut read, &stored.slug, &stored.hash).await?;
    drop(read);
    let (config, templates) = (Arc::clone(&watch.home.config), Arc::clone(&watch.templates));
    let slug = stored.slug.clone();
    // away from the threads that send mail
    let composed = tokio::task::spawn_blocking(move || {
        let (text, hash) = (stored.source.clone(), stored.hash.clone());
        let source = post::read::Source { post: stored.post()?, text, files, hash };
        let file = PathBuf::from(format!("{}.md", stored.slug));
        let planned = Planned { file: &file, source: &source, occasion: Occasion::News, at: now };
        whole::post(&planned, &templates, &config)
    });
    let found = composed.await.context("composing it broke off")??;
    let let_go = |rule: &str| allowed.iter().any(|one| one.rule == rule);
    match found.iter().find(|one| one.blocks() && !let_go(one.rule)) {
        None => Ok(()),
        Some(finding) => bail!(
            "{finding}; mend the post, or queue it by `bulletin queue {slug} --allow {} --because \"your reason\"`",
            finding.rule
        ),
    }
}
