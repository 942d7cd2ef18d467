//! Octets together with what is known of their lines.
//!
//! Most of a mail is the same for everybody who gets it, and to look through all of it again for each
//! person took longer than to put it together. So octets are looked through when they come in, and
//! what is known of two pieces says what is known of both ([`Octets::join`]): the pieces that
//! everybody gets are looked through once.
//!
//! What always holds: what is known is what looking through the whole would say, wherever it was put
//! together: also in the middle of a line, or between CR and LF. Nothing gets at the octets but by
//! [`Octets::push`], which looks, and by joining what was looked through.

mod lines;

use std::ops::Deref;

use lines::Lines;

/// Octets in a line, without its CRLF (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// A message, or a piece of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    bytes: Vec<u8>,
    lines: Lines,
}

/// Why a message is none that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the message {defect}")]
pub struct Flaw {
    /// Counted from 1.
    pub line: usize,
    pub defect: Defect,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// So many octets.
    #[error("has {0} octets, {LONGEST_LINE} are allowed; fold or encode it")]
    Long(usize),
    #[error("ends in a bare CR; end it in CRLF")]
    BareCr,
    #[error("ends in a bare LF; end it in CRLF")]
    BareLf,
}

impl Octets {
    /// None yet, and room for so many.
    pub fn with_capacity(octets: usize) -> Self {
        Self { bytes: Vec::with_capacity(octets), lines: Lines::default() }
    }

    /// Appends octets of which nothing is known: looks through them.
    pub fn push(&mut self, octets: &[u8]) {
        self.lines = self.lines.then(Lines::of(octets));
        self.bytes.extend_from_slice(octets);
    }

    /// Appends a piece of which all is known: looks at nothing.
    pub fn join(&mut self, piece: &Self) {
        self.lines = self.lines.then(piece.lines);
        self.bytes.extend_from_slice(&piece.bytes);
    }

    /// Puts a piece in front, in place when there is room for it.
    pub fn precede(&mut self, piece: &Self) {
        self.lines = piece.lines.then(self.lines);
        self.bytes.splice(0..0, piece.bytes.iter().copied());
    }

    /// The first thing that makes this no message to be sent: a bare CR or LF, or a line over 998
    /// octets (RFC 5322 §2.1.1 and §2.3).
    pub fn flaw(&self) -> Option<Flaw> {
        self.lines.flaw()
    }

    /// Whether some octet is above 127.
    pub fn has_eight_bit(&self) -> bool {
        self.lines.has_eight_bit()
    }

    /// Whether some line begins with a dot.
    pub fn has_leading_dot(&self) -> bool {
        self.lines.has_leading_dot()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl From<Vec<u8>> for Octets {
    /// Looks through the whole.
    fn from(bytes: Vec<u8>) -> Self {
        Self { lines: Lines::of(&bytes), bytes }
    }
}

impl From<&[u8]> for Octets {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
