//! What follows from the state as it is now: asked again after every event.

use std::time::Duration;

use super::lane::Lane;
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
        if self.waiting() == 0 {
            return tick;
        }
        // a turn that is there and was not taken waits for something else
        let turns = self.lanes.iter().map(|lane| lane.pace.turn());
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
        while self.waiting() > 0
            && self.unkept < self.settings.window
            && let Some(worker) = self.beginner(now)
            && let Some((errand, looked)) = self.next()
        {
            self.workers[worker.0].work = Work::Opening(Held { claim: errand.claim, looked });
            commands.push(Command::Carry(worker, errand));
        }
    }

    /// A worker of the relay that is next. The marks of those that are closed follow, so that they make
    /// up for nothing.
    fn beginner(&mut self, now: Now) -> Option<WorkerId> {
        let want = !self.lanes.iter().any(|lane| !lane.is_spare() && lane.gate.is_open());
        let least = self.least_mark();
        let able = |lane: &&mut Lane| {
            lane.may_begin(now) && lane.is_within(least) && (want || !lane.is_spare())
        };
        let lane = self.lanes.iter_mut().filter(able).min_by_key(|lane| lane.rank())?;
        let (spare, mark) = lane.rank();
        let worker = lane.begin(now);
        let closed = |other: &&mut Lane| !spare && !other.gate.is_open();
        self.lanes.iter_mut().filter(closed).for_each(|other| other.catch_up(mark));
        worker
    }

    /// The errand that goes right behind another, over the same connection: only what no idle
    /// worker can take up, or a few mails would queue for one connection while others stand idle.
    pub(super) fn ahead(&mut self, worker: WorkerId, now: Now) -> Option<Next> {
        let free = |lane: &Lane| if lane.may_begin(now) { lane.idle.len() } else { 0 };
        let idle: usize = self.lanes.iter().filter(|lane| !lane.is_spare()).map(free).sum();
        let least = self.least_mark();
        let lane = self.lane(worker);
        let may = lane.may_follow(now) && lane.is_within(least);
        if self.stopping || self.waiting() <= idle || !may {
            return None;
        }
        self.lane(worker).take_turn(now);
        self.next()
    }

    fn least_mark(&self) -> Option<u64> {
        self.lanes.iter().filter_map(Lane::pace_maker).min()
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
        // what is claimed as unwanted is a record at once, and may be all of a campaign
        let kept_up = self.records.len() < GROUP;
        if may
            && kept_up
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
