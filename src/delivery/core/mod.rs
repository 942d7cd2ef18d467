//! The engine's decisions, without a clock, a socket or a database: events in, commands out.
//!
//! ```text
//! Claimed ─→ Look ─→ Looked ─→ Carry ─→ Opened ────────────────→ Go ─→ Done ─→ Keep ─→ Kept
//!   (queue)          (ready)              │ too long ago       ↑
//!                                         └─→ Look ─→ Looked ──┤
//!                                           (door)             └→ Leave ─────→ Keep
//! ```
//! The shell ([`super::engine`]) carries commands out and tells what came of them; it decides nothing.
//! So the same decisions run in a simulation, with seeds, against relays, clocks and stores that fail.
//!
//! # What always holds
//! * Every claim that came in leaves by exactly one [`Record`] that was kept.
//! * A message is handed over (`Go`) only after a look that is at most half a second old (`look`),
//!   and only with one of `window` slots, taken for the look; a slot is let go when the record of
//!   what came of it is kept, and not before. Under `on_in_doubt = "hold"` the look comes when the
//!   relay waits, and marks the delivery durably.
//! * At most `window` tries, and one more for each connection, are not kept: so many more may be
//!   refused before the refusals that pause their campaign are counted.
//! * What is claimed is tried within about a second, or fewer are claimed (`appetite`): the claim
//!   saw who may be mailed. When a look finds a campaign stopped, all of it that is queued goes back.
//! * There is one claim, one look and one keep on its way at a time: whatever has gathered meanwhile
//!   goes in the next.
//! * While records cannot be kept nothing is claimed, opened, looked at or handed over.
//! * A mail to a domain with limits begins only when it is that domain's turn, too (`domain`); it holds
//!   up no other.
//! * Of what is queued the most urgent goes first ([`super::Priority`]).
//! * A relay that is held is used by one probe alone; one that a person paused by nobody, also not
//!   by a message whose envelope it has taken already.
//! * Of two clocks, the wall's decides only what is written down (a row's next try, how long a relay
//!   is held); waiting is measured by the steady one. A wall clock that jumps back holds a relay no
//!   longer than the longest step of its schedule.
//!
//! # Races
//! * *A look, and then the person says no.* The message goes: it was handed to a connection already,
//!   and at most `window` of them are.
//! * *The answer to a look is old (a slow relay or database, a process that was stopped).* It is asked
//!   for again: somebody may have said no since, or another daemon may have the row.
//! * *The relay is held while a message waits at the door.* It is left, and goes back untried.
//! * *The answer to a claim never comes, though it was made.* Its rows are ours and in nobody's hands;
//!   a round gives them back ([`Round::finds_strays`]).
//! * *The commit's answer never comes, though it was made.* The records are kept again: their rows
//!   are no longer `sending`, and so nothing but a second line in the attempt log is written.

mod answer;
mod appetite;
mod crowd;
mod domain;
mod gate;
mod lane;
mod look;
mod pace;
mod rule;
mod turn;
mod watch;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use appetite::Appetite;
use domain::Domains;
use gate::Gate;
use lane::Lane;
pub(super) use look::FRESH;
use look::Looking;
use watch::Watch;

use super::store::{RelayRow, Taken};
use super::verdict::Verdict;
use super::{Claim, Errand, Happened};
use crate::clock::Timestamp;
use crate::config;
use crate::db::owner::Company;
use crate::id::DeliveryId;

/// Within this time every other daemon has heard that there is one more: each looks twice a second.
/// One that was silent for longer (the shell comes by more often) was stopped, and knows nothing.
const HEARD: Duration = Duration::from_secs(2);

/// One connection's place, counted over all relays; its worker carries one mail at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub usize);

/// The time at which something happens, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub wall: Timestamp,
    /// Since the engine's start; it never jumps.
    pub steady: Duration,
}

/// What the world tells.
#[derive(Debug)]
pub enum Event {
    /// Time has passed.
    Woken,
    /// Something may be due that was not.
    Due,
    Claimed(Vec<Taken>),
    ClaimFailed,
    /// The worker's relay waits for the message.
    Opened(WorkerId),
    /// In the order in which they were asked for: why each must not be sent, or nothing.
    Looked(Vec<Option<&'static str>>),
    LookFailed,
    /// What became of the worker's errand; it goes on by itself with the one announced behind it.
    Done(WorkerId, Happened),
    /// The worker broke off, and another has its place.
    Lost(WorkerId),
    Kept(Vec<Record>),
    KeepFailed(Vec<Record>),
    /// A relay's row, as it stands in the database.
    Relay(RelayRow),
    /// The daemons that live, this one among them, as far as the clock can be believed.
    Living(Company),
    /// The daemons whose process is there, this one among them, whatever the clock shows.
    Holding(Company),
    Stop,
}

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Take so many due deliveries, at most.
    Claim(i64),
    /// Compose it and open its transaction.
    Carry(WorkerId, Box<Errand>),
    Look(Vec<Claim>),
    /// Hand the message over, and announce the next envelope behind it.
    Go(WorkerId, Option<Box<Errand>>),
    /// Give the open transaction up.
    Leave(WorkerId),
    /// Close the connection that is open for nothing: it is another daemon's.
    Close(WorkerId),
    /// Write all of these down in one commit.
    Keep(Vec<Record>),
}

/// What is to be written down about one claim.
#[derive(Debug)]
pub struct Record {
    pub claim: Claim,
    pub happened: Happened,
    pub verdict: Verdict,
    /// The relay's new state, when this changed it.
    pub relay: Option<RelayRow>,
    /// Whether one of the window's slots is let go with it.
    slot: bool,
}

impl Record {
    fn is_try(&self) -> bool {
        matches!(self.happened, Happened::Tried { .. })
    }
}

/// What keeps this daemon's rows its own, and takes back those of others.
#[derive(Debug)]
pub struct Round {
    /// All that is claimed and not recorded: its leases are moved on, before any is judged.
    pub renew: Vec<DeliveryId>,
    /// Whether a lease that has run out may be taken from a daemon that lives: not while the wall
    /// clock has jumped, and not before others have had the time to renew theirs.
    pub judges_leases: bool,
    /// Whether rows of ours whose lease is not moved on are nobody's: the answer to their claim got
    /// lost. Not while a claim is on its way.
    pub finds_strays: bool,
}

/// What the core is to know of a relay.
#[derive(Clone, Debug)]
pub struct Relay {
    pub name: String,
    /// At once, for all daemons together.
    pub connections: usize,
    pub pace: config::Pace,
    /// Its share of the mails beside other relays that have one; 0 when it is for want of others only.
    pub weight: Option<u32>,
}

/// The state of the engine.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one thing is under way, independent of the others"
)]
pub struct Core {
    settings: config::Delivery,
    lanes: Vec<Lane>,
    domains: Domains,
    workers: Vec<Worker>,
    /// Claimed, and in nobody's hands.
    queue: VecDeque<Box<Errand>>,
    /// Looked at in good time, and when; each holds a slot of the window.
    ready: VecDeque<(Box<Errand>, Duration)>,
    /// Whose relay waits, and who have not been looked at, or too long ago.
    door: VecDeque<WorkerId>,
    /// Whose connections are to be closed.
    surplus: Vec<WorkerId>,
    /// A look on its way.
    looking: Option<Looking>,
    /// Free slots of the window.
    free: usize,
    records: Vec<Record>,
    claiming: bool,
    keeping: bool,
    /// Since when results wait to be kept.
    gathering: Option<Duration>,
    /// The last records could not be kept.
    stuck: bool,
    /// Until then the database is left alone: it has just failed.
    away_until: Duration,
    /// Until then an empty queue is believed to be empty.
    empty_until: Duration,
    appetite: Appetite,
    /// Tries that are not kept.
    unkept: usize,
    stopping: bool,
    /// By delivery and fence: a row that was lost to another daemon may come back while our own try of
    /// it is still under way.
    hand: HashMap<(DeliveryId, i64), Place>,
    watch: Watch,
    /// Who share what relays and domains allow.
    company: Company,
    /// Until then the others may not have heard of this one.
    heard_at: Duration,
    stepped_at: Duration,
}

struct Worker {
    /// An index into `lanes`.
    lane: usize,
    work: Work,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Idle,
    Opening(Held),
    /// At the door, or being looked at.
    Waiting(Claim),
    /// Handed over, with the claim that was announced behind it.
    Sending(Claim, Option<Held>),
}

/// Where a claim is with a domain that has limits, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It has none, or is done with it.
    Free,
    Waiting,
    /// Since then.
    LinedUp(usize, Duration),
    /// Since it was lined up.
    Begun(usize, Duration),
}

/// A claim, and when it was looked at: then it holds a slot of the window.
#[derive(Clone, Copy, Debug)]
struct Held {
    claim: Claim,
    looked: Option<Duration>,
}

impl Core {
    pub fn new<'a>(
        settings: &config::Delivery,
        relays: &[Relay],
        domains: impl IntoIterator<Item = &'a config::Domain>,
    ) -> Self {
        let lane = |relay| Lane::new(relay, &settings.relay_retry);
        let mut lanes: Vec<_> = relays.iter().map(lane).collect();
        let places = relays.iter().enumerate();
        let workers: Vec<_> = places
            .flat_map(|(index, relay)| std::iter::repeat_n(index, relay.connections))
            .map(|lane| Worker { lane, work: Work::Idle })
            .collect();
        for (number, worker) in workers.iter().enumerate().rev() {
            lanes[worker.lane].idle.push(WorkerId(number));
        }
        Self {
            lanes,
            domains: Domains::new(domains.into_iter(), workers.len()),
            workers,
            queue: VecDeque::new(),
            door: VecDeque::new(),
            surplus: Vec::new(),
            looking: None,
            ready: VecDeque::new(),
            free: settings.window,
            records: Vec::new(),
            claiming: false,
            keeping: false,
            gathering: None,
            stuck: false,
            away_until: Duration::ZERO,
            empty_until: Duration::ZERO,
            appetite: Appetite::default(),
            unkept: 0,
            stopping: false,
            hand: HashMap::new(),
            watch: Watch::default(),
            company: Company::ALONE,
            heard_at: Duration::ZERO,
            stepped_at: Duration::ZERO,
            settings: settings.clone(),
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Command> {
        if now.steady.saturating_sub(self.stepped_at) > HEARD {
            // meanwhile others may have taken our part
            self.join(now, self.company);
        }
        self.stepped_at = now.steady;
        let mut commands = Vec::new();
        self.take_in(now, event, &mut commands);
        self.go_on(now, &mut commands);
        commands
    }

    /// How long nothing changes unless an event comes.
    pub fn rest(&self, now: Now) -> Duration {
        self.rest_until(now).saturating_sub(now.steady)
    }

    /// Whether nothing is in hand, and nothing is asked of the database.
    pub fn is_idle(&self) -> bool {
        self.hand.is_empty() && !self.claiming && !self.keeping
    }

    /// Whether it was stopped and all that was in hand is kept.
    pub fn is_done(&self) -> bool {
        self.stopping && self.is_idle()
    }

    /// What is to be done every few seconds.
    pub fn round(&mut self, now: Now) -> Round {
        let renew = self.hand.keys().map(|(id, _)| *id).collect();
        let judges_leases = self.watch.trusts(now);
        let finds_strays = self.watch.is_even() && !self.claiming;
        Round { renew, judges_leases, finds_strays }
    }

    /// Messages handed over whose outcome is not kept.
    pub fn window_used(&self) -> usize {
        self.settings.window - self.free
    }

    /// When the first relay can be used; `None` when every one is paused by a person.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.lanes.iter().filter_map(|lane| lane.gate.opens_at(now)).min()
    }

    /// A mail was last tried at this relay so long ago, by whichever daemon.
    pub fn went(&mut self, now: Now, relay: &str, ago: Duration) {
        let of_it = |lane: &&mut Lane| lane.gate.name() == relay;
        self.lanes.iter_mut().filter(of_it).for_each(|lane| lane.pace.went(now, ago));
    }

    /// These daemons live, this one among them: they share what relays and domains allow. One that
    /// starts beside others begins nothing until they have heard of it.
    pub fn join(&mut self, now: Now, company: Company) {
        self.share(company);
        if company.size > 1 {
            self.heard_at = now.steady + HEARD;
            self.lanes.iter_mut().for_each(|lane| lane.pace.not_before(self.heard_at));
        }
    }

    fn lane(&mut self, worker: WorkerId) -> &mut Lane {
        let lane = self.workers[worker.0].lane;
        &mut self.lanes[lane]
    }

    fn gate(&mut self, worker: WorkerId) -> &mut Gate {
        &mut self.lane(worker).gate
    }
}

#[cfg(test)]
mod tests;
