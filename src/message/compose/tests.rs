mod against;
mod plain;
mod read;
mod words;

use super::*;
use crate::config::Sender;
use crate::message::slot::Slot;
use crate::message::specimen::Specimen;
use crate::message::{Invitation, Occasion, Templates, calendar};
use crate::post::{Kind, Post};
use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;
use read::assert_fit_for_the_way;

const URL: &str =
    "https://news.example.org/unsubscribe/1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const RSVP: &str = "https://news.example.org/rsvp/AQEq3Gu8PfgqiEP5QxkvmKRfKQ";
/// Friday 22 May 2026, 09:00 UTC.
const DATE: Timestamp = Timestamp(1_779_440_400_000);

fn content(text: &str) -> Content {
    Content {
        subject: Line::parse("News").unwrap(),
        html: format!("<p>{}</p>{text}{}", Slot::Greeting.mark(), Slot::UnsubscribeUrl.mark()),
        text: format!(
            "{}\n{text}\n{} {}\n",
            Slot::Greeting.mark(),
            Slot::Lists.mark(),
            Slot::UnsubscribeUrl.mark()
        ),
        parts: Vec::new(),
        invitation: None,
        mjml: String::new(),
    }
}

fn head() -> Head {
    Specimen::new().unwrap().head()
}

fn copy<'a>(to: &'a EmailAddress, name: Option<&'a Line>) -> Copy<'a> {
    Copy {
        to,
        name,
        message_id: "d1.c1@news.example.org",
        date: DATE,
        unsubscribe_url: URL,
        lists: "Meetings & Reports",
        rsvp_url: RSVP,
    }
}

fn sent(content: &Content, name: Option<&str>) -> String {
    let to = EmailAddress::parse("ann@example.org").unwrap();
    let name = name.map(|name| Line::parse(name).unwrap());
    let rendition = Rendition::prepare(content, &head()).unwrap();
    String::from_utf8(rendition.message(&copy(&to, name.as_ref())).into_bytes()).unwrap()
}

fn parsed(message: &str) -> Message<'_> {
    MessageParser::new().parse(message).unwrap()
}

/// The meeting notice of the specimen, with what an example of its kind would say.
fn notice() -> Content {
    let specimen = Specimen::new().unwrap();
    let mut post = specimen.post(Kind::MeetingNotice, true);
    post.title = Line::parse("Next Learning Alliance meeting").unwrap();
    post.summary = Line::parse("We meet on 12 June – at King’s College London.").unwrap();
    post.body = "We will share what *works*.\n\n.This line begins with a dot.".to_owned();
    let meeting = post.meeting.as_mut().unwrap();
    meeting.starts = "2026-06-12T14:00:00".parse().unwrap();
    meeting.ends = "2026-06-12T16:30:00".parse().unwrap();
    meeting.timezone = chrono_tz::Tz::Europe__London;
    meeting.place = Some(Line::parse("Room 2, King's College London").unwrap());
    let templates = Templates::embedded().unwrap();
    let frame = specimen.frame(true);
    let mut content = templates.render(&specimen.letter(&post, Occasion::News), &frame).unwrap();
    content.invitation = Some(invited(&post));
    content
}

fn invited(post: &Post) -> Invitation {
    let head = head();
    let from = Sender {
        name: head.from_name,
        address: head.from,
        reply_to: None,
        postal_address: None,
        bounce_domain: None,
    };
    let meeting = post.meeting.as_ref().unwrap();
    let url = "https://news.example.org/archive/specimen";
    let words = calendar::Words::of(post, meeting, url, &from);
    let edition = calendar::Edition { uid: "0123456789abcdef", sequence: 0, stamp: DATE };
    calendar::invitation(meeting, Occasion::News, &edition, &words)
}

#[test]
fn every_field_of_the_contract_is_there_once() {
    let message = sent(&content("words"), Some("Ann O'Neill"));
    let header = message.split_once("\r\n\r\n").unwrap().0;
    for field in [
        "From: \"A specimen & its <words>\" <specimen@example.org>",
        "To: \"Ann O'Neill\" <ann@example.org>",
        "Reply-To: <specimen@example.org>",
        "Subject: News",
        "Date: Fri, 22 May 2026 09:00:00 +0000",
        "Message-ID: <d1.c1@news.example.org>",
        "List-Id: \"A specimen & its <words>\" <specimen.news.example.org>",
        &format!("List-Unsubscribe: <{URL}>"),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Post: NO",
        "List-Help: <https://news.example.org/>",
        "List-Archive: <https://news.example.org/archive>",
        "Feedback-ID: 1:specimen:post:bulletin",
        "MIME-Version: 1.0",
    ] {
        assert_eq!(
            header.split("\r\n").filter(|line| *line == field).count(),
            1,
            "{field} in {header}"
        );
    }
    assert_eq!(parsed(&message).headers().len(), 15);
    assert!(!header.contains("Auto-Submitted"));
}

#[test]
fn a_mail_that_nobody_pressed_a_button_for_says_so() {
    let head = Head { auto_submitted: true, ..head() };
    let to = EmailAddress::parse("ann@example.org").unwrap();
    let rendition = Rendition::prepare(&content("words"), &head).unwrap();
    let message = String::from_utf8(rendition.message(&copy(&to, None)).into_bytes()).unwrap();
    assert!(message.contains("\r\nAuto-Submitted: auto-generated\r\n"));
}

#[test]
fn a_whole_notice_reads_like_this() {
    let message = sent(&notice(), Some("Síle"));
    assert_fit_for_the_way(message.as_bytes());
    insta::assert_snapshot!("notice", message.replace("\r\n", "\n"));
}

#[test]
fn two_copies_differ_only_in_slots_and_own_fields() {
    let rendition = Rendition::prepare(&notice(), &head()).unwrap();
    let message = |to: &str, name: &str, id: &str, url: &str| {
        let (to, name) = (EmailAddress::parse(to).unwrap(), Line::parse(name).unwrap());
        let own = Copy { message_id: id, unsubscribe_url: url, ..copy(&to, Some(&name)) };
        String::from_utf8(rendition.message(&own).into_bytes()).unwrap()
    };
    let ann = message("ann@example.org", "Ann", "d1@e.org", "https://e.org/u/111");
    let bob = message("bob@example.org", "Bob", "d2@e.org", "https://e.org/u/222");
    let as_bob = ann
        .replace("Ann", "Bob")
        .replace("ann@", "bob@")
        .replace("d1@", "d2@")
        .replace("u/111", "u/222");
    assert_ne!(ann, bob);
    assert_eq!(as_bob, bob);
}

#[test]
fn pictures_travel_beside_the_html_and_attachments_after_it() {
    let message = sent(&notice(), None);
    let parsed = parsed(&message);
    let types: Vec<_> = parsed
        .parts
        .iter()
        .map(|part| part.content_type().unwrap())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap()))
        .collect();
    assert_eq!(
        types,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "text/calendar",
            "application/ics",
            "application/pdf"
        ]
    );
    let picture = &parsed.parts[5];
    assert_eq!(picture.contents(), b"specimen");
    let cid = picture.content_id().unwrap();
    assert!(parsed.body_html(0).unwrap().contains(&format!("src=\"cid:{cid}\"")));
    assert_eq!(parsed.parts[8].attachment_name(), Some("agenda.pdf"));
    assert_eq!(parsed.parts[8].contents(), b"specimen");
}

#[test]
fn an_invitation_is_the_last_alternative_and_a_file_with_one_attendee_each_time() {
    let content = notice();
    let invitation = content.invitation.as_ref().unwrap();
    let object = invitation.object.replace(
        &Slot::Attendee.mark(),
        &calendar::attendee(&EmailAddress::parse("ann@example.org").unwrap(), None),
    );
    assert_eq!(object.matches("\r\nATTENDEE;").count(), 1);
    let message = sent(&content, None);
    assert!(message.contains("\r\nContent-Type: text/calendar; charset=UTF-8; method=REQUEST\r\n"));
    let parsed = parsed(&message);
    let (inside, file) = (&parsed.parts[6], &parsed.parts[7]);
    assert_eq!(inside.text_contents().unwrap(), object);
    assert_eq!(file.contents(), object.as_bytes());
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    assert_eq!(file.content_type().unwrap().attribute("method"), None);
    let mail_parser::PartType::Multipart(alternatives) = &parsed.parts[1].body else {
        panic!("no alternatives")
    };
    assert_eq!(alternatives.last(), Some(&6));
}

#[test]
fn a_mail_without_files_is_one_alternative() {
    let message = sent(&content("words"), None);
    assert!(message.contains("\r\nContent-Type: multipart/alternative;\r\n boundary="));
    assert_eq!(parsed(&message).parts.len(), 3);
}

#[test]
fn content_cannot_end_its_own_part() {
    let first = sent(&content("words"), None);
    let boundary = first.split_once("boundary=\"").unwrap().1;
    let boundary = boundary.split_once('"').unwrap().0;
    let forged = content(&format!("\n--{boundary}--\n\nContent-Type: text/html\n"));
    let name = format!("--{boundary}--");
    assert_eq!(parsed(&sent(&forged, Some(&name))).parts.len(), 3);
}

proptest! {
    #[test]
    fn what_was_filled_is_what_arrives(
        text in "(\\PC|[ \t\r\n=.<>&]|From ){0,200}",
        name in proptest::option::of("\\PC{1,100}"),
        address in "[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,40}@[a-z]{1,20}\\.(org|example)",
    ) {
        let text: String = text.chars().filter(|c| !matches!(c, '\u{e000}'..='\u{f8ff}')).collect();
        let name = name.and_then(|name| Line::parse(&name).ok());
        let to = EmailAddress::parse(&address);
        prop_assume!(to.is_ok());
        let to = to.unwrap();
        let content = content(&text);
        let rendition = Rendition::prepare(&content, &head()).unwrap();
        let message = rendition.message(&copy(&to, name.as_ref()));
        prop_assert_eq!(&message, &Octets::from(message.to_vec()));
        let message = String::from_utf8(message.into_bytes()).unwrap();
        assert_fit_for_the_way(message.as_bytes());

        let values = Values {
            to: &EmailAddress::parse("ann@example.org").unwrap(),
            name: name.as_ref(),
            unsubscribe_url: URL,
            lists: "Meetings & Reports",
            rsvp_url: RSVP,
        };
        let (mut html, mut plain) = (String::new(), String::new());
        Fragments::parse(&content.html).unwrap().fill_html(&values, &mut html);
        Fragments::parse(&content.text).unwrap().fill_text(&values, &mut plain);
        let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        let parsed = parsed(&message);
        prop_assert_eq!(lines(parsed.html_part(0).unwrap().text_contents().unwrap()), lines(&html));
        prop_assert_eq!(lines(parsed.text_part(0).unwrap().text_contents().unwrap()), lines(&plain));
        let person = parsed.to().unwrap().first().unwrap();
        prop_assert_eq!(person.address().unwrap(), to.wire());
        prop_assert_eq!(person.name(), name.as_ref().map(Line::as_str));
    }
}
