//! Looks at the sources that are due, beside all else that the daemon does, and queues what is to be queued.
//!
//! What always holds: a source that answers slowly, or never, holds up neither another source nor a mail;
//! nothing here ends the daemon.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::task::{JoinHandle, JoinSet};

use super::{Home, Until};
use crate::campaign::action::Actor;
use crate::campaign::announcement::queue;
use crate::campaign::{self, Kind, Order, State};
use crate::clock::Timestamp;
use crate::config::{Config, Origin, Publish, Source};
use crate::message::Templates;
use crate::message::lint::whole;
use crate::post::store::Stored;
use crate::post::{self, lint};
use crate::source::net::Net;
use crate::source::poll::{Desk, due, look};
use crate::source::{Report, store};

/// How often it is asked which source is due.
const TICK: Duration = Duration::from_secs(1);

/// The task that looks; none when there is no source.
pub(super) struct Sources(Option<JoinHandle<()>>);

impl Sources {
    /// Begins to look. When the daemon ends with its work, a look at every folder and at the feeds that
    /// are due is part of it, and all.
    pub(super) fn start(home: &Home, until: &Until) -> anyhow::Result<Self> {
        if home.config.source.is_empty() {
            return Ok(Self(None));
        }
        let net = Arc::new(Net::public(&home.config.site.base_url)?);
        let (under_way, tasks) = (BTreeSet::new(), JoinSet::new());
        let mut looks = Looks { home: home.clone(), net, under_way, tasks };
        let once = matches!(until, Until::Idle);
        Ok(Self(Some(tokio::spawn(async move {
            if once { looks.once().await } else { looks.go_on().await }
        }))))
    }

    /// Nothing is to be looked at any more.
    pub(super) fn have_ended(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Drops what is under way: nothing of it is kept, and it is due again when its claim lapses.
    pub(super) async fn stop(self) {
        if let Some(task) = self.0 {
            task.abort();
            let _ = task.await;
        }
    }
}

fn folders(config: &Config) -> Vec<String> {
    let is_folder = |source: &Source| matches!(source.origin, Origin::Folder { .. });
    let folders = config.source.iter().filter(|(_, source)| is_folder(source));
    folders.map(|(name, _)| name.clone()).collect()
}

struct Looks {
    home: Home,
    net: Arc<Net>,
    under_way: BTreeSet<String>,
    tasks: JoinSet<String>,
}

impl Looks {
    async fn once(&mut self) {
        let folders = folders(&self.home.config);
        let due: Vec<_> =
            self.due().await.into_iter().filter(|name| !folders.contains(name)).collect();
        self.begin(folders, true);
        self.begin(due, false);
        while self.join().await {}
    }

    async fn go_on(&mut self) {
        loop {
            let due = self.due().await;
            self.begin(due, false);
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                true = self.join() => {}
            }
        }
    }

    async fn due(&self) -> Vec<String> {
        let Home { db, config, clock, .. } = &self.home;
        due(Desk { db, config, net: &self.net, clock }).await.unwrap_or_else(|error| {
            tracing::error!("which sources are due cannot be asked now: {error:#}");
            Vec::new()
        })
    }

    /// Begins a look at each of these that is not under way.
    fn begin(&mut self, names: Vec<String>, at_once: bool) {
        for name in names {
            if self.under_way.insert(name.clone()) {
                let (home, net) = (self.home.clone(), Arc::clone(&self.net));
                self.tasks.spawn(async move {
                    if let Err(error) = look_and_queue(&home, &net, &name, at_once).await {
                        tracing::error!(source = name, "it cannot be looked at now: {error:#}");
                    }
                    name
                });
            }
        }
    }

    /// Waits for a look to end; false when none is under way.
    async fn join(&mut self) -> bool {
        match self.tasks.join_next().await {
            Some(Ok(name)) => self.under_way.remove(&name),
            // a task that broke: its name is not told, so all may begin again
            Some(Err(_)) => {
                self.under_way.clear();
                true
            }
            None => false,
        }
    }
}

/// One look, and what follows of it; None when the source is not due, or somebody else looks at it.
pub async fn look_and_queue(
    home: &Home,
    net: &Net,
    name: &str,
    at_once: bool,
) -> anyhow::Result<Option<Report>> {
    let desk = Desk { db: &home.db, config: &home.config, net, clock: &home.clock };
    let report = look(desk, name, at_once).await?;
    if let Some(report) = &report {
        for slug in &report.added {
            tracing::info!(source = name, post = slug, "post added");
        }
        for slug in &report.changed {
            tracing::info!(source = name, post = slug, "post has a new version");
        }
        queue_wanted(home, name).await?;
    }
    Ok(report)
}

/// Queues what this source wants queued. Whatever has a campaign already, by an earlier daemon that died
/// before it said so or by a person, is left as it is.
async fn queue_wanted(home: &Home, name: &str) -> anyhow::Result<()> {
    if home.config.source.get(name).is_none_or(|source| source.publish == Publish::Ask) {
        return Ok(());
    }
    for (slug, stuck) in store::wanted(&mut home.db.read().await?, name).await? {
        let announced = announce(home, &slug).await;
        let finding = announced.err().map(|why| format!("{slug} cannot be queued: {why:#}"));
        if finding.is_some() && finding == stuck {
            continue;
        }
        let mut write = home.db.write().await?;
        match &finding {
            None => store::done(&mut write, name, &slug).await?,
            Some(finding) => {
                tracing::warn!(source = name, "{finding}");
                store::stuck(&mut write, name, &slug, finding).await?;
            }
        }
        write.commit().await?;
    }
    Ok(())
}

/// Nobody looks over what queues itself: an error stops it, unless somebody let it go before.
async fn fit(home: &Home, stored: &Stored, now: Timestamp) -> anyhow::Result<()> {
    let mut read = home.db.read().await?;
    let files = post::store::files(&mut read, stored.id, stored.version).await?;
    let allowed = lint::store::allowed(&mut read, &stored.slug, &stored.hash).await?;
    drop(read);
    let (text, hash) = (stored.source.clone(), stored.hash.clone());
    let source = post::read::Source { post: stored.post()?, text, files, hash };
    let file = PathBuf::from(format!("{}.md", stored.slug));
    let templates = Templates::of(&home.config)?;
    let found = whole::post(&file, &source, &templates, &home.config, now)?;
    let let_go = |rule: &str| allowed.iter().any(|one| one.rule == rule);
    match found.iter().find(|one| one.blocks() && !let_go(one.rule)) {
        None => Ok(()),
        Some(finding) => bail!(
            "{finding}; mend the post, or queue it by `bulletin queue {} --allow {} --because \"your reason\"`",
            stored.slug,
            finding.rule
        ),
    }
}

async fn announce(home: &Home, slug: &str) -> anyhow::Result<()> {
    let now = home.clock.now();
    let mut read = home.db.read().await?;
    let stored = post::store::newest(&mut read, slug).await?;
    let campaigns = campaign::store::all(&mut read).await?;
    drop(read);
    let Some(stored) = stored.filter(|stored| stored.withdrawn_at.is_none()) else {
        return Ok(());
    };
    let announced = campaigns
        .iter()
        .any(|one| one.kind == Kind::Announcement && one.post_id == Some(stored.id));
    if announced {
        return Ok(());
    }
    fit(home, &stored, now).await?;
    let expires_at = now.plus(home.config.delivery.give_up_after);
    let (version, lists, by) = (Some(stored.version), Vec::new(), Actor::machine());
    let order = Order { version, post: slug.to_owned(), lists, due_at: now, expires_at, by };
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
