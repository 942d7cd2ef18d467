//! The table `[reminder]`.

use std::collections::BTreeMap;

use crate::clock::step::{self, Step};
use crate::config::section::Section;
use crate::config::{Kind, value};

/// Only notices tell of a meeting to come; a post of another kind that does may have a ladder of its own.
const KINDS: [Kind; 1] = [Kind::MeetingNotice];

/// Ladders by the kind of post, each with the longest step first.
pub(super) fn reminder(mut s: Section<'_>) -> Option<BTreeMap<Kind, Vec<Step>>> {
    let ladders = KINDS.map(|kind| Some((kind, ladder(&mut s, kind)?)));
    s.end();
    ladders.into_iter().collect()
}

fn ladder(s: &mut Section<'_>, kind: Kind) -> Option<Vec<Step>> {
    let steps = s.list(kind.as_str(), "", value::step)?;
    step::ladder(steps).map_err(|why| s.impossible(kind.as_str(), &why)).ok()
}
