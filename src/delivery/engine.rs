//! The engine: workers, the recorder, and what they share. Starts and stops as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::feed::Feed;
use super::hand::InHand;
use super::pace::Pace;
use super::record::{Recorder, Report, record};
use super::relay::Gate;
use super::shared::Shared;
use super::store;
use super::worker::Worker;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::db::owner::Owner;
use crate::message::press::Press;
use crate::token::Keys;
use crate::transport::Transport;

/// A running engine.
pub struct Engine {
    shared: Arc<Shared>,
    gates: BTreeMap<String, Arc<Gate>>,
    stop: watch::Sender<bool>,
    workers: JoinSet<()>,
    recorder: tokio::task::JoinHandle<()>,
}

/// What the engine is started with.
pub struct Parts {
    pub db: Db,
    pub config: Arc<Config>,
    pub keys: Keys,
    pub clock: Clock,
    pub press: Press,
    /// By the name of their relay.
    pub transports: BTreeMap<String, Transport>,
}

impl Engine {
    /// Starts as many workers as the relays have connections, and one recorder.
    pub async fn start(parts: Parts, owner: &Owner) -> anyhow::Result<Self> {
        let Parts { db, config, keys, clock, press, transports } = parts;
        let (reports, received) = mpsc::channel(config.delivery.window.max(256));
        let (stop, stopped) = watch::channel(false);
        let hand = Arc::new(InHand::default());
        let recorder = tokio::spawn(record(
            Recorder {
                db: db.clone(),
                settings: config.delivery.clone(),
                clock: clock.clone(),
                hand: Arc::clone(&hand),
            },
            received,
        ));
        let shared = Arc::new(Shared {
            feed: Feed::new(db.clone(), clock.clone(), owner.id, config.delivery.lease, hand),
            window: Arc::new(Semaphore::new(config.delivery.window)),
            wake: Arc::new(Notify::new()),
            stop: stopped,
            db,
            config,
            keys,
            clock,
            press,
            reports,
        });
        let gates = gates(&shared.config);
        let mut engine = Self { shared, gates, stop, workers: JoinSet::new(), recorder };
        engine.follow_relays().await?;
        for (name, transport) in transports {
            engine.employ(&name, &transport)?;
        }
        Ok(engine)
    }

    fn employ(&mut self, name: &str, transport: &Transport) -> anyhow::Result<()> {
        let relay = self
            .shared
            .config
            .relay
            .get(name)
            .with_context(|| format!("no relay is named {name}"))?;
        let pace = Arc::new(Pace::new(relay.pace));
        for _ in 0..relay.connections {
            let worker = Worker {
                shared: Arc::clone(&self.shared),
                relay: name.to_owned(),
                transport: transport.clone(),
                gate: Arc::clone(&self.gates[name]),
                pace: Arc::clone(&pace),
            };
            self.workers.spawn(worker.run());
        }
        Ok(())
    }

    /// Follows what commands changed about relays.
    pub async fn follow_relays(&self) -> anyhow::Result<()> {
        for row in store::relays(&mut self.shared.db.read().await?).await? {
            if let Some(gate) = self.gates.get(&row.name) {
                gate.adopt(&row);
            }
        }
        Ok(())
    }

    /// Keeps up the leases of what is in hand; to be called far more often than they are long.
    pub async fn renew_leases(&self) -> anyhow::Result<()> {
        self.shared.feed.renew().await
    }

    /// When the first relay can be used; `None` when every one is paused by a person.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.gates.values().filter_map(|gate| gate.opens_at(now)).min()
    }

    /// Something new may be due: workers look now instead of soon.
    pub fn wake(&self) {
        self.shared.wake.notify_waiters();
    }

    /// Gives back what is claimed and waits for relays that are all closed: others may have it, and
    /// the counts say what is true.
    pub async fn give_back(&self) {
        for claim in self.shared.feed.drain().await {
            self.shared.report(Report::untried(claim)).await;
        }
    }

    /// Stops claiming, finishes what is under way, records it, gives the rest back.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        self.wake();
        while self.workers.join_next().await.is_some() {}
        self.give_back().await;
        // the recorder ends when the last sender is gone
        drop(self.shared);
        if let Err(error) = self.recorder.await {
            tracing::error!("the recorder broke off: {error}");
        }
    }
}

fn gates(config: &Config) -> BTreeMap<String, Arc<Gate>> {
    let gate =
        |name: &String| (name.clone(), Arc::new(Gate::new(name, &config.delivery.relay_retry)));
    config.relay.keys().map(gate).collect()
}
