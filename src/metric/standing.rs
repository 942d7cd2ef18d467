//! How everything stands, as the database says it when somebody looks.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::PREFIX;

/// What a look at the database found. States come with a zero when nothing is in them: an alert
/// on a line that is missing would never go off.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// By state, of campaigns that are not over; in doubt, of all.
    pub deliveries: Vec<(&'static str, i64)>,
    pub campaigns: Vec<(&'static str, i64)>,
    pub relays: Vec<Relay>,
    /// What is broken, by sort.
    pub alerts: Vec<(&'static str, i64)>,
    /// How long the oldest delivery that is due has waited to be claimed.
    pub oldest_due: Duration,
}

/// A relay of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    pub name: String,
    pub state: String,
}

impl Relay {
    /// Whether mails go through it: it is neither held nor paused.
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct In {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Hop {
    relay: String,
    state: String,
}

/// Numbers for one look; without a `standing` the database could not be asked.
pub(super) fn registry(standing: Option<&Standing>) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let up = Gauge::<i64>::default();
    up.set(standing.is_some().into());
    registry.register("database_up", "Whether the database could be read just now", up);
    if let Some(standing) = standing {
        standing.register(&mut registry);
    }
    registry
}

impl Standing {
    fn register(&self, registry: &mut Registry) {
        let help = "Mails by state, of campaigns that are not over; in doubt, of all campaigns. \
                    Accepted ones are in bulletin_attempts_total";
        registry.register("deliveries", help, by_state(&self.deliveries));
        registry.register("campaigns", "Campaigns by state", by_state(&self.campaigns));
        let help = "Whether a relay may be used: 0 when it is held or paused";
        registry.register("relay_open", help, self.hops());
        let help = "How much is broken, by sort; what merely takes its time is not";
        registry.register("alerts", help, self.broken());
        let oldest = Gauge::<f64, AtomicU64>::default();
        oldest.set(self.oldest_due.as_secs_f64());
        let help = "How long the oldest mail that is due has waited, 0 when none is";
        registry.register_with_unit("oldest_due", help, Unit::Seconds, oldest);
    }

    fn broken(&self) -> Family<Of, Gauge> {
        let family = Family::<Of, Gauge>::default();
        for &(kind, count) in &self.alerts {
            family.get_or_create(&Of { kind }).set(count);
        }
        family
    }

    fn hops(&self) -> Family<Hop, Gauge> {
        let family = Family::<Hop, Gauge>::default();
        for relay in &self.relays {
            let hop = Hop { relay: relay.name.clone(), state: relay.state.clone() };
            family.get_or_create(&hop).set(relay.is_open().into());
        }
        family
    }
}

fn by_state(counts: &[(&'static str, i64)]) -> Family<In, Gauge> {
    let family = Family::<In, Gauge>::default();
    for &(state, count) in counts {
        family.get_or_create(&In { state }).set(count);
    }
    family
}
