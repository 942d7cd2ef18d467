//! A message as a verifier reads it: `relaxed` for the header, because relays fold and unfold it;
//! `simple` for the body, which is ASCII in short lines and needs no more.

use aws_lc_rs::digest::{Context, Digest, SHA256};
use memchr::memmem;

/// One header field as it stands, folded or not, without its last CRLF.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Field<'a> {
    pub(super) fn of(octets: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', octets)?;
        Some(Self { name: octets[..colon].trim_ascii_end(), value: &octets[colon + 1..] })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The header's fields, and the body that follows the blank line.
pub(super) fn split(message: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields = Vec::with_capacity(24);
    let mut start = 0;
    for end in memmem::find_iter(message, b"\r\n") {
        let next = end + 2;
        if end == start {
            return (fields, &message[next..]);
        }
        // a line that begins with a blank goes on with the field before it (RFC 5322 §2.2.3)
        if !matches!(message.get(next), Some(b' ' | b'\t')) {
            fields.extend(Field::of(&message[start..end]));
            start = next;
        }
    }
    fields.extend(Field::of(&message[start..]));
    (fields, &[])
}

/// The field on one line, each run of blanks as one space (RFC 6376 §3.4.2), without a CRLF.
pub(super) fn relaxed(field: &Field<'_>, out: &mut Vec<u8>) {
    out.extend(field.name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let start = out.len();
    let mut blank = false;
    for &octet in field.value {
        match octet {
            b' ' | b'\t' => blank = true,
            // of a fold: a blank follows
            b'\r' | b'\n' => {}
            octet => {
                if blank && out.len() > start {
                    out.push(b' ');
                }
                blank = false;
                out.push(octet);
            }
        }
    }
}

/// The body as it stands, but for empty lines at its end; an empty one is one line (RFC 6376 §3.4.3).
pub(super) fn body_hash(body: &[u8]) -> Digest {
    let mut lines = body;
    while let Some(rest) = lines.strip_suffix(b"\r\n") {
        lines = rest;
    }
    let mut hash = Context::new(&SHA256);
    hash.update(lines);
    hash.update(b"\r\n");
    hash.finish()
}
