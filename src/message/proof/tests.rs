//! Copies that differ as they may, and copies in which somebody hid something.

use super::{Difference, Sent, differences};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::line::Line;
use crate::message::compose::{Copy, Rendition};
use crate::message::specimen::Specimen;
use crate::message::{Occasion, Templates};
use crate::post::Kind;

/// Two copies of one rendition.
fn copies() -> [Sent; 2] {
    let specimen = Specimen::new().unwrap();
    let post = specimen.post(Kind::MeetingNotice, true);
    let letter = specimen.letter(&post, Occasion::News);
    let content = Templates::embedded().unwrap().render(&letter, &specimen.frame(true)).unwrap();
    let rendition = Rendition::prepare(&content, &specimen.head()).unwrap();
    [("ann@e.example", "Ann <& Lee>", 1), ("robert.longname@e.example", "Röbert", 2)].map(
        |(to, name, number)| {
            let (to, name) = (EmailAddress::parse(to).unwrap(), Line::parse(name).unwrap());
            let copy = Copy {
                to: &to,
                name: Some(&name),
                message_id: &format!("{number}@e.example"),
                date: Timestamp(number * 1000),
                unsubscribe_url: &format!(
                    "https://news.example.org/unsubscribe/{}",
                    "x".repeat(60 + usize::try_from(number).unwrap())
                ),
                lists: "Meetings",
                rsvp_url: &format!(
                    "https://news.example.org/rsvp/{}",
                    "y".repeat(60 + usize::try_from(number).unwrap())
                ),
            };
            Sent { bytes: rendition.message(&copy).into_bytes(), own: copy.own() }
        },
    )
}

fn forbidden(found: &[Difference]) -> Vec<&str> {
    found.iter().filter(|one| !one.allowed).map(|one| one.what.as_str()).collect()
}

/// With `from` replaced in the second copy alone.
fn spoilt(from: &str, to: &str) -> Vec<Difference> {
    let [ann, mut bob] = copies();
    let text = String::from_utf8(bob.bytes).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    bob.bytes = text.replacen(from, to, 1).into_bytes();
    differences(&ann, &bob)
}

#[test]
fn two_copies_differ_only_in_what_is_the_recipients_own() {
    let [ann, bob] = copies();
    let found = differences(&ann, &bob);
    assert_eq!(forbidden(&found), [""; 0]);
    let named: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(
        named,
        [
            "To",
            "Date",
            "Message-ID",
            "unsubscribe link in List-Unsubscribe",
            "rsvp link in the text part",
            "greeting in the text part",
            "unsubscribe link in the text part",
            "rsvp link in the HTML part",
            "rsvp link in the HTML part",
            "greeting in the HTML part",
            "unsubscribe link in the HTML part",
        ]
    );
    let greeting = &found[9];
    assert_eq!(&ann.bytes[greeting.first.clone()], b"Hello Ann &lt;&amp; Lee&gt;,");
    assert_eq!(&bob.bytes[greeting.second.clone()], b"Hello R=C3=B6bert,");
}

#[test]
fn a_copy_differs_from_itself_in_nothing() {
    let [ann, _] = copies();
    assert_eq!(differences(&ann, &ann.clone()), []);
}

#[test]
fn whatever_else_differs_is_found_and_named() {
    for (from, to, what) in [
        ("Feedback-ID: 1:", "Feedback-ID: 2:", "Feedback-ID"),
        ("List-Unsubscribe: <https", "List-Unsubscribe: <http", "List-Unsubscribe"),
        ("MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nX-Reader: 7\r\n", "the fields there are"),
        ("Some words", "Some  words", "the text part"),
        ("<em>words</em>", "<em>words!</em>", "the HTML part"),
        ("</body>", "<img src=3D\"https://e.org/7\"></body>", "the HTML part"),
        (
            "Content-Transfer-Encoding: quoted-printable",
            "Content-Transfer-Encoding:  quoted-printable",
            "what stands between the parts",
        ),
        // "specimen" in base64
        ("c3BlY2ltZW4=", "c3BlY2ltZW8=", "the file"),
    ] {
        let found = spoilt(from, to);
        let told = forbidden(&found);
        assert!(told.len() == 1 && told[0].starts_with(what), "{from}: {told:?}");
    }
}

#[test]
fn not_even_how_it_is_encoded_may_tell_the_two_apart() {
    assert_eq!(forbidden(&spoilt("<em>words", "<em>w=6Frds")), ["how the HTML part is encoded"]);
    assert_eq!(forbidden(&spoilt("<em>words", "<em>wor=\r\nds")), ["how the HTML part is encoded"]);
}

#[test]
fn one_recipients_words_at_a_place_that_is_nobodys_own_are_found() {
    let found = spoilt("Some words", "Some words for robert.longname@e.example");
    assert_eq!(forbidden(&found), ["the text part"]);
}

#[test]
fn a_field_that_is_nobodys_own_may_not_even_greet() {
    let mail = |name: &str| Sent {
        bytes: format!(
            "Subject: Hello {name},\r\nList-Unsubscribe: <https://e.org/{name}>\r\n\r\n"
        )
        .into_bytes(),
        own: vec![
            ("greeting", format!("Hello {name},")),
            ("unsubscribe_url", format!("https://e.org/{name}")),
        ],
    };
    let found = differences(&mail("Ann"), &mail("Bob"));
    assert_eq!(forbidden(&found), ["Subject"]);
    assert_eq!(found[1].what, "unsubscribe link in List-Unsubscribe");
    assert!(found[1].allowed);
}

#[test]
fn what_opening_a_mail_fetches_may_be_nobodys_own() {
    for html in [
        "<img src=\"https://e.org/LINK\">",
        "<p style=\"background: url('https://e.org/LINK')\">x</p>",
        "<!--[if mso]><v:fill src=\"https://e.org/LINK\" /><![endif]-->",
        "<img srcset=\"cid:a 1x, https://e.org/LINK 2x\">",
    ] {
        let mail = |link: &str| Sent {
            bytes: format!("Content-Type: text/html\r\n\r\n{}\r\n", html.replace("LINK", link))
                .into_bytes(),
            own: vec![("unsubscribe_url", link.to_owned())],
        };
        let found = differences(&mail("ann7"), &mail("robert8"));
        let told = forbidden(&found);
        assert_eq!(told, ["what the HTML part fetches: https://e.org/ann7"], "{html}");
    }
    let link = |link: &str| Sent {
        bytes: format!(
            "Content-Type: text/html\r\n\r\n<a href=\"{link}\">x</a><img src=\"cid:a\">"
        )
        .into_bytes(),
        own: vec![("unsubscribe_url", link.to_owned())],
    };
    assert_eq!(
        forbidden(&differences(&link("https://e.org/1"), &link("https://e.org/2"))),
        [""; 0]
    );
}

#[test]
fn in_a_calendar_folds_may_stand_anywhere_and_only_the_attendee_may_differ() {
    let mail = |address: &str, line: &str| {
        let ics =
            format!("BEGIN:VEVENT\r\nATTENDEE;RSVP=TRUE:mailto:{address}\r\n{line}END:VEVENT\r\n");
        Sent {
            bytes: format!("Subject: x\r\nContent-Type: text/calendar\r\n\r\n{ics}").into_bytes(),
            own: vec![("address", address.replace("\r\n ", ""))],
        }
    };
    let found = differences(&mail("ann@e.example", ""), &mail("rob\r\n ert@e.example", ""));
    assert_eq!(forbidden(&found), [""; 0]);
    assert_eq!(found[0].what, "address in the calendar part");
    let [mut one, mut two] =
        ["Ann Lee:mailto:ann@e.example", "Robert\r\n  Long"].map(|words| mail(words, ""));
    one.own = vec![("attendee", "mailto:Ann Lee:mailto:ann@e.example".to_owned())];
    two.own = vec![("attendee", "mailto:Robert\r\n  Long".to_owned())];
    let found = differences(&one, &two);
    assert_eq!((found[0].what.as_str(), found[0].allowed), ("attendee in the calendar part", true));
    let found = differences(&mail("ann@e.example", ""), &mail("bob@e.example", "X-ID:7\r\n"));
    assert_eq!(forbidden(&found), ["the calendar part"]);
}

#[test]
fn what_is_no_mail_differs_as_a_whole() {
    let sent = |bytes: &[u8]| Sent { bytes: bytes.to_vec(), own: Vec::new() };
    assert_eq!(differences(&sent(b""), &sent(b"")).len(), 1);
    for bytes in [&b"\xff\xfe"[..], b"a", b"\r\n", b"Subject: x\r\n y"] {
        assert_eq!(differences(&sent(bytes), &sent(bytes)), [], "{bytes:?}");
        assert!(!differences(&sent(bytes), &sent(b"Subject: z\r\n\r\nq")).is_empty());
    }
}
