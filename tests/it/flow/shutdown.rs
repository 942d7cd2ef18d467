//! SIGTERM drains: what is under way is finished and recorded, and nothing is repeated.

use std::time::Duration;

use serde_json::json;

use super::house::{Database, accepted, house, recipients, until};
use crate::support::relay::Relay;

on_both!(a_stop_records_what_is_under_way_and_repeats_nothing);

async fn a_stop_records_what_is_under_way_and_repeats_nothing(database: Database) {
    let relay = Relay::new().dot_delay(Duration::from_millis(20)).start();
    let house = house(database).relay(&relay).connections(4).open();
    let readers = house.readers(400, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    for count in [50, 150] {
        let mut daemon = house.daemon();
        until("enough mails", || relay.received().len() >= count).await;
        assert_eq!(daemon.terminate(), 0);
        let received = relay.received().len();
        assert!(received < 400, "stopped too late");
        assert_eq!(house.counts(campaign), json!({"queued": 400 - received, "accepted": received}));
    }
    house.send();
    house.ended(campaign, &accepted(400));
    assert_eq!(recipients(&relay), readers);
    let tries = house.deliveries(campaign);
    assert!(tries.iter().all(|one| one["attempts"] == 1));
}
