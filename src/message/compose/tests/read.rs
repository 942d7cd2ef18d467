//! A message as a stranger reads it, and as it looks on its way.

use std::collections::BTreeMap;

use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// What a mail says, however it is encoded.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) fields: BTreeMap<String, HeaderValue<'static>>,
    pub(super) parts: Vec<Piece>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) kind: String,
    charset: Option<String>,
    method: Option<String>,
    disposition: Option<String>,
    name: Option<String>,
    cid: Option<String>,
    pub(super) content: Said,
}

#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Words(String),
    Octets(Vec<u8>),
    /// The places of its parts.
    Parts(Vec<u32>),
}

pub(super) fn read(message: &[u8]) -> Read {
    let message = parsed(message);
    // how a mail is cut and encoded is each builder's own
    let own = ["Content-Type", "Content-Transfer-Encoding"];
    let said = message.headers().iter().filter(|header| !own.contains(&header.name()));
    let fields: Vec<_> = said
        .map(|header| (header.name().to_owned(), header.value().clone().into_owned()))
        .collect();
    let (count, fields) = (fields.len(), BTreeMap::from_iter(fields));
    assert_eq!(count, fields.len(), "each field is there once");
    Read { fields, parts: message.parts.iter().map(piece).collect() }
}

fn parsed(message: &[u8]) -> Message<'_> {
    MessageParser::new().parse(message).unwrap()
}

fn piece(part: &MessagePart<'_>) -> Piece {
    let kind = part.content_type().unwrap();
    let own = |text: &str| text.to_owned();
    Piece {
        kind: format!("{}/{}", kind.ctype(), kind.subtype().unwrap()),
        charset: kind.attribute("charset").map(str::to_ascii_lowercase),
        method: kind.attribute("method").map(own),
        disposition: part.content_disposition().map(|value| own(value.ctype())),
        name: part.attachment_name().map(own),
        cid: part.content_id().map(own),
        content: match &part.body {
            PartType::Text(text) | PartType::Html(text) => Said::Words(own(text)),
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                Said::Octets(octets.to_vec())
            }
            PartType::Multipart(parts) => Said::Parts(parts.clone()),
            PartType::Message(_) => panic!("nobody put a mail into this one"),
        },
    }
}

/// What holds for every message of ours, octet for octet.
pub(super) fn assert_fit_for_the_way(octets: &[u8]) {
    let message = std::str::from_utf8(octets).unwrap();
    assert!(message.is_ascii(), "{message}");
    assert!(!message.replace("\r\n", "").contains(['\r', '\n']), "{message}");
    for line in message.split("\r\n") {
        assert!(line.len() <= 998, "{line}");
        assert!(!line.starts_with('.') && !line.starts_with("From "), "{line}");
    }
    for part in parsed(octets).parts {
        let [start, body, end] =
            [part.offset_header, part.offset_body, part.offset_end].map(|at| at as usize);
        message[start..body].split("\r\n").for_each(assert_folded);
        if !matches!(part.body, PartType::Multipart(_)) {
            let long = message[body..end].split("\r\n").find(|line| line.len() > 76);
            assert_eq!(long, None);
        }
    }
}

/// A line that is longer than 78 octets is one word (RFC 5322 §2.1.1); one with an encoded word has
/// at most 76 (RFC 2047 §2).
fn assert_folded(line: &str) {
    let value = line.trim_start_matches(' ');
    let value = value
        .split_once(": ")
        .filter(|(name, _)| !name.contains(' '))
        .map_or(value, |(_, value)| value);
    assert!(line.len() <= 78 || !value.contains(' '), "{line}");
    assert!(line.len() <= 76 || !line.contains("=?UTF-8?"), "{line}");
}

/// The text part as it goes over the wire.
pub(super) fn encoded_text(message: &[u8]) -> &str {
    let parsed = parsed(message);
    let part = parsed.parts.iter().find(|part| matches!(part.body, PartType::Text(_))).unwrap();
    let raw = &message[part.offset_body as usize..part.offset_end as usize];
    std::str::from_utf8(raw).unwrap()
}
