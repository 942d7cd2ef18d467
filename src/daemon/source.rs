//! Looks at the sources that are due, beside all else that the daemon does, and queues what is to be queued.
//!
//! What always holds: a source that answers slowly, or never, holds up neither another source nor a mail;
//! nothing here ends the daemon.

mod queue;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::{Home, Until};
use crate::config::{Config, Origin, Source};
use crate::message::Templates;
use crate::source::Report;
use crate::source::net::Net;
use crate::source::poll::{Desk, due, look};
use queue::{queue_wanted, want};

/// How often it is asked which source is due.
const TICK: Duration = Duration::from_secs(1);

/// What looking and queueing need.
#[derive(Clone)]
pub struct Watch {
    pub home: Home,
    pub net: Arc<Net>,
    pub templates: Arc<Templates>,
}

impl Watch {
    /// Over feeds on the public internet.
    pub fn public(home: &Home, templates: Arc<Templates>) -> anyhow::Result<Self> {
        let net = Arc::new(Net::public(&home.config.site.base_url)?);
        Ok(Self { home: home.clone(), net, templates })
    }

    fn desk(&self) -> Desk<'_> {
        let Home { db, config, clock, .. } = &self.home;
        Desk { db, config, net: &self.net, clock }
    }
}

/// The task that looks; none when there is no source.
pub(super) struct Sources(Option<JoinHandle<()>>);

impl Sources {
    /// Begins to look. When the daemon ends with its work, a look at every folder and at the feeds that
    /// are due is part of it, and all.
    pub(super) fn start(
        home: &Home,
        templates: &Arc<Templates>,
        until: &Until,
    ) -> anyhow::Result<Self> {
        if home.config.source.is_empty() {
            return Ok(Self(None));
        }
        let watch = Watch::public(home, Arc::clone(templates))?;
        let (under_way, tasks) = (BTreeSet::new(), JoinSet::new());
        let mut looks = Looks { watch, under_way, tasks };
        let once = matches!(until, Until::Idle);
        Ok(Self(Some(tokio::spawn(async move {
            if once { looks.once().await } else { looks.go_on().await }
        }))))
    }

    /// Nothing is to be looked at any more.
    pub(super) fn have_ended(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Drops what is under way: the rest of it is due again when its claim lapses.
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

/// What is done with a source.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// When it is due, or `at_once`; then what it wants queued is queued.
    Look { at_once: bool },
    /// What was left to be queued is queued.
    Queue,
}

struct Looks {
    watch: Watch,
    under_way: BTreeSet<String>,
    tasks: JoinSet<String>,
}

impl Looks {
    async fn once(&mut self) {
        let folders = folders(&self.watch.home.config);
        let due: Vec<_> =
            self.due().await.into_iter().filter(|name| !folders.contains(name)).collect();
        self.begin(folders, Work::Look { at_once: true });
        self.begin(due, Work::Look { at_once: false });
        self.begin_queueing(true).await;
        while self.join().await {}
    }

    async fn go_on(&mut self) {
        let mut is_start = true;
        loop {
            let due = self.due().await;
            self.begin(due, Work::Look { at_once: false });
            self.begin_queueing(std::mem::take(&mut is_start)).await;
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                true = self.join() => {}
            }
        }
    }

    async fn due(&self) -> Vec<String> {
        due(self.watch.desk()).await.unwrap_or_else(|error| {
            tracing::error!("which sources are due cannot be asked now: {error:#}");
            Vec::new()
        })
    }

    /// Whatever a look, or a daemon that died, has left to be queued; `all` also what could not be.
    async fn begin_queueing(&mut self, all: bool) {
        match want(&self.watch.home, all).await {
            Ok(names) => self.begin(names, Work::Queue),
            Err(error) => tracing::error!("what is to be queued cannot be asked now: {error:#}"),
        }
    }

    /// Begins this with each of these that is not under way.
    fn begin(&mut self, names: Vec<String>, work: Work) {
        for name in names {
            if self.under_way.insert(name.clone()) {
                let watch = self.watch.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = watch.work(&name, work).await {
                        tracing::error!(source = name, "{}: {error:#}", work.cannot());
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

impl Work {
    fn cannot(self) -> &'static str {
        match self {
            Self::Look { .. } => "it cannot be looked at now",
            Self::Queue => "what it brought cannot be queued now",
        }
    }
}

impl Watch {
    async fn work(&self, name: &str, work: Work) -> anyhow::Result<()> {
        match work {
            Work::Look { at_once } => self.look_and_queue(name, at_once).await.map(drop),
            Work::Queue => self.queue(name).await,
        }
    }

    /// Queues what a source wants queued, unless somebody else has it in hand.
    pub async fn queue(&self, name: &str) -> anyhow::Result<()> {
        queue_wanted(self, name).await
    }

    /// One look, and what follows of it; None when the source is not due, or somebody else looks at it.
    pub async fn look_and_queue(
        &self,
        name: &str,
        at_once: bool,
    ) -> anyhow::Result<Option<Report>> {
        let report = look(self.desk(), name, at_once).await?;
        if let Some(report) = &report {
            for slug in &report.added {
                tracing::info!(source = name, post = slug, "post added");
            }
            for slug in &report.changed {
                tracing::info!(source = name, post = slug, "post has a new version");
            }
            self.queue(name).await?;
        }
        Ok(report)
    }
}
