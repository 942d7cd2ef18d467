//! A campaign waits for its time, and a dry run changes nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::house::{Database, House, accepted, finished, house, until};
use crate::support::relay::Relay;

on_both!(a_campaign_waits_for_its_time, a_dry_run_forecasts_and_changes_nothing);

async fn a_campaign_waits_for_its_time(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let daemon = house.daemon();
    let queued_at = Instant::now();
    let said = house.program.json(&["queue", "minutes", "--at", "+2s"]);
    assert_eq!(said["state"], "scheduled");
    let campaign = said["campaign"].as_i64().unwrap();
    // whoever comes before the freeze is in the audience
    house.subscriber("late@readers.example", &["meetings"]);
    until("its time", || !relay.received().is_empty()).await;
    // the program's clock was read a moment after ours
    assert!(queued_at.elapsed() >= Duration::from_secs(2));
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(4));
}

async fn a_dry_run_forecasts_and_changes_nothing(database: Database) {
    let house = house(database).open();
    house.readers(3, "meetings");
    house.subscriber("dina@readers.example", &["meetings:weekly"]);
    house.must(&["subscriber", "add", "pia@readers.example", "--list", "meetings"]);
    house.subscriber("bob@readers.example", &["meetings"]);
    house.must(&["suppression", "add", "bob@readers.example"]);
    house.subscriber("ann@readers.example", &["meetings"]);
    house.must(&["subscriber", "unsubscribe", "ann@readers.example"]);
    house.post("minutes", "meeting-summary", &[]);
    let before = looked(&house);
    let said = house.program.json(&["queue", "minutes", "--dry-run"]);
    let excluded = json!({"digest": 1, "pending": 1, "suppressed": 1, "unsubscribed": 1});
    assert_eq!(
        (&said["campaign"], &said["audience"], &said["excluded"]),
        (&json!(null), &json!(3), &excluded)
    );
    house.send();
    assert_eq!(looked(&house), before);
    assert!(house.mails().is_empty());
    // and the forecast comes true
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(3));
}

/// Everything a dry run might have changed.
fn looked(house: &House) -> Vec<Vec<Value>> {
    let noun = |noun: &str| house.program.json_lines(&[noun, "list"]);
    ["campaign", "delivery", "post", "subscriber"].map(noun).into()
}
