//! One process: its core, and its workers as the shell would run them.

use bulletin::delivery::Errand;
use bulletin::delivery::core::{Core, Now, WorkerId};

use bulletin::db::owner::Company;

use super::plan::Plan;
use super::world::World;

/// A process, and which of its lives: what belongs to an earlier one never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) daemon: usize,
    pub(super) life: u64,
}

pub(super) struct Daemon {
    pub(super) core: Core,
    /// The owner of its rows, new in each life.
    pub(super) owner: u64,
    pub(super) life: u64,
    pub(super) alive: bool,
    pub(super) started: u64,
    pub(super) frozen_until: u64,
    pub(super) hands: Vec<Hand>,
    /// The relay of each worker.
    pub(super) places: Vec<usize>,
    /// Rows handed over whose result is not kept.
    pub(super) out: Vec<usize>,
    /// It was told to stop.
    pub(super) stopping: bool,
    /// Results could not be kept, as far as the core has heard.
    pub(super) stuck: bool,
    /// By relay: a person has paused it, as far as the core has heard.
    pub(super) paused: Vec<bool>,
    /// By relay: how late the turns were so far, at most; nothing without a limit.
    pub(super) turns: Vec<(i64, i64)>,
    /// By domain: the same.
    pub(super) domain_turns: Vec<(i64, i64)>,
    /// Who shares with it, as far as it may know: with a clock that jumped it believes in no fewer.
    companies: Vec<Company>,
    /// By row: when it was last looked at.
    pub(super) looked: std::collections::BTreeMap<usize, u64>,
}

/// What a worker has.
pub(super) enum Hand {
    Free,
    Opening(Box<Errand>),
    Waiting(Box<Errand>),
    Sending(Box<Errand>, Option<Box<Errand>>),
}

impl Hand {
    /// What is under way, or announced.
    pub(super) fn errands(&self) -> Vec<&Errand> {
        match self {
            Self::Free => Vec::new(),
            Self::Opening(errand) | Self::Waiting(errand) | Self::Sending(errand, None) => {
                vec![errand]
            }
            Self::Sending(errand, Some(next)) => vec![errand, next],
        }
    }
}

impl Daemon {
    pub(super) fn new(plan: &Plan, owner: u64, life: u64, started: u64) -> Self {
        let relays = plan.relays.iter().enumerate();
        let places: Vec<_> =
            relays.flat_map(|(index, relay)| vec![index; relay.connections]).collect();
        Self {
            core: Core::new(&plan.delivery, &plan.relays, &plan.domains),
            owner,
            life,
            alive: true,
            started,
            frozen_until: 0,
            hands: places.iter().map(|_| Hand::Free).collect(),
            places,
            out: Vec::new(),
            stopping: false,
            stuck: false,
            paused: vec![false; plan.relays.len()],
            turns: vec![(0, i64::MIN); plan.relays.len()],
            domain_turns: vec![(0, i64::MIN); plan.domains.len()],
            companies: vec![Company::ALONE],
            looked: std::collections::BTreeMap::new(),
        }
    }

    pub(super) fn hears_of(&mut self, company: Company) {
        self.companies.retain(|known| known.size > company.size);
        self.companies.push(company);
    }

    /// The most of so many connections that it may use.
    pub(super) fn part(&self, whole: usize) -> usize {
        self.companies.iter().map(|company| company.part(whole)).max().unwrap()
    }

    /// How many workers of this relay carry something.
    pub(super) fn busy(&self, relay: usize) -> usize {
        let hands = self.hands.iter().zip(&self.places);
        hands.filter(|(hand, place)| **place == relay && !matches!(hand, Hand::Free)).count()
    }

    pub(super) fn relay_of(&self, worker: WorkerId) -> usize {
        self.places[worker.0]
    }
}

impl World {
    /// The time as this process sees it.
    pub(super) fn now_of(&self, daemon: usize) -> Now {
        let steady = self.steady - self.daemons[daemon].started;
        Now { wall: self.wall(), steady: std::time::Duration::from_millis(steady) }
    }
}
