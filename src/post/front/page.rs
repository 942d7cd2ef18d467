//! The two halves of a post's file.

use super::LONGEST;
use super::field::Findings;

/// The most front matter may have, in bytes.
const LONGEST_FRONT: usize = 64_000;

/// Front matter and body; lines are counted in the file, from 1.
pub(super) struct Page<'a> {
    /// Begins on line 2.
    pub(super) front: &'a str,
    pub(super) body: &'a str,
    pub(super) body_line: usize,
}

/// The text without a byte-order mark, with `\n` at the end of its lines.
pub(super) fn normal(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A character that not every database keeps.
pub(super) fn unkept(text: &str, found: &mut Findings) {
    if let Some((before, _)) = text.split_once('\0') {
        let line = before.matches('\n').count() + 1;
        found.error(line, "control-character", "the text holds the character U+0000; remove it");
    }
}

pub(super) fn split<'a>(text: &'a str, found: &mut Findings) -> Option<Page<'a>> {
    if text.len() > LONGEST {
        let message = "the post is larger than 1 MB; shorten it, or attach what is long";
        found.error(0, "too-large", message);
        return None;
    }
    let Some(rest) = text.split_once('\n').filter(|(first, _)| is_fence(first)) else {
        let message = "the post does not begin with front matter; write a line ---, then title:, kind: and date:, then a line ---";
        found.error(1, "no-front-matter", message);
        return None;
    };
    let page = close(rest.1);
    if page.is_none() {
        found.error(
            1,
            "front-matter-open",
            "the front matter is not closed; write a line --- where it ends",
        );
    }
    page.filter(|page| {
        let fits = page.front.len() <= LONGEST_FRONT;
        if !fits {
            found.error(
                1,
                "too-large",
                "the front matter is larger than 64 KB; write text below it",
            );
        }
        fits
    })
}

fn close(rest: &str) -> Option<Page<'_>> {
    let mut offset = 0;
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        if is_fence(line) {
            return Some(Page {
                front: rest.get(..offset)?,
                body: rest.get(offset + line.len()..)?,
                body_line: index + 3,
            });
        }
        offset += line.len();
    }
    None
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}
