//! Who gets which post: histories that a seed draws, told to the real stores and to a model of a few
//! lines that knows nothing of a database. Told again, a seed goes the same way.
//!
//! Posts, new versions, corrections and withdrawals; people who sign up, change their cadence, pause,
//! leave, are suppressed; mailings that are cancelled; plans and freezes that are given up at any moment
//! and done again. After each mailing both must say the same of everybody: which posts, in which version,
//! by which list, in which order, and who shares a rendition.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

mod model;
mod real;
mod story;

use std::panic::AssertUnwindSafe;

use super::house::Database;

/// What happened in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) steps: usize,
    pub(crate) announcements: usize,
    pub(crate) editions: usize,
    /// Editions that nobody needed.
    pub(crate) empty: usize,
    pub(crate) mails: usize,
    /// Transactions that were given up, or whose end nobody saw.
    pub(crate) crashes: usize,
    pub(crate) cancelled: usize,
}

/// Tells the history of a seed; panics with the seed when a promise is broken.
pub(crate) fn tell(seed: u64, database: Database) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let story = || runtime.block_on(story::Story::tell(seed, database));
    match std::panic::catch_unwind(AssertUnwindSafe(story)) {
        Ok(told) => told,
        Err(why) => {
            let why = why.downcast_ref::<String>().map_or("it broke off", String::as_str);
            panic!("history of seed {seed} on {database:?}: {why}");
        }
    }
}
