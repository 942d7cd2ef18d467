//! No address and no key in what the program logs, even when a relay quotes them to us. Every house
//! of every story checks its own logs; here the relay does its worst.

use super::house::{Database, PASSWORD, house, until};
use crate::support::relay::{Act, At, Relay, When};

on_both!(the_logs_name_nobody_even_when_the_relay_does);

async fn the_logs_name_nobody_even_when_the_relay_does(database: Database) {
    let relay = Relay::new()
        .on(
            At::Rcpt,
            When::To("ann@readers.example"),
            Act::Say("550 5.1.1 <ann@readers.example> is unknown"),
        )
        .on(
            At::Dot,
            When::To("bob@readers.example"),
            Act::Say("451 4.7.1 bob@readers.example is greylisted"),
        )
        .on(
            At::Rcpt,
            When::To("cara@readers.example"),
            Act::Say("421 4.7.0 too much for cara@readers.example"),
        )
        .on(At::Connect, When::Nth(1), Act::Say("421 4.3.2 busy with dan@readers.example"))
        .on(At::Mail, When::Nth(1), Act::Say("451 4.7.1 not while dan@readers.example waits"))
        .start();
    let plan = house(database).relay(&relay).connections(1).login();
    let plan = plan.delivery("retry = [\"200ms\"]");
    let house = plan.delivery("relay_retry = [\"200ms\"]").open();
    for name in ["ann", "bob", "cara", "dan"] {
        house.subscriber(&format!("{name}@readers.example"), &["meetings"]);
    }
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let mut daemon = house.daemon();
    until("bob's second try", || house.attempts(campaign, "bob@readers.example") >= 2).await;
    assert_eq!(daemon.terminate(), 0);
    let log = house.logs().concat();
    for stage in ["connect", "mail"] {
        let held = format!("relay held: {stage}");
        assert!(log.contains(&held), "the story has its faults: {log}");
    }
    assert!(log.contains(" delivery="), "and -v tells each delivery: {log}");
    assert!(!log.contains(PASSWORD));
}
