//! Header fields: encoded, folded, and closed to whoever would add one of their own.
//!
//! What always holds: each function appends one field that ends in CRLF; nothing in its value ends
//! it earlier; words are folded before column 78 (RFC 5322 §2.1.1) and lines of encoded words
//! before 76 (RFC 2047 §2).

use std::fmt::Write as _;

use crate::address::EmailAddress;
use crate::clock::Timestamp;

/// A line of encoded words is at most this long, and an encoded word one less.
const ENCODED_LINE: usize = 76;
const LINE: usize = 78;
/// A word that is longer cannot be folded, so it is encoded.
const LONGEST_WORD: usize = 60;
/// `=?UTF-8?Q?` and `?=`.
const WRAPPING: usize = 12;

/// Free text: `Subject`.
pub(super) fn unstructured(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = one_line(value);
    let mut field = Field::open(out, name);
    if is_plain(&value) {
        field.words(&value);
    } else {
        field.encoded_words(&value);
    }
    field.close();
}

/// An address with the name it is shown under: `From`, `To`, `Reply-To`.
pub(super) fn mailbox(out: &mut Vec<u8>, name: &str, shown: Option<&str>, address: &EmailAddress) {
    named(out, name, shown, &address.wire());
}

/// A display name and what it stands for in angle brackets: `List-Id` (RFC 2919 §2).
pub(super) fn named(out: &mut Vec<u8>, name: &str, shown: Option<&str>, target: &str) {
    let mut field = Field::open(out, name);
    if let Some(shown) = shown {
        field.phrase(&one_line(shown));
        field.fold_before(target.len() + 2);
    }
    field.push(&format!("<{}>", unbroken(target)));
    field.close();
}

/// Something of our own making that must stay in one piece, such as an address in `List-Unsubscribe`.
pub(super) fn verbatim(out: &mut Vec<u8>, name: &str, value: &str) {
    let mut field = Field::open(out, name);
    field.push(&unbroken(value));
    field.close();
}

/// When it was written (RFC 5322 §3.3).
pub(super) fn date(out: &mut Vec<u8>, at: Timestamp) {
    let date = at.to_utc().format("%a, %-d %b %Y %H:%M:%S +0000");
    unstructured(out, "Date", &date.to_string());
}

/// A field that is being written.
struct Field<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
    /// How many octets this line may have.
    width: usize,
}

impl<'a> Field<'a> {
    fn open(out: &'a mut Vec<u8>, name: &str) -> Self {
        let mut field = Self { out, column: 0, width: LINE };
        field.push(name);
        field.push(": ");
        field
    }

    fn close(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
    }

    fn fold(&mut self) {
        self.out.extend_from_slice(b"\r\n ");
        self.column = 1;
        self.width = LINE;
    }

    /// A space, on a new line when `coming` octets do not fit on this one.
    fn fold_before(&mut self, coming: usize) {
        if self.column + 1 + coming > self.width {
            self.fold();
        } else {
            self.push(" ");
        }
    }

    fn words(&mut self, text: &str) {
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                self.fold_before(word.len());
            }
            self.push(word);
        }
    }

    /// A display name: as it is, quoted, or encoded (RFC 5322 §3.2.5).
    fn phrase(&mut self, text: &str) {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        if !is_plain(text) || quoted.len() > LONGEST_WORD {
            self.encoded_words(text);
        } else if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') {
            self.push(text);
        } else {
            self.push(&format!("\"{quoted}\""));
        }
    }

    /// RFC 2047, in whichever of its two encodings is shorter; no character is cut in two (§5).
    fn encoded_words(&mut self, text: &str) {
        let encoding = Encoding::shortest(text);
        let mut rest = text;
        while !rest.is_empty() {
            let room = ENCODED_LINE.saturating_sub(self.column + WRAPPING);
            let (word, after) = rest.split_at(encoding.fitting(rest, room));
            self.push(&encoding.word(word));
            self.width = ENCODED_LINE;
            rest = after;
            if !rest.is_empty() {
                self.fold();
            }
        }
    }
}

/// Breaks and other controls become spaces: nothing can start a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn unbroken(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

/// Words of ASCII that a reader takes for what they are and that fold at their spaces.
fn is_plain(text: &str) -> bool {
    text.is_ascii()
        && !text.contains("=?")
        && text.split(' ').all(|word| !word.is_empty() && word.len() <= LONGEST_WORD)
}

#[derive(Clone, Copy)]
enum Encoding {
    Quoted,
    Base64,
}

impl Encoding {
    fn shortest(text: &str) -> Self {
        if text.chars().map(quoted_length).sum::<usize>() <= text.len().div_ceil(3) * 4 {
            Self::Quoted
        } else {
            Self::Base64
        }
    }

    /// How many octets of `text`, ending at a character, fit in `room`; at least one character.
    fn fitting(self, text: &str, room: usize) -> usize {
        let mut taken = 0;
        let mut quoted = 0;
        for c in text.chars() {
            quoted += quoted_length(c);
            let length = match self {
                Self::Quoted => quoted,
                Self::Base64 => (taken + c.len_utf8()).div_ceil(3) * 4,
            };
            if taken > 0 && length > room {
                break;
            }
            taken += c.len_utf8();
        }
        taken
    }

    fn word(self, text: &str) -> String {
        match self {
            Self::Quoted => format!("=?UTF-8?Q?{}?=", quoted(text)),
            Self::Base64 => {
                format!("=?UTF-8?B?{}?=", data_encoding::BASE64.encode(text.as_bytes()))
            }
        }
    }
}

/// The set that is also safe in a display name (RFC 2047 §5 rule 3).
fn quoted_literal(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!*+-/".contains(&b)
}

fn quoted_length(c: char) -> usize {
    match u8::try_from(c) {
        Ok(b) if b == b' ' || quoted_literal(b) => 1,
        _ => 3 * c.len_utf8(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        match b {
            b' ' => out.push('_'),
            b if quoted_literal(b) => out.push(char::from(b)),
            b => _ = write!(out, "={b:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests;
