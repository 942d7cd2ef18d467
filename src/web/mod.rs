//! The pages: what readers open, what mail providers post to, and what operators look at.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::token::Keys;

/// What the pages work with.
#[derive(Clone)]
pub struct Office {
    pub config: Arc<Config>,
    pub db: Db,
    pub keys: Keys,
    pub clock: Clock,
}

/// Running pages.
pub struct Pages {}

/// Binds both addresses and serves.
pub async fn start(_office: &Office) -> anyhow::Result<Pages> {
    Ok(Pages {})
}

impl Pages {
    /// Answers what is under way and ends.
    pub async fn stop(self) {}
}
