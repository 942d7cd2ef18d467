//! Several daemons on Postgres have no leader: each looks for all that is due, and the database decides who
//! does it. So each firing happens once, and nothing has to be handed on when one of them dies.

use std::time::{Duration, Instant};

use super::house::{Database, House, house, until};
use crate::support::program::Running;

/// Promised to whoever runs several.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const READER: &str = "dina@readers.example";

/// A digest that fires every other second, so that a test need not wait for a morning.
fn quick() -> House {
    let house = house(Database::Postgres).open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let digest = "[digest.often]\ncron = \"*/2 * * * * *\"";
    house.write("config.toml", &format!("{config}\n{digest}\n"));
    house.subscriber(READER, &["reports:often"]);
    house
}

fn editions(house: &House) -> usize {
    let campaigns = house.program.json_lines(&["campaign", "list"]);
    campaigns.iter().filter(|campaign| campaign["kind"] == "digest").count()
}

/// Publishes news, and waits until the next firing has brought it.
async fn news(house: &House, number: usize) -> Duration {
    let begun = Instant::now();
    let slug = format!("report-{number}");
    house.post(&slug, "report", &[]);
    house.queue(&slug);
    until("the next edition", || editions(house) >= number).await;
    begun.elapsed()
}

/// How often any of them has said so; a daemon that was killed still counts.
fn said(daemons: &[Running], line: &str) -> Vec<usize> {
    daemons.iter().map(|daemon| daemon.said(line)).collect()
}

/// Kills whoever did it since `before`; the others are there already.
fn kill_whoever(daemons: &mut [Running], before: &[usize], line: &str) {
    let now = said(daemons, line);
    let did = (0..before.len()).find(|one| now[*one] > before[*one]).unwrap();
    daemons[did].kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_firing_is_taken_within_half_a_minute_when_whoever_took_the_last_is_killed() {
    const PLANNED: &str = "digest planned";
    let house = quick();
    let mut daemons = [house.daemon(), house.daemon(), house.daemon()];
    for number in 1..=3 {
        let before = said(&daemons, PLANNED);
        let took = news(&house, number).await;
        assert!(took < HALF_A_MINUTE, "{took:?}");
        until("its line", || said(&daemons, PLANNED).iter().sum::<usize>() >= number).await;
        kill_whoever(&mut daemons, &before, PLANNED);
    }
    until("all mails", || house.mails().len() >= 3).await;
    assert_eq!(editions(&house), 3, "each firing with news made one edition");
    assert_eq!(said(&daemons, PLANNED).iter().sum::<usize>(), 3);
    let mails = house.mails();
    for number in 1..=3 {
        let link = format!("/archive/report-{number}");
        let with = mails.iter().filter(|mail| mail.text.contains(&link)).count();
        assert_eq!(with, 1, "report-{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_campaign_that_comes_due_is_started_once_also_when_whoever_started_the_last_is_killed() {
    const STARTED: &str = "campaign started";
    let house = house(Database::Postgres).open();
    house.subscriber(READER, &["reports"]);
    let mut daemons = [house.daemon(), house.daemon(), house.daemon()];
    for number in 1..=3 {
        let before = said(&daemons, STARTED);
        let slug = format!("report-{number}");
        house.post(&slug, "report", &[]);
        let queued = house.program.json(&["queue", &slug, "--at", "+1s"]);
        let (campaign, begun) = (queued["campaign"].as_i64().unwrap(), Instant::now());
        until("its end", || house.has_ended(campaign)).await;
        assert!(begun.elapsed() < HALF_A_MINUTE, "{:?}", begun.elapsed());
        let line = format!("campaign started campaign={campaign} ");
        until("its line", || said(&daemons, &line).iter().sum::<usize>() > 0).await;
        kill_whoever(&mut daemons, &before, STARTED);
    }
    assert_eq!(said(&daemons, STARTED).iter().sum::<usize>(), 3);
    let subjects: Vec<_> = house.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["report-1", "report-2", "report-3"]);
}
