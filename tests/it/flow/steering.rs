//! A person pauses a campaign, lets it go on, or calls it off, in its middle.

use std::time::Duration;

use serde_json::json;

use super::house::{Database, House, PATIENCE, accepted, finished, house, recipients, until};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_paused_campaign_waits_and_goes_on,
    a_cancelled_campaign_ends_and_whoever_missed_it_can_be_reached,
    what_was_put_off_is_retried_at_a_persons_word,
    a_campaign_is_watched_to_its_end,
    a_watch_ends_on_ctrl_c,
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

async fn what_was_put_off_is_retried_at_a_persons_word(database: Database) {
    let relay = Relay::new().on(At::Rcpt, When::Always, Act::Say("450 4.2.1 not now")).start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    let readers = house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the deferrals", || house.counts(campaign) == json!({"deferred": 3})).await;
    let replies = json!([{"code": 450, "text": "not now", "count": 3}]);
    assert_eq!(house.campaign(campaign)["replies"], replies);
    let id = campaign.to_string();
    let shown = house.must(&["campaign", "show", &id]).stdout;
    assert!(shown.contains("\n      3  450 not now\n"), "{shown}");
    relay.behave();
    let first = house.delivery(campaign, &readers[0])["id"].to_string();
    house.must(&["delivery", "retry", &first]);
    until("the first", || relay.received().len() == 1).await;
    let said = house.program.json(&["campaign", "retry", &id]);
    assert_eq!((&said["deferred"], &said["in_doubt"]), (&json!(2), &json!(0)));
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(3));
    assert_eq!(recipients(&relay), readers);
}

async fn a_campaign_is_watched_to_its_end(database: Database) {
    let house = house(database).open();
    house.readers(20, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let id = house.queue("minutes").to_string();
    let mut watch = house.program.start(&["campaign", "show", &id, "--watch"]);
    watch.wait_for_line("scheduled  0 of 20 accepted, 0.0/s", PATIENCE);
    house.send();
    watch.wait_for_line("finished  20 of 20 accepted", PATIENCE);
    assert_eq!(watch.wait(), 0);
    let watched = house.program.json_lines(&["campaign", "show", &id, "--watch"]);
    assert_eq!(watched, [house.program.json(&["campaign", "show", &id])]);
}

async fn a_watch_ends_on_ctrl_c(database: Database) {
    let house = house(database).open();
    house.post("minutes", "meeting-summary", &[]);
    let id = house.queue("minutes").to_string();
    let mut watch = house.program.start(&["campaign", "show", &id, "--watch"]);
    watch.wait_for_line("scheduled", PATIENCE);
    assert_eq!(watch.interrupt(), 0);
}
