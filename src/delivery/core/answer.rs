//! What the world has told, and what it changes.

use std::sync::Arc;
use std::time::Duration;

use super::look::FRESH;
use super::{Command, Core, Event, Held, Now, Place, Record, Work, WorkerId};
use crate::db::owner::Company;
use crate::delivery::store::{ANEW, NOT_NOW, RelayRow, Taken};
use crate::delivery::verdict::{holds_relay, verdict};
use crate::delivery::{Claim, Happened};
use crate::transport::{Fault, Outcome, Reply, SendError};

/// How long an empty queue is believed to be empty.
const BELIEVED: Duration = Duration::from_millis(100);
/// How long a database that failed is left alone.
const AWAY: Duration = Duration::from_millis(500);

impl Core {
    pub(super) fn take_in(&mut self, now: Now, event: Event, commands: &mut Vec<Command>) {
        match event {
            Event::Woken => {}
            Event::Due => self.empty_until = Duration::ZERO,
            Event::Claimed(taken) => self.claimed(now, taken),
            Event::ClaimFailed => self.claim_failed(now),
            Event::Opened(worker) => self.opened(now, worker, commands),
            Event::Looked(reasons) => self.looked(now, reasons, commands),
            Event::LookFailed => self.look_failed(now, commands),
            Event::Done(worker, happened) => self.done(now, worker, happened),
            Event::Lost(worker) => self.lost(now, worker),
            Event::Kept(records) => self.kept(&records),
            Event::KeepFailed(records) => self.keep_failed(now, records),
            Event::Relay(row) => self.adopt(&row),
            Event::Living(company) => self.living(now, company),
            Event::Holding(company) => self.holding(company),
            Event::Stop => self.stopping = true,
        }
    }

    fn claimed(&mut self, now: Now, taken: Vec<Taken>) {
        self.claiming = false;
        self.appetite.fed(taken.len(), now.steady);
        if taken.is_empty() {
            self.empty_until = now.steady + BELIEVED;
        }
        for taken in taken {
            let claim = taken.claim();
            self.hand.insert((claim.id, claim.fence), Place::Free);
            match taken {
                Taken::Wanted(errand) => self.admit(now, errand),
                Taken::Unwanted(claim, reason) => self.record(now, claim, unwanted(reason)),
            }
        }
    }

    fn claim_failed(&mut self, now: Now) {
        self.claiming = false;
        self.be_away(now);
    }

    /// The relay waits. Whoever was looked at a moment ago goes; all others come to the door.
    fn opened(&mut self, now: Now, worker: WorkerId, commands: &mut Vec<Command>) {
        let Work::Opening(Held { claim, looked }) = self.workers[worker.0].work else { return };
        self.workers[worker.0].work = Work::Waiting(claim);
        let fresh = looked.is_some_and(|since| now.steady.saturating_sub(since) <= FRESH);
        if fresh && self.may_finish(worker) {
            return self.go(now, worker, commands);
        }
        self.free += usize::from(looked.is_some());
        self.door.push_back(worker);
    }

    /// Whether a message may go whose relay waits for it.
    pub(super) fn may_finish(&mut self, worker: WorkerId) -> bool {
        !self.stuck && self.gate(worker).lets_finish()
    }

    /// Hands over; its slot is taken.
    pub(super) fn go(&mut self, now: Now, worker: WorkerId, commands: &mut Vec<Command>) {
        let Some(claim) = self.claim_of(worker) else { return };
        let next = self.ahead(worker, now);
        let behind =
            next.as_ref().map(|(errand, looked)| Held { claim: errand.claim, looked: *looked });
        self.workers[worker.0].work = Work::Sending(claim, behind);
        commands.push(Command::Go(worker, next.map(|(errand, _)| errand)));
    }

    /// The worker goes on by itself with what was announced behind this.
    fn done(&mut self, now: Now, worker: WorkerId, happened: Happened) {
        let (claim, next, slot) = match self.workers[worker.0].work {
            Work::Opening(held) => (held.claim, None, held.looked.is_some()),
            Work::Waiting(claim) => (claim, None, false),
            Work::Sending(claim, next) => (claim, next, true),
            Work::Idle => return,
        };
        if matches!(happened, Happened::Untried) {
            // it could not be composed, because the database did not answer
            self.be_away(now);
        }
        let relay = self.judge_relay(now, worker, &happened);
        self.judge_crowd(now, worker, claim, &happened);
        self.judge_domain(now, claim, &happened);
        let mut record = self.recorded(now, claim, happened);
        (record.relay, record.slot) = (relay, slot);
        self.unkept += usize::from(record.is_try());
        self.records.push(record);
        match next {
            Some(next) => self.workers[worker.0].work = Work::Opening(next),
            None => self.set_idle(worker),
        }
    }

    /// What the worker had handed over may have arrived; what it had not is ours to mend. One that
    /// waits does nothing that could break.
    fn lost(&mut self, now: Now, worker: WorkerId) {
        const WHY: &str = "the worker broke off, which is a defect of Bulletin";
        let happened = match self.workers[worker.0].work {
            Work::Idle | Work::Waiting(_) => return,
            Work::Opening(_) => Happened::Ours(WHY.to_owned()),
            Work::Sending(claim, next) => {
                if let Some(next) = next {
                    self.free += usize::from(next.looked.is_some());
                    self.record(now, next.claim, Happened::Untried);
                }
                self.workers[worker.0].work = Work::Sending(claim, None);
                let relay = Arc::from(self.gate(worker).name());
                let result = Ok(Outcome::InDoubt(WHY.to_owned()));
                Happened::Tried { relay, at: now.wall, took: Duration::ZERO, result }
            }
        };
        self.done(now, worker, happened);
    }

    /// Opens or holds the gate after an answer; the row to keep when that is news.
    fn judge_relay(&mut self, now: Now, worker: WorkerId, happened: &Happened) -> Option<RelayRow> {
        let gate = self.gate(worker);
        match happened {
            Happened::Tried { result: Err(SendError::Fault(fault)), .. } if holds_relay(fault) => {
                gate.fault(&fault.to_string(), now.wall)
            }
            // whatever it says about one person, the relay answers
            Happened::Tried { result: Ok(_) | Err(SendError::Fault(_)), .. } => {
                gate.success(now.wall)
            }
            _ => {
                gate.abandon();
                None
            }
        }
    }

    /// Gives the relay more mails at once, or fewer.
    fn judge_crowd(&mut self, now: Now, worker: WorkerId, claim: Claim, happened: &Happened) {
        let Happened::Tried { result, .. } = happened else { return };
        let of_domain = self.is_of_domain(claim);
        let crowd = &mut self.lane(worker).crowd;
        match result {
            Ok(Outcome::Deferred(reply))
                if is_too_much(reply) && !(of_domain && reply.code != 421) =>
            {
                crowd.complained(now.steady);
            }
            Err(SendError::Fault(Fault { reply: Some(reply), .. })) if is_too_much(reply) => {
                crowd.complained(now.steady);
            }
            Ok(Outcome::InDoubt(_)) | Err(SendError::Fault(_)) => crowd.went_badly(),
            Ok(_) => crowd.went_well(),
            Err(SendError::Malformed(_)) => {}
        }
    }

    fn kept(&mut self, records: &[Record]) {
        (self.keeping, self.stuck) = (false, false);
        for record in records {
            self.hand.remove(&(record.claim.id, record.claim.fence));
            self.free += usize::from(record.slot);
            self.unkept -= usize::from(record.is_try());
        }
    }

    fn keep_failed(&mut self, now: Now, mut records: Vec<Record>) {
        (self.keeping, self.stuck) = (false, true);
        self.be_away(now);
        records.append(&mut self.records);
        self.records = records;
    }

    /// A relay's row, as it stands in the database.
    pub fn adopt(&mut self, row: &RelayRow) {
        for lane in &mut self.lanes {
            if lane.gate.name() == row.name {
                lane.gate.adopt(row);
            }
        }
    }

    /// While the clock has jumped, those that live may seem to be gone. For one more, all connections
    /// that carry nothing make room.
    fn living(&mut self, now: Now, company: Company) {
        if company.size > self.company.size {
            self.surplus.extend(self.lanes.iter().flat_map(|lane| &lane.idle));
        }
        if self.watch.believes(now) || company.size >= self.company.size {
            self.share(company);
        }
    }

    /// Who died has left its part to the others, at once: no clock is needed to know it.
    fn holding(&mut self, company: Company) {
        if company.size < self.company.size {
            self.share(company);
        }
    }

    pub(super) fn share(&mut self, company: Company) {
        self.company = company;
        self.lanes.iter_mut().for_each(|lane| lane.share(company));
        self.domains.iter_mut().for_each(|domain| domain.share(company));
    }

    /// The database has just failed: it is left alone for a while.
    pub(super) fn be_away(&mut self, now: Now) {
        self.away_until = now.steady + AWAY;
    }

    /// Gives an open transaction up.
    pub(super) fn leave(
        &mut self,
        now: Now,
        worker: WorkerId,
        happened: Happened,
        commands: &mut Vec<Command>,
    ) {
        self.gate(worker).abandon();
        if let Some(claim) = self.claim_of(worker) {
            self.record(now, claim, happened);
        }
        self.set_idle(worker);
        commands.push(Command::Leave(worker));
    }

    pub(super) fn record(&mut self, now: Now, claim: Claim, happened: Happened) {
        let record = self.recorded(now, claim, happened);
        self.records.push(record);
    }

    fn recorded(&mut self, now: Now, claim: Claim, happened: Happened) -> Record {
        self.leave_domain(claim);
        let verdict = verdict(&claim, &happened, &self.settings, now.wall);
        Record { claim, happened, verdict, relay: None, slot: false }
    }

    pub(super) fn claim_of(&self, worker: WorkerId) -> Option<Claim> {
        match self.workers[worker.0].work {
            Work::Opening(held) => Some(held.claim),
            Work::Waiting(claim) | Work::Sending(claim, _) => Some(claim),
            Work::Idle => None,
        }
    }

    pub(super) fn set_idle(&mut self, worker: WorkerId) {
        self.workers[worker.0].work = Work::Idle;
        if !self.lane(worker).end(worker) {
            self.surplus.push(worker);
        }
    }
}

/// The relay itself wants less of us. Not 4.7.1, which greylisting says of one person.
pub(super) fn is_too_much(reply: &Reply) -> bool {
    let enhanced = reply.enhanced.as_deref().unwrap_or_default();
    reply.code == 421 || (enhanced.starts_with("4.7.") && enhanced != "4.7.1")
}

/// A paused or cancelled campaign gives its claims back; all else ends the delivery.
fn unwanted(reason: &'static str) -> Happened {
    if [NOT_NOW, ANEW].contains(&reason) { Happened::Untried } else { Happened::Unwanted(reason) }
}
