//! The last look: who of those that are next may be mailed.
//!
//! Under `resend` it is taken in good time, for many at once, and believed for half a second; whose
//! relay takes longer is looked at again at the door. Under `hold` it is also the durable mark of a
//! message that goes now, and so it is taken at the door only.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Command, Core, Now, WorkerId};
use crate::config::OnInDoubt;
use crate::delivery::store::{ANEW, NOT_NOW, QUIET};
use crate::delivery::{Claim, Errand, Happened};

/// How long what a look saw may be acted upon (promise 3 leaves a second).
pub(in crate::delivery) const FRESH: Duration = Duration::from_millis(500);
/// How many are looked at in good time, for each worker, at least.
const AHEAD: usize = 2;

/// A look on its way; each that it is for holds a slot of the window.
#[derive(Debug)]
pub(super) struct Looking {
    since: Duration,
    /// At the door.
    door: Vec<WorkerId>,
    /// In good time.
    early: VecDeque<Box<Errand>>,
}

impl Core {
    /// Those at the door first, then those who are next, as far as the window has slots.
    pub(super) fn look(&mut self, now: Now, commands: &mut Vec<Command>) {
        if self.looking.is_some() {
            return;
        }
        let at_door = self.door.len().min(self.free);
        let early = self.early().min(self.free - at_door);
        if at_door + early == 0 {
            return;
        }
        self.free -= at_door + early;
        let door: Vec<_> = self.door.drain(..at_door).collect();
        let early: VecDeque<_> = self.queue.drain(..early).collect();
        let mut claims: Vec<_> = door.iter().filter_map(|worker| self.claim_of(*worker)).collect();
        claims.extend(early.iter().map(|errand| errand.claim));
        self.looking = Some(Looking { since: now.steady, door, early });
        commands.push(Command::Look(claims));
    }

    /// How many of the queue to look at in good time: as many as go out in half a second, so that they
    /// are not too old then. Half of the window stays for those under way; and no few are looked at,
    /// since a look costs the same for one as for many.
    fn early(&self) -> usize {
        if self.holds() {
            return 0;
        }
        let soon = (AHEAD * self.workers.len()).max(self.appetite.batch() / 2);
        let wanted = soon.min(self.settings.window.div_ceil(2));
        if self.ready.len() > wanted / 2 {
            return 0;
        }
        (wanted - self.ready.len()).min(self.queue.len())
    }

    pub(super) fn holds(&self) -> bool {
        self.settings.on_in_doubt == OnInDoubt::Hold
    }

    /// Whoever said no by now gets nothing (promise 3).
    pub(super) fn looked(
        &mut self,
        now: Now,
        reasons: Vec<Option<&'static str>>,
        commands: &mut Vec<Command>,
    ) {
        let Some(looking) = self.looking.take() else { return };
        if now.steady.saturating_sub(looking.since) > FRESH {
            return self.look_again(looking);
        }
        let mut reasons = reasons.into_iter();
        for (worker, reason) in looking.door.into_iter().zip(&mut reasons) {
            self.looked_at_door(now, worker, reason, commands);
        }
        for (errand, reason) in looking.early.into_iter().zip(reasons) {
            match reason {
                None => self.ready.push_back((errand, looking.since)),
                Some(reason) => self.turn_down(now, errand.claim, reason),
            }
        }
    }

    fn looked_at_door(
        &mut self,
        now: Now,
        worker: WorkerId,
        reason: Option<&'static str>,
        commands: &mut Vec<Command>,
    ) {
        if reason.is_none() && self.may_finish(worker) {
            return self.go(now, worker, commands);
        }
        let claim = self.claim_of(worker);
        self.gate(worker).abandon();
        self.set_idle(worker);
        commands.push(Command::Leave(worker));
        if let Some(claim) = claim {
            self.turn_down(now, claim, reason.unwrap_or(NOT_NOW));
        }
    }

    /// What must not be sent gives its slot back. When its campaign was paused or cancelled, all else
    /// of it that is queued goes back as well.
    fn turn_down(&mut self, now: Now, claim: Claim, reason: &'static str) {
        self.free += 1;
        if reason == NOT_NOW {
            self.record(now, claim, Happened::Untried);
            self.recall(now, claim);
        } else if [ANEW, QUIET].contains(&reason) {
            self.record(now, claim, Happened::Untried);
        } else {
            self.record(now, claim, Happened::Unwanted(reason));
        }
    }

    fn recall(&mut self, now: Now, claim: Claim) {
        let of_it = |errand: &Errand| errand.claim.campaign == claim.campaign;
        let mut back: Vec<_> = self.pull(of_it).iter().map(|errand| errand.claim).collect();
        back.extend(self.domains.iter_mut().flat_map(|domain| domain.take_out(of_it)));
        for claim in back {
            self.record(now, claim, Happened::Untried);
        }
    }

    /// Takes out of the queue those for which this is so, looked at or not.
    pub(super) fn pull(&mut self, which: impl Fn(&Errand) -> bool) -> VecDeque<Box<Errand>> {
        let (mut out, queue): (VecDeque<_>, _) =
            self.queue.drain(..).partition(|errand| which(errand));
        let (looked, ready): (VecDeque<_>, _) =
            self.ready.drain(..).partition(|(errand, _)| which(errand));
        (self.queue, self.ready) = (queue, ready);
        self.free += looked.len();
        out.extend(looked.into_iter().map(|(errand, _)| errand));
        out
    }

    /// The answer is too old: before those who came later.
    fn look_again(&mut self, looking: Looking) {
        self.free += looking.door.len() + looking.early.len();
        for worker in looking.door.into_iter().rev() {
            self.door.push_front(worker);
        }
        for errand in looking.early.into_iter().rev() {
            self.queue.push_front(errand);
        }
    }

    pub(super) fn look_failed(&mut self, now: Now, commands: &mut Vec<Command>) {
        self.be_away(now);
        let Some(looking) = self.looking.take() else { return };
        self.free += looking.door.len() + looking.early.len();
        for worker in looking.door {
            self.leave(now, worker, Happened::Untried, commands);
        }
        for errand in looking.early {
            self.record(now, errand.claim, Happened::Untried);
        }
    }

    /// What was looked at too long ago is queued again, in its place.
    pub(super) fn refresh(&mut self, now: Now) {
        let old = |(_, since): &(Box<Errand>, Duration)| now.steady.saturating_sub(*since) > FRESH;
        let stale = self.ready.iter().take_while(|one| old(one)).count();
        self.free += stale;
        for (errand, _) in self.ready.drain(..stale).rev().collect::<Vec<_>>() {
            self.queue.push_front(errand);
        }
    }
}
