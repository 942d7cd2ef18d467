//! The log of who did what: complete, true, and never changed.

use serde_json::Value;

use super::house::{Database, finished, house};
use super::two_pairs_of_eyes::{approve, careful, done, log, raw, refused, state};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    the_log_tells_who_did_what_over_a_restart,
    the_log_only_grows,
    what_cannot_be_logged_is_not_done,
    what_bulletin_pauses_itself_is_logged_without_what_the_server_said,
    a_withdrawal_is_logged_where_it_ends_campaigns_and_where_it_begins_one,
    a_withdrawal_is_logged_when_nothing_is_under_way_and_in_the_digests_that_wait,
);

const BOB: &str = "bob@readers.example";

async fn the_log_tells_who_did_what_over_a_restart(database: Database) {
    let house = careful(database);
    let campaign = house.queue("hello");
    let id = campaign.to_string();
    house.approve(campaign);
    house.must(&["campaign", "test", &id, "--to", BOB]);
    house.must(&["relay", "pause", "main"]);
    house.send();
    house.must(&["campaign", "pause", &id]);
    let mut daemon = house.daemon();
    daemon.kill();
    let daemon = house.daemon();
    assert_eq!(house.program_of("bob").run(&["campaign", "resume", &id]).code, 0);
    house.must(&["relay", "resume", "main"]);
    finished(&daemon, campaign);
    house.post("second", "announcement", &["news"]);
    let second = house.queue("second");
    house.must(&["campaign", "cancel", &second.to_string()]);
    let expected = [
        ("ann", "queued", "version 1, to news"),
        ("bob", "approved", "content "),
        ("ann", "tested", "accepted"),
        ("ann", "paused", ""),
        ("bob", "resumed", ""),
    ];
    let told = log(&house, campaign);
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((who, action, detail), expected) in told.iter().zip(expected) {
        assert_eq!((who.as_str(), action.as_str()), (expected.0, expected.1));
        assert!(detail.starts_with(expected.2), "{detail}");
        assert!(!detail.contains('@'), "the log is kept for ever: {detail}");
    }
    let ann = |action: &str| ("ann".to_owned(), action.to_owned());
    assert_eq!(done(&house, second), [ann("queued"), ann("cancelled")]);
    let people = house.must(&["campaign", "show", &id]).stdout;
    assert!(people.contains("resumed by Bob Hill"), "{people}");
    assert!(people.contains("queued by Ann Field: version 1, to news"), "{people}");
}

async fn the_log_only_grows(database: Database) {
    let house = careful(database);
    let campaign = house.queue("hello");
    let raw = raw(&house).await;
    for change in ["UPDATE action SET coordinator = 'bob'", "DELETE FROM action"] {
        let error = raw.run(change).await.unwrap_err().to_string();
        assert!(error.contains("the log of actions only grows"), "{change}: {error}");
    }
    // emptied at once, which only Postgres knows
    assert!(raw.run("TRUNCATE action").await.is_err());
    assert_eq!(done(&house, campaign), [("ann".to_owned(), "queued".to_owned())]);
}

async fn what_bulletin_pauses_itself_is_logged_without_what_the_server_said(database: Database) {
    let said = "554 5.7.1 reader-0001@readers.example: this is spam";
    let relay = Relay::new().on(At::Dot, When::Always, Act::Say(said)).start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    assert_eq!(state(&house, campaign), "paused");
    let (who, action, detail) = log(&house, campaign).pop().unwrap();
    let expected = ("bulletin", "paused", "refused by policy: 554 5.7.1");
    assert_eq!((who.as_str(), action.as_str(), detail.as_str()), expected);
    let people = house.must(&["campaign", "show", &campaign.to_string()]).stdout;
    assert!(people.contains("paused by Bulletin itself: refused by policy"), "{people}");
}

async fn a_withdrawal_is_logged_where_it_ends_campaigns_and_where_it_begins_one(
    database: Database,
) {
    let house = careful(database);
    let hello = house.queue("hello");
    house.approve(hello);
    house.send();
    house.subscriber(BOB, &["reports"]);
    let again = house.program.json(&["queue", "hello", "--list", "reports", "--at", "+2h"]);
    let again = again["campaign"].as_i64().unwrap();
    let ran = house.program_of("bob").run(&["--json", "post", "withdraw", "hello", "--notify"]);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    let notice = said["notice"]["campaign"].as_i64().unwrap();
    assert_eq!(done(&house, notice), [("bob".to_owned(), "queued".to_owned())]);
    refused(&approve(&house, "bob", notice), "which is you");
    assert_eq!(approve(&house, "ann", notice).code, 0);
    let (who, action, detail) = log(&house, again).pop().unwrap();
    let expected = ("bob", "cancelled", "the post was withdrawn");
    assert_eq!((who.as_str(), action.as_str(), detail.as_str()), expected);
}

async fn a_withdrawal_is_logged_when_nothing_is_under_way_and_in_the_digests_that_wait(
    database: Database,
) {
    let house = careful(database);
    house.subscriber(BOB, &["reports:weekly"]);
    for slug in ["one", "two"] {
        house.post(slug, "report", &["reports"]);
        house.queue(slug);
    }
    let hello = house.queue("hello");
    house.approve(hello);
    house.send();
    assert_eq!(state(&house, hello), "finished");
    house.must(&["relay", "pause", "main"]);
    let edition = house.program.json(&["digest", "run", "weekly"])["campaign"].as_i64().unwrap();
    let last = |campaign| log(&house, campaign).pop().unwrap();
    let by_bob = |detail: &str| ("bob".to_owned(), "cancelled".to_owned(), detail.to_owned());
    let bob = house.program_of("bob");
    assert_eq!(bob.run(&["post", "withdraw", "one"]).code, 0);
    assert_eq!(last(edition), by_bob("the post \"one\" was withdrawn from it"));
    assert_eq!(bob.run(&["post", "withdraw", "hello"]).code, 0);
    assert_eq!(last(hello), by_bob("the post was withdrawn"));
    let lines = log(&house, hello).len();
    assert_eq!(bob.run(&["post", "withdraw", "hello"]).code, 0);
    assert_eq!(log(&house, hello).len(), lines, "it was withdrawn before");
}

/// What lets the log be read and takes no more lines, or lets it take them again.
fn full_log(database: Database, full: bool) -> &'static [&'static str] {
    match (database, full) {
        (Database::Sqlite, true) => &[
            "CREATE TRIGGER action_is_full BEFORE INSERT ON action BEGIN SELECT RAISE(ABORT, 'full'); END",
        ],
        (Database::Sqlite, false) => &["DROP TRIGGER action_is_full"],
        (Database::Postgres, true) => &[
            "CREATE OR REPLACE FUNCTION log_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$",
            "CREATE TRIGGER action_is_full BEFORE INSERT ON action FOR EACH ROW EXECUTE FUNCTION log_is_full()",
        ],
        (Database::Postgres, false) => &["DROP TRIGGER action_is_full ON action"],
    }
}

async fn what_cannot_be_logged_is_not_done(database: Database) {
    let house = careful(database);
    house.post("other", "announcement", &["news"]);
    let (waiting, running) = (house.queue("hello"), house.queue("other"));
    house.approve(running);
    house.must(&["relay", "pause", "main"]);
    house.send();
    let (waits, runs) = (waiting.to_string(), running.to_string());
    let raw = raw(&house).await;
    let bob = house.program_of("bob");
    let unlogged: [&[&str]; 6] = [
        &["campaign", "approve", &waits],
        &["campaign", "cancel", &waits],
        &["campaign", "pause", &runs],
        &["campaign", "cancel", &runs],
        &["post", "withdraw", "hello"],
        &["queue", "hello"],
    ];
    let log_is = async |full: bool| {
        for change in full_log(database, full) {
            raw.run(change).await.unwrap();
        }
    };
    let states = async || raw.words("SELECT state FROM campaign ORDER BY id").await;
    log_is(true).await;
    for command in unlogged {
        assert_eq!(bob.run(command).code, 1, "{command:?}");
        assert_eq!(states().await, ["awaiting_approval", "running"], "{command:?}");
    }
    log_is(false).await;
    house.must(&["campaign", "pause", &runs]);
    log_is(true).await;
    assert_eq!(bob.run(&["campaign", "resume", &runs]).code, 1);
    assert_eq!(states().await, ["awaiting_approval", "paused"]);
    log_is(false).await;
    for command in [&["campaign", "approve", &waits], &["campaign", "resume", &runs]] {
        assert_eq!(bob.run(command).code, 0, "{command:?}");
    }
    let names = |done: Vec<(String, String)>| -> Vec<_> {
        done.into_iter().map(|(who, what)| format!("{who} {what}")).collect()
    };
    assert_eq!(names(done(&house, waiting)), ["ann queued", "bob approved"]);
    let expected = ["ann queued", "bob approved", "ann paused", "bob resumed"];
    assert_eq!(names(done(&house, running)), expected);
}
