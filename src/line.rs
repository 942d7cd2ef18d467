//! One line of text that a person wrote: a name, a subject, a title.
//!
//! What always holds: no CR, LF, NUL or other control character, no character of the private use
//! area (the message stage marks its slots with those), trimmed, never blank, at most 500
//! characters. So a line can never grow a header of its own (RFC 5322 §2.2).

use std::fmt;
use std::str::FromStr;

/// The longest line anybody may write, in characters.
const LONGEST: usize = 500;

/// A single line of text; see the module's header for what it cannot contain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(String);

impl Line {
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let text = text.trim_matches([' ', '\t']);
        match text.chars().find(|c| is_forbidden(*c)) {
            Some('\r' | '\n') => Err(LineError::LineBreak),
            Some(c) => Err(LineError::Control(c)),
            None if text.trim().is_empty() => Err(LineError::Empty),
            None if text.chars().count() > LONGEST => Err(LineError::TooLong),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The nearest line to a text that no person can be asked to mend: what is forbidden is left out, white
    /// space is one space, and what is longer than `longest` characters is cut. None when nothing is left.
    pub fn nearest(text: &str, longest: usize) -> Option<Self> {
        let kept: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !is_forbidden(*c))
            .collect();
        let text = kept.split_whitespace().collect::<Vec<_>>().join(" ");
        let longest = longest.min(LONGEST);
        if text.chars().count() <= longest {
            return Self::parse(&text).ok();
        }
        let cut: String = text.chars().take(longest.saturating_sub(1)).collect();
        Self::parse(&format!("{}…", cut.trim_end())).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, private use, and the marks that reverse the direction of what follows.
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Line {
    type Err = LineError;
    fn from_str(text: &str) -> Result<Self, LineError> {
        Self::parse(text)
    }
}

/// Why a text is not one line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LineError {
    #[error("is empty; write some text")]
    Empty,
    #[error("holds a line break; write it on one line")]
    LineBreak,
    #[error("holds the control character U+{:04X}; remove it", u32::from(*.0))]
    Control(char),
    #[error("is longer than 500 characters; shorten it")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_refused_at_the_edge() {
        assert_eq!(Line::parse("Ann\r\nBcc: all"), Err(LineError::LineBreak));
        assert_eq!(Line::parse("Ann\nB"), Err(LineError::LineBreak));
        assert_eq!(Line::parse("Ann\0"), Err(LineError::Control('\0')));
        assert_eq!(Line::parse("\u{202e}gnp.exe"), Err(LineError::Control('\u{202e}')));
    }

    #[test]
    fn white_space_of_any_kind_is_no_text() {
        for blank in ["", " \t", "\u{a0}", "\u{3000} \u{2003}"] {
            assert_eq!(Line::parse(blank), Err(LineError::Empty), "{blank:?}");
        }
    }

    #[test]
    fn a_text_that_nobody_can_mend_becomes_the_nearest_line() {
        let nearest = |text| Line::nearest(text, 13).map(|line| line.to_string());
        assert_eq!(nearest("\u{202e}News\r\nBcc:\u{2028}all\0").as_deref(), Some("News Bcc: all"));
        assert_eq!(nearest("A very long title").as_deref(), Some("A very long…"));
        assert_eq!(nearest(" \u{3000}\u{e000}\n"), None);
        assert_eq!(
            Line::nearest(&"é".repeat(10_000), 10_000).unwrap().as_str().chars().count(),
            500
        );
    }

    #[test]
    fn names_of_every_script_pass() {
        for name in ["Zoë Ní Bhriain", "王小明", "Ολυμπία", "أحمد", "O'Neill, Síle (she/her)"]
        {
            assert_eq!(Line::parse(name).unwrap().as_str(), name);
        }
    }
}
