//! A stretch of a message as it reads, each octet with where it stands on the wire.

use std::ops::Range;

use memchr::memmem;

const SOFT_BREAK: &[u8] = b"=\r\n";

/// What a stretch says, and from which octets of the message.
#[derive(Debug)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    span: Range<usize>,
    pub(super) read: Vec<u8>,
    /// For each octet that is read: where it stands.
    places: Vec<Range<usize>>,
    /// Line breaks that mean nothing may stand anywhere.
    folded: bool,
}

impl<'a> View<'a> {
    /// Every octet stands for itself.
    pub(super) fn plain(bytes: &'a [u8], span: Range<usize>) -> Self {
        let read = bytes[span.clone()].to_owned();
        let places = span.clone().map(|at| at..at + 1).collect();
        Self { bytes, span, read, places, folded: false }
    }

    /// Quoted-printable (RFC 2045 §6.7).
    pub(super) fn quoted(bytes: &'a [u8], span: Range<usize>) -> Self {
        let (mut read, mut places, mut at) = (Vec::new(), Vec::new(), span.start);
        while at < span.end {
            let rest = &bytes[at..span.end];
            if rest.starts_with(SOFT_BREAK) {
                at += SOFT_BREAK.len();
                continue;
            }
            let (octet, length) = escaped(rest).map_or((rest[0], 1), |octet| (octet, 3));
            read.push(octet);
            places.push(at..at + length);
            at += length;
        }
        Self { bytes, span, read, places, folded: false }
    }

    /// Without the line breaks that fold a line of a calendar.
    pub(super) fn unfolded(mut self) -> Self {
        let folds: Vec<usize> = [&b"\r\n "[..], b"\r\n\t"]
            .iter()
            .flat_map(|fold| memmem::find_iter(&self.read, fold))
            .flat_map(|at| at..at + 3)
            .collect();
        let keep = |index: usize| !folds.contains(&index);
        let read = self.read.iter().enumerate().filter(|(index, _)| keep(*index));
        let places = self.places.iter().enumerate().filter(|(index, _)| keep(*index));
        let (read, places) = (
            read.map(|(_, octet)| *octet).collect(),
            places.map(|(_, place)| place.clone()).collect(),
        );
        (self.read, self.places, self.folded) = (read, places, true);
        self
    }

    /// The octets on the wire of what is read from `start` to `end`.
    pub(super) fn place(&self, read: Range<usize>) -> Range<usize> {
        let at = |index: usize| self.places.get(index).map_or(self.span.end, |place| place.start);
        let start = at(read.start);
        let last = read.end.checked_sub(1).filter(|last| *last >= read.start);
        start..last.and_then(|last| self.places.get(last)).map_or(start, |place| place.end)
    }

    /// The octets themselves, also those that nobody reads; nothing where they may differ.
    pub(super) fn wire(&self, read: Range<usize>) -> Option<&'a [u8]> {
        if self.folded {
            return None;
        }
        let start = if read.start == 0 {
            self.span.start
        } else {
            self.place(read.start - 1..read.start).end
        };
        let end = self.places.get(read.end).map_or(self.span.end, |place| place.start);
        // where one's own words begin and end, the encoder may break a line
        let mut octets = &self.bytes[start..end.max(start)];
        while let Some(rest) = octets.strip_prefix(SOFT_BREAK) {
            octets = rest;
        }
        while let Some(rest) = octets.strip_suffix(SOFT_BREAK) {
            octets = rest;
        }
        Some(octets)
    }
}

fn escaped(rest: &[u8]) -> Option<u8> {
    let hex = std::str::from_utf8(rest.strip_prefix(b"=")?.get(..2)?).ok()?;
    u8::from_str_radix(hex, 16).ok()
}
