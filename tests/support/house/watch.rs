//! Waiting for something, and looking at what the relay has.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PATIENCE;
use crate::support::program::Running;
use crate::support::relay::Relay;

/// Waits until a daemon says that a campaign has ended.
pub(crate) fn finished(daemon: &Running, campaign: i64) {
    daemon.wait_for_line(&format!("campaign finished campaign={campaign}"), PATIENCE);
}

/// Looks again and again until it is so; commands and a relay's journal ring no bell.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whom the relay has got mails for, each as often as it did, in order.
pub(crate) fn recipients(relay: &Relay) -> Vec<String> {
    let mut all: Vec<_> = relay.received().into_iter().map(|received| received.to).collect();
    all.sort();
    all
}

/// Whether a person's mail has been begun: the relay was told the name.
pub(crate) fn named(relay: &Relay) -> BTreeSet<String> {
    let commands = relay.commands();
    let path = |line: &String| Some(line.strip_prefix("RCPT TO:<")?.split_once('>')?.0.to_owned());
    commands.iter().filter_map(path).collect()
}

/// The keys of an object, in their order.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

pub(crate) fn accepted(count: usize) -> Value {
    json!({ "accepted": count })
}
