//! Promise 7: the relay's own words are kept, for every try.

use serde_json::{Value, json};

use super::house::{Database, House, house};
use crate::support::relay::{Act, At, Relay, When};

on_both!(the_relays_whole_reply_is_kept);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
const CARA: &str = "cara@readers.example";
const DAN: &str = "dan@readers.example";

async fn the_relays_whole_reply_is_kept(database: Database) {
    let relay = Relay::new()
        .on(At::Rcpt, When::To(BOB), Act::Say("550 5.1.1 no such user here"))
        .on(At::Dot, When::To(CARA), Act::Say("554 5.6.0 not in this shape"))
        .on(At::Rcpt, When::To(DAN), Act::Say("553 we have never heard of them"))
        .start();
    let house = house(database).relay(&relay).open();
    for email in [ANN, BOB, CARA, DAN] {
        house.subscriber(email, &["meetings"]);
    }
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &json!({"accepted": 1, "failed": 3}));
    for (email, state, reply) in [
        (ANN, "accepted", said("dot", 250, Some("2.0.0"), "queued as 42")),
        (BOB, "failed", said("rcpt", 550, Some("5.1.1"), "no such user here")),
        (CARA, "failed", said("dot", 554, Some("5.6.0"), "not in this shape")),
        (DAN, "failed", said("rcpt", 553, None, "we have never heard of them")),
    ] {
        tells(&house, campaign, email, state, &reply);
    }
}

fn said(stage: &str, code: u16, enhanced: Option<&str>, text: &str) -> Value {
    json!({"stage": stage, "code": code, "enhanced": enhanced, "text": text})
}

fn tells(house: &House, campaign: i64, email: &str, state: &str, reply: &Value) {
    let delivery = house.delivery(campaign, email);
    assert_eq!(
        (&delivery["state"], &delivery["attempts"], &delivery["reply"]),
        (&json!(state), &json!(1), reply)
    );
    let [only] = house.tries(&delivery).try_into().unwrap();
    assert_eq!(only["relay"], "main");
    assert!(only["duration_ms"].is_i64(), "{only}");
    let at = only["at"].as_str().unwrap();
    assert!(at.contains('T') && at.ends_with("+00:00") || at.ends_with("+01:00"), "{at}");
    for key in ["stage", "code", "enhanced", "text"] {
        assert_eq!(only[key], reply[key], "{only}");
    }
}
