//! Promise 3: once a no has committed nothing more is sent, also in the middle of a campaign; what
//! was already handed to a connection may still go, at most `delivery.window` of them.

use std::collections::BTreeSet;

use serde_json::json;

use super::house::{Database, House, finished, house, named, recipients, until};
use crate::support::relay::Relay;
use crate::support::torture::{self, Dice, Race};

on_both!(
    whoever_unsubscribes_while_it_runs_gets_nothing,
    whoever_is_suppressed_while_it_runs_gets_nothing,
    whoever_unsubscribes_while_it_waits_is_counted_out,
    a_no_at_any_moment_holds_by_command_and_by_one_click,
);

const WINDOW: usize = 4;
const READERS: usize = 300;
/// Of these the first are claimed already (a claim takes up to 256), the others still queued.
const LEAVERS: [usize; 16] =
    [230, 232, 234, 236, 238, 240, 242, 244, 285, 286, 287, 288, 289, 290, 291, 292];

async fn whoever_unsubscribes_while_it_runs_gets_nothing(database: Database) {
    leaving_while_it_runs(database, &["subscriber", "unsubscribe"]).await;
}

async fn whoever_is_suppressed_while_it_runs_gets_nothing(database: Database) {
    leaving_while_it_runs(database, &["suppression", "add"]).await;
}

async fn leaving_while_it_runs(database: Database, no: &[&str]) {
    let relay = Relay::new().dot_delay(std::time::Duration::from_millis(20)).start();
    let plan = house(database).relay(&relay).connections(2);
    let house = plan.delivery(&format!("window = {WINDOW}")).open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 10).await;
    // those who said no before their mail was begun
    let mut gone = BTreeSet::new();
    for leaver in LEAVERS.map(|number| readers[number].as_str()) {
        house.must(&[no, &[leaver]].concat());
        if !named(&relay).contains(leaver) {
            gone.insert(leaver.to_owned());
        }
    }
    assert!(gone.len() > LEAVERS.len() / 2, "the relay was too quick");
    finished(&daemon, campaign);
    judge(&house, campaign, &relay, &gone);
}

fn judge(house: &House, campaign: i64, relay: &Relay, gone: &BTreeSet<String>) {
    let got = recipients(relay);
    let late: Vec<_> = got.iter().filter(|to| gone.contains(*to)).collect();
    // one by one they are no more than the window, and far fewer: each says no alone
    assert!(late.len() <= WINDOW, "mail after no: {late:?}");
    let distinct: BTreeSet<_> = got.iter().collect();
    assert_eq!(distinct.len(), got.len(), "nothing twice");
    let suppressed = READERS - got.len();
    assert!(suppressed >= gone.len() - late.len());
    house.ended(campaign, &json!({"accepted": got.len(), "suppressed": suppressed}));
    for delivery in house.deliveries(campaign) {
        let sent = got.iter().any(|to| delivery["email"] == **to);
        let state = if sent { "accepted" } else { "suppressed" };
        assert_eq!(delivery["state"], state, "{delivery}");
    }
}

/// Before the freeze it is a matter of the audience, not of a delivery.
async fn whoever_unsubscribes_while_it_waits_is_counted_out(database: Database) {
    let house = house(database).open();
    house.readers(2, "meetings");
    house.subscriber("ann@readers.example", &["meetings"]);
    house.subscriber("bob@readers.example", &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.must(&["subscriber", "unsubscribe", "ann@readers.example"]);
    house.must(&["suppression", "add", "bob@readers.example"]);
    house.send();
    house.ended(campaign, &json!({"accepted": 2}));
    let told: Vec<_> = house.mails().into_iter().map(|mail| mail.to).collect();
    assert!(told.iter().all(|to| to.starts_with("reader-")), "{told:?}");
    let back = house.program.run(&[
        "subscriber",
        "add",
        "bob@readers.example",
        "--list",
        "meetings",
        "--confirmed",
    ]);
    assert_eq!(back.code, 1, "adding somebody again lifts no suppression");
}

async fn a_no_at_any_moment_holds_by_command_and_by_one_click(database: Database) {
    let race = Race::new(database, 600, Dice::new(1));
    for raced in race.run(30).await {
        assert_eq!((raced.noes, raced.late), (15, 0), "{raced:?}");
        assert!(raced.at_once <= torture::WINDOW, "{raced:?}");
    }
}
