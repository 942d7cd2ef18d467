//! What a refusal is about decides what follows: a dead address is suppressed, and what is about us
//! pauses the campaign and gives nobody up.

use serde_json::{Value, json};

use super::house::{Database, House, accepted, finished, house, named, recipients, until};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_campaign_that_everybody_refuses_is_paused_and_nobody_is_given_up,
    a_small_campaign_that_is_still_refused_is_paused_again,
    whoever_was_refused_for_our_sake_is_tried_at_once_when_it_goes_on,
    what_was_said_before_it_was_resumed_no_longer_counts,
    a_trouble_in_the_middle_of_a_campaign_pauses_it,
    an_address_that_does_not_exist_is_suppressed_and_left_out_later,
    one_persons_strict_server_stops_nobody_else,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
const UNBELIEVED: &str = "550 5.7.26 unauthenticated: neither SPF nor DKIM passed";

async fn a_campaign_that_everybody_refuses_is_paused_and_nobody_is_given_up(database: Database) {
    let relay = Relay::new().on(At::Rcpt, When::Always, Act::Say(UNBELIEVED)).start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    let readers = house.readers(400, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    paused(&house, campaign).await;
    let reason = house.campaign(campaign)["reason"].to_string();
    assert!(reason.contains("550 5.7.26 unauthenticated"), "{reason}");
    assert!(reason.contains("bulletin campaign resume"), "{reason}");
    assert!(named(&relay).len() <= 200, "{} were tried", named(&relay).len());
    let counts = house.counts(campaign);
    let waiting = ["queued", "deferred"].map(|state| counts[state].as_i64().unwrap());
    assert_eq!(waiting.iter().sum::<i64>(), 400, "{counts}");
    assert_eq!(suppressions(&house), Vec::<Value>::new());
    relay.behave();
    house.must(&["campaign", "resume", campaign.to_string().as_str()]);
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(400));
    assert_eq!(recipients(&relay), readers);
}

async fn a_small_campaign_that_is_still_refused_is_paused_again(database: Database) {
    let relay = Relay::new().on(At::Dot, When::Always, Act::Say("554 5.7.1 this is spam")).start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    for tries in 1..=2 {
        house.send();
        assert_eq!(house.campaign(campaign)["state"], "paused");
        assert_eq!(house.counts(campaign), json!({"deferred": 3}));
        let tried = house.deliveries(campaign).iter().all(|one| one["attempts"] == tries);
        assert!(tried, "everybody was tried anew, once");
        house.must(&["campaign", "resume", campaign.to_string().as_str()]);
    }
    relay.behave();
    house.send();
    house.ended(campaign, &accepted(3));
}

async fn whoever_was_refused_for_our_sake_is_tried_at_once_when_it_goes_on(database: Database) {
    let relay = Relay::new()
        .on(At::Rcpt, When::To(ANN), Act::Say(UNBELIEVED))
        .on(At::Rcpt, When::To(BOB), Act::Say("450 4.2.1 not now"))
        .start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    house.subscriber(ANN, &["meetings"]);
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let id = campaign.to_string();
    let daemon = house.daemon();
    until("the refusals", || house.counts(campaign) == json!({"deferred": 2})).await;
    house.must(&["campaign", "pause", &id]);
    relay.behave();
    let said = house.program.json(&["campaign", "resume", &id]);
    assert_eq!(said, json!({"id": campaign, "state": "running", "due": 1}));
    let bob = house.delivery(campaign, BOB);
    assert_eq!((&bob["state"], &bob["attempts"]), (&json!("deferred"), &json!(1)));
    until("ann's mail", || house.counts(campaign) == json!({"accepted": 1, "deferred": 1})).await;
    assert_eq!(recipients(&relay), [ANN]);
    house.must(&["campaign", "retry", &id]);
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(2));
}

async fn what_was_said_before_it_was_resumed_no_longer_counts(database: Database) {
    let relay = Relay::new().on(At::Rcpt, When::Always, Act::Say(UNBELIEVED)).start();
    let house = house(database).relay(&relay).delivery("retry = [\"200ms\"]").open();
    house.readers(11, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    paused(&house, campaign).await;
    relay.behave();
    relay.then(At::Rcpt, When::To(BOB), Act::Say(UNBELIEVED));
    house.must(&["campaign", "resume", campaign.to_string().as_str()]);
    until("bob's tries", || house.attempts(campaign, BOB) >= 4).await;
    relay.behave();
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(12));
}

async fn a_trouble_in_the_middle_of_a_campaign_pauses_it(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).delivery("retry = [\"200ms\"]").open();
    house.readers(400, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 20).await;
    relay.then(At::Rcpt, When::Always, Act::Say("554 5.7.1 Relay access denied"));
    paused(&house, campaign).await;
    relay.behave();
    house.must(&["campaign", "resume", campaign.to_string().as_str()]);
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(400));
    assert_eq!(recipients(&relay).len(), 400, "nothing twice");
}

/// Waits until a campaign is paused and nothing of it is under way.
async fn paused(house: &House, campaign: i64) {
    until("the pause", || house.campaign(campaign)["state"] == "paused").await;
    until("what was under way", || house.counts(campaign)["sending"].is_null()).await;
}

fn suppressions(house: &House) -> Vec<Value> {
    house.program.json_lines(&["suppression", "list"])
}

async fn an_address_that_does_not_exist_is_suppressed_and_left_out_later(database: Database) {
    let relay =
        Relay::new().on(At::Rcpt, When::To(BOB), Act::Say("550 5.1.1 no such user")).start();
    let house = house(database).relay(&relay).open();
    house.readers(3, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &json!({"accepted": 3, "failed": 1}));
    assert_eq!(house.delivery(campaign, BOB)["state"], "failed");
    let [only] = suppressions(&house).try_into().unwrap();
    assert_eq!(only["reason"], "bounce");
    relay.behave();
    house.post("agenda", "meeting-summary", &[]);
    let later = house.program.json(&["queue", "agenda"]);
    let left_out = (&later["audience"], &later["excluded"]);
    assert_eq!(left_out, (&json!(3), &json!({"suppressed": 1})));
    house.send();
    house.ended(later["campaign"].as_i64().unwrap(), &accepted(3));
    assert!(!recipients(&relay).contains(&BOB.to_owned()));
}

async fn one_persons_strict_server_stops_nobody_else(database: Database) {
    let relay =
        Relay::new().on(At::Dot, When::To(BOB), Act::Say("554 5.7.1 it reads like spam")).start();
    let plan = house(database).relay(&relay).delivery("retry = [\"100ms\"]");
    let house = plan.delivery("give_up_after = \"3s\"").open();
    house.readers(20, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &json!({"accepted": 20, "expired": 1}));
    let bob = house.delivery(campaign, BOB);
    assert!(bob["attempts"].as_i64().unwrap() > 10, "tried many times, counted once: {bob}");
    assert_eq!(suppressions(&house), Vec::<Value>::new());
}
