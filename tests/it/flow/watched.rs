//! A running daemon tells a monitor what it does.

use super::house::{Database, PATIENCE, READERS, finished, house};
use crate::support::http;
use crate::support::relay::Relay;

on_both!(a_monitor_sees_the_mails_go_by);

async fn a_monitor_sees_the_mails_go_by(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    finished(&daemon, campaign);
    let served = daemon.wait_for_line("pages are served", PATIENCE);
    let address = served.split_once("operator=").unwrap().1.split(' ').next().unwrap().to_owned();
    let get = |path: &str| {
        let url = format!("http://{address}{path}");
        tokio::task::block_in_place(|| http::get(&url))
    };
    let metrics = get("/metrics").body;
    for series in [
        "bulletin_campaigns{state=\"finished\"} 1",
        "bulletin_deliveries{state=\"in_doubt\"} 0",
        "bulletin_relay_open{relay=\"main\",state=\"open\"} 1",
        "bulletin_stage_seconds_count{stage=\"rcpt\"} 3",
        "bulletin_stage_seconds_count{stage=\"dot\"} 3",
        "bulletin_attempts_total{outcome=\"accepted\",stage=\"dot\"} 3",
        "bulletin_commit_results_sum 3.0",
    ] {
        assert!(metrics.lines().any(|line| line == series), "no {series} in\n{metrics}");
    }
    assert!(!metrics.contains('@') && !metrics.contains(READERS), "{metrics}");
    assert_eq!(get("/readyz").body, "ready\n");
    house.must(&["relay", "pause", "main"]);
    let answer = get("/readyz");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("main is paused"), "{}", answer.body);
}
