//! The way to one relay: its gate, its pace, its crowd, and whose turn it is among several.
//!
//! Several relays share the mails by weight: each mail moves a lane's mark by 1/weight, and the lane
//! whose mark is the least is next (stride scheduling). A lane that could not be used for a while
//! does not make up for it. One of weight 0 is used when no other can be.

use std::time::Duration;

use super::crowd::Crowd;
use super::gate::Gate;
use super::pace::Pace;
use super::{Now, Relay, WorkerId};

/// What a mail moves the mark of a lane with the weight 1.
const STRIDE: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) gate: Gate,
    pub(super) pace: Pace,
    pub(super) crowd: Crowd,
    weight: u64,
    mark: u64,
    /// Who has nothing to do; the last to become so is the first to get something, since its
    /// connection is likely to be open.
    pub(super) idle: Vec<WorkerId>,
}

impl Lane {
    pub(super) fn new(relay: &Relay, retry: &[Duration]) -> Self {
        Self {
            gate: Gate::new(&relay.name, retry),
            pace: Pace::new(relay.gap),
            crowd: Crowd::new(relay.connections),
            weight: relay.weight.into(),
            mark: 0,
            idle: Vec::new(),
        }
    }

    /// Whether another worker could begin now, as far as this can be said without being the probe.
    pub(super) fn may_begin(&self, now: Now) -> bool {
        !self.idle.is_empty()
            && self.crowd.has_room()
            && self.pace.is_ready(now.steady)
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
        self.gate.is_open() && self.pace.is_ready(now.steady)
    }

    pub(super) fn take_turn(&mut self, now: Now) {
        self.pace.take(now.steady, self.crowd.gap(now.steady));
        self.mark += STRIDE / self.weight.max(1);
    }

    pub(super) fn end(&mut self, worker: WorkerId) {
        self.crowd.leave();
        self.idle.push(worker);
    }

    pub(super) fn share(&mut self, daemons: usize) {
        self.crowd.share(daemons);
        self.pace.share(daemons);
    }

    /// Before others: those with a weight, then the least mark.
    pub(super) fn rank(&self) -> (bool, u64) {
        (self.weight == 0, self.mark)
    }

    /// What it was not able to carry is not made up for.
    pub(super) fn catch_up(&mut self, mark: u64) {
        self.mark = self.mark.max(mark);
    }
}
