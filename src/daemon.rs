//! The daemon: starts and stops the parts in order, and looks what is due.
//!
//! ```text
//! start: recover → pages → engine → sources → lookout
//! stop:  lookout → sources → pages → engine (finish, record, give back)
//! ```
//!
//! # What always holds
//! * One daemon for an SQLite file; the second is told who holds it.
//! * SIGTERM, SIGINT and SIGHUP stop claiming, finish what is under way, record it, and end with 0.
//! * Templates of somebody's own are tried out before anything else is begun.
//! * A list or a digest that somebody still reads cannot be missing from the configuration.

mod lookout;
pub mod source;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::alert::Transports;
use crate::audience::used::check_used;
use crate::campaign::{self, digest, freeze, reminder};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::db::owner::Owner;
use crate::delivery;
use crate::delivery::engine::{Engine, Parts};
use crate::delivery::recover::{Living, recover};
use crate::id::CampaignId;
use crate::message::press::Press;
use crate::message::template::Templates;
use crate::metric::Metrics;
use crate::token::Keys;
use crate::transport::Transport;
use crate::web;
use lookout::Lookout;
use source::Sources;

/// How often the daemon looks what is due. Commands write to the database and need no other bell.
const TICK: Duration = Duration::from_millis(200);
/// How often it looks for rows of dead daemons and says that it is alive.
const ROUND: Duration = Duration::from_secs(5);
/// `--until-idle` waits for work that is due within this long.
const SOON: Duration = Duration::from_mins(2);

/// What the whole program works with.
#[derive(Clone)]
pub struct Home {
    pub config: Arc<Config>,
    pub db: Db,
    pub keys: Keys,
    pub clock: Clock,
    pub metrics: Metrics,
}

impl Home {
    /// What the pages need of it.
    fn office(&self) -> web::Office {
        let Self { config, db, keys, clock, metrics } = self.clone();
        web::Office { config, db, keys, clock, metrics }
    }
}

/// How to run.
#[derive(Clone, Debug)]
pub enum Until {
    /// With pages, until a signal says stop.
    Stopped,
    /// With pages, until a signal or this says stop.
    Told(Arc<Notify>),
    /// Without pages, until nothing is due any more.
    Idle,
}

/// Runs the daemon; `finished` hears of every campaign as it ends.
pub async fn run(home: &Home, until: Until, finished: &dyn Fn(CampaignId)) -> anyhow::Result<()> {
    home.config.fit_for_the_world()?;
    check_used(&home.db, &home.config).await?;
    digest::check_left(&home.db, &home.config).await?;
    let templates = Arc::new(Templates::of(&home.config)?);
    let owner = Owner::claim(&home.db, home.clock.now()).await?;
    reminder::lay_all(&home.db, &home.config, home.clock.now()).await?;
    let policy = home.config.delivery.on_in_doubt;
    let recovered = recover(&home.db, &owner, policy, Living::Spared, home.clock.now()).await?;
    if recovered > 0 {
        tracing::warn!(
            deliveries = recovered,
            "an earlier daemon died; what it had in hand is queued again"
        );
    }
    let pages = match &until {
        Until::Stopped | Until::Told(_) => Some(web::start(&home.office()).await?),
        Until::Idle => None,
    };
    let transports = transports(home)?;
    let engine = start_engine(home, &owner, &templates, transports.clone()).await?;
    let sources = Sources::start(home, &templates, &until)?;
    let lookout = Lookout::start(home, &until, transports);
    tracing::info!("running");
    let result = Rounds { home, owner: &owner, engine: &engine, sources: &sources, finished }
        .run(&until)
        .await;
    lookout.stop().await;
    sources.stop().await;
    if let Some(pages) = pages {
        pages.stop().await;
    }
    engine.stop().await;
    // what the last results finished
    Rounds::finish(home, finished).await?;
    owner.leave(&home.db, home.clock.now()).await?;
    tracing::info!("stopped");
    result
}

fn transports(home: &Home) -> anyhow::Result<Transports> {
    let hello = home.config.sender.address.domain();
    let transport = |(name, relay): (&String, _)| {
        let transport = Transport::of(relay, &hello)?.with_metrics(home.metrics.clone());
        Ok((name.clone(), transport))
    };
    home.config.relay.iter().map(transport).collect()
}

async fn start_engine(
    home: &Home,
    owner: &Owner,
    templates: &Arc<Templates>,
    transports: Transports,
) -> anyhow::Result<Engine> {
    let parts = Parts {
        db: home.db.clone(),
        config: Arc::clone(&home.config),
        keys: home.keys.clone(),
        clock: home.clock.clone(),
        press: Press::new(home.db.clone(), Arc::clone(&home.config), Arc::clone(templates)),
        metrics: home.metrics.clone(),
        transports,
    };
    Engine::start(parts, owner).await
}

struct Rounds<'a> {
    home: &'a Home,
    owner: &'a Owner,
    engine: &'a Engine,
    sources: &'a Sources,
    finished: &'a dyn Fn(CampaignId),
}

impl Rounds<'_> {
    async fn run(&self, until: &Until) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
        // until settings can be read anew while it runs: whoever watches over it starts it again
        let mut hangup = signal(SignalKind::hangup()).context("signals cannot be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
        let mut round = Instant::now() + ROUND;
        loop {
            if round <= Instant::now() {
                round = Instant::now() + ROUND;
                self.go_round().await;
            }
            if let Err(error) = self.look().await {
                // The database may be full or away; what is due stays due.
                tracing::error!("what is due cannot be done now: {error:#}");
            } else if matches!(until, Until::Idle) && self.idle().await? {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hangup.recv() => return Ok(()),
                () = told(until) => return Ok(()),
            }
        }
    }

    /// Does once all that is due.
    async fn look(&self) -> anyhow::Result<()> {
        let Home { config, db, clock, .. } = self.home;
        let now = clock.now();
        // often: others take what we have in hand as soon as our lock is free
        self.owner.hold_on(db).await?;
        self.engine.follow_relays().await?;
        let started = freeze::freeze_due(db, config, now).await?;
        let editions = digest::plan_due(db, config, now).await?;
        let reminders = reminder::plan_due(db, config, now).await?;
        for started in started.iter().chain(&reminders) {
            tracing::info!(
                campaign = started.id.0,
                audience = started.audience,
                "campaign started"
            );
        }
        for edition in &editions {
            tracing::info!(campaign = edition.id.0, audience = edition.audience, "digest planned");
        }
        if !(started.is_empty() && editions.is_empty() && reminders.is_empty()) {
            self.engine.wake();
        }
        Self::finish(self.home, self.finished).await
    }

    /// Now and then: rows of dead daemons, and a sign of life.
    async fn go_round(&self) {
        let Home { db, clock, .. } = self.home;
        let now = clock.now();
        let done = async {
            self.engine.round(self.owner).await?;
            anyhow::Ok(self.owner.beat(db, now).await?)
        };
        if let Err(error) = done.await {
            tracing::error!("the database cannot be written now: {error:#}");
        }
    }

    async fn finish(home: &Home, finished: &dyn Fn(CampaignId)) -> anyhow::Result<()> {
        let Home { db, clock, .. } = home;
        delivery::store::sweep_cancelled(db, clock.now()).await?;
        if !campaign::store::any_to_finish(&mut db.read().await?).await? {
            return Ok(());
        }
        let mut write = db.write().await?;
        let ended = campaign::store::finish(&mut write, clock.now()).await?;
        write.commit().await?;
        for id in ended {
            tracing::info!(campaign = id.0, "campaign finished");
            finished(id);
        }
        Ok(())
    }

    /// Nothing is under way and nothing will be due soon, as far as the relays let it.
    async fn idle(&self) -> anyhow::Result<bool> {
        let Home { db, clock, .. } = self.home;
        // asked first: what a source brings is in the database before it has ended
        if !self.sources.have_ended() {
            return Ok(false);
        }
        let now = clock.now();
        let soon = now.plus(SOON);
        let relays_closed = self.engine.opens_at(now).is_none_or(|at| at > soon);
        let (sending, due) = delivery::store::left(&mut db.read().await?, soon).await?;
        if !sending && due && relays_closed {
            tracing::warn!("mails wait for a relay that is held or paused");
        }
        let waiting =
            campaign::store::in_state(&mut db.read().await?, campaign::State::Scheduled).await?;
        let frozen = waiting.iter().all(|campaign| campaign.due_at > now);
        Ok(frozen && !sending && (!due || relays_closed))
    }
}

/// Waits until somebody in this process says stop; for ever when nobody can.
async fn told(until: &Until) {
    match until {
        Until::Told(told) => told.notified().await,
        Until::Stopped | Until::Idle => std::future::pending().await,
    }
}
