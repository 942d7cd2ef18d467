//! From a place in MJML back to the file and line that it came from.
//!
//! To find it the templates are filled once more with a mark at the beginning of each line, which says
//! whose line it is.

use super::scan;

const OPEN: char = '\u{e002}';
const CLOSE: char = '\u{e003}';

/// A template's text with its marks; `number` is the template's own.
pub(super) fn marked(number: usize, text: &str) -> String {
    let mark = |line: usize| format!("{OPEN}{number}:{line}{CLOSE}");
    let mut out = mark(1);
    let mut at = 0;
    for end in scan::breaks(text).into_iter().map(|end| end + 1) {
        out += &text[at..end];
        at = end;
        out += &mark(1 + text[..end].matches('\n').count());
    }
    out + &text[at..]
}

/// Filled text without the marks, and where each was.
pub(super) fn unmarked(filled: &str) -> (String, Vec<Mark>) {
    let (mut text, mut marks) = (String::with_capacity(filled.len()), Vec::new());
    let mut rest = filled;
    while let Some((before, after)) = rest.split_once(OPEN) {
        text += before;
        let (mark, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        if let Some((number, line)) = mark.split_once(':')
            && let (Ok(number), Ok(line)) = (number.parse(), line.parse())
        {
            marks.push(Mark { at: text.len(), number, line });
        }
        rest = after;
    }
    (text + rest, marks)
}

/// The beginning of a template's line in filled text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) number: usize,
    pub(super) line: usize,
}
