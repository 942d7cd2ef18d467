//! Promise 5: two readers' copies differ in what is their own, and in nothing else.

use super::house::{Database, house};
use super::mail::Mail;

on_both!(
    two_copies_differ_only_in_what_is_the_readers_own,
    a_command_proves_it_on_the_octets_that_are_sent,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
/// All that may differ in a header; the first two are the file relay's own.
const OWN: [&str; 6] =
    ["return-path", "delivered-to", "to", "message-id", "list-unsubscribe", "date"];

async fn two_copies_differ_only_in_what_is_the_readers_own(database: Database) {
    let house = house(database).open();
    house.must(&[
        "subscriber",
        "add",
        ANN,
        "--name",
        "Ann Lee",
        "--list",
        "meetings",
        "--confirmed",
    ]);
    house.subscriber(BOB, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    let [ann, bob] = house.mails().try_into().unwrap();
    assert_eq!((ann.to.as_str(), bob.to.as_str()), (ANN, BOB));
    assert_eq!(common(&ann), common(&bob));
    assert_ne!(ann.unsubscribe_url(), bob.unsubscribe_url());
    assert_ne!(ann.headers["message-id"], bob.headers["message-id"]);
    same_body(&ann.text, "Hello Ann Lee,", &ann, &bob, &bob.text);
    same_body(&ann.html, "Hello Ann Lee,", &ann, &bob, &bob.html);
    nothing_watches(&ann);
    nothing_watches(&bob);
}

async fn a_command_proves_it_on_the_octets_that_are_sent(database: Database) {
    let house = house(database).open();
    house.write("agenda.pdf", "%PDF-1.7 agenda");
    house.post_with("minutes", "meeting-summary", &[], "attachments: [agenda.pdf]");
    let proof = house.program.json(&["tracking-proof", "minutes"]);
    assert_eq!((&proof["post"], &proof["tracked"]), (&"minutes".into(), &false.into()), "{proof}");
    let found = proof["differences"].as_array().unwrap();
    let named: Vec<_> = found.iter().map(|one| one["what"].as_str().unwrap()).collect();
    let expected = [
        "To",
        "Date",
        "Message-ID",
        "unsubscribe link in List-Unsubscribe",
        "greeting in the text part",
        "unsubscribe link in the text part",
        "greeting in the HTML part",
        "unsubscribe link in the HTML part",
    ];
    assert_eq!(named, expected);
    assert!(found.iter().all(|one| one["allowed"] == true));
    assert_eq!(found[4]["first"]["text"], "Hello Sam Reader,");
    let said = house.must(&["tracking-proof", "minutes"]).stdout;
    assert!(said.contains("\nNothing else differs: this mail tracks nobody.\n"), "{said}");
    // the links in it are nobody's
    assert!(house.program.json_lines(&["delivery", "list"]).is_empty());
}

/// The headers that must be the same.
fn common(mail: &Mail) -> Vec<(&String, &String)> {
    let own = |name: &str| OWN.contains(&name);
    mail.headers.iter().filter(|(name, _)| !own(name)).collect()
}

/// What is Ann's becomes Bob's, and then there is no difference.
fn same_body(hers: &str, greeting: &str, ann: &Mail, bob: &Mail, his: &str) {
    assert!(hers.contains(greeting) && hers.contains(ann.unsubscribe_url()));
    let made_his =
        hers.replace(greeting, "Hello,").replace(ann.unsubscribe_url(), bob.unsubscribe_url());
    assert_eq!(made_his, *his);
}

/// No picture from elsewhere, and no link but to our own pages, plain, without the reader in it.
fn nothing_watches(mail: &Mail) {
    for mark in ["<img", "utm_", "<script", "@import"] {
        assert!(!mail.html.contains(mark), "{mark}");
    }
    let links = mail.html.split("href=\"").skip(1);
    for link in links.map(|rest| rest.split('"').next().unwrap()) {
        assert!(link.starts_with("https://news.alliance.example/"), "{link}");
        assert!(!link.contains('?') && !link.contains("readers"), "{link}");
    }
}
