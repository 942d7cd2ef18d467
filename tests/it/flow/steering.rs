//! A person pauses a campaign, lets it go on, or calls it off, in its middle.

use std::time::{Duration, Instant};

use serde_json::json;

use super::house::{Database, House, PATIENCE, accepted, finished, house, recipients, until};
use crate::support::program::Running;
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_paused_campaign_stops_within_a_second_and_goes_on,
    a_cancelled_campaign_stops_within_a_second_and_whoever_missed_it_can_be_reached,
    what_was_put_off_is_retried_at_a_persons_word,
    a_campaign_is_watched_to_its_end,
    a_watch_ends_on_ctrl_c,
);

const READERS: usize = 300;
const WINDOW: usize = 4;
const SECOND: Duration = Duration::from_secs(1);

/// With two connections all readers take six seconds.
fn slow() -> Relay {
    Relay::new().dot_delay(Duration::from_millis(40)).start()
}

/// A campaign in its middle, and the daemon that sends it.
async fn under_way(house: &House, relay: &Relay) -> (i64, Running) {
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 20).await;
    (campaign, daemon)
}

/// Says a word to a campaign. In the second after it at most the window's messages arrive, and none
/// after that; how many have it then.
async fn stops(house: &House, campaign: i64, word: &str, relay: &Relay) -> usize {
    house.must(&["campaign", word, &campaign.to_string()]);
    let said = Instant::now();
    until("what was under way", || house.counts(campaign)["sending"].is_null()).await;
    // twice the promise, by the clock that the promise is about
    until("the second after it", || said.elapsed() > 2 * SECOND).await;
    let received = relay.received();
    let late: Vec<_> =
        received.iter().filter_map(|one| one.at.checked_duration_since(said)).collect();
    assert!(late.len() <= WINDOW, "{word}: {late:?}");
    assert!(late.iter().all(|after| *after <= SECOND), "{word}: {late:?}");
    assert!(received.len() < READERS, "steered too late");
    received.len()
}

async fn a_paused_campaign_stops_within_a_second_and_goes_on(database: Database) {
    let relay = slow();
    let plan = house(database).relay(&relay).connections(2);
    let house = plan.delivery(&format!("window = {WINDOW}")).open();
    let readers = house.readers(READERS, "meetings");
    let (campaign, daemon) = under_way(&house, &relay).await;
    let had = stops(&house, campaign, "pause", &relay).await;
    let counts = json!({"queued": READERS - had, "accepted": had});
    assert_eq!(house.counts(campaign), counts);
    house.must(&["campaign", "resume", &campaign.to_string()]);
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(READERS));
    assert_eq!(recipients(&relay), readers);
}

async fn a_cancelled_campaign_stops_within_a_second_and_whoever_missed_it_can_be_reached(
    database: Database,
) {
    let relay = slow();
    let plan = house(database).relay(&relay).connections(2);
    let house = plan.delivery(&format!("window = {WINDOW}")).open();
    let readers = house.readers(READERS, "meetings");
    let (campaign, daemon) = under_way(&house, &relay).await;
    let had = stops(&house, campaign, "cancel", &relay).await;
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
