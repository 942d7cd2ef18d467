//! The body of a message as its parts (RFC 2045, 2046), with a person's slots left open.
//!
//! `mixed( alternative( text, related( html, pictures ), calendar ), attachments )`, each level only
//! as needed: the least faithful alternative first (RFC 2046 §5.1.4), pictures beside the HTML that
//! shows them. A calendar part is the last alternative, where Gmail looks for it, and within the first
//! part of the mixed, the only place where Outlook does ([MS-STANOICAL] V0341 to V0343); and it is
//! attached once more for whoever has another program.

use std::fmt::Write as _;

use anyhow::Context;
use mail_parser::{MessagePart, MimeHeaders};
use sha2::{Digest, Sha256};

use super::slot::{Fragments, Piece, Slot, Values};
use super::{Invitation, Part, quoted};
use crate::octets::Octets;

/// What a body is assembled from: octets that everybody gets, and slots.
#[derive(Clone, Debug)]
pub(super) enum Chunk {
    Fixed(Octets),
    Slot(Slot, Form),
}

/// What a slot is filled into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Html,
}

impl Chunk {
    /// Appends what this person gets here; `own` is room to encode in.
    pub(super) fn write(&self, values: &Values<'_>, own: &mut Vec<u8>, out: &mut Octets) {
        own.clear();
        match self {
            Self::Fixed(octets) => return out.join(octets),
            Self::Slot(slot, Form::Plain) => _ = quoted::encode(&values.text(*slot), own),
            Self::Slot(slot, Form::Html) => _ = quoted::encode(&values.html(*slot), own),
        }
        out.push(own);
    }
}

/// An invitation cut at its slots.
pub(super) struct Calendar<'a> {
    invitation: &'a Invitation,
    object: Fragments,
}

impl<'a> Calendar<'a> {
    pub(super) fn of(invitation: &'a Invitation) -> anyhow::Result<Self> {
        let object = Fragments::parse(&invitation.object).context("in the calendar part")?;
        Ok(Self { invitation, object })
    }
}

/// Ends the header, and gives the body of everything a rendition carries.
pub(super) fn write(
    text: &Fragments,
    html: &Fragments,
    calendar: Option<&Calendar<'_>>,
    files: &[Part],
    header: &mut Vec<u8>,
) -> Vec<Chunk> {
    let boundary = boundary(text, html, calendar, files);
    let mut body = Body { boundary, header, chunks: Vec::new() };
    body.root(text, html, calendar, files);
    body.chunks
}

/// Equal for equal content. No line of content is equal to it: quoted-printable has no `=_`, and
/// base64 no `_` (RFC 2045 §6.7).
fn boundary(
    text: &Fragments,
    html: &Fragments,
    calendar: Option<&Calendar<'_>>,
    files: &[Part],
) -> String {
    let mut hash = Sha256::new();
    let object = calendar.map_or(&[][..], |calendar| calendar.object.pieces());
    for piece in text.pieces().iter().chain(html.pieces()).chain(object) {
        match piece {
            Piece::Fixed(text) => hash.update(text),
            Piece::Slot(slot) => hash.update(slot.name()),
        }
    }
    for part in files {
        hash.update(&part.name);
        hash.update(&part.bytes);
    }
    let hash = data_encoding::HEXLOWER.encode(&hash.finalize()[..12]);
    format!("=_{hash}")
}

/// A body being written. The root's header fields belong to the message's own header.
struct Body<'a> {
    boundary: String,
    header: &'a mut Vec<u8>,
    chunks: Vec<Chunk>,
}

impl Body<'_> {
    fn root(
        &mut self,
        text: &Fragments,
        html: &Fragments,
        calendar: Option<&Calendar<'_>>,
        files: &[Part],
    ) {
        let (pictures, attachments): (Vec<_>, Vec<_>) =
            files.iter().partition(|part| part.cid.is_some());
        if attachments.is_empty() && calendar.is_none() {
            return self.alternative(text, html, calendar, &pictures);
        }
        let mixed = self.open("mixed", "");
        self.alternative(text, html, calendar, &pictures);
        if let Some(calendar) = calendar {
            self.next(&mixed);
            self.invitation_file(calendar);
        }
        for part in attachments {
            self.next(&mixed);
            self.file(part);
        }
        self.close(&mixed);
    }

    fn alternative(
        &mut self,
        text: &Fragments,
        html: &Fragments,
        calendar: Option<&Calendar<'_>>,
        pictures: &[&Part],
    ) {
        let alternative = self.open("alternative", "");
        self.text("plain", text, Form::Plain);
        self.next(&alternative);
        self.related(html, pictures);
        if let Some(Calendar { invitation, object }) = calendar {
            self.next(&alternative);
            // Gmail shows nothing of a mail whose method is not the object's (RFC 6047 §2.4)
            let method = invitation.method.as_str();
            self.push(
                format!("Content-Type: text/calendar; charset=UTF-8; method={method}\r\n")
                    .as_bytes(),
            );
            self.quoted(object, Form::Plain);
        }
        self.close(&alternative);
    }

    /// Without a method, so that no program takes it for a second invitation.
    fn invitation_file(&mut self, calendar: &Calendar<'_>) {
        let name = file_name(&calendar.invitation.file_name);
        let fields = format!(
            "Content-Type: application/ics\r\nContent-Disposition: attachment;\r\n {name}\r\n"
        );
        self.push(fields.as_bytes());
        self.quoted(&calendar.object, Form::Plain);
    }

    fn related(&mut self, html: &Fragments, pictures: &[&Part]) {
        if pictures.is_empty() {
            return self.text("html", html, Form::Html);
        }
        // the type of its root is required (RFC 2387 §3.1)
        let related = self.open("related", " type=\"text/html\";");
        self.text("html", html, Form::Html);
        for part in pictures {
            self.next(&related);
            self.file(part);
        }
        self.close(&related);
    }

    /// Starts a multipart and its first part; its boundary ends in the kind, so that none is the start of another.
    fn open(&mut self, kind: &str, parameter: &str) -> String {
        let boundary = format!("{}_{kind}", self.boundary);
        let field = format!(
            "Content-Type: multipart/{kind};{parameter}\r\n boundary=\"{boundary}\"\r\n\r\n"
        );
        if self.chunks.is_empty() {
            self.header.extend_from_slice(field.as_bytes());
        } else {
            self.push(field.as_bytes());
        }
        self.push(format!("--{boundary}\r\n").as_bytes());
        boundary
    }

    /// The line break before a boundary belongs to it (RFC 2046 §5.1.1).
    fn next(&mut self, boundary: &str) {
        self.push(format!("\r\n--{boundary}\r\n").as_bytes());
    }

    fn close(&mut self, boundary: &str) {
        self.push(format!("\r\n--{boundary}--\r\n").as_bytes());
    }

    fn text(&mut self, subtype: &str, fragments: &Fragments, form: Form) {
        self.push(format!("Content-Type: text/{subtype}; charset=utf-8\r\n").as_bytes());
        self.quoted(fragments, form);
    }

    /// Ends a part's header, and gives its content with its slots.
    fn quoted(&mut self, fragments: &Fragments, form: Form) {
        self.push(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        let mut column = 0;
        let mut pieces = fragments.pieces().iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Fixed(text) => {
                    let mut octets = Vec::new();
                    column = quoted::encode(text, &mut octets);
                    self.push(&octets);
                }
                // A slot has lines of its own, softly broken, so that what is around it can be
                // encoded before anybody's words are known.
                Piece::Slot(slot) => {
                    if column > 0 {
                        self.push(quoted::SOFT_BREAK);
                    }
                    self.chunks.push(Chunk::Slot(*slot, form));
                    let line_ends = matches!(pieces.peek(), Some(Piece::Fixed(next)) if next.starts_with(['\r', '\n']));
                    if !line_ends {
                        self.push(quoted::SOFT_BREAK);
                    }
                    column = 0;
                }
            }
        }
    }

    fn file(&mut self, part: &Part) {
        let disposition = if let Some(cid) = &part.cid {
            self.push(format!("Content-ID: <{cid}>\r\n").as_bytes());
            "inline"
        } else {
            "attachment"
        };
        let fields = format!(
            "Content-Type: {}\r\nContent-Disposition: {disposition};\r\n {}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n",
            media_type(&part.content_type),
            file_name(&part.name),
        );
        self.push(fields.as_bytes());
        let encoded = data_encoding::BASE64_MIME.encode(&part.bytes);
        self.push(encoded.trim_end().as_bytes());
    }

    fn push(&mut self, octets: &[u8]) {
        if let Some(Chunk::Fixed(last)) = self.chunks.last_mut() {
            last.push(octets);
        } else {
            self.chunks.push(Chunk::Fixed(octets.to_vec().into()));
        }
    }
}

/// Whether a part of a mail is a meeting for calendars.
pub(crate) fn is_calendar(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("text")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("calendar"))
    })
}

/// What cannot be a media type (RFC 2045 §5.1) is told as octets.
fn media_type(text: &str) -> &str {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) && kind != "multipart" => text,
        _ => "application/octet-stream",
    }
}

/// `filename`, as a token's text or, beyond ASCII, percent-encoded (RFC 2231 §4).
fn file_name(name: &str) -> String {
    let simple = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.bytes().all(|b| simple(b) || b == b' ') {
        return format!("filename=\"{name}\"");
    }
    let mut out = String::from("filename*=utf-8''");
    for b in name.bytes() {
        if simple(b) {
            out.push(char::from(b));
        } else {
            _ = write!(out, "%{b:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_file_name_or_type_adds_no_field() {
        assert_eq!(file_name("agenda 1.pdf"), "filename=\"agenda 1.pdf\"");
        assert_eq!(file_name("a\r\nX: \"b\".pdf"), "filename*=utf-8''a%0D%0AX%3A%20%22b%22.pdf");
        assert_eq!(media_type("image/jpeg"), "image/jpeg");
        for hostile in ["image", "a/b\r\nX: y", "multipart/mixed", "a/b; c", "/", ""] {
            assert_eq!(media_type(hostile), "application/octet-stream", "{hostile:?}");
        }
    }
}
