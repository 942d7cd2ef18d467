//! What is promised, looked at whenever something happens.

use bulletin::config::OnInDoubt;
use bulletin::delivery::bearing::Bearing;
use bulletin::delivery::core::{Command, Event, Record};
use bulletin::delivery::{Happened, State};
use bulletin::transport::{SendError, Stage};

use super::daemon::Hand;
use super::plan::SECOND;
use super::store::Course;
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
            !daemon.stuck || matches!(command, Command::Keep(_) | Command::Leave(_)),
            "something is begun although results cannot be kept",
        );
        let begins =
            matches!(command, Command::Claim(_) | Command::Carry(..) | Command::Go(_, Some(_)));
        self.must(!(daemon.stopping && begins), "something new is begun while it stops");
        match command {
            Command::Carry(worker, _) => {
                self.must(
                    matches!(daemon.hands[worker.0], Hand::Free),
                    "a worker gets two errands",
                );
                let relay = daemon.relay_of(*worker);
                self.must(!daemon.paused[relay], "a paused relay is used");
                self.turn(index, relay);
            }
            Command::Go(worker, next) => {
                self.must(matches!(daemon.hands[worker.0], Hand::Waiting(_)), "go without a look");
                let relay = daemon.relay_of(*worker);
                self.must(!daemon.paused[relay], "a message goes over a paused relay");
                if next.is_some() {
                    self.turn(index, relay);
                }
            }
            Command::Leave(worker) => {
                self.must(matches!(daemon.hands[worker.0], Hand::Waiting(_)), "nothing to leave");
            }
            Command::Claim(_) | Command::Look(_) | Command::Keep(_) => {}
        }
    }

    /// A relay with a limit is never ahead of it: at most ten milliseconds that a timer was late.
    fn turn(&mut self, daemon: usize, relay: usize) {
        let Some(gap) = self.plan.relays[relay].gap else { return };
        let steady = i64::try_from(self.steady - self.daemons[daemon].started).unwrap();
        let (count, latest) = self.daemons[daemon].turns[relay];
        let behind = steady - count * i64::try_from(gap.as_millis()).unwrap();
        self.must(latest == i64::MIN || behind >= latest - 11, "mails go faster than their rate");
        self.daemons[daemon].turns[relay] = (count + 1, latest.max(behind));
        self.all_turns(relay, i64::try_from(gap.as_millis()).unwrap());
    }

    /// Nor are all daemons together, though two may come at the same moment.
    fn all_turns(&mut self, relay: usize, gap: i64) {
        let (count, latest) = self.turns[relay];
        let behind = i64::try_from(self.steady).unwrap() - count * gap;
        let slack = i64::try_from(self.plan.daemons).unwrap() * (gap + 11);
        self.must(latest == i64::MIN || behind >= latest - slack, "daemons together go too fast");
        self.turns[relay] = (count + 1, latest.max(behind));
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
            if matches!(record.happened, Happened::Ours(_) | Happened::Untried) {
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
