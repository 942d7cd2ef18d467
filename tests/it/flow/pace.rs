//! Limits of recipients' domains, a warm-up, and who goes first when there is not room for all.

use std::time::{Duration, Instant};

use super::house::{Database, House, accepted, finished, house, recipients, until};
use crate::support::fleet::Fleet;
use crate::support::house::READERS;
use crate::support::relay::{Act, At, Received, Relay, When};

on_both!(
    a_domain_has_a_rate_of_its_own_and_holds_up_nobody_else,
    a_domain_is_given_only_so_many_mails_at_once,
    a_domain_that_complains_is_given_time_and_others_are_not,
    a_warm_up_begins_slowly,
    urgent_news_go_before_others_that_were_first,
);

/// So many that the second daemon, which waits until the first has heard of it, gets a good part.
const READERS_OF_TWO: usize = 400;

/// When those that fit arrived.
fn times(all: &[Received], which: impl Fn(&Received) -> bool) -> Vec<Instant> {
    all.iter().filter(|mail| which(mail)).map(|mail| mail.at).collect()
}

fn is_limited(mail: &Received) -> bool {
    mail.to.ends_with(READERS)
}

/// Sends a post to so many readers of the domain with limits.
fn from_first_to_last(house: &House, relay: &Relay, readers: usize) -> Duration {
    house.readers(readers, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(readers));
    let arrived = times(&relay.received(), is_limited);
    arrived[readers - 1].duration_since(arrived[0])
}

async fn a_domain_has_a_rate_of_its_own_and_holds_up_nobody_else(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).limits("rate = \"20/s\"").open();
    let mut readers = house.readers(60, "meetings");
    for name in ["ann", "bob", "cyd"] {
        house.subscriber(&format!("{name}@elsewhere.example"), &["meetings"]);
        readers.push(format!("{name}@elsewhere.example"));
    }
    readers.sort();
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(63));
    assert_eq!(recipients(&relay), readers);
    let all = relay.received();
    let limited = times(&all, is_limited);
    let took = limited[59].duration_since(limited[0]);
    // 59 gaps of 50 ms, less what a message may have waited at the relay
    assert!(took >= Duration::from_millis(2_700), "60 mails in {took:?}");
    let others = times(&all, |mail| !is_limited(mail));
    assert!(others.iter().all(|at| *at < limited[20]), "others went past what waits");
    let tries = house.deliveries(campaign).iter().all(|one| one["attempts"] == 1);
    assert!(tries, "waiting for a turn is no try");
}

async fn a_domain_is_given_only_so_many_mails_at_once(database: Database) {
    let delay = Duration::from_millis(20);
    let relay = Relay::new().dot_delay(delay).start();
    let plan = house(database).relay(&relay).connections(4);
    let house = plan.limits("connections = 1").open();
    let took = from_first_to_last(&house, &relay, 20);
    assert!(took >= delay * 19, "one after the other: {took:?}");
}

async fn a_domain_that_complains_is_given_time_and_others_are_not(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).limits("").open();
    house.subscriber("ann@elsewhere.example", &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let daemon = house.daemon();
    let reader = house.readers(1, "meetings").remove(0);
    relay.then(At::Rcpt, When::To("reader-0001@readers.example"), Act::Say("451 4.7.28 slow down"));
    let first = house.queue("minutes");
    until("a complaint", || house.attempts(first, &reader) == 1).await;
    // the relay itself is as fast as ever
    house.readers(1, "meetings");
    for number in 0..20 {
        house.subscriber(&format!("reader{number}@elsewhere.example"), &["reports"]);
    }
    house.post("report", "report", &[]);
    let second = house.queue("report");
    finished(&daemon, second);
    let arrived = times(&relay.received(), |mail| mail.to.starts_with("reader"));
    let took = arrived[19].duration_since(arrived[0]);
    assert!(took < Duration::from_secs(10), "20 mails in {took:?}: not one each second");
}

async fn a_warm_up_begins_slowly(database: Database) {
    let relay = Relay::new().start();
    let plan = house(database).relay(&relay).connections(5);
    // its first day never comes
    let warm_up = "warm_up = [\"20/s\", \"200/s\"]\nwarm_up_from = \"2999-01-01\"";
    let house = plan.limits(warm_up).open();
    let took = from_first_to_last(&house, &relay, 30);
    assert!(took >= Duration::from_millis(1_300), "30 mails in {took:?}");
}

async fn urgent_news_go_before_others_that_were_first(database: Database) {
    let relay = Relay::new().dot_delay(Duration::from_millis(10)).start();
    let house = house(database).relay(&relay).connections(1).open();
    house.readers(400, "meetings");
    house.subscriber("ann@elsewhere.example", &["news"]);
    house.subscriber("bob@elsewhere.example", &["news"]);
    house.post("minutes", "meeting-summary", &[]);
    house.post_with("closed-today", "announcement", &["news"], "urgent: true");
    let daemon = house.daemon();
    let long = house.queue("minutes");
    until("the first mails", || relay.count() >= 20).await;
    let before = relay.count();
    let urgent = house.queue("closed-today");
    finished(&daemon, urgent);
    finished(&daemon, long);
    let all = relay.received();
    let last = all.iter().rposition(|mail| mail.to.ends_with("elsewhere.example")).unwrap();
    let behind = all.len() - last;
    assert!(behind > 100, "{behind} of {} after {before}", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_rate_of_a_domain_is_that_of_all_daemons_together() {
    let relays = vec![Relay::new().start(), Relay::new().start()];
    let plan = house(Database::Postgres).port(1).limits("rate = \"40/s\"");
    let fleet = Fleet::new(plan, READERS_OF_TWO, relays).await;
    let campaign = fleet.announce("minutes");
    until("the end", || fleet.house.has_ended(campaign)).await;
    fleet.house.ended(campaign, &accepted(READERS_OF_TWO));
    let mut all: Vec<_> =
        fleet.crew.iter().map(|one| times(&one.relay.received(), is_limited)).collect();
    assert!(all.iter().all(|times| times.len() > 20), "both take part");
    let mut all = all.drain(..).flatten().collect::<Vec<_>>();
    all.sort();
    let took = all[READERS_OF_TWO - 1].duration_since(all[0]);
    // two daemons may each begin one at the same moment
    assert!(took >= Duration::from_millis(9_700), "{READERS_OF_TWO} mails in {took:?}");
}
