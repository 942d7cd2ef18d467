//! A withdrawn post is taken out of everything not yet sent, and, if asked, exactly those who had it are
//! told; nobody after a no (promise 3).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::house::{Database, House, accepted, finished, house, until};
use crate::store::raw::Raw;
use crate::support::relay::{Act, At, Relay, When};

on_both!(
    a_cancellation_goes_to_exactly_those_who_had_the_post,
    withdrawing_again_is_harmless_and_whoever_had_it_is_told_once,
    a_post_that_nobody_had_is_withdrawn_in_silence,
    a_digest_that_waits_goes_without_the_withdrawn_post,
    a_post_that_is_withdrawn_while_it_is_sent_is_called_off_to_those_who_had_it,
    whoever_says_no_before_or_after_the_freeze_gets_no_cancellation,
    a_daemon_that_dies_at_any_step_of_a_cancellation_misses_nobody,
    a_cancellation_waits_for_approval_where_the_list_wants_it,
    a_cancellation_that_expired_is_queued_by_withdrawing_again,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
const CAT: &str = "cat@readers.example";
const DAN: &str = "dan@readers.example";
const EVE: &str = "eve@readers.example";

fn withdraw(house: &House, slug: &str) -> Value {
    house.program.json(&["post", "withdraw", slug, "--notify"])
}

fn notice(said: &Value) -> i64 {
    said["notice"]["campaign"].as_i64().unwrap()
}

/// Who was told that it was taken back, in order.
fn told(house: &House) -> Vec<String> {
    let mut all = house.mails();
    all.retain(|mail| mail.subject.starts_with("Withdrawn: "));
    let mut all: Vec<_> = all.into_iter().map(|mail| mail.to).collect();
    all.sort();
    all
}

fn announced(house: &House, slug: &str) -> i64 {
    house.post(slug, "meeting-summary", &[]);
    let campaign = house.queue(slug);
    house.send();
    campaign
}

async fn a_cancellation_goes_to_exactly_those_who_had_the_post(database: Database) {
    let relay = Relay::new()
        .on(At::Rcpt, When::To(CAT), Act::Say("450 4.2.1 mailbox busy"))
        .on(At::Rcpt, When::To(EVE), Act::Say("550 5.2.0 not for her"))
        .start();
    let house = house(database).relay(&relay).delivery("retry = [\"1h\"]").open();
    house.subscriber(BOB, &["meetings:weekly"]);
    for reader in [ANN, CAT, DAN, EVE] {
        house.subscriber(reader, &["meetings"]);
    }
    let news = announced(&house, "minutes");
    house.must(&["digest", "run", "weekly"]);
    house.send();
    assert_eq!(house.counts(news), json!({"accepted": 2, "deferred": 1, "failed": 1}));
    house.subscriber("newcomer@readers.example", &["meetings"]);
    house.must(&["subscriber", "unsubscribe", DAN]);
    relay.behave();
    let said = withdraw(&house, "minutes");
    assert_eq!(
        said,
        json!({
            "slug": "minutes", "withdrawn": true, "campaigns_cancelled": 1, "deliveries_cancelled": 1,
            "digests_changed": 0,
            "notice": {"campaign": 3, "state": "scheduled", "audience": 2, "excluded": {"unsubscribed": 1}},
        })
    );
    house.send();
    assert_eq!(house.counts(news), json!({"accepted": 2, "cancelled": 1, "failed": 1}));
    assert_eq!(house.campaign(3)["kind"], "cancellation");
    house.ended(3, &accepted(2));
    let emails: BTreeSet<_> =
        house.deliveries(3).iter().map(|one| one["email"].to_string()).collect();
    assert_eq!(emails, BTreeSet::from([ANN, BOB].map(|email| format!("\"{email}\""))));
    assert_eq!(relay.received().len(), 3 + 2, "three had the news, and those who stayed are told");
}

async fn withdrawing_again_is_harmless_and_whoever_had_it_is_told_once(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    announced(&house, "minutes");
    let plain = house.must(&["post", "withdraw", "minutes"]).stdout;
    assert!(
        plain.contains("`bulletin post withdraw minutes --notify` tells whoever had it"),
        "{plain}"
    );
    house.send();
    assert_eq!(told(&house), [""; 0]);
    let first = withdraw(&house, "minutes");
    assert_eq!((&first["withdrawn"], &first["notice"]["audience"]), (&json!(false), &json!(1)));
    let second = withdraw(&house, "minutes");
    assert_eq!(notice(&second), notice(&first), "it is on its way already");
    let plain = house.must(&["post", "withdraw", "minutes"]).stdout;
    assert_eq!(plain, "minutes was withdrawn before.\n");
    house.send();
    let third = withdraw(&house, "minutes");
    assert_eq!(
        third["notice"],
        json!({"campaign": null, "state": null, "audience": 0, "excluded": {"already_received": 1}})
    );
    house.send();
    assert_eq!(told(&house), [ANN]);
    let mail = house.mails().pop().unwrap();
    assert!(mail.text.contains("we have taken back what we sent you"), "{}", mail.text);
}

async fn a_post_that_nobody_had_is_withdrawn_in_silence(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let said = house.must(&["post", "withdraw", "minutes", "--notify"]).stdout;
    assert!(said.contains("Nobody is left to tell."), "{said}");
    house.send();
    assert_eq!(house.campaign(campaign)["state"], "cancelled");
    assert!(house.mails().is_empty());
}

async fn a_digest_that_waits_goes_without_the_withdrawn_post(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings:weekly"]);
    house.subscriber(BOB, &["reports:weekly", "meetings:weekly"]);
    announced(&house, "minutes");
    house.post("findings", "report", &[]);
    house.queue("findings");
    house.send();
    house.must(&["relay", "pause", "main"]);
    let edition = house.program.json(&["digest", "run", "weekly"])["campaign"].as_i64().unwrap();
    let said = withdraw(&house, "minutes");
    assert_eq!(
        (&said["deliveries_cancelled"], &said["digests_changed"], &said["notice"]["campaign"]),
        (&json!(1), &json!(1), &Value::Null),
        "ann's held nothing else, and nobody had it: {said}"
    );
    house.must(&["relay", "resume", "main"]);
    house.send();
    house.ended(edition, &json!({"accepted": 1, "cancelled": 1}));
    let [mail] = house.mails().try_into().unwrap();
    assert_eq!(mail.to, BOB);
    assert!(mail.text.contains("/archive/findings"), "{}", mail.text);
    assert!(!mail.text.contains("minutes"), "{}", mail.text);
    assert_eq!(house.program.json(&["digest", "run", "weekly"])["audience"], 0);
    assert_eq!(withdraw(&house, "minutes")["notice"]["audience"], 0);
}

async fn a_post_that_is_withdrawn_while_it_is_sent_is_called_off_to_those_who_had_it(
    database: Database,
) {
    const READERS: usize = 300;
    let relay = Relay::new().dot_delay(Duration::from_millis(20)).start();
    let house = house(database).relay(&relay).connections(2).open();
    house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let news = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 20).await;
    let said = withdraw(&house, "minutes");
    finished(&daemon, notice(&said));
    until("the news comes to rest", || {
        let counts = house.counts(news);
        counts["sending"].is_null() && counts["queued"].is_null()
    })
    .await;
    let had = |campaign| -> BTreeSet<String> {
        let mut all = house.deliveries(campaign);
        all.retain(|one| one["state"] == "accepted");
        all.into_iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect()
    };
    let (news_to, told) = (had(news), had(notice(&said)));
    assert!(news_to.len() < READERS, "withdrawn too late");
    assert_eq!(told, news_to);
    assert_eq!(relay.received().len(), 2 * told.len());
}

async fn whoever_says_no_before_or_after_the_freeze_gets_no_cancellation(database: Database) {
    let house = house(database).open();
    for reader in [ANN, DAN, EVE] {
        house.subscriber(reader, &["meetings"]);
    }
    announced(&house, "minutes");
    let campaign = notice(&withdraw(&house, "minutes"));
    house.must(&["subscriber", "unsubscribe", DAN]);
    house.must(&["relay", "pause", "main"]);
    house.send();
    assert_eq!(house.counts(campaign), json!({"queued": 2}));
    house.must(&["subscriber", "unsubscribe", EVE]);
    house.must(&["relay", "resume", "main"]);
    house.send();
    assert_eq!(told(&house), [ANN]);
    house.ended(campaign, &json!({"accepted": 1, "suppressed": 1}));
}

async fn a_daemon_that_dies_at_any_step_of_a_cancellation_misses_nobody(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    house.subscriber(DAN, &["meetings"]);
    for point in ["claim", "claimed", "composed", "keeping", "kept"] {
        let slug = format!("minutes-{point}");
        announced(&house, &slug);
        let campaign = notice(&withdraw(&house, &slug));
        let before = house.mails().len();
        let dying = house.program.clone().with_env("BULLETIN_DIE_AT", point);
        assert_ne!(dying.run(&["run", "--until-idle"]).code, 0, "it died at {point}");
        house.send();
        house.ended(campaign, &accepted(2));
        let mut mails = house.mails().split_off(before);
        mails.sort_by(|one, other| one.to.cmp(&other.to));
        mails.dedup_by(|one, other| one.headers["message-id"] == other.headers["message-id"]);
        let to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(to, [ANN, DAN], "{point}");
    }
}

async fn a_cancellation_waits_for_approval_where_the_list_wants_it(database: Database) {
    let mut house = house(database).open();
    house.ask_for_approval(&["news"]);
    house.subscriber(ANN, &["news"]);
    house.post("hello", "announcement", &["news"]);
    house.approve(house.queue("hello"));
    house.send();
    let said = withdraw(&house, "hello");
    assert_eq!(said["notice"]["state"], "awaiting_approval");
    house.send();
    assert_eq!(told(&house), [""; 0]);
    let id = notice(&said);
    let again = withdraw(&house, "hello");
    assert_eq!((notice(&again), &again["notice"]["state"]), (id, &json!("awaiting_approval")));
    says_how_it_stands(
        &house,
        &format!("still waits for approval: `bulletin campaign approve {id}`"),
    );
    house.approve(id);
    says_how_it_stands(&house, "is on its way already");
    house.must(&["campaign", "pause", &id.to_string()]);
    says_how_it_stands(&house, &format!("is paused: `bulletin campaign resume {id}`"));
    house.must(&["campaign", "resume", &id.to_string()]);
    house.send();
    assert_eq!(told(&house), [ANN]);
}

/// What somebody reads who withdraws "hello" again.
fn says_how_it_stands(house: &House, expected: &str) {
    let said = house.must(&["post", "withdraw", "hello", "--notify"]).stdout;
    assert!(said.contains(expected), "{said}");
    let way = "on its way already";
    assert_eq!(said.contains(way), expected.contains(way), "{said}");
}

async fn a_cancellation_that_expired_is_queued_by_withdrawing_again(database: Database) {
    let mut house = house(database).open();
    house.ask_for_approval(&["news"]);
    house.subscriber(ANN, &["news"]);
    house.post("hello", "announcement", &["news"]);
    house.approve(house.queue("hello"));
    house.send();
    let id = notice(&withdraw(&house, "hello"));
    let raw = Raw::open(&house.database_url()).await;
    let old = format!("UPDATE campaign SET due_at = 1, expires_at = 2 WHERE id = {id}");
    raw.run(&old).await.unwrap();
    let remedy = "`bulletin post withdraw SLUG --notify`";
    let ran = house.program_of("bob").run(&["campaign", "approve", &id.to_string()]);
    assert!(
        ran.stderr.contains(remedy) && !ran.stderr.contains("queue it again"),
        "{}",
        ran.stderr
    );
    let needs = house.program.json(&["status"])["needs_a_person"].to_string();
    assert!(needs.contains(remedy) && !needs.contains("queue it again"), "{needs}");
    // and so it is
    house.must(&["campaign", "cancel", &id.to_string()]);
    house.approve(notice(&withdraw(&house, "hello")));
    house.send();
    assert_eq!(told(&house), [ANN]);
}
