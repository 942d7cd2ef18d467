//! An errand and its domain: in, lined up, begun, and out again.

use super::answer::is_too_much;
use super::{Core, Now, Place};
use crate::delivery::{Claim, Errand, Happened};
use crate::transport::Outcome;

impl Core {
    /// Into the queue; or, to a domain with limits, to where it waits for its turn.
    pub(super) fn admit(&mut self, now: Now, errand: Box<Errand>) {
        let Some(number) = self.domains.of(&errand) else { return self.enqueue(errand) };
        self.set_place(errand.claim, Place::Waiting);
        if let Err((errand, later)) = self.domains.get(number).admit(errand, now) {
            let at = now.wall.plus(later);
            self.record(now, errand.claim, Happened::Later(at));
        }
    }

    /// Behind those that are as urgent.
    fn enqueue(&mut self, errand: Box<Errand>) {
        let before = |other: &Errand| other.priority <= errand.priority;
        let place = self.queue.iter().rposition(|other| before(other)).map_or(0, |last| last + 1);
        self.queue.insert(place, errand);
    }

    /// Queues those whose domain's turn is about to come, and takes back those for whom it is not.
    pub(super) fn line_up(&mut self, now: Now) {
        for number in 0..self.domains.len() {
            if self.domains.get(number).has_stalled(now) {
                self.step_back(now, number);
            }
            for errand in self.domains.get(number).overdue(now) {
                self.admit(now, errand);
            }
            while let Some(errand) = self.domains.get(number).line_up(now) {
                self.set_place(errand.claim, Place::LinedUp(number, now.steady));
                self.enqueue(errand);
            }
        }
    }

    /// What is lined up waits again, so that it holds up nobody.
    fn step_back(&mut self, now: Now, number: usize) {
        let hand = std::mem::take(&mut self.hand);
        let of_it = |errand: &Errand| {
            let place = hand.get(&(errand.claim.id, errand.claim.fence));
            matches!(place, Some(Place::LinedUp(of, _)) if *of == number)
        };
        let back = self.pull(of_it);
        self.hand = hand;
        for errand in back {
            self.domains.get(number).step_out();
            self.admit(now, errand);
        }
    }

    /// Whether it may begin now as far as its domain is concerned.
    pub(super) fn has_turn(&self, now: Now, errand: &Errand) -> bool {
        match self.place(errand.claim) {
            Place::LinedUp(number, _) => self.domains.has_turn(number, now),
            Place::Free | Place::Waiting | Place::Begun(..) => true,
        }
    }

    pub(super) fn begin_in_domain(&mut self, now: Now, claim: Claim) {
        if let Place::LinedUp(number, since) = self.place(claim) {
            self.domains.get(number).begin(now);
            self.set_place(claim, Place::Begun(number, since));
        }
    }

    /// Gives its domain more mails at once, or fewer. One that says 4.7.x to a reader of such a domain
    /// passes on what the domain said; 421 it says for itself.
    pub(super) fn judge_domain(&mut self, now: Now, claim: Claim, happened: &Happened) {
        let Place::Begun(number, since) = self.place(claim) else { return };
        let Happened::Tried { result: Ok(outcome), .. } = happened else { return };
        let domain = self.domains.get(number);
        domain.took(now.steady.saturating_sub(since));
        match outcome {
            Outcome::Deferred(reply) if reply.code == 421 => {}
            Outcome::Deferred(reply) if is_too_much(reply) => domain.crowd.complained(now.steady),
            Outcome::InDoubt(_) => {}
            _ => domain.crowd.went_well(),
        }
    }

    /// Whatever became of it, its domain is free for another.
    pub(super) fn leave_domain(&mut self, claim: Claim) {
        match self.place(claim) {
            Place::Free => return,
            Place::Waiting => {}
            Place::LinedUp(number, _) => self.domains.get(number).step_out(),
            Place::Begun(number, _) => self.domains.get(number).crowd.leave(),
        }
        self.set_place(claim, Place::Free);
    }

    /// Whether a mail that is under way goes to a domain with limits.
    pub(super) fn is_of_domain(&self, claim: Claim) -> bool {
        matches!(self.place(claim), Place::Begun(..))
    }

    fn place(&self, claim: Claim) -> Place {
        self.hand.get(&(claim.id, claim.fence)).copied().unwrap_or(Place::Free)
    }

    fn set_place(&mut self, claim: Claim, place: Place) {
        self.hand.insert((claim.id, claim.fence), place);
    }
}
