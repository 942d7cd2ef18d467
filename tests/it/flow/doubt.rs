//! The connection breaks between the final dot and its reply: nobody knows whether the mail arrived.

use serde_json::json;

use super::house::{Database, House, accepted, house};
use crate::support::relay::{Act, At, Relay, When};

on_both!(doubt_is_sent_again_as_the_same_mail, doubt_is_held_for_a_person_when_so_configured,);

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
