//! The four ways in which a relay may let us speak.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Pipelining,
    Chunking,
    Both,
}

impl Mode {
    pub(super) const ALL: [Self; 4] = [Self::Plain, Self::Pipelining, Self::Chunking, Self::Both];

    pub(super) fn pipelining(self) -> bool {
        matches!(self, Self::Pipelining | Self::Both)
    }

    pub(super) fn chunking(self) -> bool {
        matches!(self, Self::Chunking | Self::Both)
    }

    /// What the scripted relay offers.
    pub(super) fn offers(self) -> &'static [&'static str] {
        const OFFERS: [&str; 5] =
            ["PIPELINING", "SIZE 33554432", "8BITMIME", "AUTH PLAIN LOGIN", "CHUNKING"];
        &OFFERS[usize::from(!self.pipelining())..4 + usize::from(self.chunking())]
    }
}
