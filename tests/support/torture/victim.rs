//! A house whose daemon dies again and again.

use std::time::Duration;

use super::death::Death;
use super::judge::{Harm, Life, Mailing};
use super::{Dice, Kind};
use crate::support::house::{Database, House, house, until};
use crate::support::relay::{Received, Relay};

/// How often a death is tried that does not come.
const TRIES: usize = 5;

/// What kind of house.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) database: Database,
    /// What the relay offers.
    pub(crate) offers: &'static [&'static str],
    pub(crate) readers: usize,
    pub(crate) connections: usize,
    pub(crate) window: usize,
    /// `on_in_doubt = "hold"`
    pub(crate) holds: bool,
}

pub(crate) struct Victim {
    setting: Setting,
    house: House,
    relay: Relay,
    readers: Vec<String>,
    dice: Dice,
    posts: usize,
    mailing: Option<Mailing>,
    harms: Vec<Harm>,
    wrong: Vec<String>,
}

impl Victim {
    pub(crate) fn new(setting: Setting, dice: Dice) -> Self {
        no_core_files();
        let relay = Relay::new().offers(setting.offers).dot_delay(Duration::from_millis(3)).start();
        let plan = house(setting.database).relay(&relay).connections(setting.connections);
        let plan = plan.delivery(&format!("window = {}", setting.window));
        let policy = if setting.holds { "hold" } else { "resend" };
        let house = plan.delivery(&format!("on_in_doubt = \"{policy}\"")).open();
        let readers = house.readers(setting.readers, "meetings");
        let (harms, wrong) = (Vec::new(), Vec::new());
        Self { setting, house, relay, readers, dice, posts: 0, mailing: None, harms, wrong }
    }

    /// The daemon dies once.
    pub(crate) async fn suffer(&mut self, kind: Kind) {
        for _ in 0..TRIES {
            let left = self.something_to_send(kind.wants()).await;
            let death = kind.draw(&mut self.dice, left, self.setting.window);
            let died = self.die(kind, death).await;
            // a person's work is done after each crash
            if !died || self.setting.holds {
                self.conclude().await;
            }
            if died {
                return;
            }
        }
        self.wrong.push(format!("{kind:?}: the daemon never came there"));
    }

    /// What it all did, and what never may be.
    pub(crate) async fn end(mut self) -> (Vec<Harm>, Vec<String>) {
        self.conclude().await;
        (self.harms, self.wrong)
    }

    /// Goes on with the mailing, or begins another where less is left of it than is wanted.
    async fn something_to_send(&mut self, wanted: usize) -> usize {
        if let Some(mailing) = &self.mailing {
            let rows = self.house.rows(mailing.campaign).await;
            let done = rows.iter().filter(|row| row.state == "accepted").count();
            if self.readers.len() - done >= wanted {
                return self.readers.len() - done;
            }
            self.conclude().await;
        }
        self.posts += 1;
        let slug = format!("minutes-{}", self.posts);
        self.house.post(&slug, "meeting-summary", &[]);
        self.mailing = Some(Mailing { campaign: self.house.queue(&slug), lives: Vec::new() });
        self.readers.len()
    }

    async fn die(&mut self, kind: Kind, death: Death) -> bool {
        let died = death.happens(&self.house.program, &self.relay).await;
        let life = died.then(|| (kind, death.to_string()));
        self.write_down(life).await;
        died
    }

    /// Adds a life to the mailing's: what the relay got in it, and how the rows stood at its end.
    async fn write_down(&mut self, death: Option<(Kind, String)>) {
        let got = self.all_received().await;
        self.house.comes_to_rest().await;
        let mailing = self.mailing.as_mut().unwrap();
        let rows = self.house.rows(mailing.campaign).await;
        mailing.lives.push(Life { death, got, rows });
    }

    /// The relay still takes what was handed over before the death.
    async fn all_received(&self) -> Vec<Received> {
        until("its connections end", || self.relay.open_connections() == 0).await;
        self.relay.take()
    }

    /// Sends the rest undisturbed, has a person decide what is held, and judges.
    async fn conclude(&mut self) {
        let Some(campaign) = self.mailing.as_ref().map(|mailing| mailing.campaign) else {
            return;
        };
        self.house.send();
        self.write_down(None).await;
        let finished = self.house.has_ended(campaign);
        let doubts = self.mailing.as_ref().unwrap().doubts();
        for (id, arrived) in &doubts {
            let id = id.to_string();
            let decision: &[&str] =
                if *arrived { &["settle", &id, "accepted"] } else { &["retry", &id] };
            self.house.must(&[&["delivery"], decision].concat());
        }
        if !doubts.is_empty() {
            self.house.send();
            self.write_down(None).await;
        }
        let mailing = self.mailing.take().unwrap();
        if !(finished && self.house.has_ended(campaign)) {
            self.wrong.push(format!("campaign {campaign} is not finished"));
        }
        let judged = mailing.judged(self.setting, &self.readers, doubts.len());
        self.harms.extend(judged.0);
        self.wrong.extend(judged.1);
    }
}

/// A death at a point is an abort, and hundreds of those would fill a disk.
pub(crate) fn no_core_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_CORE).unwrap();
    setrlimit(Resource::RLIMIT_CORE, 0, most).unwrap();
}
