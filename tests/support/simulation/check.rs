//! What is promised, looked at whenever something happens.

use bulletin::config::{OnInDoubt, Pace};
use bulletin::delivery::bearing::Bearing;
use bulletin::delivery::core::{Command, Event, Record};
use bulletin::delivery::{Errand, Happened, State};
use bulletin::transport::{SendError, Stage};

use super::daemon::Hand;
use super::plan::{SECOND, domain_of};
use super::store::{Course, row_of};
use super::world::World;

impl World {
    pub(super) fn broken(&self, what: &str) {
        panic!("seed {}: {what}, after {} ms", self.seed, self.steady);
    }

    fn must(&self, so: bool, what: &str) {
        if !so {
            self.broken(what);
        }
    }

    /// What a core is about to be told.
    pub(super) fn hear(&mut self, daemon: usize, event: &Event) {
        let daemon = &mut self.daemons[daemon];
        match event {
            Event::Stop => daemon.stopping = true,
            Event::KeepFailed(_) => daemon.stuck = true,
            Event::Kept(_) => daemon.stuck = false,
            Event::Living(company) => daemon.hears_of(*company),
            Event::Relay(row) => {
                let relay = self.plan.relays.iter().position(|relay| relay.name == row.name);
                daemon.paused[relay.unwrap()] = row.state == "paused";
            }
            _ => {}
        }
    }

    /// What a core says must fit what it has heard.
    pub(super) fn check_command(&mut self, index: usize, command: &Command) {
        let daemon = &self.daemons[index];
        self.must(
            !daemon.stuck
                || matches!(command, Command::Keep(_) | Command::Leave(_) | Command::Close(_)),
            "something is begun although results cannot be kept",
        );
        let begins =
            matches!(command, Command::Claim(_) | Command::Carry(..) | Command::Go(_, Some(_)));
        self.must(!(daemon.stopping && begins), "something new is begun while it stops");
        match command {
            Command::Carry(worker, errand) => {
                self.must(
                    matches!(daemon.hands[worker.0], Hand::Free),
                    "a worker gets two errands",
                );
                let relay = daemon.relay_of(*worker);
                self.must(!daemon.paused[relay], "a paused relay is used");
                self.part(index, relay, 1);
                self.turn(index, relay);
                self.domain_turn(index, errand);
            }
            Command::Go(worker, next) => {
                self.must(matches!(daemon.hands[worker.0], Hand::Waiting(_)), "go without a look");
                let relay = daemon.relay_of(*worker);
                self.must(!daemon.paused[relay], "a message goes over a paused relay");
                if let Some(next) = next {
                    self.part(index, relay, 0);
                    self.turn(index, relay);
                    self.domain_turn(index, next);
                }
            }
            Command::Leave(worker) => {
                self.must(matches!(daemon.hands[worker.0], Hand::Waiting(_)), "nothing to leave");
            }
            Command::Close(worker) => {
                self.must(matches!(daemon.hands[worker.0], Hand::Free), "a busy one is closed");
            }
            Command::Claim(_) | Command::Look(_) | Command::Keep(_) => {}
        }
    }

    /// With so many more, a daemon uses no more connections than its part.
    fn part(&self, daemon: usize, relay: usize, more: usize) {
        let daemon = &self.daemons[daemon];
        let most = daemon.part(self.plan.relays[relay].connections);
        self.must(daemon.busy(relay) + more <= most, "more connections than its part are used");
    }

    /// A relay with a limit is never ahead of it: at most ten milliseconds that a timer was late.
    fn turn(&mut self, daemon: usize, relay: usize) {
        let pace = self.plan.relays[relay].pace.clone();
        let own = self.own_turn(daemon, &pace, self.daemons[daemon].turns[relay]);
        let all = self.all_turns(&pace, self.turns[relay]);
        (self.daemons[daemon].turns[relay], self.turns[relay]) = (own, all);
    }

    /// Nor is a domain; and no more mails to it are under way than it allows.
    fn domain_turn(&mut self, daemon: usize, errand: &Errand) {
        let domain = domain_of(self.store.rows[row_of(&errand.claim)].person);
        let Some(limits) = self.plan.domains.get(domain).cloned() else { return };
        let own = self.own_turn(daemon, &limits.pace, self.daemons[daemon].domain_turns[domain]);
        let all = self.all_turns(&limits.pace, self.domain_turns[domain]);
        (self.daemons[daemon].domain_turns[domain], self.domain_turns[domain]) = (own, all);
        let most = limits.connections.unwrap_or(usize::MAX);
        let goes_there =
            |errand: &Errand| domain_of(self.store.rows[row_of(&errand.claim)].person) == domain;
        let busy =
            self.daemons[daemon].hands.iter().flat_map(Hand::errands).filter(|one| goes_there(one));
        self.must(busy.count() < most, "too many mails to a domain are under way");
    }

    fn own_turn(&self, daemon: usize, pace: &Pace, turns: (i64, i64)) -> (i64, i64) {
        let since = self.steady - self.daemons[daemon].started;
        self.later_turn(pace, since, 11, turns, "mails go faster than their rate")
    }

    /// Nor are all daemons together, though two may come at the same moment.
    fn all_turns(&self, pace: &Pace, turns: (i64, i64)) -> (i64, i64) {
        let gap = pace.gap.map_or(0, |gap| i64::try_from(gap.as_millis()).unwrap());
        let slack = i64::try_from(self.plan.daemons).unwrap() * (gap + 11);
        self.later_turn(pace, self.steady, slack, turns, "daemons together go too fast")
    }

    /// How many turns there were, and how late the latest of them: never earlier than that.
    fn later_turn(
        &self,
        pace: &Pace,
        now: u64,
        slack: i64,
        (count, latest): (i64, i64),
        what: &str,
    ) -> (i64, i64) {
        let Some(gap) = pace.gap else { return (count, latest) };
        let gap = i64::try_from(gap.as_millis()).unwrap();
        let behind = i64::try_from(now).unwrap() - count * gap;
        self.must(latest == i64::MIN || behind >= latest - slack, what);
        (count + 1, latest.max(behind))
    }

    /// A message is handed over.
    pub(super) fn check_go(&self, index: usize, row: usize) {
        let daemon = &self.daemons[index];
        self.must(daemon.out.len() <= self.plan.delivery.window, "the window is exceeded");
        let looked = daemon.looked.get(&row).copied();
        self.must(looked.is_some(), "a message goes without a look");
        let looked = looked.unwrap_or_default();
        let person = self.store.rows[row].person;
        if let Some(left) = self.store.left.get(&person) {
            self.must(looked <= *left, "mail after no");
            self.must(self.steady - left <= SECOND + 1, "mail long after no");
        }
    }

    /// A fault of ours is never the reader's fault.
    pub(super) fn check_records(&self, records: &[Record]) {
        for record in records {
            let verdict = &record.verdict;
            if let Happened::Tried { result: Err(SendError::Fault(fault)), .. } = &record.happened {
                let spared = fault.stage >= Stage::Rcpt
                    || (verdict.state == State::Queued && !verdict.counts);
                self.must(spared, "a relay's fault costs a reader a try");
                self.must(verdict.bearing.is_none(), "a relay's fault is told of a person");
            }
            if matches!(record.happened, Happened::Ours(_) | Happened::Untried | Happened::Later(_))
            {
                self.must(
                    verdict.state == State::Queued && !verdict.counts,
                    "our fault costs a try",
                );
            }
            if verdict.bearing == Some(Bearing::Policy) {
                let waits = matches!(verdict.state, State::Deferred | State::Expired);
                self.must(waits, "a refusal for our sake fails a reader");
            }
        }
    }

    /// One that ends in good order leaves nothing in its name, but for claims whose answer got lost.
    pub(super) fn check_leave(&self, daemon: usize) {
        let daemon = &self.daemons[daemon];
        if daemon.core.is_done() {
            self.must(daemon.out.is_empty(), "it ends with messages under way");
            let free = daemon.hands.iter().all(|hand| matches!(hand, Hand::Free));
            self.must(free, "it ends with workers at work");
        }
    }

    pub(super) fn check_the_end(&mut self) {
        for row in 0..self.store.rows.len() {
            self.check_row(row);
        }
        let first = |row: &usize| self.journal.contains(row);
        let reached = (0..self.store.rows.len()).filter(first).count();
        self.told.repeated = self.journal.len() - reached;
    }

    /// Everybody ended in one state, for a reason, and got it at most once but for doubts.
    fn check_row(&self, id: usize) {
        let row = &self.store.rows[id];
        let copies = self.journal.iter().filter(|one| **one == id).count();
        let hold = self.plan.delivery.on_in_doubt == OnInDoubt::Hold;
        let told =
            format!("row {id} is {} with {copies} copies, {} doubts", row.state, self.doubts[id]);
        let doubts = if hold { 0 } else { self.doubts[id] };
        self.must(copies <= 1 + doubts, &format!("somebody has it twice: {told}"));
        let left = self.store.left.contains_key(&row.person);
        let suppressed = self.store.suppressed.contains(&row.person);
        let fair = match row.state {
            State::Accepted => copies >= 1,
            State::Failed => self.refused[id],
            State::Suppressed => left || suppressed,
            State::Cancelled => self.store.campaigns[row.campaign].course == Course::Cancelled,
            State::Expired => true,
            State::InDoubt => hold && self.doubts[id] > 0,
            State::Queued | State::Sending | State::Deferred => false,
        };
        self.must(fair, &format!("an end without a reason: {told}"));
    }
}
