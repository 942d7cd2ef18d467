use super::*;
use mail_parser::MessageParser;
use proptest::prelude::*;

fn subject(text: &str) -> String {
    let mut out = Vec::new();
    unstructured(&mut out, "Subject", text);
    String::from_utf8(out).unwrap()
}

fn from(name: &str) -> String {
    let mut out = Vec::new();
    let address = EmailAddress::parse("ann@bücher.example").unwrap();
    mailbox(&mut out, "From", Some(name), &address);
    String::from_utf8(out).unwrap()
}

/// 76 with an encoded word (RFC 2047 §2), 78 without (RFC 5322 §2.1.1).
fn longest(line: &str) -> usize {
    if line.contains("=?UTF-8?") { 76 } else { 78 }
}

fn fields(header: &str) -> usize {
    MessageParser::new().parse(&format!("{header}\r\n")).unwrap().headers().len()
}

#[test]
fn plain_text_stays_readable() {
    assert_eq!(subject("Next meeting"), "Subject: Next meeting\r\n");
    assert_eq!(
        from("London Learning Alliance"),
        "From: London Learning Alliance <ann@xn--bcher-kva.example>\r\n"
    );
    assert_eq!(from("O'Neill, Ann"), "From: \"O'Neill, Ann\" <ann@xn--bcher-kva.example>\r\n");
}

#[test]
fn a_character_is_never_cut_in_two() {
    let header = subject(&"王小明".repeat(30));
    for word in header.trim_end().split("\r\n ") {
        let word = word.trim_start_matches("Subject: ");
        let inner = word.strip_prefix("=?UTF-8?B?").unwrap();
        let inner = inner.strip_suffix("?=").unwrap();
        let bytes = data_encoding::BASE64.decode(inner.as_bytes()).unwrap();
        assert!(String::from_utf8(bytes).is_ok(), "{word}");
        assert!(word.len() <= 75, "{word}");
    }
}

#[test]
fn hostile_text_adds_no_field() {
    for hostile in [
        "a\r\nBcc: all@example.org",
        "a\nBcc: all@example.org",
        "a\rBcc: all@example.org",
        "a\r\n\r\n<script>",
        "a\0b",
        "a\u{85}Bcc: x",
        "=?UTF-8?Q?a=0D=0ABcc:_x@example.org?=",
        "\" <x@example.org>, \"",
        "\\",
        "\\\"",
        "<x@example.org>",
        "a, b@example.org",
        "(comment",
    ] {
        assert_eq!(fields(&subject(hostile)), 1, "{hostile:?}");
        let header = from(hostile);
        assert_eq!(fields(&header), 1, "{hostile:?}: {header}");
        let message = MessageParser::new().parse(&header).unwrap();
        let people = message.from().unwrap().clone().into_list();
        assert_eq!(people.len(), 1, "{hostile:?}: {header}");
        assert_eq!(people[0].address().unwrap(), "ann@xn--bcher-kva.example");
    }
}

#[test]
fn an_unsubscribe_address_is_never_folded() {
    let mut out = Vec::new();
    let url = format!("<https://news.example.org/u/{}>", "a".repeat(300));
    verbatim(&mut out, "List-Unsubscribe", &url);
    assert_eq!(out, format!("List-Unsubscribe: {url}\r\n").into_bytes());
}

#[test]
fn an_address_behind_an_encoded_name_keeps_to_its_shorter_line() {
    for length in 1..120 {
        let header = from(&format!("é{}", "a".repeat(length)));
        assert!(header.split("\r\n").all(|line| line.len() <= longest(line)), "{header}");
    }
}

proptest! {
    #[test]
    fn any_line_comes_back_as_it_was(text in "\\PC{1,120}|[a-z =?_,\"]{1,200}") {
        let text = text.trim();
        prop_assume!(!text.is_empty());
        let header = subject(text);
        prop_assert!(header.split("\r\n").all(|line| line.len() <= longest(line)), "{}", header);
        let message = format!("{header}\r\n");
        let parsed = MessageParser::new().parse(&message).unwrap();
        prop_assert_eq!(parsed.subject().unwrap(), text);
        let header = from(text);
        let message = format!("{header}\r\n");
        let parsed = MessageParser::new().parse(&message).unwrap();
        prop_assert_eq!(parsed.from().unwrap().first().unwrap().name().unwrap(), text);
        prop_assert!(header.split("\r\n").all(|line| line.len() <= longest(line)), "{}", header);
    }
}
