//! Promise 2 for those who read a digest: all that is new, merged, once.

use serde_json::json;

use super::house::{Database, House, accepted, house};

on_both!(
    a_digest_merges_the_news_of_all_its_lists_and_comes_once,
    what_somebody_had_at_once_is_left_out_of_the_digest,
    whoever_comes_after_the_publication_gets_no_old_news,
    whoever_left_before_the_digest_goes_out_gets_none,
);

const DINA: &str = "dina@readers.example";

/// Plans an edition; how many get it.
fn run(house: &House) -> i64 {
    let said = house.program.json(&["digest", "run", "weekly"]);
    let audience = said["audience"].as_i64().unwrap();
    assert_eq!(said["campaign"].is_null(), audience == 0);
    audience
}

fn subjects(house: &House, to: &str) -> Vec<String> {
    let mails = house.mails().into_iter().filter(|mail| mail.to == to);
    mails.map(|mail| mail.subject).collect()
}

async fn a_digest_merges_the_news_of_all_its_lists_and_comes_once(database: Database) {
    let house = house(database).open();
    house.subscriber(DINA, &["meetings:weekly", "reports:weekly"]);
    house.post("minutes", "meeting-summary", &[]);
    house.post("findings", "report", &["reports", "meetings"]);
    for post in ["minutes", "findings"] {
        let said = house.program.json(&["queue", post]);
        assert_eq!((&said["audience"], &said["excluded"]), (&json!(0), &json!({"digest": 1})));
    }
    house.send();
    assert!(house.mails().is_empty(), "digest readers wait");
    assert_eq!(run(&house), 1);
    assert_eq!(run(&house), 0, "planned once");
    house.send();
    assert_eq!(run(&house), 0, "and sent once");
    house.send();
    let [mail] = house.mails().try_into().unwrap();
    assert_eq!(mail.to, DINA);
    assert!(mail.subject.contains("weekly"), "{}", mail.subject);
    for post in ["minutes", "findings"] {
        let link = format!("/archive/{post}");
        assert_eq!(mail.text.matches(&link).count(), 1, "{}", mail.text);
    }
    house.ended(3, &accepted(1));
    let again = house.program.run(&["queue", "minutes"]);
    assert_eq!(again.code, 1, "the ledger knows what came by digest");
}

async fn what_somebody_had_at_once_is_left_out_of_the_digest(database: Database) {
    let house = house(database).open();
    house.subscriber(DINA, &["meetings", "reports:weekly"]);
    house.post("both", "report", &["meetings", "reports"]);
    house.post("findings", "report", &[]);
    house.queue("both");
    house.queue("findings");
    house.send();
    assert_eq!(subjects(&house, DINA), ["both"]);
    assert_eq!(run(&house), 1);
    house.send();
    let digest = house.mails().pop().unwrap();
    assert!(digest.text.contains("/archive/findings"), "{}", digest.text);
    assert!(!digest.text.contains("/archive/both"), "{}", digest.text);
}

async fn whoever_comes_after_the_publication_gets_no_old_news(database: Database) {
    let house = house(database).open();
    house.post("old", "report", &[]);
    house.queue("old");
    house.send();
    house.subscriber(DINA, &["reports:weekly"]);
    assert_eq!(run(&house), 0);
    house.post("new", "report", &[]);
    house.queue("new");
    house.send();
    assert_eq!(run(&house), 1);
    house.send();
    let [mail] = house.mails().try_into().unwrap();
    assert!(mail.text.contains("/archive/new") && !mail.text.contains("/archive/old"));
}

async fn whoever_left_before_the_digest_goes_out_gets_none(database: Database) {
    let house = house(database).open();
    house.subscriber(DINA, &["reports:weekly"]);
    house.subscriber("eve@readers.example", &["reports:weekly"]);
    house.post("findings", "report", &[]);
    house.queue("findings");
    house.send();
    assert_eq!(run(&house), 2);
    house.must(&["subscriber", "unsubscribe", DINA]);
    house.send();
    assert_eq!(subjects(&house, DINA), [""; 0]);
    house.ended(2, &json!({"accepted": 1, "suppressed": 1}));
}
