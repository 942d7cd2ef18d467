//! What follows from the state as it is now: asked again after every event.

use std::time::Duration;

use super::domain::Domain;
use super::lane::Lane;
use super::{Command, Core, Held, Now, Work, WorkerId};
use crate::delivery::{Errand, Happened};

/// An errand, and when it was looked at if it was.
pub(super) type Next = (Box<Errand>, Option<Duration>);

/// How many records go into one commit, at most.
const GROUP: usize = 256;
/// How long results wait for others, at most.
const GATHERS: Duration = Duration::from_millis(10);
/// Commands write to the database and ring no bell: it is looked into this often.
const TICK: Duration = Duration::from_millis(100);

impl Core {
    /// The journey backwards, so that what one rule sets free the next can use.
    pub(super) fn go_on(&mut self, now: Now, commands: &mut Vec<Command>) {
        self.give_back(now);
        self.turn_away(now, commands);
        self.refresh(now);
        self.line_up(now);
        self.keep(now, commands);
        commands.extend(self.surplus.drain(..).map(Command::Close));
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
        let domains = self.domains.iter().filter_map(|domain| domain.wakes_at(now));
        let tick = domains.fold(tick, Duration::min);
        let tick = self.gathering.map_or(tick, |since| tick.min(since + GATHERS));
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
            let waiting: Vec<_> = self.domains.iter_mut().flat_map(Domain::drain).collect();
            for errand in std::mem::take(&mut self.queue).into_iter().chain(waiting) {
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
        if self.keeping || self.records.is_empty() || too_soon || self.gathers(now) {
            return;
        }
        (self.keeping, self.gathering) = (true, None);
        let rest = self.records.split_off(self.records.len().min(GROUP));
        commands.push(Command::Keep(std::mem::replace(&mut self.records, rest)));
    }

    /// Whether results wait for others to be kept with them: a commit costs the same for one as for
    /// many. Not when they are many already, or all that there is in hand.
    fn gathers(&mut self, now: Now) -> bool {
        let since = *self.gathering.get_or_insert(now.steady);
        let many = GROUP.min(self.settings.window) / 2;
        let all = self.records.len() == self.hand.len();
        !self.stopping && !all && self.records.len() < many && now.steady < since + GATHERS
    }

    /// Gives those who are idle something to carry.
    fn assign(&mut self, now: Now, commands: &mut Vec<Command>) {
        while self.unkept < self.settings.window
            && let Some(place) = self.next(now)
            && let Some(worker) = self.beginner(now)
            && let Some((errand, looked)) = self.take_next(now, place)
        {
            self.workers[worker.0].work = Work::Opening(Held { claim: errand.claim, looked });
            commands.push(Command::Carry(worker, errand));
        }
    }

    /// A worker of the relay that is next. The marks of those that are closed follow, so that they make
    /// up for nothing.
    fn beginner(&mut self, now: Now) -> Option<WorkerId> {
        let want = self.wants_spare();
        let least = self.least_mark(now);
        let able = |lane: &&mut Lane| {
            lane.may_begin(now) && lane.is_within(least) && (want || !lane.is_spare())
        };
        let lane = self.lanes.iter_mut().filter(able).min_by_key(|lane| lane.rank())?;
        let (spare, mark) = lane.rank();
        let worker = lane.begin(now);
        let behind = |other: &&mut Lane| !spare && !other.keeps_up(now);
        self.lanes.iter_mut().filter(behind).for_each(|other| other.catch_up(mark));
        worker
    }

    /// The errand that goes right behind another, over the same connection: only what no idle
    /// worker can take up, or a few mails would queue for one connection while others stand idle.
    pub(super) fn ahead(&mut self, worker: WorkerId, now: Now) -> Option<Next> {
        let free = |lane: &Lane| if lane.may_begin(now) { lane.idle.len() } else { 0 };
        let idle: usize = self.lanes.iter().filter(|lane| !lane.is_spare()).map(free).sum();
        let least = self.least_mark(now);
        let lane = self.lane(worker);
        let may = lane.may_follow(now) && lane.is_within(least);
        if self.stopping || self.waiting() <= idle || !may {
            return None;
        }
        let place = self.next(now)?;
        self.lane(worker).take_turn(now);
        self.take_next(now, place)
    }

    fn least_mark(&self, now: Now) -> Option<u64> {
        self.lanes.iter().filter_map(|lane| lane.pace_maker(now)).min()
    }

    /// How many could be carried now.
    fn waiting(&self) -> usize {
        if self.holds() { self.queue.len() } else { self.ready.len() }
    }

    /// The place of the first that may begin as far as its domain is concerned.
    fn next(&self, now: Now) -> Option<usize> {
        if self.holds() {
            return self.queue.iter().position(|errand| self.has_turn(now, errand));
        }
        self.ready.iter().position(|(errand, _)| self.has_turn(now, errand))
    }

    fn take_next(&mut self, now: Now, place: usize) -> Option<Next> {
        let next = if self.holds() {
            self.queue.remove(place).map(|errand| (errand, None))
        } else {
            self.ready.remove(place).map(|(errand, since)| (errand, Some(since)))
        };
        self.begin_in_domain(now, next.as_ref()?.0.claim);
        next
    }

    fn claim(&mut self, now: Now, commands: &mut Vec<Command>) {
        let may = !self.claiming
            && !self.stopping
            && now.steady >= self.empty_until
            && now.steady >= self.heard_at;
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

    /// Whether any relay can be used now, and by this daemon.
    fn is_open(&self, now: Now) -> bool {
        let want = self.wants_spare();
        let opens = |lane: &Lane| lane.gate.opens_at(now.wall).is_some_and(|at| at <= now.wall);
        let ours = |lane: &Lane| lane.has_part() && (want || !lane.is_spare());
        self.lanes.iter().any(|lane| ours(lane) && opens(lane))
    }

    /// Whether those are used that are for want of others.
    fn wants_spare(&self) -> bool {
        !self.lanes.iter().any(|lane| !lane.is_spare() && lane.gate.is_open())
    }
}
