//! The engine's core among clocks, relays, stores and processes that fail. A seed is a story: told
//! again, it goes the same way.
//!
//! The core is the real one, with the real verdicts; the shell, the database and the relays are played.
//! Things go wrong for a while; then all goes well, and everybody must have ended as was promised.
//! What is promised is looked at all the time ([`check`]).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_wrap,
    reason = "a story that breaks a promise fails its test"
)]

mod check;
mod daemon;
mod plan;
mod random;
mod relay;
mod store;
mod world;

/// What happened in a story.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) daemons: usize,
    /// Whether doubts wait for a person.
    pub(crate) holds: bool,
    pub(crate) deliveries: usize,
    pub(crate) crashes: usize,
    /// Processes stopped for a while, clocks set forwards or back.
    pub(crate) freezes: usize,
    pub(crate) jumps: usize,
    pub(crate) opt_outs: usize,
    /// Copies beyond the first, each for a doubt.
    pub(crate) repeated: usize,
    /// The most that a crash had in the window.
    pub(crate) worst: usize,
    pub(crate) events: usize,
}

/// Tells the story of a seed; panics with the seed when a promise is broken.
pub(crate) fn tell(seed: u64) -> Told {
    world::World::new(seed).run()
}
