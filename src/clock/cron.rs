//! When a digest fires.

/// A cron expression.
#[derive(Clone, Debug)]
pub struct Cron;
