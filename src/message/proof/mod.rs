//! Promise 5, proved on the octets: in what two recipients' copies of a mail differ, and in what they must not.
//!
//! What always holds: every octet of both messages is looked at, header, boundaries and parts; what
//! differs is allowed only where a recipient's own words stand in both, or in a field that is theirs.

mod view;
mod walk;

use std::ops::Range;

use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::lint::loaded;
use super::mime::is_calendar;
use super::slot::Slot;
use view::View;
use walk::walk;

/// Fields that are a recipient's own as a whole. Of `List-Unsubscribe` only the link is, and of all
/// others nothing.
const OWN_FIELDS: [&str; 5] = ["to", "date", "message-id", "dkim-signature", "cfbl-feedback-id"];

const LINK_FIELD: &str = "list-unsubscribe";

/// What is one recipient's own, and what to call it: `("unsubscribe_url", "https://…")`.
pub type Own = (&'static str, String);

/// A message as it goes over the wire, and what in it is its recipient's own.
#[derive(Clone, Debug)]
pub struct Sent {
    pub bytes: Vec<u8>,
    /// The same names in the same order for both of two recipients.
    pub own: Vec<Own>,
}

/// Somewhere two messages differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// "To", "greeting in the HTML part"
    pub what: String,
    pub allowed: bool,
    /// Which octets of each message.
    pub first: Range<usize>,
    pub second: Range<usize>,
}

/// Everything in which two messages differ, in the order in which it stands.
pub fn differences(first: &Sent, second: &Sent) -> Vec<Difference> {
    let (Some(one), Some(other)) = (parsed(first), parsed(second)) else {
        return vec![whole("the message", 0..first.bytes.len(), 0..second.bytes.len())];
    };
    let mut found = Vec::new();
    fields(first, second, &mut found);
    let (leaves, others) = (leaves(&one), leaves(&other));
    let places =
        |leaves: &[&MessagePart<'_>]| leaves.iter().map(|part| body(part)).collect::<Vec<_>>();
    let (spans, other_spans) = (places(&leaves), places(&others));
    between(first, second, &spans, &other_spans, &mut found);
    for ((part, span), other) in leaves.iter().zip(spans).zip(other_spans) {
        if first.bytes.get(span.clone()) != second.bytes.get(other.clone()) {
            found.extend(in_part(part, first, second, span, other));
        }
    }
    found.sort_by_key(|difference| difference.first.start);
    found
}

fn parsed(sent: &Sent) -> Option<Message<'_>> {
    MessageParser::default().parse(&sent.bytes[..])
}

fn whole(what: &str, first: Range<usize>, second: Range<usize>) -> Difference {
    Difference { what: what.to_owned(), allowed: false, first, second }
}

fn leaves<'m, 'b>(message: &'m Message<'b>) -> Vec<&'m MessagePart<'b>> {
    let parts = message.parts.iter();
    parts.filter(|part| !matches!(part.body, PartType::Multipart(_))).collect()
}

fn body(part: &MessagePart<'_>) -> Range<usize> {
    part.offset_body as usize..part.offset_end as usize
}

/// Field by field: the same names in the same order, and the same values but for what is one's own.
fn fields(first: &Sent, second: &Sent, found: &mut Vec<Difference>) {
    let (fields, others) = (split(&first.bytes), split(&second.bytes));
    let name = |sent: &Sent, field: &Range<usize>| {
        let field = String::from_utf8_lossy(&sent.bytes[field.clone()]).into_owned();
        field.split(':').next().unwrap_or_default().to_owned()
    };
    let names: Vec<_> = fields.iter().map(|field| name(first, field)).collect();
    if names != others.iter().map(|field| name(second, field)).collect::<Vec<_>>() {
        let span = |fields: &[Range<usize>]| 0..fields.last().map_or(0, |last| last.end);
        found.push(whole("the fields there are", span(&fields), span(&others)));
        return;
    }
    for ((name, field), other) in names.iter().zip(fields).zip(others) {
        if first.bytes[field.clone()] == second.bytes[other.clone()] {
            continue;
        }
        let field_name = name.to_ascii_lowercase();
        if OWN_FIELDS.contains(&field_name.as_str()) {
            found.push(Difference { allowed: true, ..whole(name, field, other) });
        } else {
            let own =
                |sent: &Sent| if field_name == LINK_FIELD { link(&sent.own) } else { Vec::new() };
            let views = (View::plain(&first.bytes, field), View::plain(&second.bytes, other));
            found.extend(walk(name, &views.0, &views.1, &own(first), &own(second)));
        }
    }
}

/// Of what is a recipient's own the link to leave by.
fn link(own: &[Own]) -> Vec<Own> {
    own.iter().filter(|(name, _)| *name == Slot::UnsubscribeUrl.name()).cloned().collect()
}

/// The fields of the header, each with its folded lines.
fn split(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut fields: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(length) =
        memchr::memmem::find(&bytes[at..], b"\r\n").filter(|length| *length > 0)
    {
        let end = at + length + 2;
        match fields.last_mut() {
            Some(field) if bytes[at].is_ascii_whitespace() => field.end = end,
            _ => fields.push(at..end),
        }
        at = end;
    }
    fields
}

/// What stands around the parts: their fields, and the boundaries.
fn between(
    first: &Sent,
    second: &Sent,
    spans: &[Range<usize>],
    others: &[Range<usize>],
    found: &mut Vec<Difference>,
) {
    let gaps = |sent: &Sent, spans: &[Range<usize>]| {
        let header = split(&sent.bytes).last().map_or(0, |last| last.end);
        let starts = std::iter::once(header).chain(spans.iter().map(|span| span.end));
        let ends = spans.iter().map(|span| span.start).chain([sent.bytes.len()]);
        starts.zip(ends).map(|(start, end)| start..end.max(start)).collect::<Vec<_>>()
    };
    let (gaps, other_gaps) = (gaps(first, spans), gaps(second, others));
    if gaps.len() != other_gaps.len() {
        found.push(whole("the parts there are", 0..first.bytes.len(), 0..second.bytes.len()));
    }
    for (gap, other) in gaps.into_iter().zip(other_gaps) {
        if first.bytes[gap.clone()] != second.bytes[other.clone()] {
            found.push(whole("what stands between the parts", gap, other));
        }
    }
}

fn in_part(
    part: &MessagePart<'_>,
    first: &Sent,
    second: &Sent,
    span: Range<usize>,
    other: Range<usize>,
) -> Vec<Difference> {
    let (name, folded) = named(part);
    let (Some(mut one), Some(mut two)) =
        (view(part.encoding, first, span.clone()), view(part.encoding, second, other.clone()))
    else {
        return vec![whole(&name, span, other)];
    };
    if folded {
        (one, two) = (one.unfolded(), two.unfolded());
        return walk(&name, &one, &two, &unfolded(&first.own), &unfolded(&second.own));
    }
    let mut found = walk(&name, &one, &two, &first.own, &second.own);
    if matches!(part.body, PartType::Html(_)) && found.iter().all(|one| one.allowed) {
        found.extend(fetched(&name, &one, &two));
    }
    found
}

/// A recipient's own words may stand in what they read or follow, never in what opening the mail fetches.
fn fetched(name: &str, first: &View<'_>, second: &View<'_>) -> Option<Difference> {
    let addresses = |view: &View<'_>| loaded::fetched(&String::from_utf8_lossy(&view.read));
    let (one, other) = (addresses(first), addresses(second));
    let own = one.iter().find(|address| !other.contains(address));
    let what = format!("what {name} fetches: {}", own.or(other.first())?);
    let spans = [first, second].map(|view| view.place(0..view.read.len()));
    let [first, second] = spans;
    (one != other).then(|| whole(&what, first, second))
}

/// What is a recipient's own may be folded itself.
fn unfolded(own: &[Own]) -> Vec<Own> {
    let joined = |value: &str| value.replace("\r\n", "\n").replace("\n ", "");
    own.iter().map(|(name, value)| (*name, joined(value))).collect()
}

/// Nothing for what is encoded as no words are.
fn view(encoding: Encoding, sent: &Sent, span: Range<usize>) -> Option<View<'_>> {
    match encoding {
        Encoding::None => Some(View::plain(&sent.bytes, span)),
        Encoding::QuotedPrintable => Some(View::quoted(&sent.bytes, span)),
        Encoding::Base64 => None,
    }
}

/// What a part is called, and whether its lines may be folded anywhere (RFC 5545 §3.1).
fn named(part: &MessagePart<'_>) -> (String, bool) {
    match &part.body {
        _ if is_calendar(part) => ("the calendar part".to_owned(), true),
        PartType::Html(_) => ("the HTML part".to_owned(), false),
        PartType::Text(_) if part.attachment_name().is_none() => {
            ("the text part".to_owned(), false)
        }
        _ => (format!("the file {}", part.attachment_name().unwrap_or("without a name")), false),
    }
}

#[cfg(test)]
mod tests;
