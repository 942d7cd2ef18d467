//! One person's trouble is that person's alone: tried again, or failed, and the others get theirs.

use serde_json::json;

use super::house::{Database, accepted, finished, house, recipients, until};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_deferred_mail_is_tried_again_with_the_same_message_id,
    a_refused_person_fails_alone_and_can_be_reached_later,
    a_mail_that_is_deferred_too_long_expires,
);

const BOB: &str = "bob@readers.example";

async fn a_deferred_mail_is_tried_again_with_the_same_message_id(database: Database) {
    let relay = Relay::new()
        .on(At::Rcpt, When::To(BOB), Act::Say("450 4.2.1 mailbox busy"))
        .on(At::Dot, When::To(BOB), Act::Say("451 4.3.0 try again"))
        .start();
    let plan = house(database).relay(&relay);
    let house = plan.delivery("retry = [\"200ms\", \"300ms\"]").open();
    house.readers(3, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("two deferrals by name", || house.attempts(campaign, BOB) >= 2).await;
    let deferred = house.delivery(campaign, BOB);
    assert_eq!(deferred["reply"]["code"], 450);
    relay.then(At::Rcpt, When::To(BOB), Act::Say("250 2.1.5 now I know him"));
    until("two deferrals after the dot", || relay.received().len() >= 5).await;
    relay.behave();
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(4));
    let mails = relay.received().into_iter().filter(|mail| mail.to == BOB);
    let mut mails: Vec<_> = mails.map(|mail| (mail.message_id, mail.body_sha256)).collect();
    assert!(mails.len() >= 3);
    mails.dedup();
    assert_eq!(mails.len(), 1, "the same mail on every try");
    let delivery = house.delivery(campaign, BOB);
    let tries = house.tries(&delivery);
    assert_eq!(delivery["attempts"], tries.len());
    assert_eq!(tries.last().unwrap()["outcome"], "accepted");
}

async fn a_refused_person_fails_alone_and_can_be_reached_later(database: Database) {
    let relay = Relay::new().on(At::Rcpt, When::To(BOB), Act::Say("550 5.2.0 not for him")).start();
    let house = house(database).relay(&relay).open();
    house.readers(3, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &json!({"accepted": 3, "failed": 1}));
    assert_eq!(house.delivery(campaign, BOB)["attempts"], 1);
    relay.behave();
    let again = house.program.json(&["queue", "minutes"]);
    assert_eq!(
        (&again["audience"], &again["excluded"]),
        (&json!(1), &json!({"already_received": 3}))
    );
    house.send();
    house.ended(2, &accepted(1));
    assert_eq!(recipients(&relay)[0], BOB);
    assert_eq!(relay.received().len(), 4);
}

async fn a_mail_that_is_deferred_too_long_expires(database: Database) {
    let relay =
        Relay::new().on(At::Rcpt, When::To(BOB), Act::Say("450 4.2.2 mailbox full")).start();
    let plan = house(database).relay(&relay).delivery("retry = [\"300ms\"]");
    let house = plan.delivery("give_up_after = \"2s\"").open();
    house.readers(3, "meetings");
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &json!({"accepted": 3, "expired": 1}));
    let delivery = house.delivery(campaign, BOB);
    assert!(delivery["attempts"].as_i64().unwrap() >= 2, "{delivery}");
    assert_eq!(delivery["reply"]["code"], 450);
}
