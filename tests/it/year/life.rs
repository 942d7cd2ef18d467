//! Living the year, hour by hour: what is done, and what the daemon does when it looks what is due.

use std::sync::Arc;

use bulletin::campaign::{self, digest, freeze, reminder};
use bulletin::clock::Timestamp;
use bulletin::clock::cron::Cron;
use bulletin::config::OnInDoubt::Resend;
use bulletin::config::{CatchUp, Config, Digest};
use bulletin::db::owner::Owner;
use bulletin::delivery;
use bulletin::delivery::engine::Engine;
use bulletin::delivery::recover::{Living, recover};
use bulletin::transport::memory::Outbox;
use chrono::{NaiveDateTime, Timelike};
use chrono_tz::Europe::London;

use super::log::Log;
use super::script::{Death, Script};
use crate::store::World;
use crate::store::people::{NOBODY, line};

const BEGINS: &str = "2026-01-05 09:00";
const ENDS: &str = "2027-01-05 09:00";
const HOUR: u64 = 3600;

/// The world, its daemon unless that is dead, and what has come of it.
pub(super) struct Life<'a> {
    pub(super) w: &'a World,
    pub(super) config: Arc<Config>,
    pub(super) outbox: Outbox,
    pub(super) log: Log,
    /// When each message left, in the order of the outbox.
    pub(super) left_at: Vec<Timestamp>,
    /// Who said no, or was suppressed, and when; and when they came back.
    pub(super) noes: Vec<(&'static str, Timestamp, Option<Timestamp>)>,
    owner: Owner,
    engine: Option<Engine>,
}

pub(super) async fn live<'a>(w: &'a World, script: &Script) -> Life<'a> {
    w.set_back(w.now().since(wall(BEGINS)).as_secs());
    let mut life = Life::begin(w).await;
    let mut deeds = script.iter().map(|(when, deed)| (wall(when), deed)).peekable();
    while w.now() < wall(ENDS) {
        let mut death = None;
        while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= w.now()) {
            death = life.happens(deed).await.or(death);
        }
        match death {
            Some(death) => life.dies(death).await,
            None => life.round().await,
        }
        w.pass(HOUR);
        while is_night(w) {
            w.pass(HOUR);
        }
    }
    assert!(deeds.next().is_none(), "the year is over, and everything in it has happened");
    life.stop().await;
    life
}

/// When the clocks of London show this.
fn wall(text: &str) -> Timestamp {
    let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    Timestamp::on_the_wall(wall, London).unwrap()
}

/// Nothing of the story happens then.
fn is_night(w: &World) -> bool {
    !(7..=19).contains(&w.now().local(London).hour())
}

/// The configuration of the cases, and a digest for each month.
fn configured(w: &World) -> Config {
    let mut config = Config::clone(&w.config);
    let monthly = Digest {
        cron: Cron::parse("0 8 1 * *").unwrap(),
        timezone: London,
        name: line("Monthly round-up"),
        catch_up: CatchUp::Once,
    };
    config.digest.insert("monthly".to_owned(), monthly);
    config.digest.remove("daily");
    config
}

impl<'a> Life<'a> {
    async fn begin(w: &'a World) -> Self {
        let mut life = Self {
            w,
            config: Arc::new(configured(w)),
            outbox: Outbox::new(),
            log: Log::default(),
            left_at: Vec::new(),
            noes: Vec::new(),
            owner: w.owner().await,
            engine: None,
        };
        life.start().await;
        life
    }

    /// As the daemon does before anything else.
    async fn start(&mut self) {
        let (w, now) = (self.w, self.w.now());
        recover(&w.db, &self.owner, Resend, Living::Spared, now).await.unwrap();
        reminder::lay_all(&w.db, &self.config, now).await.unwrap();
        let config = Config::clone(&self.config);
        self.engine = Some(w.engine(config, &self.outbox, &self.owner).await);
    }

    async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
    }

    /// Looks what is due, and does it.
    async fn round(&mut self) {
        if self.engine.is_none() {
            self.start().await;
            self.say("The daemon runs again.");
        }
        let (db, config, now) = (&self.w.db, &self.config, self.w.now());
        freeze::freeze_due(db, config, now).await.unwrap();
        reminder::plan_due(db, config, now).await.unwrap();
        digest::plan_due(db, config, now).await.unwrap();
        delivery::store::sweep_cancelled(db, now).await.unwrap();
        if delivery::store::left(&mut db.read().await.unwrap(), now).await.unwrap()
            != (false, false)
        {
            self.w.quiet(self.engine.as_ref().unwrap()).await;
            self.left_at.resize(self.outbox.messages().len(), now);
        }
        if campaign::store::any_to_finish(&mut db.read().await.unwrap()).await.unwrap() {
            let mut write = self.w.write().await;
            campaign::store::finish(&mut write, now).await.unwrap();
            write.commit().await.unwrap();
        }
        self.tell().await;
    }

    /// In the middle of something; what it had not committed has not happened.
    async fn dies(&mut self, death: Death) {
        self.stop().await;
        let (w, now) = (self.w, self.w.now());
        match death {
            Death::Freezing => {
                let mut write = w.write().await;
                let newest =
                    w.raw.number("SELECT max(id) FROM campaign WHERE state = 'scheduled'").await;
                let newest = bulletin::id::CampaignId(newest);
                assert!(campaign::store::begin(&mut write, newest, now).await.unwrap());
                self.say("The daemon dies while it freezes an audience.");
            }
            Death::Planning => {
                let mut write = w.write().await;
                assert!(campaign::store::take_firing(&mut write, "weekly", now).await.unwrap());
                self.say("The daemon dies while it plans a digest.");
            }
            Death::Sending => {
                freeze::freeze_due(&w.db, &self.config, now).await.unwrap();
                assert_eq!(w.take_under(NOBODY, 2, Resend).await.len(), 2);
                self.say("The daemon dies with two mails in its hands.");
            }
        }
    }

    pub(super) fn say(&mut self, what: &str) {
        self.log.say(self.w.now(), what);
    }
}
