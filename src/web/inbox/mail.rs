//! One captured mail: what its page shows.

use chrono_tz::Tz;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde::Serialize;

use super::folder::{person, subject, when};
use crate::message::wording;

/// What of the source is shown; the rest is pictures and files in base64.
const SHOWN: usize = 256 * 1024;

pub(super) struct Mail {
    pub(super) id: String,
    pub(super) bytes: Vec<u8>,
}

/// What the page of a mail says.
#[derive(Serialize)]
pub(super) struct View {
    id: String,
    subject: String,
    from: String,
    to: String,
    when: Option<String>,
    tabs: Vec<Tab>,
    /// One of these two: the frame with the HTML, or lines of text.
    frame: bool,
    phone: bool,
    text: Option<String>,
    attachments: Vec<Attachment>,
}

#[derive(Serialize)]
struct Tab {
    view: &'static str,
    name: &'static str,
    current: bool,
}

#[derive(Serialize)]
pub(super) struct Attachment {
    number: usize,
    name: String,
    size: String,
}

/// A part to be shown or downloaded.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
}

const TABS: [(&str, &str); 4] =
    [("html", "HTML"), ("text", "Text"), ("headers", "Headers"), ("source", "Source")];

impl Mail {
    pub(super) fn subject(&self) -> String {
        subject(&self.message())
    }

    pub(super) fn view(&self, asked: &str, phone: bool, zone: Tz) -> View {
        let message = self.message();
        let has_html = html_of(&message).is_some();
        let first = usize::from(!has_html);
        let known = TABS[first..].iter().find(|(view, _)| *view == asked);
        let (current, _) = known.unwrap_or(&TABS[first]);
        let tab = |(view, name): &(&'static str, &'static str)| Tab {
            view,
            name,
            current: view == current,
        };
        View {
            id: self.id.clone(),
            subject: subject(&message),
            from: person(message.from()),
            to: person(message.to()),
            when: when(&self.id, zone),
            tabs: TABS[first..].iter().map(tab).collect(),
            frame: *current == "html",
            phone,
            text: match *current {
                "html" => None,
                "headers" => Some(headers(&self.bytes)),
                "source" => Some(source(&self.bytes)),
                _ => Some(message.body_text(0).unwrap_or_default().into_owned()),
            },
            attachments: attachments(&message),
        }
    }

    /// The HTML as the frame shows it: pictures come from us, links open beside the inbox.
    pub(super) fn framed(&self) -> Option<String> {
        let message = self.message();
        let mut html = html_of(&message)?.to_owned();
        for (cid, number) in pictures(&message) {
            let address = format!("/inbox/{}/part/{number}", self.id);
            html = html.replace(&format!("cid:{cid}"), &address);
        }
        let at = end_of_head_tag(&html);
        html.insert_str(at, "<base target=\"_blank\">");
        Some(html)
    }

    pub(super) fn part(&self, number: usize) -> Option<Part> {
        let message = self.message();
        let part = message.parts.get(number)?;
        let leaf = !matches!(part.body, PartType::Multipart(_));
        leaf.then(|| Part {
            name: name(part),
            content_type: content_type(part),
            bytes: part.contents().to_owned(),
        })
    }

    fn message(&self) -> Message<'_> {
        parsed(&self.bytes)
    }
}

/// A mail of no octets, or of none that make sense, is an empty one; the parser's own has no part to ask.
pub(super) fn parsed(bytes: &[u8]) -> Message<'_> {
    let parser = MessageParser::default();
    parser.parse(bytes).or_else(|| parser.parse(&b"Subject:\r\n\r\n"[..])).unwrap_or_default()
}

/// The HTML a mail has, not what can be made of its text.
pub(super) fn html_of<'m>(message: &'m Message<'_>) -> Option<&'m str> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    })
}

/// The longest Content-ID first, for one may begin with another.
pub(super) fn pictures<'m>(message: &'m Message<'_>) -> Vec<(&'m str, usize)> {
    let parts = message.parts.iter().enumerate();
    let mut found: Vec<_> =
        parts.filter_map(|(number, part)| Some((part.content_id()?, number))).collect();
    found.sort_by_key(|(cid, _)| std::cmp::Reverse(cid.len()));
    found
}

/// Where something can be put into the head without a browser taking the page for an old one.
pub(super) fn end_of_head_tag(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    let after = |tag: &str| {
        let at = lower.find(tag)?;
        Some(at + lower[at..].find('>')? + 1)
    };
    after("<head>").or_else(|| after("<head ")).or_else(|| after("<!doctype")).unwrap_or(0)
}

pub(super) fn attachments(message: &Message<'_>) -> Vec<Attachment> {
    let numbers = message.attachments.iter().map(|number| *number as usize);
    let parts = numbers.filter_map(|number| Some((number, message.parts.get(number)?)));
    parts
        .filter(|(_, part)| part.content_id().is_none())
        .map(|(number, part)| Attachment {
            number,
            name: name(part),
            size: wording::size(part.contents().len()),
        })
        .collect()
}

fn name(part: &MessagePart<'_>) -> String {
    let calendar = part.is_content_type("text", "calendar");
    let nameless = if calendar { "calendar part" } else { "part" };
    part.attachment_name().unwrap_or(nameless).to_owned()
}

/// As far as it can be a header field; text is said to be UTF-8, for that is what the parser gives.
pub(super) fn content_type(part: &MessagePart<'_>) -> String {
    let token = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !text.is_empty() && text.bytes().all(fits)
    };
    let found = part.content_type().and_then(|one| Some((one.ctype(), one.subtype()?)));
    match found {
        Some(("text", kind)) if token(kind) => format!("text/{kind}; charset=utf-8"),
        Some((kind, sub)) if token(kind) && token(sub) => {
            format!("{kind}/{sub}").to_ascii_lowercase()
        }
        _ => "application/octet-stream".to_owned(),
    }
}

pub(super) fn headers(bytes: &[u8]) -> String {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

pub(super) fn source(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < bytes.len() {
        text.push_str("\n\n… the rest is in the file");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_goes_into_the_head_and_never_before_the_doctype() {
        let place = |html: &str| html[..end_of_head_tag(html)].to_owned();
        assert_eq!(place("<!doctype html><html><head><title>"), "<!doctype html><html><head>");
        assert_eq!(place("<!DOCTYPE html><p>x"), "<!DOCTYPE html>");
        assert_eq!(place("<!doctype html><body><header>"), "<!doctype html>");
        assert_eq!(place("<p>x"), "");
    }
}
