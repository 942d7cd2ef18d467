//! The connection breaks between the final dot and its reply: nobody knows whether the mail arrived.

use serde_json::json;

use super::house::{Database, House, accepted, house};
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    doubt_is_sent_again_as_the_same_mail,
    doubt_is_held_for_a_person_when_so_configured,
    a_person_has_a_held_mail_sent_again,
    a_person_settles_a_held_mail,
);

const BOB: &str = "bob@readers.example";

/// Bob's first mail gets no reply.
fn silent() -> Relay {
    Relay::new().on(At::Dot, When::Nth(1), Act::Drop).start()
}

fn queued(house: &House) -> i64 {
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes")
}

async fn doubt_is_sent_again_as_the_same_mail(database: Database) {
    let relay = silent();
    let plan = house(database).relay(&relay);
    let house = plan.delivery("retry = [\"200ms\"]").open();
    let campaign = queued(&house);
    house.send();
    house.ended(campaign, &accepted(1));
    let [first, second] = relay.received().try_into().unwrap();
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(first.body_sha256, second.body_sha256);
    let tries = house.tries(&house.delivery(campaign, BOB));
    let outcomes: Vec<_> = tries.iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["in_doubt", "accepted"]);
}

async fn doubt_is_held_for_a_person_when_so_configured(database: Database) {
    let relay = silent();
    let plan = house(database).relay(&relay);
    let house = plan.delivery("on_in_doubt = \"hold\"").open();
    let campaign = queued(&house);
    house.send();
    house.ended(campaign, &json!({"in_doubt": 1}));
    let again = house.program.run(&["queue", "minutes"]);
    assert_eq!(again.code, 1, "he may have it");
    house.send();
    assert_eq!(relay.received().len(), 1);
}

/// Bob's mail, held in doubt; its campaign has ended.
fn held(house: &House) -> (i64, String) {
    let campaign = queued(house);
    house.send();
    house.ended(campaign, &json!({"in_doubt": 1}));
    (campaign, house.delivery(campaign, BOB)["id"].to_string())
}

async fn a_person_has_a_held_mail_sent_again(database: Database) {
    let relay = silent();
    let plan = house(database).relay(&relay);
    let house = plan.delivery("on_in_doubt = \"hold\"").open();
    let (campaign, id) = held(&house);
    let status = house.must(&["status"]).stdout;
    for remedy in ["`bulletin delivery retry ID`", "`bulletin delivery settle ID accepted|failed`"]
    {
        assert!(status.contains(remedy), "{status}");
    }
    assert_eq!(house.program.json(&["delivery", "retry", &id])["state"], "queued");
    assert_eq!(house.counts(campaign), json!({"queued": 1}));
    assert_eq!(house.campaign(campaign)["state"], "running");
    house.must(&["delivery", "retry", &id]);
    house.send();
    house.ended(campaign, &accepted(1));
    let [first, second] = relay.received().try_into().unwrap();
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(first.body_sha256, second.body_sha256);
    let late = house.program.run(&["delivery", "retry", &id]);
    assert_eq!(late.code, 1);
    assert!(late.stderr.contains("is accepted, which is final"), "{}", late.stderr);
}

async fn a_person_settles_a_held_mail(database: Database) {
    let relay = silent();
    let plan = house(database).relay(&relay);
    let house = plan.delivery("on_in_doubt = \"hold\"").open();
    let (campaign, id) = held(&house);
    assert_eq!(house.program.run(&["delivery", "settle", &id, "lost"]).code, 2);
    assert_eq!(house.program.json(&["delivery", "settle", &id, "failed"])["state"], "failed");
    house.ended(campaign, &json!({"failed": 1}));
    assert_eq!(house.delivery(campaign, BOB)["reason"], "decided by a person");
    let again = house.program.run(&["delivery", "settle", &id, "accepted"]);
    assert_eq!(again.code, 1, "once is enough");
    assert_eq!(house.program.run(&["queue", "minutes"]).code, 1, "he may have it");
    assert_eq!(relay.received().len(), 1);
}
