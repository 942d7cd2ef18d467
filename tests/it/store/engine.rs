//! The engine with a relay in memory: what it does in one go, and what becomes of a mail that it
//! holds while the world changes.

use std::sync::Arc;
use std::time::Duration;

use bulletin::config::Config;
use bulletin::db::owner::Owner;
use bulletin::delivery::engine::{Engine, Parts};
use bulletin::delivery::store::left;
use bulletin::message::press::Press;
use bulletin::message::template::Templates;
use bulletin::metric::Metrics;
use bulletin::transport::memory::Outbox;
use bulletin::transport::{Fault, Stage, Transport};

use super::people::address;
use super::{World, on_both};

on_both!(
    whoever_leaves_while_the_relay_is_held_gets_nothing,
    while_nobody_can_be_looked_up_nothing_goes,
);

const PEOPLE: usize = 8;
const LAST: &str = "reader7";

pub(crate) fn fault(stage: Stage) -> Fault {
    Fault { stage, reply: None, text: "as the test says".to_owned() }
}

impl World {
    pub(crate) async fn engine(&self, config: Config, outbox: &Outbox, owner: &Owner) -> Engine {
        let config = Arc::new(config);
        let templates = Arc::new(Templates::embedded().unwrap());
        let parts = Parts {
            db: self.db.clone(),
            config: config.clone(),
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            press: Press::new(self.db.clone(), config, templates),
            metrics: Metrics::new(),
            transports: [("main".to_owned(), Transport::Memory(outbox.clone()))].into(),
        };
        Engine::start(parts, owner).await.unwrap()
    }

    /// Waits until nothing is under way or due, or the relay is held.
    pub(crate) async fn quiet(&self, engine: &Engine) {
        let now = self.now();
        self.until(engine, async || {
            let held = engine.opens_at(now).is_none_or(|at| at > now);
            held || left(&mut self.db.read().await.unwrap(), now).await.unwrap() == (false, false)
        })
        .await;
    }

    /// Asks again and again, and keeps the engine awake meanwhile.
    async fn until(&self, engine: &Engine, is_so: impl AsyncFn() -> bool) {
        let asking = async {
            while !is_so().await {
                engine.wake();
            }
        };
        let patience = Duration::from_secs(30);
        let came = tokio::time::timeout(patience, asking).await;
        came.expect("the engine comes to rest");
    }

    /// How many of these rows there are.
    async fn in_state(&self, state: &str) -> i64 {
        self.raw.number(&format!("SELECT count(*) FROM delivery WHERE state = '{state}'")).await
    }

    /// An engine that has claimed everybody and cannot connect.
    async fn held(&self, outbox: &Outbox, owner: &Owner) -> Engine {
        self.readers(PEOPLE, "news").await;
        self.post("hello", "announcement").await;
        self.announce("hello").await;
        outbox.refuse_connections(Some(fault(Stage::Connect)));
        let mut config = Config::clone(&self.config);
        // one worker: once it has failed nothing is under way
        config.relay.get_mut("main").unwrap().connections = 1;
        let engine = self.engine(config, outbox, owner).await;
        self.quiet(&engine).await;
        outbox.refuse_connections(None);
        engine
    }
}

async fn whoever_leaves_while_the_relay_is_held_gets_nothing(w: &World) {
    let (outbox, owner) = (Outbox::new(), w.owner().await);
    let engine = w.held(&outbox, &owner).await;
    // a claim that was under way when the relay failed may take them once more
    w.until(&engine, async || w.in_state("queued").await == 8).await;
    w.leave(LAST).await;
    w.pass(6);
    w.quiet(&engine).await;
    engine.stop().await;
    let messages = outbox.messages();
    assert_eq!(messages.len(), PEOPLE - 1);
    let last = address(LAST);
    assert!(messages.iter().all(|(to, _)| to.to != last.as_str()));
    let reason = w.raw.words("SELECT reason FROM delivery WHERE state = 'suppressed'").await;
    assert_eq!(reason, ["unsubscribed"]);
}

/// Neither a claim nor a look can be made for a while, just when the relay wants its probe.
async fn while_nobody_can_be_looked_up_nothing_goes(w: &World) {
    let (outbox, owner) = (Outbox::new(), w.owner().await);
    let engine = w.held(&outbox, &owner).await;
    // what was looked at a moment before may still go
    w.until(&engine, async || w.in_state("queued").await == 8).await;
    w.raw.run("ALTER TABLE suppression RENAME TO away").await.unwrap();
    w.pass(6);
    // half a second in which it asks again and again
    let asked = std::time::Instant::now();
    let long = || asked.elapsed().as_millis() > 500;
    w.until(&engine, async || long() && w.in_state("queued").await == 8).await;
    assert_eq!(outbox.messages(), []);
    w.raw.run("ALTER TABLE away RENAME TO suppression").await.unwrap();
    w.quiet(&engine).await;
    engine.stop().await;
    assert_eq!(outbox.messages().len(), PEOPLE);
    assert_eq!(w.in_state("accepted").await, 8);
}
