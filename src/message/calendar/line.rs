//! Content lines: folded, and safe from what people write (RFC 5545 §3.1, §3.3.11).

use std::fmt::Write as _;

use crate::message::slot::Slot;

/// Octets of a line without its end.
const WIDEST: usize = 75;

/// Content lines as they are added.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// A property with its parameters and its value.
    pub(super) fn add(&mut self, line: &str) {
        let mut column = 0;
        for c in line.chars() {
            if column + c.len_utf8() > WIDEST {
                // the blank counts for the line that it begins
                self.0.push_str("\r\n ");
                column = 1;
            }
            self.0.push(c);
            column += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// A property that is each person's own.
    pub(super) fn mark(&mut self, slot: Slot) {
        self.0.push_str(&slot.mark());
        self.0.push_str("\r\n");
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A value of type TEXT.
pub(super) fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The value of a parameter, quoted. It has no way to hold a quotation mark: that of RFC 6868 is
/// shown by many calendars as it stands. What one of them or another takes for an escape is left out.
pub(super) fn parameter(words: &str) -> String {
    let plain = words.chars().filter(|c| !c.is_control() && !matches!(c, '\\' | '^'));
    let plain: String = plain.map(|c| if c == '"' { '\'' } else { c }).collect();
    format!("\"{}\"", plain.trim())
}

/// An address without what no address may hold (RFC 3986 §2): blanks, marks, and all beyond ASCII.
pub(super) fn uri(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for octet in address.bytes() {
        if octet.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&octet) {
            out.push(char::from(octet));
        } else {
            _ = write!(out, "%{octet:02X}");
        }
    }
    out
}
