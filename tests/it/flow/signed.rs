//! With keys configured every mail is signed by each of them, and strangers believe it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use super::house::{Database, House, accepted, house, keys, until};
use crate::support::relay::{Act, At, Relay, When};
use crate::support::verifier::Verifier;

on_both!(
    every_mail_is_signed_by_every_key_and_a_repeated_one_is_the_same_mail,
    a_relay_that_signs_or_rewrites_is_left_to_it,
    what_is_shown_and_tried_is_signed_too,
    what_the_operators_are_told_is_signed_too,
);

const ANN: &str = "ann@readers.example";

/// Makes both keys by the program's own command and configures them as it says; `relay` are lines for
/// the relay's table.
fn with_keys(house: &House, relay: &str) -> Verifier {
    let mut config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    for (algorithm, selector) in [("rsa", "r1"), ("ed25519", "e1")] {
        let file = format!("dkim-{selector}.pem");
        let domain = ["--domain", "alliance.example", "--selector", selector, "--out", &file];
        let command = [&["dkim", "generate", "--algorithm", algorithm][..], &domain].concat();
        let said = house.must(&command).stdout;
        let table = said.split("\n\n").find(|part| part.starts_with("[dkim.")).unwrap();
        config.extend(["\n", table, "\n"]);
        let mode = house.path(&file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = house.program.run(&command);
        assert!(again.code == 1 && again.stderr.contains("it is kept"), "{}", again.stderr);
    }
    house.write(
        "config.toml",
        &config.replace("[relay.main]\n", &format!("[relay.main]\n{relay}\n")),
    );
    let records = house.program.json_lines(&["dkim", "record"]);
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(keys(record), ["name", "type", "value"]);
        assert_eq!(record["type"], "TXT");
    }
    let zone = house.must(&["dkim", "record"]).stdout;
    let words = |record: &serde_json::Value| {
        ["name", "value"].map(|key| record[key].as_str().unwrap().to_owned())
    };
    let records: Vec<_> = records.iter().map(words).collect();
    for ([name, value], line) in records.iter().zip(zone.lines()) {
        let told = line.strip_prefix(&format!("{name}. IN TXT \"")).unwrap();
        assert_eq!(told.trim_end_matches('"').replace("\" \"", ""), *value);
    }
    Verifier::new(records.into_iter().map(|[name, value]| (name, value)))
}

/// The names that a mail's first signature covers.
fn covered(mail: &[u8]) -> BTreeSet<String> {
    let text: String = String::from_utf8_lossy(mail).split_whitespace().collect();
    let list = text.split(";h=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    list.split(':').map(str::to_owned).collect()
}

async fn every_mail_is_signed_by_every_key_and_a_repeated_one_is_the_same_mail(database: Database) {
    let relay = Relay::new().on(At::Dot, When::Nth(5), Act::Drop).start();
    let plan = house(database).relay(&relay).delivery("retry = [\"200ms\"]");
    let house = plan.open();
    let verifier = with_keys(&house, "");
    house.readers(20, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    house.send();
    house.ended(campaign, &accepted(20));
    let received = relay.received();
    assert_eq!(received.len(), 21);
    let repeated: Vec<_> = received.iter().filter(|one| one.answered == "Drop").collect();
    assert_eq!(repeated.len(), 1);
    let copies = received.iter().filter(|one| one.to == repeated[0].to);
    let copies: BTreeSet<_> = copies.map(|one| (&one.message, &one.from)).collect();
    assert_eq!(copies.len(), 1, "a mail that is sent again is the same mail");
    let mails: Vec<_> = received.into_iter().map(|one| one.message).collect();
    verifier.assert_signed(&mails, &["e1", "r1"]);
    for mail in &mails {
        let covered = covered(mail);
        for name in
            ["from", "message-id", "date", "list-unsubscribe", "list-unsubscribe-post", "list-id"]
        {
            assert!(covered.contains(name), "{name} is not signed: {covered:?}");
        }
    }
}

async fn a_relay_that_signs_or_rewrites_is_left_to_it(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let verifier = with_keys(&house, "dkim_exclude = [\"Message-ID\", \"Date\"]");
    house.subscriber(ANN, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    let [mail] = relay.take().try_into().unwrap();
    let rewritten = String::from_utf8(mail.message).unwrap();
    let rewritten =
        rewritten.replace("\r\nMessage-ID: <", "\r\nMessage-ID: <its-own-").into_bytes();
    verifier.assert_signed(&[rewritten], &["e1", "r1"]);
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.write("config.toml", &config.replace("dkim_exclude", "dkim = false\ndkim_exclude"));
    house.post("report", "report", &["meetings"]);
    house.queue("report");
    house.send();
    let [mail] = relay.take().try_into().unwrap();
    assert!(mail.message.starts_with(b"From: "), "nothing is in front of the mail");
}

async fn what_is_shown_and_tried_is_signed_too(database: Database) {
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    let verifier = with_keys(&house, "");
    house.subscriber(ANN, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let id = house.program.json(&["queue", "minutes", "--at", "+2h"])["campaign"].to_string();
    house.must(&["campaign", "test", &id, "--to", "me@alliance.example"]);
    let [copy] = relay.take().try_into().unwrap();
    let shown = house.must(&["preview", "minutes", "--as", ANN, "--format", "eml"]).stdout;
    verifier.assert_signed(&[copy.message, shown.into_bytes()], &["e1", "r1"]);
}

async fn what_the_operators_are_told_is_signed_too(database: Database) {
    let away = Act::Say("450 4.2.0 away");
    let relay = Relay::new().on(At::Rcpt, When::To(ANN), away).start();
    let house = house(database).relay(&relay).open();
    let verifier = with_keys(&house, "");
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let operator = "[operator]\naddress = \"me@alliance.example\"\nalert_after = \"1s\"\n";
    house.write("config.toml", &format!("{config}\n{operator}"));
    house.subscriber(ANN, &["meetings"]);
    house.post_with("minutes", "meeting-summary", &[], "urgent: true");
    house.queue("minutes");
    let _daemon = house.daemon();
    until("the note", || relay.count() > 0).await;
    let [note] = relay.take().try_into().unwrap();
    assert_eq!(
        (note.to.as_str(), note.from.as_str()),
        ("me@alliance.example", "bulletin@alliance.example")
    );
    verifier.assert_signed(&[note.message], &["e1", "r1"]);
}
