//! What is known of the lines of octets, and of two pieces when one comes behind the other.
//!
//! A piece is cut at each LF. All but its first and its last line are judged; those two go on in
//! whatever is put beside them, so that only their measures are kept. With nothing as its neutral
//! element this is a monoid: it does not matter in which order pieces are joined.

use super::{Defect, Flaw, LONGEST_LINE};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// Up to the first LF, or all there is.
    first: Part,
    rest: Option<Rest>,
    eight_bit: bool,
}

/// What comes behind the first LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    /// How many LF there are, the first one included.
    breaks: usize,
    /// The first of a line that is judged; lines are counted from 1, as in a message.
    flaw: Option<Flaw>,
    /// Whether a line that is judged begins with a dot.
    dot: bool,
    /// Behind the last LF.
    last: Part,
}

/// Some of a line, without the LF that ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    /// How many octets come before the first CR, or are there.
    length: usize,
    cr: Cr,
    /// Whether it begins with a dot.
    dot: bool,
}

/// Whether some of a line has a CR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cr {
    #[default]
    None,
    /// Its last octet is the only one.
    Last,
    /// Something comes behind the first one, and it is no LF.
    Bare,
}

impl Lines {
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut lines = Self { eight_bit: !octets.is_ascii(), ..Self::default() };
        let one_lf = Rest { breaks: 1, flaw: None, dot: false, last: Part::default() };
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', octets) {
            lines = lines.then(Self::one(&octets[start..end], Some(one_lf)));
            start = end + 1;
        }
        lines.then(Self::one(&octets[start..], None))
    }

    fn one(line: &[u8], rest: Option<Rest>) -> Self {
        Self { first: Part::of(line), rest, eight_bit: false }
    }

    /// This piece and `next` behind it.
    pub(super) fn then(self, next: Self) -> Self {
        let eight_bit = self.eight_bit || next.eight_bit;
        let (first, rest) = match (self.rest, next.rest) {
            (None, rest) => (self.first.then(next.first), rest),
            (Some(rest), None) => (self.first, Some(rest.go_on(next.first))),
            (Some(rest), Some(more)) => (self.first, Some(rest.then(next.first, more))),
        };
        Self { first, rest, eight_bit }
    }

    /// Where nothing comes before and nothing behind.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let Some(rest) = self.rest else {
            return self.first.unended(1);
        };
        let first = self.first.ended(1);
        first.or(rest.flaw).or_else(|| rest.last.unended(rest.breaks + 1))
    }

    pub(super) fn has_eight_bit(&self) -> bool {
        self.eight_bit
    }

    pub(super) fn has_leading_dot(&self) -> bool {
        self.first.dot || self.rest.is_some_and(|rest| rest.dot || rest.last.dot)
    }
}

impl Rest {
    /// With what the last line goes on with.
    fn go_on(self, part: Part) -> Self {
        Self { last: self.last.then(part), ..self }
    }

    /// The last line and `first` are one, which is now judged.
    fn then(self, first: Part, next: Self) -> Self {
        let joint = self.last.then(first);
        let later = |flaw: Flaw| Flaw { line: flaw.line + self.breaks, ..flaw };
        Self {
            breaks: self.breaks + next.breaks,
            flaw: self
                .flaw
                .or_else(|| joint.ended(self.breaks + 1))
                .or_else(|| next.flaw.map(later)),
            dot: self.dot || joint.dot || next.dot,
            last: next.last,
        }
    }
}

impl Part {
    fn of(octets: &[u8]) -> Self {
        let found = memchr::memchr(b'\r', octets);
        let cr = match found {
            None => Cr::None,
            Some(place) if place + 1 == octets.len() => Cr::Last,
            Some(_) => Cr::Bare,
        };
        Self { length: found.unwrap_or(octets.len()), cr, dot: octets.starts_with(b".") }
    }

    fn then(self, next: Self) -> Self {
        if self == Self::default() {
            return next;
        }
        match self.cr {
            Cr::None => Self { length: self.length + next.length, cr: next.cr, ..self },
            Cr::Last if next != Self::default() => Self { cr: Cr::Bare, ..self },
            Cr::Last | Cr::Bare => self,
        }
    }

    /// What is wrong with a line that ends in an LF behind this.
    fn ended(&self, line: usize) -> Option<Flaw> {
        let defect = match self.cr {
            _ if self.length > LONGEST_LINE => Defect::Long(self.length),
            Cr::None => Defect::BareLf,
            Cr::Last => return None,
            Cr::Bare => Defect::BareCr,
        };
        Some(Flaw { line, defect })
    }

    /// What is wrong with the last line of all, which needs no end.
    fn unended(&self, line: usize) -> Option<Flaw> {
        let defect = match self.cr {
            _ if self.length > LONGEST_LINE => Defect::Long(self.length),
            Cr::None => return None,
            Cr::Last | Cr::Bare => Defect::BareCr,
        };
        Some(Flaw { line, defect })
    }
}
