//! A meeting in people's calendars, and who says that they come.

use mail_parser::{MessageParser, MimeHeaders, PartType};
use serde_json::json;

use super::house::{Database, House, PATIENCE, house};
use crate::support::calendar::{Read, read};
use crate::support::http;

on_both!(
    everybody_gets_the_meeting_and_is_its_only_attendee,
    a_meeting_that_asks_nobody_has_no_attendee,
    a_preview_shows_the_calendar_part_that_is_sent,
    answers_are_counted,
    only_a_notice_has_a_calendar_part,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
/// 12 June 2037, 14:00 and 16:30 in London: long after any run of this test.
const STARTS: i64 = 2_128_424_400;
const ENDS: i64 = STARTS + 9000;

fn meeting(rsvp: bool) -> String {
    format!(
        "meeting: {{starts: 2037-06-12 14:00, ends: 2037-06-12 16:30, timezone: Europe/London, \
         place: \"Room 2, King's College\", join: \"https://meet.example.org/a\", rsvp: {rsvp}}}"
    )
}

fn announced(database: Database, rsvp: bool) -> House {
    let house = house(database).open();
    house.must(&[
        "subscriber",
        "add",
        ANN,
        "--name",
        "Ann \"A\" Lee",
        "--list",
        "meetings",
        "--confirmed",
    ]);
    house.subscriber(BOB, &["meetings"]);
    house.post_with("next", "meeting-notice", &[], &meeting(rsvp));
    house
}

/// The calendar parts of a mail: the last alternative, with its method, and the attached file.
pub(crate) fn parts(raw: &[u8]) -> [(String, Vec<u8>); 2] {
    let message = MessageParser::default().parse(raw).unwrap();
    let PartType::Multipart(mixed) = &message.parts[0].body else { panic!("one part only") };
    let PartType::Multipart(alternatives) = &message.parts[mixed[0] as usize].body else {
        panic!("the first part has no alternatives")
    };
    let inside = &message.parts[*alternatives.last().unwrap() as usize];
    let kind = inside.content_type().unwrap();
    assert_eq!(kind.subtype(), Some("calendar"));
    let file = &message.parts[mixed[1] as usize];
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    let method = kind.attribute("method").unwrap().to_owned();
    [(method, inside.contents().to_owned()), (String::new(), file.contents().to_owned())]
}

/// What calendars read in every mail that was sent, by the order of sending.
fn calendars(house: &House) -> Vec<Read> {
    let mails = house.raw_mails();
    let parts: Vec<_> = mails.iter().map(|mail| parts(mail)).collect();
    let objects: Vec<_> = parts.iter().flatten().map(|(_, object)| object).collect();
    let read = read(&objects);
    let pairs = read.chunks(2).zip(&parts);
    pairs
        .map(|(pair, [(method, _), _])| {
            assert_eq!(pair[0], pair[1], "the file says the same");
            assert_eq!(pair[0].method, *method, "Gmail shows nothing when they differ");
            pair[0].clone()
        })
        .collect()
}

async fn everybody_gets_the_meeting_and_is_its_only_attendee(database: Database) {
    let house = announced(database, true);
    house.queue("next");
    house.send();
    let [ann, bob] = calendars(&house).try_into().unwrap();
    assert_eq!((ann.starts, ann.ends, ann.sequence), (STARTS, ENDS, 0));
    assert_eq!((ann.method.as_str(), ann.status.as_str()), ("REQUEST", "CONFIRMED"));
    assert_eq!(
        (ann.summary.as_str(), ann.location.as_deref()),
        ("next", Some("Room 2, King's College"))
    );
    let description = "About next.\n\nJoin the meeting online:\nhttps://meet.example.org/a";
    assert_eq!(ann.description.as_deref(), Some(description));
    assert_eq!(ann.url.as_deref(), Some("https://news.alliance.example/archive/next"));
    assert_eq!(ann.organizer.1, "mailto:bulletin@alliance.example");
    let no = "FALSE".to_owned();
    let name = Some("Ann 'A' Lee".to_owned());
    assert_eq!(ann.attendees, [(name, no.clone(), format!("mailto:{ANN}"))]);
    assert_eq!(bob.attendees, [(None, no, format!("mailto:{BOB}"))]);
    assert_eq!(Read { attendees: bob.attendees.clone(), ..ann }, bob, "all else is everybody's");
}

async fn a_meeting_that_asks_nobody_has_no_attendee(database: Database) {
    let house = announced(database, false);
    house.queue("next");
    house.send();
    let [ann, bob] = calendars(&house).try_into().unwrap();
    assert_eq!((ann.method.as_str(), ann.attendees.len()), ("PUBLISH", 0));
    assert_eq!(ann, bob);
    for mail in house.mails() {
        assert!(!mail.text.contains("/rsvp/") && !mail.html.contains("/rsvp/"), "{}", mail.text);
    }
    let ran = house.program.run(&["post", "rsvps", "next"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr.contains(
            "the post \"next\" asks nobody whether they come; write `rsvp: true` in its `meeting`"
        ),
        "{}",
        ran.stderr
    );
}

async fn a_preview_shows_the_calendar_part_that_is_sent(database: Database) {
    let house = announced(database, true);
    let preview = ["preview", "next", "--as", ANN, "--format", "eml", "--out", "ann.eml"];
    house.must(&preview);
    house.queue("next");
    house.send();
    let shown = std::fs::read(house.path("ann.eml")).unwrap();
    assert_eq!(parts(&shown), parts(&house.raw_mails()[0]));
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("/rsvp/PREVIEW"), "its link to answer by leads nowhere");
}

async fn answers_are_counted(database: Database) {
    let house = announced(database, true);
    let nobody = house.must(&["post", "rsvps", "next"]).stdout;
    assert_eq!(nobody, "Nobody has answered yet.\n");
    house.queue("next");
    house.send();
    let links: Vec<String> = house.mails().iter().map(rsvp_path).collect();
    let daemon = house.daemon();
    let served = daemon.wait_for_line("pages are served", PATIENCE);
    let address = served.split_once("public=").unwrap().1.split(' ').next().unwrap().to_owned();
    tokio::task::spawn_blocking(move || {
        for (link, answers) in links.iter().zip([&["coming", "not_coming"][..], &["coming"]]) {
            for said in answers {
                let url = format!("http://{address}{link}");
                assert!(http::get(&url).body.contains("Are you coming?"));
                let form = "application/x-www-form-urlencoded";
                let answer = http::post(&url, form, &format!("answer={said}"));
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
        }
    })
    .await
    .unwrap();
    drop(daemon);
    let objects = house.program.json_lines(&["post", "rsvps", "next"]);
    let said = objects.iter().map(|line| (&line["email"], &line["name"], &line["answer"]));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            (&json!(BOB), &json!(null), &json!("coming")),
            (&json!(ANN), &json!("Ann \"A\" Lee"), &json!("not_coming"))
        ]
    );
    let table = house.must(&["post", "rsvps", "next"]).stdout;
    assert!(table.ends_with("1 coming, 1 not coming.\n"), "{table}");
    let csv = house.must(&["post", "rsvps", "next", "--format", "csv"]).stdout;
    let rows: Vec<_> = csv.lines().collect();
    assert_eq!(rows[0], "email,name,answer,at");
    assert!(rows[1].starts_with("bob@readers.example,,coming,20"), "{csv}");
    assert!(
        rows[2].starts_with("ann@readers.example,\"Ann \"\"A\"\" Lee\",not_coming,20"),
        "{csv}"
    );
}

async fn only_a_notice_has_a_calendar_part(database: Database) {
    let house = house(database).open();
    house.subscriber(BOB, &["meetings"]);
    house.post_with("minutes", "meeting-summary", &[], &meeting(false));
    house.queue("minutes");
    house.send();
    let [mail] = house.raw_mails().try_into().unwrap();
    let mail = String::from_utf8(mail).unwrap();
    assert!(mail.contains("All about minutes.") && !mail.contains("calendar"), "{mail}");
}

/// The link to answer by, without the public address that nobody serves here.
fn rsvp_path(mail: &super::mail::Mail) -> String {
    let link = mail.text.lines().find(|line| line.contains("/rsvp/")).unwrap();
    for button in ["coming", "not-coming"] {
        assert!(mail.html.contains(&format!("href=\"{link}#{button}\"")), "{}", mail.html);
    }
    link.trim_start_matches("https://news.alliance.example").to_owned()
}
