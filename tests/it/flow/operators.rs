//! Whoever runs it is told what is broken, by the same relays, and by no queue.

use std::time::{Duration, Instant};

use serde_json::json;

use super::house::{Database, House, PATIENCE, READERS, accepted, house, until};
use super::mail::Mail;
use crate::support::relay::{Act, At, Received, Relay, When};

on_both!(
    a_relay_that_is_down_is_told_over_another_and_so_is_its_end,
    a_daemon_that_is_telling_ends_at_once,
    an_urgent_post_that_nobody_takes_is_told_to_a_mailbox_that_is_not_a_readers,
);

const OPERATOR: &str = "coordinator@alliance.example";

/// Its main relay is not there; the other one is, for notes alone until it has a part of the mails.
fn troubled(database: Database, other: &Relay) -> House {
    let house = house(database).port(1).beside("weight = 1", other, "weight = 1").open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let operator =
        format!("[operator]\naddress = \"{OPERATOR}\"\nalert_after = \"3s\"\ndisk_free = \"0 kB\"");
    house.write("config.toml", &format!("{config}\n{operator}\n"));
    house
}

fn notes(relay: &Relay) -> Vec<Received> {
    let mut notes = relay.received();
    notes.retain(|mail| mail.to == OPERATOR);
    notes
}

fn subjects(relay: &Relay) -> Vec<String> {
    notes(relay).iter().map(|note| Mail::of(&note.message).subject).collect()
}

async fn a_relay_that_is_down_is_told_over_another_and_so_is_its_end(database: Database) {
    let other = Relay::new().start();
    let house = troubled(database, &other);
    house.readers(20, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let mut daemon = house.daemon();
    until("the mails and the note", || other.count() >= 21).await;
    house.ended(campaign, &accepted(20));
    let told = "Alliance: the relay main takes no mail";
    assert_eq!(subjects(&other), [told]);
    let status = house.program.json(&["status"]);
    let need = status["needs_a_person"][0].as_str().unwrap();
    assert!(need.contains("`bulletin relay resume main`"), "{need}");
    house.must(&["relay", "pause", "main"]);
    until("its end", || notes(&other).len() == 2).await;
    assert_eq!(subjects(&other), [told, &format!("Alliance: over: {}", &told[10..])]);
    let raw = notes(&other)[0].message.clone();
    assert!(!String::from_utf8(raw).unwrap().contains(READERS));
    assert_eq!(daemon.terminate(), 0);
}

async fn a_daemon_that_is_telling_ends_at_once(database: Database) {
    let other = Relay::new().start();
    other.then(At::Rcpt, When::To(OPERATOR), Act::Stall);
    let house = troubled(database, &other);
    house.readers(2, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    let mut daemon = house.daemon();
    let begun = format!("RCPT TO:<{OPERATOR}>");
    until("a note under way", || other.commands().iter().any(|line| line.contains(&begun))).await;
    let asked = Instant::now();
    assert_eq!(daemon.terminate(), 0);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert!(notes(&other).is_empty());
}

async fn an_urgent_post_that_nobody_takes_is_told_to_a_mailbox_that_is_not_a_readers(
    database: Database,
) {
    let relay = Relay::new().start();
    relay.then(
        At::Rcpt,
        When::To("ann@readers.example"),
        Act::Say("450 4.2.0 ann@readers.example is away"),
    );
    let house = house(database).relay(&relay).open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let operator = format!("[operator]\naddress = \"{OPERATOR}\"\nalert_after = \"3s\"\n");
    house.write("config.toml", &format!("{config}\n{operator}\n"));
    house.subscriber("ann@readers.example", &["news"]);
    house.post_with("now", "announcement", &["news"], "urgent: true");
    house.queue("now");
    let mut daemon = house.daemon();
    until("the note", || !notes(&relay).is_empty()).await;
    let [note] = notes(&relay).try_into().unwrap();
    let raw = String::from_utf8(note.message.clone()).unwrap();
    assert!(!raw.contains("ann@"), "{raw}");
    let mail = Mail::of(raw.as_bytes());
    assert!(mail.subject.ends_with("nobody has got the urgent mailing “now”"), "{}", mail.subject);
    let metric = "bulletin_alerts{kind=\"urgent\"} 1";
    let served = daemon.wait_for_line("pages are served", PATIENCE);
    let address = served.split_once("operator=").unwrap().1.split(' ').next().unwrap().to_owned();
    let metrics = tokio::task::block_in_place(|| {
        crate::support::http::get(&format!("http://{address}/metrics")).body
    });
    assert!(metrics.contains(metric), "{metrics}");
    assert_eq!(house.counts(1), json!({"deferred": 1}), "no note is a delivery");
    assert_eq!(daemon.terminate(), 0);
}
