//! Promise 5: two readers' copies differ in what is their own, and in nothing else.

use super::calendar::parts;
use super::house::{Database, House, house};
use super::mail::Mail;

on_both!(
    two_copies_differ_only_in_what_is_the_readers_own,
    two_invitations_differ_also_in_the_link_to_answer_by_and_in_the_attendee,
    a_command_proves_it_on_the_octets_that_are_sent,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
/// All that may differ in a header; the first two are the file relay's own.
const OWN: [&str; 6] =
    ["return-path", "delivered-to", "to", "message-id", "list-unsubscribe", "date"];

async fn two_copies_differ_only_in_what_is_the_readers_own(database: Database) {
    let house = with_two_readers(database);
    house.post("minutes", "meeting-summary", &[]);
    let [ann, bob] = sent(&house, "minutes");
    assert_eq!(common(&ann), common(&bob));
    assert_ne!(ann.unsubscribe_url(), bob.unsubscribe_url());
    assert_ne!(ann.headers["message-id"], bob.headers["message-id"]);
    same_body(&ann.text, "Hello Ann Lee,", &ann, &bob, &bob.text);
    same_body(&ann.html, "Hello Ann Lee,", &ann, &bob, &bob.html);
    nothing_watches(&ann);
    nothing_watches(&bob);
}

async fn two_invitations_differ_also_in_the_link_to_answer_by_and_in_the_attendee(
    database: Database,
) {
    let house = with_two_readers(database);
    let meeting = "meeting: {starts: 2037-06-12 14:00, ends: 2037-06-12 16:30, timezone: Europe/London, rsvp: true}";
    house.post_with("next", "meeting-notice", &[], meeting);
    assert_eq!(house.program.json(&["tracking-proof", "next"])["tracked"], false);
    let [ann, bob] = sent(&house, "next");
    assert_eq!(common(&ann), common(&bob));
    let [hers, his] = [&ann, &bob].map(rsvp_url);
    assert_ne!(hers, his);
    for (her_body, his_body) in [(&ann.text, &bob.text), (&ann.html, &bob.html)] {
        assert!(her_body.contains(hers));
        same_body(&her_body.replace(hers, his), "Hello Ann Lee,", &ann, &bob, his_body);
    }
    nothing_watches(&ann);
    let [hers, his] = house.raw_mails().try_into().unwrap();
    for ((_, hers), (_, his)) in parts(&hers).into_iter().zip(parts(&his)) {
        let [hers, his] = [hers, his].map(|object| unfolded(&object));
        let made_his = hers.replace(";CN=\"Ann Lee\"", "").replace(ANN, BOB);
        assert_ne!(hers, his);
        assert_eq!(made_his, his);
        assert_eq!((hers.matches(ANN).count(), hers.matches('@').count()), (1, 2), "{hers}");
    }
}

fn with_two_readers(database: Database) -> House {
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
    house
}

/// Ann's mail and Bob's.
fn sent(house: &House, slug: &str) -> [Mail; 2] {
    house.queue(slug);
    house.send();
    let mails: [Mail; 2] = house.mails().try_into().unwrap();
    assert_eq!((mails[0].to.as_str(), mails[1].to.as_str()), (ANN, BOB));
    mails
}

fn rsvp_url(mail: &Mail) -> &str {
    mail.text.lines().find(|line| line.contains("/rsvp/")).unwrap()
}

/// How a line is folded depends on how long the name and the address in it are.
fn unfolded(object: &[u8]) -> String {
    String::from_utf8(object.to_vec()).unwrap().replace("\r\n ", "")
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
    let discreet = proof["discreet_differences"].as_array().unwrap();
    assert_eq!(
        discreet.iter().map(|one| one["what"].as_str().unwrap()).collect::<Vec<_>>(),
        expected
    );
    let said = house.must(&["tracking-proof", "minutes"]).stdout;
    assert_eq!(
        said.matches("\nNothing else differs: this mail tracks nobody.\n").count(),
        2,
        "{said}"
    );
    assert!(said.contains("\nThe same for two discreet readers: "), "{said}");
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
