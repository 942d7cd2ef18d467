//! What follows from the state as it is now: asked again after every event.

use std::time::Duration;

use super::{Command, Core, Held, Now, Work, WorkerId};
use crate::delivery::{Errand, Happened};

/// An errand, and when it was looked at if it was.
pub(super) type Next = (Box<Errand>, Option<Duration>);

/// How many records go into one commit, at most.
const GROUP: usize = 256;
/// Commands write to the database and ring no bell: it is looked into this often.
const TICK: Duration = Duration::from_millis(100);

impl Core {
    /// The journey backwards, so that what one rule sets free the next can use.
    pub(super) fn go_on(&mut self, now: Now, commands: &mut Vec<Command>) {
        self.give_back(now);
        self.turn_away(now, commands);
        self.refresh(now);
        self.keep(now, commands);
        if self.stuck || now.steady < self.away_until {
            return;
        }
        self.assign(now, commands);
        self.look(now, commands);
        self.claim(now, commands);
    }

    /// Until the next time anything can change by itself.
    pub(super) fn rest_until(&self, now: Now) -> Duration {
        if now.steady < self.away_until {
            return self.away_until;
        }
        let tick = now.steady + TICK;
        if self.waiting() == 0 || self.idle.is_empty() {
            return tick;
        }
        // a turn that is there and was not taken waits for something else
        let turns = self.gates.iter().filter_map(|(_, pace)| pace.turn());
        turns.filter(|turn| *turn > now.steady).fold(tick, Duration::min)
    }

    /// What waits for relays that are all closed, or in a daemon that stops, is anybody's again.
    fn give_back(&mut self, now: Now) {
        if self.stopping || !self.is_open(now) {
            self.free += self.ready.len();
            while let Some((errand, _)) = self.ready.pop_front() {
                self.record(now, errand.claim, Happened::Untried);
            }
            while let Some(errand) = self.queue.pop_front() {
                self.record(now, errand.claim, Happened::Untried);
            }
        }
    }

    /// Nobody waits at a door that is shut: neither when the relay is, nor when nothing can be kept.
    fn turn_away(&mut self, now: Now, commands: &mut Vec<Command>) {
        for worker in std::mem::take(&mut self.door) {
            if self.stuck || !self.gate(worker).lets_finish() {
                self.leave(now, worker, Happened::Untried, commands);
            } else {
                self.door.push_back(worker);
            }
        }
    }

    fn keep(&mut self, now: Now, commands: &mut Vec<Command>) {
        let too_soon = self.stuck && now.steady < self.away_until;
        if self.keeping || self.records.is_empty() || too_soon {
            return;
        }
        self.keeping = true;
        let rest = self.records.split_off(self.records.len().min(GROUP));
        commands.push(Command::Keep(std::mem::replace(&mut self.records, rest)));
    }

    /// Gives those who are idle something to carry.
    fn assign(&mut self, now: Now, commands: &mut Vec<Command>) {
        let mut barred = Vec::new();
        while self.waiting() > 0
            && self.unkept < self.settings.window
            && let Some(worker) = self.idle.pop()
        {
            if !self.may_begin(worker, now) {
                barred.push(worker);
            } else if let Some((errand, looked)) = self.next() {
                self.workers[worker.0].work = Work::Opening(Held { claim: errand.claim, looked });
                commands.push(Command::Carry(worker, errand));
            }
        }
        self.idle.extend(barred.into_iter().rev());
    }

    /// Takes the relay's turn, when it is time and the relay may be used.
    fn may_begin(&mut self, worker: WorkerId, now: Now) -> bool {
        let relay = self.workers[worker.0].relay;
        let (gate, pace) = &mut self.gates[relay];
        pace.is_ready(now.steady) && gate.enter(now.wall) && pace.take(now.steady)
    }

    /// The errand that goes right behind another, over the same connection: only what no idle
    /// worker can take up, or a few mails would queue for one connection while others stand idle.
    pub(super) fn ahead(&mut self, worker: WorkerId, now: Now) -> Option<Next> {
        let spare = self.waiting() > self.idle.len() && !self.stopping;
        let relay = self.workers[worker.0].relay;
        let (gate, pace) = &mut self.gates[relay];
        let may = spare && gate.is_open() && pace.is_ready(now.steady) && pace.take(now.steady);
        if may { self.next() } else { None }
    }

    /// How many could be carried now.
    fn waiting(&self) -> usize {
        if self.holds() { self.queue.len() } else { self.ready.len() }
    }

    fn next(&mut self) -> Option<Next> {
        if self.holds() {
            return self.queue.pop_front().map(|errand| (errand, None));
        }
        self.ready.pop_front().map(|(errand, since)| (errand, Some(since)))
    }

    fn claim(&mut self, now: Now, commands: &mut Vec<Command>) {
        let may = !self.claiming && !self.stopping && now.steady >= self.empty_until;
        if may
            && self.is_open(now)
            && let Some(limit) =
                self.appetite.wants(self.queue.len() + self.ready.len(), now.steady)
        {
            self.claiming = true;
            commands.push(Command::Claim(limit));
        }
    }

    /// Whether any relay can be used now.
    fn is_open(&self, now: Now) -> bool {
        self.opens_at(now.wall).is_some_and(|at| at <= now.wall)
    }
}
