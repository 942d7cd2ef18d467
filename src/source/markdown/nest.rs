//! Quotes and items of lists: what stands before each line in them.

pub(super) enum Nest {
    Quote {
        used: bool,
    },
    Item {
        marker: String,
        used: bool,
        first: bool,
    },
    /// Too deep to be shown.
    Flat,
}

impl Nest {
    /// What stands before its next line.
    pub(super) fn prefix(&mut self) -> String {
        match self {
            Self::Item { marker, used: used @ false, .. } => {
                *used = true;
                return marker.clone();
            }
            Self::Quote { used } => *used = true,
            _ => {}
        }
        self.later()
    }

    /// What stands before a line between its blocks: nothing before the first.
    pub(super) fn later(&self) -> String {
        match self {
            Self::Quote { used: true } => "> ".to_owned(),
            Self::Item { marker, used: true, .. } => " ".repeat(marker.len()),
            _ => String::new(),
        }
    }
}
