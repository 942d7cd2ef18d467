//! Spliced from a rendition or made whole by a plain builder: whoever reads it reads the same.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::{Copy, Head, Rendition};
use super::read::{Piece, Said, assert_fit_for_the_way, encoded_text, read};
use super::words::{addressed, by_hand, written};
use super::{content, copy, head, plain};
use crate::address::EmailAddress;
use crate::message::slot::Slot;
use crate::message::{Content, Templates};
use crate::octets::Octets;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::embedded().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_templates_make_of_any_post_reads_as_from_a_plain_builder(
        written in written(),
        addressed in addressed(),
    ) {
        let post = written.post();
        let content = TEMPLATES.render(&written.letter(&post), &written.frame()).unwrap();
        assert_same(&content, &addressed.head, &addressed.copy());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn slots_in_any_place_read_as_from_a_plain_builder(
        content in by_hand(),
        addressed in addressed(),
    ) {
        assert_same(&content, &addressed.head, &addressed.copy());
    }
}

#[test]
fn a_dot_is_encoded_where_a_slot_begins_and_right_behind_one() {
    let to = EmailAddress::parse("ann@example.org").unwrap();
    let lists = Slot::Lists.mark();
    let text = format!("{lists}.a\n.{lists}\n.b{lists}From c\n");
    let content = Content { text, ..content("") };
    let rendition = Rendition::prepare(&content, &head()).unwrap();
    let encoded = |lists: &str| {
        let message = rendition.message(&Copy { lists, ..copy(&to, None) });
        encoded_text(&message).to_owned()
    };
    assert_eq!(encoded(".l"), "=2El=\r\n=2Ea\r\n=2E=\r\n=2El\r\n=2Eb=\r\n=2El=\r\n=46rom c\r\n");
    assert_eq!(
        encoded("From l"),
        "=46rom l=\r\n=2Ea\r\n=2E=\r\n=46rom l\r\n=2Eb=\r\n=46rom l=\r\n=46rom c\r\n"
    );
}

fn assert_same(content: &Content, head: &Head, copy: &Copy<'_>) {
    let message = Rendition::prepare(content, head).unwrap().message(copy);
    assert_eq!(message, Octets::from(message.to_vec()), "what is known of it is so");
    assert_fit_for_the_way(&message);
    let (ours, theirs) = (read(&message), read(&plain::message(content, head, copy)));
    assert_eq!(ours, theirs);
    let (text, html) = (plain::text(content, copy), plain::html(content, copy));
    assert_says(&ours.parts, "text/plain", &text);
    assert_says(&ours.parts, "text/html", &html);
    assert_dots_are_encoded(&text, encoded_text(&message));
}

/// Neither side may have lost the same words.
fn assert_says(parts: &[Piece], kind: &str, words: &str) {
    let part = parts.iter().find(|part| part.kind == kind).unwrap();
    let Said::Words(said) = &part.content else { panic!("{kind} holds no words") };
    assert_eq!(said.replace("\r\n", "\n"), words.replace("\r\n", "\n"));
}

/// No relay finds a dot to double.
fn assert_dots_are_encoded(text: &str, encoded: &str) {
    let (text, encoded) = (text.replace("\r\n", "\n"), encoded.replace("=\r\n", ""));
    let (lines, encoded) = (text.split('\n'), encoded.split("\r\n"));
    assert_eq!(lines.clone().count(), encoded.clone().count());
    for (line, encoded) in lines.zip(encoded) {
        assert!(!line.starts_with('.') || encoded.starts_with("=2E"), "{line}: {encoded}");
    }
}
