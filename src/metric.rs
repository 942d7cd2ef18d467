//! What this process has done since it started, as numbers for Prometheus.
//!
//! One [`Metrics`] for each process; clones of it count together. Whoever measures calls a method,
//! `GET /metrics` calls [`Metrics::encode`], and nothing is kept anywhere else.
//!
//! # What always holds
//! * A number belongs to a word of a fixed list, or to a relay by its name in the configuration. No
//!   text that came from outside becomes a label: no address can get in, and however long the
//!   process runs the number of lines has an end.
//! * Counting waits for nobody but another count, and asks for no memory once a word was counted.

pub mod standing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use standing::Standing;

/// What [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// In front of every name.
const PREFIX: &str = "bulletin";

const OUTCOMES: [&str; 5] = ["accepted", "deferred", "refused", "in_doubt", "fault"];
const STAGES: [&str; 10] =
    ["connect", "hello", "tls", "auth", "mail", "rcpt", "data", "body", "dot", "compose"];

/// From a relay next door to the ten minutes that RFC 5321 §4.5.3.2.6 gives the final dot.
const SECONDS: [f64; 18] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
];
const RESULTS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The counters of this process, cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    attempts: Family<Tried, Counter>,
    took: Family<At, Histogram, fn() -> Histogram>,
    results: Histogram,
    failures: Counter,
    connections: Family<To, Gauge>,
    window: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    outcome: &'static str,
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct To {
    relay: String,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let attempts = Family::default();
        let help = "Tries that ended, by how they ended and the stage they came to";
        registry.register("attempts", help, attempts.clone());
        let took = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> _);
        let help = "How long we waited for a relay, by stage";
        registry.register_with_unit("stage", help, Unit::Seconds, took.clone());
        let results = Histogram::new(RESULTS);
        registry.register("commit_results", "Results kept in one commit", results.clone());
        let failures = Counter::default();
        let help = "Commits of results that failed and are tried again";
        registry.register("commit_failures", help, failures.clone());
        let connections = Family::default();
        registry.register("connections", "Open connections to a relay", connections.clone());
        let window = Gauge::default();
        let help = "Messages handed over whose result is not kept yet";
        registry.register("window_used", help, window.clone());
        Self(Arc::new(Inner { registry, attempts, took, results, failures, connections, window }))
    }

    /// A try has ended: `outcome` and `stage` as they stand in the table `attempt`.
    pub fn attempt(&self, outcome: &str, stage: &str) {
        let tried = Tried { outcome: known(outcome, &OUTCOMES), stage: known(stage, &STAGES) };
        self.0.attempts.get_or_create(&tried).inc();
    }

    /// We waited this long for a relay at this stage, whether or not the answer came.
    pub fn took(&self, stage: &str, time: Duration) {
        let at = At { stage: known(stage, &STAGES) };
        self.0.took.get_or_create(&at).observe(time.as_secs_f64());
    }

    /// So many results went into one commit.
    pub fn committed(&self, results: usize) {
        self.0.results.observe(f64::from(u32::try_from(results).unwrap_or(u32::MAX)));
    }

    pub fn commit_failed(&self) {
        self.0.failures.inc();
    }

    /// `relay` is its name in the configuration.
    pub fn connection_opened(&self, relay: &str) {
        self.0.connections.get_or_create(&To { relay: relay.to_owned() }).inc();
    }

    pub fn connection_closed(&self, relay: &str) {
        self.0.connections.get_or_create(&To { relay: relay.to_owned() }).dec();
    }

    /// So many messages are handed over whose result is not kept yet.
    pub fn window(&self, used: usize) {
        self.0.window.set(i64::try_from(used).unwrap_or(i64::MAX));
    }

    /// All of it, as text of [`CONTENT_TYPE`]. `standing` is what the database says, when it says anything.
    pub fn encode(&self, standing: Option<&Standing>) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.0.registry)?;
        encode_registry(&mut text, &standing::registry(standing))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn known(word: &str, words: &[&'static str]) -> &'static str {
    words.iter().find(|known| **known == word).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests;
