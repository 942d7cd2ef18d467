//! Promise 2: a person gets one version of a post once, across lists, cadences and re-runs.

use serde_json::{Value, json};

use super::house::{Database, House, accepted, house};

on_both!(
    a_second_queue_says_so_and_sends_nothing,
    two_queues_before_the_first_goes_out_mail_everybody_once,
    a_person_on_two_lists_gets_one_mail,
    a_second_queue_reaches_newcomers_alone,
);

fn told(house: &House) -> Vec<String> {
    let mut all: Vec<_> = house.mails().into_iter().map(|mail| mail.to).collect();
    all.sort();
    all
}

async fn a_second_queue_says_so_and_sends_nothing(database: Database) {
    let house = house(database).open();
    let readers = house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    let again = house.program.run(&["--json", "queue", "minutes"]);
    assert_eq!(again.code, 1);
    let said: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        (&said["campaign"], &said["audience"], &said["excluded"]),
        (&json!(null), &json!(0), &json!({"already_received": 3}))
    );
    let again = house.program.run(&["queue", "minutes"]);
    assert!(again.stdout.contains("Nobody is left"), "{}", again.stdout);
    house.send();
    assert_eq!(told(&house), readers);
    assert_eq!(house.program.json_lines(&["campaign", "list"]).len(), 1);
}

/// The second is frozen after the first, so the ledger knows everybody by then.
async fn two_queues_before_the_first_goes_out_mail_everybody_once(database: Database) {
    let house = house(database).open();
    let readers = house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let (first, second) = (house.queue("minutes"), house.queue("minutes"));
    house.send();
    assert_eq!(told(&house), readers);
    house.ended(first, &accepted(3));
    house.ended(second, &json!({}));
}

async fn a_person_on_two_lists_gets_one_mail(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["meetings", "reports"]);
    house.post("minutes", "meeting-summary", &["reports", "meetings"]);
    let campaign = house.queue("minutes");
    house.send();
    let mails = house.mails();
    assert_eq!(mails.len(), 1);
    house.ended(campaign, &accepted(1));
    assert!(mails[0].text.contains("Reports and Meetings"));
    let list = &mails[0].headers["list-id"];
    assert!(list.contains("<reports."), "the first list that the post names is the mail's: {list}");
}

async fn a_second_queue_reaches_newcomers_alone(database: Database) {
    let house = house(database).open();
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    house.subscriber("newcomer@readers.example", &["meetings"]);
    let said = house.program.json(&["queue", "minutes"]);
    assert_eq!(
        (&said["audience"], &said["excluded"]),
        (&json!(1), &json!({"already_received": 3}))
    );
    house.send();
    let told = told(&house);
    assert_eq!((told.len(), told[0].as_str()), (4, "newcomer@readers.example"));
}
