//! A history: what happens, step by step, as a seed draws it.

use std::collections::{BTreeMap, BTreeSet};

use super::Told;
use super::model::{Mail, Model};
use super::real::{CADENCES, LISTS, Real};
use crate::support::house::Database;
use crate::support::torture::Dice;

const PEOPLE: usize = 6;
/// So many people are looked at at once.
const PAGE: usize = 5_000;

pub(super) struct Story {
    dice: Dice,
    real: Real,
    model: Model,
    told: Told,
}

impl Story {
    pub(super) async fn tell(seed: u64, database: Database) -> Told {
        let mut dice = Dice::new(seed);
        let steps = dice.between(20, 60);
        let (real, model) = (Real::open(database).await, Model::of(PEOPLE));
        let mut story = Self { dice, real, model, told: Told::default() };
        // digests that are new to a database begin with their next firing
        story.real.fire(None).await;
        story.gather().await;
        for _ in 0..steps {
            story.step().await;
            story.told.steps += 1;
        }
        for digest in ["daily", "weekly"] {
            story.run(digest, None).await;
        }
        story.real.close().await;
        story.told
    }

    /// Every third time so many others in between that a page of people ends somewhere among these.
    async fn gather(&mut self) {
        let crowded = self.dice.between(0, 2) == 0;
        for person in 0..PEOPLE {
            if crowded && person == PEOPLE / 2 {
                let others = PAGE - self.draw(PEOPLE);
                self.real.crowd(others).await;
            }
            self.subscribe(person).await;
        }
    }

    async fn step(&mut self) {
        let person = self.draw(PEOPLE);
        let list = self.dice.one_of(&LISTS);
        match self.dice.between(0, 99) {
            0..=19 => self.subscribe(person).await,
            20..=23 => {
                self.real.leave(person).await;
                self.model.leave(person);
            }
            24..=29 => self.pause(person, list).await,
            30..=33 => {
                let suppressed = !self.model.people[person].suppressed;
                self.real.suppress(person, suppressed).await;
                self.model.suppress(person, suppressed);
            }
            34..=37 => {
                let discreet = !self.model.people[person].discreet;
                if self.real.set_discreet(person, discreet).await {
                    self.model.people[person].discreet = discreet;
                }
            }
            38..=59 => self.announce().await,
            60..=65 => self.edit().await,
            66..=68 => self.withdraw().await,
            69..=74 => self.cancel().await,
            75..=91 => {
                let digest = self.dice.one_of(&["daily", "weekly"]);
                let crash = self.crash();
                self.run(digest, crash).await;
            }
            _ => self.fire().await,
        }
        assert_eq!(self.real.ledger().await, self.model.ledger(), "the ledger");
    }

    async fn subscribe(&mut self, person: usize) {
        let (list, cadence) = (self.dice.one_of(&LISTS), self.dice.one_of(&CADENCES));
        self.real.subscribe(person, list, cadence).await;
        self.model.subscribe(person, list, cadence);
    }

    async fn pause(&mut self, person: usize, list: &str) {
        let active = self.model.people[person].reads.get(list).is_some_and(|it| !it.active);
        self.real.pause(person, list, active).await;
        self.model.pause(person, list, active);
    }

    /// A new post, or one of before again, on one list or more.
    async fn announce(&mut self) {
        let mut post = self.draw(self.model.posts.len() + 2);
        if post >= self.model.posts.len() {
            post = self.model.write();
            self.real.write(post, 1).await;
        }
        if self.model.posts[post].withdrawn {
            return;
        }
        let mut lists = LISTS;
        self.dice.shuffle(&mut lists);
        let lists = &lists[..=self.draw(2)];
        let campaign = self.real.queue(post, lists).await;
        assert_eq!(campaign.is_none(), self.model.nobody_left(post, lists), "whom it can reach");
        let Some(campaign) = campaign else { return };
        let crash = self.crash();
        self.freeze(crash).await;
        let due = self.model.announce(campaign, post, lists);
        self.same(campaign, &due).await;
        self.told.announcements += 1;
    }

    /// A new version, sometimes with a correction to whoever had an earlier one.
    async fn edit(&mut self) {
        if self.model.posts.is_empty() {
            return;
        }
        let number = self.draw(self.model.posts.len());
        let post = &mut self.model.posts[number];
        post.version += 1;
        let announced = post.announced > 0 && !post.withdrawn;
        self.real.write(number, post.version).await;
        if announced && self.dice.between(0, 1) == 0 && self.real.correct(number).await {
            self.freeze(None).await;
            self.model.correct(number);
        }
    }

    async fn withdraw(&mut self) {
        if !self.model.posts.is_empty() {
            let post = self.draw(self.model.posts.len());
            self.real.withdraw(post).await;
            self.model.withdraw(post);
        }
    }

    /// Whoever was to get it has not had it.
    async fn cancel(&mut self) {
        let campaigns = self.model.campaigns();
        if !campaigns.is_empty() {
            let campaign = self.dice.one_of(&campaigns);
            self.real.cancel(campaign).await;
            self.model.cancel(campaign);
            self.told.cancelled += 1;
        }
    }

    /// Plans an edition, after a crash once more, and then again for nothing.
    async fn run(&mut self, digest: &str, crash: Option<u64>) {
        let before = self.real.last_campaign().await;
        if self.real.run(digest, crash).await {
            self.told.crashes += 1;
            self.real.run(digest, None).await;
        }
        self.real.run(digest, None).await;
        self.planned(before, &[digest]).await;
    }

    /// Both digests fire, in the order of the configuration.
    async fn fire(&mut self) {
        self.real.pass(8);
        let before = self.real.last_campaign().await;
        let crash = self.crash();
        if self.real.fire(crash).await {
            self.told.crashes += 1;
            self.real.fire(None).await;
        }
        self.real.fire(None).await;
        self.planned(before, &["daily", "weekly"]).await;
    }

    async fn freeze(&mut self, crash: Option<u64>) {
        if self.real.freeze(crash).await {
            self.told.crashes += 1;
            self.real.freeze(None).await;
        }
    }

    /// Each of these digests had one edition, or none if there was nothing new to anybody.
    async fn planned(&mut self, before: i64, digests: &[&str]) {
        let mut made = self.real.editions(before).await.into_iter();
        for digest in digests {
            let edition = self.model.edition(digest);
            if edition.is_empty() {
                self.told.empty += 1;
                continue;
            }
            let (campaign, name) = made.next().expect("there was something new");
            assert_eq!(name, *digest);
            let (mut mails, mut posts) = (BTreeMap::new(), BTreeMap::new());
            for (number, (mail, all)) in edition {
                mails.insert(number, mail);
                posts.insert(number, all);
            }
            self.model.give(campaign, posts);
            self.same(campaign, &mails).await;
            self.told.editions += 1;
        }
        assert_eq!(made.next(), None, "and nothing is planned for nobody");
    }

    async fn same(&mut self, campaign: i64, mails: &BTreeMap<usize, Mail>) {
        assert_eq!(self.real.mails(campaign).await, *mails, "who gets what of campaign {campaign}");
        let shared = mails.values().collect::<BTreeSet<_>>().len();
        assert_eq!(self.real.size(campaign).await, (shared, mails.len()), "who shares a rendition");
        self.told.mails += mails.len();
    }

    /// Every other time, somewhere.
    fn crash(&mut self) -> Option<u64> {
        let steps = self.dice.between(0, 80);
        (self.dice.between(0, 1) == 0).then_some(steps)
    }

    fn draw(&mut self, count: usize) -> usize {
        usize::try_from(self.dice.between(0, count as u64 - 1)).unwrap()
    }
}
