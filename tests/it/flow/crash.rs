//! Promise 2 under `kill -9`: everybody gets it, and what a crash repeats is at most the window,
//! with the same Message-ID (RFC 1047).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::house::{Database, House, accepted, house, until};
use crate::support::relay::{Received, Relay};

on_both!(a_crash_misses_nobody_and_repeats_at_most_the_window);

const READERS: usize = 2000;
const WINDOW: usize = 8;

async fn a_crash_misses_nobody_and_repeats_at_most_the_window(database: Database) {
    let relay = Relay::new().dot_delay(Duration::from_millis(5)).start();
    let plan = house(database).relay(&relay).connections(24);
    let house = plan.delivery(&format!("window = {WINDOW}")).open();
    house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let first = killed_at(&house, &relay, 400).await;
    house.campaign(campaign);
    let second = killed_at(&house, &relay, 1200).await;
    house.send();
    house.ended(campaign, &accepted(READERS));
    let all = relay.received();
    repeated(&all[..first], &all[first..]);
    repeated(&all[first..second], &all[second..]);
    joined(&house, campaign, &all);
}

/// Runs the daemon and kills it once the relay has so many; how many the relay has in the end.
async fn killed_at(house: &House, relay: &Relay, count: usize) -> usize {
    let mut daemon = house.daemon();
    until("enough mails", || relay.received().len() >= count).await;
    daemon.kill();
    // the relay still takes what was handed over before
    until("its connections end", || relay.open_connections() == 0).await;
    let received = relay.received().len();
    assert!(received < READERS, "killed too late");
    received
}

/// What came in the run that crashed and again in any run after it: few, and the same mails.
fn repeated(before: &[Received], after: &[Received]) {
    let before: BTreeMap<_, _> = before.iter().map(|one| (&one.to, one)).collect();
    let again: Vec<_> = after.iter().filter(|one| before.contains_key(&one.to)).collect();
    assert!(again.len() <= WINDOW, "{} mails were repeated", again.len());
    for one in again {
        let first = before[&one.to];
        assert_eq!(first.message_id, one.message_id);
        assert_eq!(first.body_sha256, one.body_sha256);
    }
}

/// The relay's journal and our record tell the same story.
fn joined(house: &House, campaign: i64, all: &[Received]) {
    let got: BTreeSet<_> =
        all.iter().map(|one| (one.to.as_str(), one.message_id.trim_matches(['<', '>']))).collect();
    let deliveries = house.deliveries(campaign);
    let kept = deliveries.iter().map(|one| {
        let word = |key: &str| one[key].as_str().unwrap();
        (word("email"), word("message_id"))
    });
    assert_eq!(kept.collect::<BTreeSet<_>>(), got);
    assert!(all.len() - got.len() <= 2 * WINDOW);
}
