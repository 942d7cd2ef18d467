//! Whose rows are whose: one daemon for an SQLite file; on Postgres several share the work.

use std::time::Duration;

use super::house::{Database, accepted, finished, house, recipients, until};
use crate::support::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_second_daemon_on_one_sqlite_file_is_refused_and_told_who_holds_it() {
    let house = house(Database::Sqlite).open();
    let mut daemon = house.daemon();
    let second = house.program.run(&["run"]);
    assert_eq!(second.code, 1, "{}", second.stderr);
    let pid = daemon.id().to_string();
    assert!(second.stderr.contains("another daemon"), "{}", second.stderr);
    assert!(second.stderr.contains(&pid), "{pid}: {}", second.stderr);
    // commands take turns with the daemon
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(3));
    assert_eq!(daemon.terminate(), 0);
    house.send();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_daemons_on_postgres_share_a_campaign_and_nobody_gets_it_twice() {
    let relay = Relay::new().dot_delay(Duration::from_millis(5)).start();
    let house = house(Database::Postgres).relay(&relay).connections(2).open();
    let readers = house.readers(600, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let (mut one, _other) = (house.daemon(), house.daemon());
    let campaign = house.queue("minutes");
    until("the first mails", || relay.received().len() >= 50).await;
    // one leaves in the middle; the other goes on
    assert_eq!(one.terminate(), 0);
    until("the end", || house.has_ended(campaign)).await;
    house.ended(campaign, &accepted(600));
    assert_eq!(recipients(&relay), readers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_killed_daemon_held_is_taken_over_by_another_on_postgres() {
    let relay = Relay::new().dot_delay(Duration::from_millis(20)).start();
    let house = house(Database::Postgres).relay(&relay).connections(2).open();
    let readers = house.readers(200, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let mut one = house.daemon();
    let campaign = house.queue("minutes");
    until("the first mails", || relay.received().len() >= 20).await;
    let other = house.daemon();
    one.kill();
    finished(&other, campaign);
    house.ended(campaign, &accepted(200));
    let mut got = recipients(&relay);
    got.dedup();
    assert_eq!(got, readers);
}
