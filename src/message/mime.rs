//! The body of a message as its parts (RFC 2045, 2046), with a person's slots left open.
//!
//! `mixed( alternative( text, related( html, pictures ) ), attachments )`, each level only as
//! needed: the least faithful alternative first (RFC 2046 §5.1.4), pictures beside the HTML that
//! shows them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::slot::{Fragments, Piece, Slot, Values};
use super::{Part, quoted};
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

/// Ends the header, and gives the body of everything a rendition carries.
pub(super) fn write(
    text: &Fragments,
    html: &Fragments,
    files: &[Part],
    header: &mut Vec<u8>,
) -> Vec<Chunk> {
    let mut body = Body { boundary: boundary(text, html, files), header, chunks: Vec::new() };
    body.root(text, html, files);
    body.chunks
}

/// Equal for equal content. No line of content is equal to it: quoted-printable has no `=_`, and
/// base64 no `_` (RFC 2045 §6.7).
fn boundary(text: &Fragments, html: &Fragments, files: &[Part]) -> String {
    let mut hash = Sha256::new();
    for piece in text.pieces().iter().chain(html.pieces()) {
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
    fn root(&mut self, text: &Fragments, html: &Fragments, files: &[Part]) {
        let (pictures, attachments): (Vec<_>, Vec<_>) =
            files.iter().partition(|part| part.cid.is_some());
        if attachments.is_empty() {
            return self.alternative(text, html, &pictures);
        }
        let mixed = self.open("mixed", "");
        self.alternative(text, html, &pictures);
        for part in attachments {
            self.next(&mixed);
            self.file(part);
        }
        self.close(&mixed);
    }

    fn alternative(&mut self, text: &Fragments, html: &Fragments, pictures: &[&Part]) {
        let alternative = self.open("alternative", "");
        self.text("plain", text, Form::Plain);
        self.next(&alternative);
        self.related(html, pictures);
        self.close(&alternative);
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
                    let line_ends =
                        matches!(pieces.peek(), Some(Piece::Fixed(next)) if next.starts_with('\n'));
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
