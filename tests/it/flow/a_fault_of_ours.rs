//! Promise 8: what is wrong between us and the relay holds the relay, and changes nothing for the
//! readers.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::house::{Database, House, accepted, finished, house, recipients, until};
use crate::support::program::Running;
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_refused_connection_holds_the_relay,
    a_relay_that_is_busy_is_held,
    a_refused_sender_holds_the_relay,
    a_refused_login_holds_the_relay,
    a_paused_relay_sends_nothing_until_it_is_resumed,
    until_idle_does_not_wait_for_a_relay_that_is_held_for_long,
);

const READERS: usize = 20;
const SOON: &str = "relay_retry = [\"300ms\"]";

/// The relay's machine is there and nothing listens; then it does.
async fn a_refused_connection_holds_the_relay(database: Database) {
    // bound without listening: connections are refused, and nobody else is given the port
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.set_reuseaddr(true).unwrap();
    reserved.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = reserved.local_addr().unwrap().port();
    let house = house(database).port(port).delivery(SOON).open();
    let (daemon, campaign) = held(&house, "connect").await;
    let relay = Relay::new().port(port).start();
    recovers(&house, &daemon, campaign, &relay);
}

async fn a_relay_that_is_busy_is_held(database: Database) {
    faulty(database, At::Connect, "421 4.3.2 too busy", "421").await;
}

async fn a_refused_sender_holds_the_relay(database: Database) {
    faulty(database, At::Mail, "550 5.7.1 not from you", "not from you").await;
}

async fn a_refused_login_holds_the_relay(database: Database) {
    faulty(database, At::Auth, "535 5.7.8 wrong password", "wrong password").await;
}

async fn faulty(database: Database, at: At, reply: &'static str, reason: &str) {
    let relay = Relay::new().on(at, When::Always, Act::Say(reply)).start();
    let house = house(database).relay(&relay).login().delivery(SOON).open();
    let (daemon, campaign) = held(&house, reason).await;
    relay.behave();
    recovers(&house, &daemon, campaign, &relay);
}

/// Queues a campaign and waits until the relay was tried twice in vain.
async fn held(house: &House, reason: &str) -> (Running, i64) {
    house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("two faults", || faults(house, campaign) >= 2).await;
    let relay = relay_row(house);
    assert_eq!(relay["state"], "held", "{relay}");
    assert!(relay["held_until"].is_string(), "{relay}");
    let told = relay["reason"].as_str().unwrap();
    assert!(told.contains(reason), "{told}");
    let needs = house.program.json(&["status"])["needs_a_person"].to_string();
    assert!(needs.contains("relay main is held"), "{needs}");
    for delivery in house.deliveries(campaign) {
        let state = delivery["state"].as_str().unwrap();
        assert!(["queued", "sending"].contains(&state), "{delivery}");
        assert_eq!(delivery["attempts"], 0, "{delivery}");
    }
    (daemon, campaign)
}

fn relay_row(house: &House) -> Value {
    let [relay] = house.program.json_lines(&["relay", "list"]).try_into().unwrap();
    relay
}

/// How many faults are on record, at whosever mail they came up.
fn faults(house: &House, campaign: i64) -> usize {
    let deliveries = house.deliveries(campaign);
    let met = deliveries.iter().filter(|one| !one["reply"].is_null());
    met.map(|one| house.tries(one).len()).sum()
}

fn recovers(house: &House, daemon: &Running, campaign: i64, relay: &Relay) {
    finished(daemon, campaign);
    house.ended(campaign, &accepted(READERS));
    assert_eq!(recipients(relay).len(), READERS);
    assert_eq!(relay_row(house)["state"], "open");
    for delivery in house.deliveries(campaign) {
        assert_eq!(delivery["attempts"], 1, "a fault is no attempt: {delivery}");
        let last = house.tries(&delivery).pop().unwrap();
        assert_eq!(last["outcome"], "accepted");
    }
}

async fn a_paused_relay_sends_nothing_until_it_is_resumed(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    house.must(&["relay", "pause", "main"]);
    let campaign = house.queue("minutes");
    house.send();
    assert_eq!(house.counts(campaign), json!({"queued": 3}));
    assert_eq!((relay.connections(), &relay_row(&house)["state"]), (0, &json!("paused")));
    house.must(&["relay", "resume", "main"]);
    house.send();
    house.ended(campaign, &accepted(3));
}

/// A job that runs until idle must end, and nothing may be left in its hands.
async fn until_idle_does_not_wait_for_a_relay_that_is_held_for_long(database: Database) {
    let relay = Relay::new().on(At::Connect, When::Always, Act::Say("421 4.3.2 too busy")).start();
    let house = house(database).relay(&relay).delivery("relay_retry = [\"10m\"]").open();
    house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let ran = house.program.run(&["run", "--until-idle"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(house.campaign(campaign)["counts"]["queued"], json!(READERS), "{}", ran.stderr);
}
