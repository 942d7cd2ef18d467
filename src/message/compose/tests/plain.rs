//! The same letter, made by a builder that nobody here wrote: no slots, nothing prepared, each mail
//! encoded whole.

use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE64;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use super::super::{Copy, Head};
use crate::address::EmailAddress;
use crate::line::Line;
use crate::message::calendar::attendee;
use crate::message::slot::Slot;
use crate::message::{Content, Invitation, Part};

pub(super) fn message(content: &Content, head: &Head, copy: &Copy<'_>) -> Vec<u8> {
    let (pictures, attachments): (Vec<_>, Vec<_>) =
        content.parts.iter().partition(|part| part.cid.is_some());
    let mut body = alternative(content, copy, &pictures);
    if !attachments.is_empty() || content.invitation.is_some() {
        body = MultiPart::mixed().multipart(body);
    }
    if let Some(invitation) = &content.invitation {
        let kind = ContentType::parse("application/ics").unwrap();
        let file = Attachment::new(invitation.file_name.clone());
        body = body.singlepart(file.body(calendar(invitation, copy).into_bytes(), kind));
    }
    let body = attachments.into_iter().map(file).fold(body, MultiPart::singlepart);
    fields(content, head, copy).multipart(body).unwrap().formatted()
}

/// The text with a person's own words in it.
pub(super) fn text(content: &Content, copy: &Copy<'_>) -> String {
    filled(&content.text, copy, &str::to_owned)
}

pub(super) fn html(content: &Content, copy: &Copy<'_>) -> String {
    filled(&content.html, copy, &|words| {
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        words.replace('"', "&quot;").replace('\'', "&#39;")
    })
}

fn calendar(invitation: &Invitation, copy: &Copy<'_>) -> String {
    filled(&invitation.object, copy, &str::to_owned)
}

fn filled(template: &str, copy: &Copy<'_>, escaped: &dyn Fn(&str) -> String) -> String {
    let greeting = copy.name.map_or("Hello,".to_owned(), |name| format!("Hello {name},"));
    template
        .replace(&Slot::Greeting.mark(), &escaped(&greeting))
        .replace(&Slot::UnsubscribeUrl.mark(), &escaped(copy.unsubscribe_url))
        .replace(&Slot::Lists.mark(), &escaped(copy.lists))
        .replace(&Slot::RsvpUrl.mark(), &escaped(copy.rsvp_url))
        .replace(&Slot::Attendee.mark(), &escaped(&attendee(copy.to, copy.name)))
}

fn alternative(content: &Content, copy: &Copy<'_>, pictures: &[&Part]) -> MultiPart {
    let alternative = MultiPart::alternative().singlepart(SinglePart::plain(text(content, copy)));
    let html = SinglePart::html(html(content, copy));
    let alternative = if pictures.is_empty() {
        alternative.singlepart(html)
    } else {
        let related = MultiPart::related().singlepart(html);
        let pictures = pictures.iter().copied().map(file);
        alternative.multipart(pictures.fold(related, MultiPart::singlepart))
    };
    let Some(invitation) = &content.invitation else { return alternative };
    let kind = format!("text/calendar; charset=UTF-8; method={}", invitation.method.as_str());
    let kind = ContentType::parse(&kind).unwrap();
    alternative.singlepart(SinglePart::builder().header(kind).body(calendar(invitation, copy)))
}

fn file(part: &Part) -> SinglePart {
    let name = part.name.clone();
    let file = match part.cid.clone() {
        Some(cid) => Attachment::new_inline_with_name(cid, name),
        None => Attachment::new(name),
    };
    file.body(part.bytes.clone(), ContentType::parse(&part.content_type).unwrap())
}

fn fields(content: &Content, head: &Head, copy: &Copy<'_>) -> MessageBuilder {
    let date = UNIX_EPOCH + Duration::from_millis(copy.date.0.unsigned_abs());
    let mut fields = Message::builder()
        .from(mailbox(Some(&head.from_name), &head.from))
        .to(mailbox(copy.name, copy.to))
        .subject(content.subject.as_str())
        .date(date)
        .message_id(Some(format!("<{}>", copy.message_id)));
    if let Some(reply_to) = &head.reply_to {
        fields = fields.reply_to(mailbox(None, reply_to));
    }
    if head.auto_submitted {
        fields = fields.raw_header(field("Auto-Submitted", "auto-generated"));
    }
    fields
        .raw_header(field("List-Unsubscribe", &format!("<{}>", copy.unsubscribe_url)))
        .raw_header(field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        .raw_header(list_id(&head.list_id.name, &head.list_id.id))
        .raw_header(field("List-Post", "NO"))
        .raw_header(field("List-Help", &format!("<{}>", head.help_url)))
        .raw_header(field("List-Archive", &format!("<{}>", head.archive_url)))
        .raw_header(field("Feedback-ID", &head.feedback_id))
}

fn mailbox(name: Option<&Line>, address: &EmailAddress) -> Mailbox {
    Mailbox::new(name.map(Line::to_string), address.wire().parse().unwrap())
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The builder has no such field; its name as one encoded word, however long (RFC 2047 §4.1).
fn list_id(name: &Line, id: &str) -> HeaderValue {
    let encoded = format!("=?utf-8?B?{}?= <{id}>", BASE64.encode(name.as_str().as_bytes()));
    let field = HeaderName::new_from_ascii_str("List-Id");
    HeaderValue::dangerous_new_pre_encoded(field, name.to_string(), encoded)
}
