//! Two stretches read side by side, until they differ.

use std::ops::Range;

use super::view::View;
use super::{Difference, Own};

/// Where two stretches differ: at one's own words, which is allowed, or elsewhere, which ends the walk.
pub(super) fn walk(
    what: &str,
    first: &View<'_>,
    second: &View<'_>,
    own: &[Own],
    other_own: &[Own],
) -> Vec<Difference> {
    let pairs = pairs(own, other_own);
    let (mut at, mut there) = (0, 0);
    // since when both say the same
    let (mut since, mut since_there) = (0, 0);
    let mut found = Vec::new();
    while at < first.read.len() || there < second.read.len() {
        let met = pairs.iter().find(|(_, one, other)| {
            first.read[at..].starts_with(one) && second.read[there..].starts_with(other)
        });
        if let Some((name, one, other)) = met {
            found.extend(unlike(what, first, second, since..at, since_there..there));
            let (end, end_there) = (at + one.len(), there + other.len());
            found.push(Difference {
                what: format!("{} in {what}", words(name)),
                allowed: true,
                first: first.place(at..end),
                second: second.place(there..end_there),
            });
            (at, there) = (end, end_there);
            (since, since_there) = (at, there);
        } else if first.read.get(at) == second.read.get(there) {
            (at, there) = (at + 1, there + 1);
        } else {
            let same = common_end(&first.read[at..], &second.read[there..]);
            found.push(Difference {
                what: what.to_owned(),
                allowed: false,
                first: first.place(at..first.read.len() - same),
                second: second.place(there..second.read.len() - same),
            });
            return found;
        }
    }
    found.extend(unlike(what, first, second, since..at, since_there..there));
    found
}

/// `unsubscribe_url` as people say it: "unsubscribe link".
fn words(name: &str) -> String {
    name.replace("_url", " link").replace('_', " ")
}

/// Each of the recipients' own words with its name, as text and as HTML have it, the longest first.
fn pairs(own: &[Own], other: &[Own]) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let mut pairs: Vec<_> = own
        .iter()
        .zip(other)
        .filter(|((_, one), (_, other))| one != other && !one.is_empty() && !other.is_empty())
        .flat_map(|((name, one), (_, other))| {
            let as_html = |text: &str| {
                let mut html = String::new();
                crate::message::slot::escape(text, &mut html);
                html.into_bytes()
            };
            let plain = (*name, one.clone().into_bytes(), other.clone().into_bytes());
            [plain, (*name, as_html(one), as_html(other))]
        })
        .collect();
    pairs.sort_by_key(|(_, one, _)| std::cmp::Reverse(one.len()));
    pairs
}

/// What reads the same must be written the same: not even its line breaks may tell who it is.
fn unlike(
    what: &str,
    first: &View<'_>,
    second: &View<'_>,
    read: Range<usize>,
    there: Range<usize>,
) -> Option<Difference> {
    let same = first.wire(read.clone()) == second.wire(there.clone());
    (!same).then(|| Difference {
        what: format!("how {what} is encoded"),
        allowed: false,
        first: first.place(read),
        second: second.place(there),
    })
}

fn common_end(one: &[u8], other: &[u8]) -> usize {
    one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count()
}
