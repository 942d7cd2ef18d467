//! The world of a story: what happens next, to whom, and what comes of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bulletin::clock::Timestamp;
use bulletin::config::OnInDoubt;
use bulletin::db::owner::Company;
use bulletin::delivery::core::{Command, Event, Record, WorkerId};
use bulletin::delivery::store::RelayRow;
use bulletin::delivery::{Claim, Errand, Happened};
use bulletin::transport::{Outcome, SendError};

use super::Told;
use super::daemon::{Daemon, Hand, Who};
use super::plan::{Faults, HOUR, MINUTE, Plan, SECOND};
use super::random::Random;
use super::relay::{self, Begun};
use super::store::{Course, Store, row_of};

/// The wall clock at the start.
const START: i64 = 1_700_000_000_000;
/// More than any story that ends needs.
const MOST_EVENTS: usize = 400_000;
const ROUND: u64 = 5 * SECOND;

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) random: Random,
    pub(super) plan: Plan,
    /// Milliseconds since the start, by a clock that never jumps.
    pub(super) steady: u64,
    skew: i64,
    pub(super) store: Store,
    pub(super) daemons: Vec<Daemon>,
    agenda: BinaryHeap<Reverse<(u64, usize)>>,
    happenings: Vec<Option<Happening>>,
    /// The row of each message that a relay has received whole.
    pub(super) journal: Vec<usize>,
    /// By row: how often it may have been handed over without our knowing.
    pub(super) doubts: Vec<usize>,
    /// By row: whether a relay refused the person, for their own sake.
    pub(super) refused: Vec<bool>,
    owners: u64,
    pub(super) told: Told,
    /// By relay: how many mails were begun over it, and how late at most.
    pub(super) turns: Vec<(i64, i64)>,
    pub(super) domain_turns: Vec<(i64, i64)>,
}

enum Happening {
    Event(Who, Event),
    Claim(Who, i64),
    Look(Who, Vec<Claim>),
    Keep(Who, Vec<Record>),
    /// A relay has made up its mind about an envelope.
    Begun(Who, WorkerId),
    /// A message is whole at the relay.
    Arrives(usize),
    Answers(Who, WorkerId, Option<Result<Outcome, SendError>>),
    Wake(Who),
    Round(Who),
    /// A daemon reads the relays' rows.
    Follow(Who),
    Leaves(usize),
    Steer(usize),
    Resume(usize),
    PauseRelay(usize),
    OpenRelay(usize),
    Crash(usize),
    Start(usize),
    Stop(usize),
    Freeze(usize),
    Jump(i64),
    /// Another campaign's audience is frozen.
    Begins,
    Peace,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::of(&mut random);
        let store = Store::new(plan.people, plan.delivery.on_in_doubt);
        Self {
            seed,
            random,
            steady: 0,
            skew: 0,
            store,
            daemons: Vec::new(),
            agenda: BinaryHeap::new(),
            happenings: Vec::new(),
            journal: Vec::new(),
            doubts: Vec::new(),
            refused: Vec::new(),
            owners: 0,
            told: Told::default(),
            turns: vec![(0, i64::MIN); plan.relays.len()],
            domain_turns: vec![(0, i64::MIN); plan.domains.len()],
            plan,
        }
    }

    pub(super) fn run(mut self) -> Told {
        self.prepare();
        while let Some(Reverse((at, number))) = self.agenda.pop() {
            self.steady = at;
            self.told.events += 1;
            if self.told.events > MOST_EVENTS {
                self.broken("it never ends");
            }
            if let Some(happening) = self.happenings[number].take() {
                self.happen(happening);
            }
            if self.is_over() {
                break;
            }
        }
        self.check_the_end();
        self.told.deliveries = self.store.rows.len();
        self.told.daemons = self.plan.daemons;
        self.told.holds = self.plan.delivery.on_in_doubt == OnInDoubt::Hold;
        self.told
    }

    pub(super) fn wall(&self) -> Timestamp {
        Timestamp(START + self.steady as i64 + self.skew)
    }

    fn after(&mut self, delay: u64, happening: Happening) {
        self.agenda.push(Reverse((self.steady + delay, self.happenings.len())));
        self.happenings.push(Some(happening));
    }

    /// All that the seed has in store.
    fn prepare(&mut self) {
        self.freeze_a_campaign();
        let trouble = self.plan.trouble;
        for _ in 1..self.plan.campaigns {
            let at = self.random.within(0..trouble);
            self.after(at, Happening::Begins);
        }
        for daemon in 0..self.plan.daemons {
            self.owners += 1;
            let fresh = Daemon::new(&self.plan, self.owners, 0, 0);
            self.daemons.push(fresh);
            self.greet(daemon);
        }
        for person in 0..self.plan.people {
            if self.random.happens(250) {
                let at = self.random.within(0..trouble / 4 + 1);
                self.after(at, Happening::Leaves(person));
            }
        }
        for _ in 0..self.random.within(0..10) {
            let at = self.random.within(0..trouble);
            let mishap = self.mishap();
            self.after(at, mishap);
        }
        self.after(trouble, Happening::Peace);
    }

    fn mishap(&mut self) -> Happening {
        let daemon = self.random.index(self.plan.daemons);
        let relay = self.random.index(self.plan.relays.len());
        let campaign = self.random.index(self.plan.campaigns);
        match self.random.within(0..10) {
            0..4 => Happening::Crash(daemon),
            4 => Happening::Stop(daemon),
            5 => Happening::Freeze(daemon),
            6 => Happening::PauseRelay(relay),
            7 => Happening::Jump(self.random.one_of(&[
                -(HOUR as i64),
                HOUR as i64,
                24 * HOUR as i64,
            ])),
            _ => Happening::Steer(campaign),
        }
    }

    fn freeze_a_campaign(&mut self) {
        let expires_at = Timestamp(self.wall().0 + self.plan.life as i64);
        self.store.freeze(self.plan.people, self.wall(), expires_at);
        self.doubts.resize(self.store.rows.len(), 0);
        self.refused.resize(self.store.rows.len(), false);
    }

    fn greet(&mut self, daemon: usize) {
        let who = self.who(daemon);
        // at its start it takes back what dead ones had, and follows the relays
        self.recover(false);
        self.store.beat(self.daemons[daemon].owner, self.wall());
        let (now, living) = (self.now_of(daemon), self.company_of(daemon));
        self.daemons[daemon].hears_of(living);
        self.daemons[daemon].core.join(now, living);
        self.follow(who);
        self.after(0, Happening::Wake(who));
        self.after(ROUND, Happening::Round(who));
    }

    fn who(&self, daemon: usize) -> Who {
        Who { daemon, life: self.daemons[daemon].life }
    }

    fn company_of(&self, daemon: usize) -> Company {
        self.store.living(self.daemons[daemon].owner, self.wall())
    }

    fn lives(&self, who: Who) -> bool {
        let daemon = &self.daemons[who.daemon];
        daemon.alive && daemon.life == who.life
    }

    /// Until when a process that was stopped hears of nothing.
    fn frozen(&self, who: Who) -> Option<u64> {
        let until = self.daemons[who.daemon].frozen_until;
        (self.lives(who) && until > self.steady).then(|| until - self.steady)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Event(who, event) => self.event(who, event),
            Happening::Claim(who, limit) => self.claim(who, limit),
            Happening::Look(who, claims) => self.look(who, &claims),
            Happening::Keep(who, records) => self.keep(who, records),
            Happening::Begun(who, worker) => self.begun(who, worker),
            Happening::Arrives(row) => self.journal.push(row),
            Happening::Answers(who, worker, answer) => self.answers(who, worker, answer),
            Happening::Wake(who) => self.wake(who),
            Happening::Round(who) => self.round(who),
            Happening::Follow(who) => self.follow(who),
            Happening::Leaves(person) => self.leaves(person),
            Happening::Steer(campaign) => self.steer(campaign),
            Happening::Resume(campaign) => self.store.resume(campaign),
            Happening::PauseRelay(relay) => self.say_relay(relay, "paused"),
            Happening::OpenRelay(relay) => self.say_relay(relay, "open"),
            Happening::Crash(daemon) => self.crash(daemon),
            Happening::Start(daemon) => self.start(daemon),
            Happening::Stop(daemon) => self.event(self.who(daemon), Event::Stop),
            Happening::Freeze(daemon) => self.stand_still(daemon),
            Happening::Jump(by) => {
                self.told.jumps += 1;
                self.skew += by;
            }
            Happening::Begins => self.freeze_a_campaign(),
            Happening::Peace => self.peace(),
        }
    }

    /// Tells a core, and does what it says.
    fn event(&mut self, who: Who, event: Event) {
        if !self.lives(who) {
            return;
        }
        if let Some(wait) = self.frozen(who) {
            return self.after(wait + 1, Happening::Event(who, event));
        }
        self.hear(who.daemon, &event);
        let now = self.now_of(who.daemon);
        let commands = self.daemons[who.daemon].core.step(now, event);
        for command in commands {
            self.obey(who, command);
        }
        if self.daemons[who.daemon].core.is_done() {
            self.ends(who.daemon);
        }
    }

    fn obey(&mut self, who: Who, command: Command) {
        self.check_command(who.daemon, &command);
        let soon = self.delay();
        match command {
            Command::Claim(limit) => self.after(soon, Happening::Claim(who, limit)),
            Command::Look(claims) => self.after(soon, Happening::Look(who, claims)),
            Command::Keep(records) => self.after(soon, Happening::Keep(who, records)),
            Command::Carry(worker, errand) => {
                self.daemons[who.daemon].hands[worker.0] = Hand::Opening(errand);
                self.after(soon, Happening::Begun(who, worker));
            }
            Command::Go(worker, next) => self.go(who, worker, next),
            Command::Leave(worker) => self.daemons[who.daemon].hands[worker.0] = Hand::Free,
            Command::Close(_) => {}
        }
    }

    /// Mostly a few milliseconds; now and then what a slow disk or relay takes.
    fn delay(&mut self) -> u64 {
        let slow = self.plan.faults.slow;
        if self.random.happens(slow) {
            self.random.within(SECOND / 2..MINUTE)
        } else {
            self.random.within(0..20)
        }
    }

    fn store_fails(&mut self) -> bool {
        let often = self.plan.faults.store;
        self.random.happens(often)
    }

    fn reply(&mut self, who: Who, event: Event) {
        let soon = self.random.within(0..3);
        self.after(soon, Happening::Event(who, event));
    }

    /// What was asked for by a process that has died since is done, or it is not.
    fn is_in_vain(&mut self, who: Who) -> bool {
        !self.lives(who) && self.random.happens(500)
    }

    fn claim(&mut self, who: Who, limit: i64) {
        if self.is_in_vain(who) || (self.store_fails() && self.random.happens(500)) {
            return self.reply(who, Event::ClaimFailed);
        }
        let (now, owner) = (self.wall(), self.owner_of(who));
        let lease = now.plus(self.plan.delivery.lease);
        let taken = self.store.claim(owner, limit, now, lease);
        let lost = self.store_fails();
        self.reply(who, if lost { Event::ClaimFailed } else { Event::Claimed(taken) });
    }

    /// An owner that nobody is any more stands for a process that has died.
    fn owner_of(&self, who: Who) -> u64 {
        if self.lives(who) { self.daemons[who.daemon].owner } else { 0 }
    }

    fn look(&mut self, who: Who, claims: &[Claim]) {
        if self.is_in_vain(who) || self.store_fails() {
            return self.reply(who, Event::LookFailed);
        }
        let reasons = self.store.look(claims, self.wall());
        for claim in claims {
            self.daemons[who.daemon].looked.insert(row_of(claim), self.steady);
        }
        self.reply(who, Event::Looked(reasons));
    }

    fn keep(&mut self, who: Who, records: Vec<Record>) {
        if self.is_in_vain(who) || (self.store_fails() && self.random.happens(500)) {
            return self.reply(who, Event::KeepFailed(records));
        }
        self.check_records(&records);
        self.store.keep(&records);
        if self.lives(who) {
            let kept = |row: &usize| records.iter().any(|record| row_of(&record.claim) == *row);
            self.daemons[who.daemon].out.retain(|row| !kept(row));
        }
        self.follow_all();
        self.resume_later();
        let lost = self.store_fails();
        self.reply(who, if lost { Event::KeepFailed(records) } else { Event::Kept(records) });
    }

    fn begun(&mut self, who: Who, worker: WorkerId) {
        if !self.lives(who) {
            return;
        }
        let relay = self.daemons[who.daemon].relay_of(worker);
        let name = self.plan.relays[relay].name.clone();
        let (at, faults) = (self.wall(), self.plan.faults);
        let begun = relay::begin(&mut self.random, faults, &name, at);
        let hand = &mut self.daemons[who.daemon].hands[worker.0];
        let Hand::Opening(errand) = std::mem::replace(hand, Hand::Free) else {
            return self.broken("an envelope that nobody said");
        };
        match begun {
            Begun::Opened => {
                *hand = Hand::Waiting(errand);
                self.reply(who, Event::Opened(worker));
            }
            Begun::Ended(happened) => {
                self.note(row_of(&errand.claim), &happened);
                self.reply(who, Event::Done(worker, happened));
            }
            Begun::Lost => self.reply(who, Event::Lost(worker)),
        }
    }

    fn go(&mut self, who: Who, worker: WorkerId, next: Option<Box<Errand>>) {
        let hand = &mut self.daemons[who.daemon].hands[worker.0];
        let Hand::Waiting(errand) = std::mem::replace(hand, Hand::Free) else {
            return self.broken("go, and nobody waits");
        };
        let row = row_of(&errand.claim);
        self.daemons[who.daemon].out.push(row);
        self.check_go(who.daemon, row);
        let faults = self.plan.faults;
        let sent = relay::send(&mut self.random, faults);
        let (soon, later) = (self.delay(), self.delay());
        if sent.arrives {
            self.after(soon, Happening::Arrives(row));
        }
        self.daemons[who.daemon].hands[worker.0] = Hand::Sending(errand, next);
        self.after(soon + later, Happening::Answers(who, worker, sent.answer));
    }

    fn answers(&mut self, who: Who, worker: WorkerId, answer: Option<Result<Outcome, SendError>>) {
        if !self.lives(who) {
            return;
        }
        let hand = &mut self.daemons[who.daemon].hands[worker.0];
        let Hand::Sending(errand, next) = std::mem::replace(hand, Hand::Free) else {
            return self.broken("an answer to nothing");
        };
        let row = row_of(&errand.claim);
        let Some(result) = answer else {
            self.doubts[row] += 1;
            return self.reply(who, Event::Lost(worker));
        };
        let relay = self.daemons[who.daemon].relay_of(worker);
        let happened = relay::tried(&self.plan.relays[relay].name, self.wall(), result);
        self.note(row, &happened);
        self.reply(who, Event::Done(worker, happened));
        if let Some(next) = next {
            self.daemons[who.daemon].hands[worker.0] = Hand::Opening(next);
            let soon = 3 + self.delay();
            self.after(soon, Happening::Begun(who, worker));
        }
    }

    /// What a relay's answer lets us expect of the person's end.
    fn note(&mut self, row: usize, happened: &Happened) {
        match happened {
            Happened::Tried { result: Ok(Outcome::Refused(_)), .. } => self.refused[row] = true,
            Happened::Tried { result: Ok(Outcome::InDoubt(_)), .. } => self.doubts[row] += 1,
            _ => {}
        }
    }

    /// When the core wants to be asked; or, when nothing is due anyway, then.
    fn wake(&mut self, who: Who) {
        if !self.lives(who) {
            return;
        }
        self.event(who, Event::Living(self.company_of(who.daemon)));
        self.event(who, Event::Woken);
        if !self.lives(who) {
            return;
        }
        let rest = self.daemons[who.daemon].core.rest(self.now_of(who.daemon));
        let rest = u64::try_from(rest.as_millis()).unwrap().max(1);
        let idle = self.daemons[who.daemon].core.is_idle();
        let rest = if idle { rest.max(self.nothing_for()) } else { rest };
        self.after(rest, Happening::Wake(who));
    }

    /// How long nothing of any campaign is due.
    fn nothing_for(&self) -> u64 {
        let next = self.store.rows.iter().filter_map(|row| row.next_at).min();
        let wait = next.map_or(MINUTE as i64, |at| at.0 - self.wall().0);
        u64::try_from(wait).unwrap_or(0).min(MINUTE)
    }

    fn round(&mut self, who: Who) {
        if !self.lives(who) {
            return;
        }
        if let Some(wait) = self.frozen(who) {
            return self.after(wait + 1, Happening::Round(who));
        }
        let now = self.now_of(who.daemon);
        let round = self.daemons[who.daemon].core.round(now);
        self.store.beat(self.daemons[who.daemon].owner, self.wall());
        let until = self.wall().plus(self.plan.delivery.lease);
        self.store.renew(self.daemons[who.daemon].owner, &round.renew, until);
        if round.finds_strays {
            self.store.strays(self.daemons[who.daemon].owner, until, self.wall());
        }
        self.recover(round.judges_leases);
        for campaign in 0..self.store.campaigns.len() {
            if self.store.campaigns[campaign].course == Course::Cancelled {
                self.store.cancel(campaign);
            }
        }
        // nothing changes in an hour of waiting that a round would have to see each five seconds
        let idle = round.renew.is_empty() && self.nothing_for() > ROUND;
        self.after(if idle { MINUTE / 2 } else { ROUND }, Happening::Round(who));
    }

    fn recover(&mut self, judges: bool) {
        let alive = self.daemons.iter().filter(|one| one.alive).map(|one| one.owner);
        let alive: Vec<_> = alive.collect();
        for (row, marked) in self.store.recover(&alive, judges, self.wall()) {
            // one that hangs may have handed it over, or have died before it could
            let out = self.daemons.iter().filter(|one| one.out.contains(&row)).count();
            self.doubts[row] += out.max(usize::from(marked));
        }
    }

    fn follow(&mut self, who: Who) {
        if let Some(wait) = self.frozen(who) {
            return self.after(wait + 1, Happening::Follow(who));
        }
        let rows: Vec<RelayRow> = self.store.relays.values().cloned().collect();
        for row in rows {
            self.event(who, Event::Relay(row));
        }
    }

    fn follow_all(&mut self) {
        for daemon in 0..self.daemons.len() {
            let soon = self.random.within(0..200);
            self.after(soon, Happening::Follow(self.who(daemon)));
        }
    }

    fn leaves(&mut self, person: usize) {
        self.told.opt_outs += 1;
        self.store.left.entry(person).or_insert(self.steady);
    }

    fn steer(&mut self, campaign: usize) {
        if campaign >= self.store.campaigns.len() {
            return;
        }
        if self.random.happens(300) {
            self.store.cancel(campaign);
        } else {
            self.store.pause(campaign);
            self.resume_later();
        }
    }

    fn resume_later(&mut self) {
        for campaign in 0..self.store.campaigns.len() {
            if self.store.campaigns[campaign].course == Course::Paused {
                let wait = self.random.within(MINUTE..10 * MINUTE);
                self.after(wait, Happening::Resume(campaign));
            }
        }
    }

    fn say_relay(&mut self, relay: usize, state: &str) {
        let row = RelayRow {
            name: self.plan.relays[relay].name.clone(),
            state: state.to_owned(),
            reason: None,
            faults: 0,
            held_until: None,
            changed_at: self.wall(),
        };
        self.store.put_relay(row);
        self.follow_all();
        if state == "paused" {
            let wait = self.random.within(SECOND..5 * MINUTE);
            self.after(wait, Happening::OpenRelay(relay));
        }
    }

    fn crash(&mut self, daemon: usize) {
        if !self.daemons[daemon].alive {
            return;
        }
        self.told.crashes += 1;
        let out = std::mem::take(&mut self.daemons[daemon].out);
        self.told.worst = self.told.worst.max(out.len());
        for row in out {
            self.doubts[row] += 1;
        }
        self.ends(daemon);
    }

    /// However it ended, somebody starts it again.
    fn ends(&mut self, daemon: usize) {
        self.check_leave(daemon);
        if self.daemons[daemon].core.is_done() {
            self.store.bye(self.daemons[daemon].owner);
        }
        self.daemons[daemon].alive = false;
        let wait = self.random.within(0..MINUTE);
        self.after(wait, Happening::Start(daemon));
    }

    fn start(&mut self, daemon: usize) {
        if self.daemons[daemon].alive {
            return;
        }
        self.owners += 1;
        let life = self.daemons[daemon].life + 1;
        self.daemons[daemon] = Daemon::new(&self.plan, self.owners, life, self.steady);
        self.greet(daemon);
    }

    /// The process is stopped, for longer than a lease now and then; its bytes on the way go on.
    fn stand_still(&mut self, daemon: usize) {
        self.told.freezes += 1;
        let long = self.random.one_of(&[SECOND, 10 * SECOND, MINUTE, 45 * MINUTE]);
        self.daemons[daemon].frozen_until = self.steady + self.random.within(1..long);
    }

    /// From now on nothing goes wrong, and whatever a person stopped goes on.
    fn peace(&mut self) {
        self.plan.faults = Faults::default();
        self.resume_later();
        for relay in 0..self.plan.relays.len() {
            self.say_relay(relay, "open");
        }
    }

    fn is_over(&self) -> bool {
        let waits = self.agenda.is_empty();
        let peace = self.plan.trouble < self.steady;
        waits
            || (peace
                && self.store.is_settled()
                && self.store.campaigns.len() == self.plan.campaigns)
    }
}
