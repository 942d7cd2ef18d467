//! A person pauses a campaign, lets it go on, or calls it off, in its middle.

use std::time::Duration;

use serde_json::json;

use super::house::{Database, House, accepted, finished, house, recipients, until};
use crate::support::relay::Relay;

on_both!(
    a_paused_campaign_waits_and_goes_on,
    a_cancelled_campaign_ends_and_whoever_missed_it_can_be_reached,
);

const READERS: usize = 300;

fn slow() -> Relay {
    Relay::new().dot_delay(Duration::from_millis(20)).start()
}

/// Waits until nothing of a campaign is under way; how many have it.
async fn at_rest(house: &House, campaign: i64, relay: &Relay) -> usize {
    let sending = || house.counts(campaign)["sending"].is_null();
    until("what was under way", sending).await;
    let received = relay.received().len();
    assert!(received < READERS, "steered too late");
    received
}

async fn a_paused_campaign_waits_and_goes_on(database: Database) {
    let relay = slow();
    let house = house(database).relay(&relay).connections(2).open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 20).await;
    let id = campaign.to_string();
    house.must(&["campaign", "pause", id.as_str()]);
    let had = at_rest(&house, campaign, &relay).await;
    let counts = json!({"queued": READERS - had, "accepted": had});
    assert_eq!(house.counts(campaign), counts);
    house.must(&["campaign", "resume", id.as_str()]);
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(READERS));
    assert_eq!(recipients(&relay), readers);
}

async fn a_cancelled_campaign_ends_and_whoever_missed_it_can_be_reached(database: Database) {
    let relay = slow();
    let house = house(database).relay(&relay).connections(2).open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 20).await;
    house.must(&["campaign", "cancel", campaign.to_string().as_str()]);
    let had = at_rest(&house, campaign, &relay).await;
    until("the sweep", || house.counts(campaign)["queued"].is_null()).await;
    let counts = json!({"accepted": had, "cancelled": READERS - had});
    assert_eq!(house.counts(campaign), counts);
    assert_eq!(house.campaign(campaign)["state"], "cancelled");
    let again = house.queue("minutes");
    finished(&daemon, again);
    house.ended(again, &accepted(READERS - had));
    assert_eq!(recipients(&relay), readers);
}
