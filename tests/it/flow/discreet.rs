//! Promise 6: for a discreet reader nothing in envelope, headers, preview text, titles, file names or
//! links gives the subject away; and nothing goes out in the wrong form.

use serde_json::json;

use super::house::{Database, House, accepted, finished, house, until};
use super::outside::Outside;
use crate::support::relay::Relay;

on_both!(
    no_mail_to_a_discreet_reader_tells_its_subject_outside,
    with_the_defaults_only_our_own_domain_shows,
    a_mere_notice_tells_nothing_inside_either,
    everybody_gets_the_form_they_asked_for,
    whoever_asks_for_discretion_while_it_waits_gets_a_discreet_mail,
    whoever_asks_for_discretion_while_it_is_sent_gets_no_plain_mail_later,
    a_preview_and_a_test_copy_are_as_discreet_as_their_reader,
);

const DI: &str = "di@readers.example";
const ANN: &str = "ann@readers.example";

/// What an onlooker must not read.
const TELLING: [&str; 9] = [
    "survivor",
    "refuge",
    "escape",
    "hostel",
    "helpline",
    "leaving",
    "cancelled",
    "withdrawn",
    "minutes",
];

const OWN: &str = r#"
[discreet]
address = "updates@plain.example"
base_url = "https://plain.example"
bounce_domain = "back.plain.example"
"#;

const POST: &str = r#"---
title: "Leaving safely: refuge places"
kind: meeting-notice
date: 2026-05-20
lists: [survivors]
summary: Call the helpline before you come.
image: {src: hostel.png, alt: The hostel}
attachments: [escape-plan.pdf]
meeting: {starts: 2036-06-12 14:00, ends: 2036-06-12 16:30, timezone: Europe/London, place: The refuge}
---
Bring your escape bag, and come by the small door at the back of the house. ![The hostel from behind](hostel-behind.png)
"#;

/// A site whose every name tells what it is about, and more of its configuration.
fn telling(database: Database, more: &str) -> House {
    let house = house(database).open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let config = config
        .replace("name = \"Alliance\"", "name = \"Survivors Alliance\"")
        .replace("[list.news]", "[list.survivors]\nname = \"Survivors' circle\"\n[list.news]");
    let sender =
        "[sender]\nreply_to = \"refuge@alliance.example\"\npostal_address = \"1 Refuge Row\"";
    house.write("config.toml", &(config.replace("[sender]", sender) + more));
    house
}

fn discreet(house: &House, email: &str, list: &str) {
    house.must(&["subscriber", "add", email, "--list", list, "--confirmed", "--discreet"]);
}

fn post(house: &House, text: &str) {
    house.write("refuge-places.md", text);
    for picture in ["hostel.png", "hostel-behind.png"] {
        std::fs::write(house.path(picture), PNG).unwrap();
    }
    house.write("escape-plan.pdf", "%PDF-1.4 of a kind");
    house.must(&["post", "add", "refuge-places.md"]);
}

/// A picture of one grey point.
const PNG: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0,
    0, 0, 58, 126, 155, 85, 0, 0, 0, 10, 73, 68, 65, 84, 120, 156, 99, 104, 0, 0, 0, 130, 0, 129,
    119, 205, 114, 182, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

fn outsides(house: &House) -> Vec<Outside> {
    Outside::in_folder(&house.path("outbox"))
}

/// News, digest, update and cancellation: all that there can be of one post.
fn everything(house: &House) -> Vec<Outside> {
    discreet(house, DI, "survivors");
    discreet(house, "wilma@readers.example", "survivors:weekly");
    post(house, POST);
    house.queue("refuge-places");
    house.send();
    house.must(&["digest", "run", "weekly"]);
    house.send();
    post(house, &POST.replace("Bring", "Do bring"));
    house.must(&["queue", "refuge-places", "--correction"]);
    house.send();
    house.must(&["post", "withdraw", "refuge-places", "--notify"]);
    house.send();
    let mails = outsides(house);
    assert_eq!(mails.len(), 6, "each had the news, its correction and its cancellation");
    mails
}

async fn no_mail_to_a_discreet_reader_tells_its_subject_outside(database: Database) {
    let house = telling(database, OWN);
    let mails = everything(&house);
    for mail in &mails {
        mail.tells_none_of(&TELLING);
        mail.tells_none_of(&["alliance", "circle"]);
        assert_eq!(mail.mail.subject, "An update is available");
        assert_eq!(mail.mail.headers["from"], "Updates <updates@plain.example>");
        assert_eq!(mail.mail.headers["list-id"], "Updates <updates.plain.example>");
        assert!(mail.return_path.ends_with("@back.plain.example"), "{}", mail.return_path);
        assert!(!mail.mail.headers.contains_key("reply-to"));
        assert!(mail.mail.unsubscribe_url().starts_with("https://plain.example/unsubscribe/"));
    }
    let news = &mails[0];
    assert_eq!(
        news.files,
        ["document-2.png", "document-3.png", "", "document.ics", "document-1.pdf"]
    );
    for body in [&news.mail.text, &news.mail.html] {
        for word in ["Leaving safely", "escape bag", "https://plain.example/u/1"] {
            assert!(body.contains(word), "the body is complete: {word} in {body}");
        }
    }
}

/// Headers, links and addresses name the domains that were configured, and no topic.
async fn with_the_defaults_only_our_own_domain_shows(database: Database) {
    let house = telling(database, "");
    for mail in everything(&house) {
        mail.tells_none_of(&TELLING);
        assert_eq!(mail.mail.headers["from"], "Updates <bulletin@alliance.example>");
    }
}

async fn a_mere_notice_tells_nothing_inside_either(database: Database) {
    let house = telling(database, &format!("{OWN}body = \"notice\"\n"));
    for mail in everything(&house) {
        mail.tells_none_of(&TELLING);
        assert_eq!(mail.files, [""; 0]);
        for body in [&mail.mail.text, &mail.mail.html] {
            let body = body.to_lowercase();
            for word in TELLING.iter().chain(&["alliance"]) {
                assert!(!body.contains(word), "{word} in {body}");
            }
            assert!(body.contains("open it when it suits you"));
            assert!(body.contains("https://plain.example/u/1"), "{body}");
            assert!(!body.contains("/archive"), "{body}");
        }
    }
}

async fn everybody_gets_the_form_they_asked_for(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    discreet(&house, DI, "meetings");
    house.post_with("minutes", "meeting-summary", &[], "discreet_subject: Something to read");
    let said = house.program.json(&["queue", "minutes"]);
    assert_eq!((&said["audience"], &said["excluded"]), (&json!(2), &json!({})));
    house.send();
    house.ended(1, &accepted(2));
    let mut mails = house.mails();
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["minutes", "Something to read"], "the post's own words come first");
    assert!(mails[1].text.contains("You get this because you subscribe to:"));
    assert!(!mails[1].text.contains("Meetings"));
}

async fn whoever_asks_for_discretion_while_it_waits_gets_a_discreet_mail(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    house.subscriber(DI, &["meetings"]);
    house.subscriber("wilma@readers.example", &["meetings:weekly"]);
    house.post("minutes", "meeting-summary", &[]);
    house.must(&["relay", "pause", "main"]);
    let campaign = house.queue("minutes");
    house.send();
    house.must(&["digest", "run", "weekly"]);
    discreet(&house, DI, "meetings");
    discreet(&house, "wilma@readers.example", "meetings:weekly");
    house.must(&["relay", "resume", "main"]);
    house.send();
    house.ended(campaign, &accepted(2));
    for mail in outsides(&house) {
        if mail.mail.to == ANN {
            assert_eq!(mail.mail.subject, "minutes");
        } else {
            assert_eq!(mail.mail.subject, "An update is available");
            mail.tells_none_of(&TELLING);
        }
    }
    assert_eq!(house.mails().len(), 3);
}

/// Whoever asks in the middle of a campaign, whether their mail is queued, claimed or ready.
async fn whoever_asks_for_discretion_while_it_is_sent_gets_no_plain_mail_later(database: Database) {
    const READERS: usize = 300;
    let relay = Relay::new().dot_delay(std::time::Duration::from_millis(20)).start();
    let plan = house(database).relay(&relay).connections(2).delivery("window = 4");
    let house = plan.open();
    let readers = house.readers(READERS, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    until("the first mails", || relay.received().len() >= 10).await;
    let mut asked = Vec::new();
    for reader in [200, 210, 220, 230, 240, 285, 290, 295].map(|number| readers[number].as_str()) {
        discreet(&house, reader, "meetings");
        if !super::house::named(&relay).contains(reader) {
            asked.push(reader);
        }
    }
    assert!(asked.len() > 4, "the relay was too quick");
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(READERS));
    let received = relay.received();
    assert_eq!(received.len(), READERS, "nothing twice");
    for one in received.iter().filter(|one| asked.contains(&one.to.as_str())) {
        let mail = Outside::of(&one.message);
        assert_eq!(mail.mail.subject, "An update is available", "{}", one.to);
        mail.tells_none_of(&TELLING);
    }
}

async fn a_preview_and_a_test_copy_are_as_discreet_as_their_reader(database: Database) {
    let house = telling(database, OWN);
    discreet(&house, DI, "survivors");
    house.subscriber(ANN, &["survivors"]);
    post(&house, POST);
    let campaign = house.queue("refuge-places").to_string();
    let preview = |email: &str| {
        house.must(&[
            "preview",
            "refuge-places",
            "--as",
            email,
            "--format",
            "eml",
            "--out",
            "a.eml",
        ]);
        Outside::of(&std::fs::read(house.path("a.eml")).unwrap())
    };
    assert_eq!(preview(ANN).mail.subject, "Leaving safely: refuge places");
    preview(DI).tells_none_of(&TELLING);
    // before the freeze, and after it
    for _ in 0..2 {
        house.must(&["campaign", "test", &campaign, "--to", DI]);
        let copy = outsides(&house).pop().unwrap();
        assert_eq!(copy.mail.to, DI);
        copy.tells_none_of(&TELLING);
        copy.tells_none_of(&["alliance"]);
        house.send();
    }
}
