//! What a seed makes of a story: how many people, relays and daemons, and how often what goes wrong.

use std::time::Duration;

use bulletin::config::{Delivery, Domain, OnInDoubt, Pace};
use bulletin::delivery::core::Relay;

use super::random::Random;

pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;

/// Of the readers' addresses; some have limits of their own, the last has none.
const DOMAINS: [&str; 3] = ["example.org", "example.net", "example.com"];

/// Where this person has an address.
pub(super) fn domain_of(person: usize) -> usize {
    person % DOMAINS.len()
}

pub(super) fn address_of(person: usize) -> String {
    format!("reader{person}@{}", DOMAINS[domain_of(person)])
}

pub(super) struct Plan {
    pub(super) people: usize,
    pub(super) campaigns: usize,
    pub(super) daemons: usize,
    pub(super) relays: Vec<Relay>,
    pub(super) domains: Vec<Domain>,
    pub(super) delivery: Delivery,
    /// Times of a thousand.
    pub(super) faults: Faults,
    /// How long things go wrong; afterwards all goes well, and everybody must end.
    pub(super) trouble: u64,
    /// How long a campaign lives.
    pub(super) life: u64,
}

/// Each is told apart, so that a seed can have much of one and none of another.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) connect: u64,
    pub(super) refuse: u64,
    pub(super) defer: u64,
    pub(super) policy: u64,
    pub(super) hard: u64,
    pub(super) body: u64,
    pub(super) doubt: u64,
    pub(super) ours: u64,
    pub(super) panic: u64,
    pub(super) store: u64,
    pub(super) slow: u64,
}

impl Plan {
    pub(super) fn of(random: &mut Random) -> Self {
        let minutes = |some: u64| Duration::from_mins(some);
        let relays = (0..random.within(1..3)).map(|number| Relay {
            name: format!("relay-{number}"),
            connections: 1 + random.index(4),
            pace: pace(random),
            weight: random.one_of(&[None, None, Some(1), Some(5), Some(0)]),
        });
        let relays = relays.collect();
        let domains = DOMAINS[..random.index(3)].iter().map(|name| Domain {
            domains: vec![(*name).to_owned()],
            connections: random.happens(500).then(|| 1 + random.index(3)),
            pace: pace(random),
        });
        let domains = domains.collect();
        Self {
            people: 1 + random.index(24),
            campaigns: 1 + random.index(3),
            daemons: 1 + random.index(2),
            relays,
            domains,
            delivery: Delivery {
                window: 1 + random.index(6),
                on_in_doubt: if random.happens(350) { OnInDoubt::Hold } else { OnInDoubt::Resend },
                give_up_after: minutes(60),
                stale_after: minutes(360),
                retry: [1, 5, 15].map(minutes).to_vec(),
                relay_retry: [5, 30, 120].map(Duration::from_secs).to_vec(),
                lease: minutes(30),
            },
            faults: Faults::of(random),
            trouble: random.within(5 * SECOND..30 * MINUTE),
            life: random.one_of(&[20 * MINUTE, 12 * HOUR, 72 * HOUR]),
        }
    }
}

fn pace(random: &mut Random) -> Pace {
    let gap = random.happens(300).then(|| Duration::from_millis(random.within(20..2000)));
    Pace { gap, warm_up: None }
}

impl Faults {
    fn of(random: &mut Random) -> Self {
        let mut some = || {
            let often = random.one_of(&[0, 0, 0, 10, 50, 200]);
            if often == 0 { 0 } else { random.within(1..often) }
        };
        Self {
            connect: some(),
            refuse: some(),
            defer: some(),
            policy: some(),
            hard: some(),
            body: some(),
            doubt: some(),
            ours: some() / 10,
            panic: some() / 10,
            store: some(),
            slow: some(),
        }
    }
}
