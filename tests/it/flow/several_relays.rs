//! Several relays: they share by weight, one takes over for another, and a limit is a limit.

use std::time::{Duration, Instant};

use super::house::{Database, accepted, finished, house, recipients, until};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    relays_share_by_weight,
    one_takes_over_for_another_that_is_out_of_order,
    one_of_weight_0_is_for_want_of_others,
    a_rate_is_kept_by_all_connections_together,
);

const READERS: usize = 200;

async fn relays_share_by_weight(database: Database) {
    let (main, other) = (Relay::new().start(), Relay::new().start());
    let plan = house(database).relay(&main).connections(3);
    let house = plan.beside("weight = 3", &other, "connections = 3\nweight = 1").open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(READERS));
    let mut all = recipients(&main);
    all.extend(recipients(&other));
    all.sort();
    assert_eq!(all, readers, "each by one of them");
    let share = main.received().len();
    assert!((120..180).contains(&share), "{share} of {READERS} by the one of weight 3 to 1");
}

async fn one_takes_over_for_another_that_is_out_of_order(database: Database) {
    let (main, other) = (Relay::new().start(), Relay::new().start());
    let house = house(database).relay(&main).beside("", &other, "").open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    main.then(At::Connect, When::Always, Act::Say("421 4.3.2 not today"));
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(READERS));
    assert_eq!(recipients(&other), readers);
    assert_eq!(main.received().len(), 0);
    let tries = house.deliveries(campaign).iter().all(|one| one["attempts"] == 1);
    assert!(tries, "it cost nobody a try");
}

async fn one_of_weight_0_is_for_want_of_others(database: Database) {
    let (main, spare) = (Relay::new().start(), Relay::new().start());
    let house = house(database).relay(&main).beside("", &spare, "weight = 0").open();
    house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let daemon = house.daemon();
    let first = house.queue("minutes");
    finished(&daemon, first);
    assert_eq!(spare.received().len(), 0, "the other was only busy");
    house.must(&["relay", "pause", "main"]);
    house.post("more", "meeting-summary", &[]);
    let second = house.queue("more");
    finished(&daemon, second);
    house.ended(second, &accepted(READERS));
    assert_eq!(spare.received().len(), READERS);
}

async fn a_rate_is_kept_by_all_connections_together(database: Database) {
    let relay = Relay::new().start();
    let plan = house(database).relay(&relay).connections(5);
    let other = Relay::new().start();
    let house = plan.beside("rate = \"20/s\"", &other, "weight = 0\nrate = \"1/h\"").open();
    house.readers(30, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    let _daemon = house.daemon();
    until("most of them", || relay.received().len() >= 25).await;
    let times: Vec<Instant> = relay.received().iter().map(|mail| mail.at).collect();
    // 24 gaps of 50 ms, less what a message may have waited at the relay
    let least = Duration::from_secs(1);
    let took = times[24].duration_since(times[0]);
    assert!(took >= least, "25 mails in {took:?}");
}
