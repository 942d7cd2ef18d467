//! The shell around the [`core`](super::core): does as it says, and tells it what came of it. Starts
//! and stops as a whole.
//!
//! One task drives the core. Workers have a task each; what is asked of the database runs on a task of
//! its own, one claim, one look and one keep at a time.

use std::collections::BTreeMap;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;

use super::core::{Command, Core, Event, Now, Relay, WorkerId};
use super::desk::Desk;
use super::recover::{Living, recover, strays};
use super::shared::Shared;
use super::sign::Signing;
use super::store;
use super::worker::{Order, Worker};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::db::owner::{Owner, living};
use crate::message::press::Press;
use crate::metric::Metrics;
use crate::token::Keys;
use crate::transport::Transport;

/// Events that the core hears of in one go, at most.
const EVENTS: usize = 256;

/// A running engine.
pub struct Engine {
    desk: Desk,
    core: Arc<Mutex<Core>>,
    events: mpsc::Sender<Event>,
    started: Instant,
    driver: JoinHandle<()>,
    /// Tells the core who lives.
    lookout: JoinHandle<()>,
}

/// What the engine is started with.
pub struct Parts {
    pub db: Db,
    pub config: Arc<Config>,
    pub keys: Keys,
    pub clock: Clock,
    pub press: Press,
    pub metrics: Metrics,
    /// By the name of their relay.
    pub transports: BTreeMap<String, Transport>,
}

impl Engine {
    /// Starts as many workers as the relays have connections.
    pub async fn start(parts: Parts, owner: &Owner) -> anyhow::Result<Self> {
        let Parts { db, config, keys, clock, press, metrics, transports } = parts;
        let relays = relays(&config, &transports)?;
        let signing = Signing::of(&config);
        let mut core = Core::new(&config.delivery, &relays, config.domain.values());
        // before anything is claimed: a relay that a person has paused stays so
        for row in store::relays(&mut db.read().await?).await? {
            core.adopt(&row);
        }
        let company = living(&db, owner.id, clock.now()).await?;
        let now = Now { wall: clock.now(), steady: Duration::ZERO };
        core.join(now, company);
        for (relay, at) in store::last_tries(&mut db.read().await?).await? {
            core.went(now, &relay, now.wall.since(at));
        }
        let core = Arc::new(Mutex::new(core));
        let (events, heard) = mpsc::channel(EVENTS);
        let desk = Desk {
            db,
            clock: clock.clone(),
            config: Arc::clone(&config),
            metrics: metrics.clone(),
            owner: owner.id,
        };
        let started = Instant::now();
        let driver = Driver {
            core: Arc::clone(&core),
            desk: desk.clone(),
            events: events.clone(),
            started,
            shared: Arc::new(Shared { clock, config, keys, press, signing, metrics }),
            places: places(&relays, &transports),
            orders: Vec::new(),
            workers: JoinSet::new(),
        };
        let driver = tokio::spawn(driver.run(heard));
        let lookout = tokio::spawn(desk.clone().keep_company(events.clone()));
        Ok(Self { desk, core, events, started, driver, lookout })
    }

    /// Follows what commands changed about relays.
    pub async fn follow_relays(&self) -> anyhow::Result<()> {
        for row in store::relays(&mut self.desk.db.read().await?).await? {
            let _ = self.events.send(Event::Relay(row)).await;
        }
        Ok(())
    }

    /// Keeps up the leases of what is in hand, and takes back what nobody works on any more; to be
    /// called far more often than leases are long.
    pub async fn round(&self, owner: &Owner) -> anyhow::Result<()> {
        let now = self.now();
        let round = self.core().round(now);
        let until = now.wall.plus(self.desk.config.delivery.lease);
        if !round.renew.is_empty() {
            self.desk.renew(&round.renew, until).await?;
        }
        if round.finds_strays {
            strays(&self.desk.db, owner, until, now.wall).await?;
        }
        let living = if round.judges_leases { Living::Judged } else { Living::Spared };
        recover(&self.desk.db, owner, self.desk.config.delivery.on_in_doubt, living, now.wall)
            .await?;
        Ok(())
    }

    /// When the first relay can be used; `None` when every one is paused by a person.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.core().opens_at(now)
    }

    /// Something new may be due: it is looked for now instead of soon.
    pub fn wake(&self) {
        // full, there is enough to do already
        let _ = self.events.try_send(Event::Due);
    }

    /// Stops claiming, finishes what is under way, records it, gives the rest back.
    pub async fn stop(self) {
        self.lookout.abort();
        let _ = self.events.send(Event::Stop).await;
        if let Err(error) = self.driver.await {
            tracing::error!("the engine broke off: {error}");
        }
    }

    fn now(&self) -> Now {
        Now { wall: self.desk.clock.now(), steady: self.started.elapsed() }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The relays that there is a way to, in the order of their names.
fn relays(config: &Config, transports: &BTreeMap<String, Transport>) -> anyhow::Result<Vec<Relay>> {
    let relay = |name: &String| {
        let relay = config.relay.get(name).with_context(|| format!("no relay is named {name}"))?;
        Ok(Relay {
            name: name.clone(),
            connections: relay.connections,
            pace: relay.pace.clone(),
            weight: relay.weight,
        })
    };
    transports.keys().map(relay).collect()
}

/// The relay of each worker, by name, and the way to it.
fn places(
    relays: &[Relay],
    transports: &BTreeMap<String, Transport>,
) -> Vec<(Arc<str>, Transport)> {
    let place = |relay: &Relay| (Arc::from(relay.name.as_str()), transports[&relay.name].clone());
    relays.iter().flat_map(|relay| iter::repeat_n(place(relay), relay.connections)).collect()
}

/// Drives the core; owns the workers.
struct Driver {
    core: Arc<Mutex<Core>>,
    desk: Desk,
    events: mpsc::Sender<Event>,
    started: Instant,
    shared: Arc<Shared>,
    places: Vec<(Arc<str>, Transport)>,
    /// By the number of the worker.
    orders: Vec<mpsc::UnboundedSender<Order>>,
    /// Each ends with its number.
    workers: JoinSet<WorkerId>,
}

impl Driver {
    async fn run(mut self, mut heard: mpsc::Receiver<Event>) {
        let all = 0..self.places.len();
        self.orders = all.map(WorkerId).map(|id| self.employ(id)).collect();
        let mut events = vec![Event::Woken];
        while let Some(rest) = self.step(&mut events) {
            // who is ready tells what it has first: each turn of this task costs, and costs the same for
            // one event as for many
            tokio::task::yield_now().await;
            tokio::select! {
                biased;
                _ = heard.recv_many(&mut events, EVENTS) => {}
                Some(lost) = self.workers.join_next() => {
                    // what it told before it broke off is about what it had before
                    while let Ok(event) = heard.try_recv() {
                        events.push(event);
                    }
                    events.extend(self.replace(lost));
                }
                () = tokio::time::sleep(rest) => events.push(Event::Woken),
            }
        }
        // without orders a worker takes leave of its relay and ends
        self.orders.clear();
        while self.workers.join_next().await.is_some() {}
    }

    fn employ(&mut self, id: WorkerId) -> mpsc::UnboundedSender<Order> {
        let (orders, heard) = mpsc::unbounded_channel();
        let (relay, transport) = self.places[id.0].clone();
        let worker = Worker {
            id,
            relay,
            transport,
            shared: Arc::clone(&self.shared),
            orders: heard,
            events: self.events.clone(),
            connection: None,
        };
        let work = tokio::spawn(worker.run());
        // a panic ends a worker, and is told with its number
        self.workers.spawn(async move { work.await.map_or(id, |()| id) });
        orders
    }

    /// A worker ended before its orders did: it panicked.
    fn replace(&mut self, lost: Result<WorkerId, JoinError>) -> Option<Event> {
        let id = lost.ok()?;
        tracing::error!("a connection's worker broke off, which is a defect of Bulletin");
        self.orders[id.0] = self.employ(id);
        Some(Event::Lost(id))
    }

    /// Tells the core, and does what it says; how long to rest, unless it is done.
    fn step(&self, events: &mut Vec<Event>) -> Option<Duration> {
        let now = Now { wall: self.desk.clock.now(), steady: self.started.elapsed() };
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events.drain(..) {
            for command in core.step(now, event) {
                self.obey(command);
            }
        }
        self.desk.metrics.window(core.window_used());
        (!core.is_done()).then(|| core.rest(now))
    }

    fn obey(&self, command: Command) {
        let desk = self.desk.clone();
        match command {
            Command::Claim(limit) => self.ask(async move { desk.claim(limit).await }),
            Command::Look(claims) => self.ask(async move { desk.look(claims).await }),
            Command::Keep(records) => self.ask(async move { desk.keep(records).await }),
            Command::Carry(worker, errand) => self.order(worker, Order::Carry(errand)),
            Command::Go(worker, next) => self.order(worker, Order::Go(Instant::now(), next)),
            Command::Leave(worker) => self.order(worker, Order::Leave),
            Command::Close(worker) => self.order(worker, Order::Close),
        }
    }

    /// On a task of its own; the answer is an event.
    fn ask(&self, question: impl Future<Output = Event> + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let answer = question.await;
            let _ = events.send(answer).await;
        });
    }

    fn order(&self, worker: WorkerId, order: Order) {
        // one that has just broken off is replaced, and what it had is recorded
        let _ = self.orders[worker.0].send(order);
    }
}
