//! The way to one relay: its gate, its pace, its crowd, and whose turn it is among several.
//!
//! Several relays without weights take what they can. Those with weights share the mails by them: each
//! mail moves a lane's mark by 1/weight, the lane whose mark is the least is next (stride scheduling),
//! and none runs ahead of the others by more than a few mails: the slowest for its weight sets the
//! speed of all. A lane that could not be used for a while, or is being warmed up, holds up nobody
//! and does not make up for it. One of weight 0 is used while every other is held or paused, not while
//! they are only busy.

use std::time::Duration;

use super::crowd::Crowd;
use super::gate::Gate;
use super::pace::Pace;
use super::{Now, Relay, WorkerId};
use crate::db::owner::Company;

/// What a mail moves the mark of a lane with the weight 1.
const STRIDE: u64 = 1 << 20;
/// How far one with a weight may run ahead of another.
const AHEAD: u64 = 4 * STRIDE;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) gate: Gate,
    pub(super) pace: Pace,
    pub(super) crowd: Crowd,
    weight: Option<u64>,
    mark: u64,
    /// Who has nothing to do; the last to become so is the first to get something, since its
    /// connection is likely to be open.
    pub(super) idle: Vec<WorkerId>,
}

impl Lane {
    pub(super) fn new(relay: &Relay, retry: &[Duration]) -> Self {
        Self {
            gate: Gate::new(&relay.name, retry),
            pace: Pace::new(&relay.pace),
            crowd: Crowd::new(relay.connections),
            weight: relay.weight.map(u64::from),
            mark: 0,
            idle: Vec::new(),
        }
    }

    /// Whether another worker could begin now, as far as this can be said without being the probe.
    pub(super) fn may_begin(&self, now: Now) -> bool {
        !self.idle.is_empty()
            && self.crowd.has_room()
            && self.pace.is_ready(now)
            && self.gate.may_enter(now.wall)
    }

    /// The worker that begins, with the relay's turn taken. To be asked for after `may_begin`.
    pub(super) fn begin(&mut self, now: Now) -> Option<WorkerId> {
        if !self.gate.enter(now.wall) {
            return None;
        }
        let worker = self.idle.pop()?;
        self.crowd.enter();
        self.take_turn(now);
        Some(worker)
    }

    /// Whether a mail may be announced behind another.
    pub(super) fn may_follow(&self, now: Now) -> bool {
        self.gate.is_open() && self.pace.is_ready(now) && self.crowd.is_within()
    }

    pub(super) fn take_turn(&mut self, now: Now) {
        self.pace.take(now, self.crowd.gap(now.steady));
        self.mark += STRIDE / self.weight.unwrap_or(1).max(1);
    }

    /// Whether the worker's connection may stay open for another mail.
    pub(super) fn end(&mut self, worker: WorkerId) -> bool {
        let within = self.crowd.is_within();
        self.crowd.leave();
        self.idle.push(worker);
        within
    }

    pub(super) fn share(&mut self, company: Company) {
        self.crowd.share(company);
        self.pace.share(self.crowd.sharers());
    }

    /// Whether this daemon may use it at all.
    pub(super) fn has_part(&self) -> bool {
        self.crowd.limit() > 0
    }

    /// For want of others only.
    pub(super) fn is_spare(&self) -> bool {
        self.weight == Some(0)
    }

    /// The mark that others with a weight are held to.
    pub(super) fn pace_maker(&self, now: Now) -> Option<u64> {
        let sets = self.weight.is_some_and(|weight| weight > 0) && self.keeps_up(now);
        sets.then_some(self.mark)
    }

    /// Whether it carries what its weight says: not while it is closed, not ours, or being warmed up.
    pub(super) fn keeps_up(&self, now: Now) -> bool {
        self.gate.is_open() && self.has_part() && !self.pace.is_warming_up(now.wall)
    }

    /// Whether it has not run ahead of the least mark among those with a weight.
    pub(super) fn is_within(&self, least: Option<u64>) -> bool {
        let free = self.weight.is_none() || self.is_spare();
        free || least.is_none_or(|least| self.mark <= least + AHEAD)
    }

    /// Before others: those with a weight, then the least mark.
    pub(super) fn rank(&self) -> (bool, u64) {
        (self.is_spare(), self.mark)
    }

    /// What it was not able to carry is not made up for.
    pub(super) fn catch_up(&mut self, mark: u64) {
        self.mark = self.mark.max(mark);
    }
}
