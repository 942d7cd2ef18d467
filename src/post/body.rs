//! A Markdown body as events that are safe to write down, for HTML and for plain text alike.
//!
//! What always holds for [`events`]:
//! * raw HTML is text; links and pictures have an allowed address, or only their text is left;
//! * no control, direction-override or private-use character, not even one written as an entity;
//! * at most [`DEEPEST`] levels, so that whoever reads the result may recurse;
//! * headings begin at 2 and leave no level out; a picture's description is one text; footnotes are
//!   a list at the end.

mod autolink;
mod heading;
mod tidy;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream};

use tidy::Tidy;

/// No honest text nests deeper; readers of the result recurse, and stacks end.
pub(super) const DEEPEST: usize = 50;

pub(super) fn parser(body: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS;
    Parser::new_ext(body, options)
}

/// The body, made safe.
pub(super) fn events(body: &str) -> Vec<Event<'_>> {
    let mut tidy = Tidy::new();
    // merged, or an address with an underscore would come in two pieces
    for event in TextMergeStream::new(parser(body)) {
        tidy.take(event);
    }
    tidy.finish()
}

/// A picture as the body names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Counted from 1 in the body.
    pub(super) line: usize,
    pub(super) src: String,
    pub(super) alt: String,
}

pub(super) fn pictures(body: &str) -> Vec<Picture> {
    let mut found: Vec<Picture> = Vec::new();
    let mut lines = Lines::new(body);
    let mut depth = 0_usize;
    for (event, range) in parser(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                depth += 1;
                found.push(Picture {
                    line: lines.at(range.start),
                    src: dest_url.into_string(),
                    alt: String::new(),
                });
            }
            Event::End(TagEnd::Image) => depth -= 1,
            Event::Text(text) | Event::Code(text) if depth > 0 => {
                if let Some(picture) = found.last_mut() {
                    picture.alt.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

/// The line on which the body first nests deeper than [`DEEPEST`].
pub(super) fn too_deep(body: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (event, range) in parser(body).into_offset_iter() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Some(Lines::new(body).at(range.start));
        }
    }
    None
}

/// Counts lines from 1, for offsets that never go back.
struct Lines<'a> {
    body: &'a str,
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(body: &'a str) -> Self {
        Self { body, offset: 0, line: 1 }
    }

    fn at(&mut self, offset: usize) -> usize {
        let passed = self.body.get(self.offset..offset).unwrap_or_default();
        self.line += passed.matches('\n').count();
        self.offset = self.offset.max(offset);
        self.line
    }
}

/// `https`, `http`, `mailto` or `tel`; everything else can run, read files or call home.
fn may_link(address: &str) -> bool {
    matches!(scheme(address).as_deref(), Some("http" | "https" | "mailto" | "tel"))
}

/// A file beside the post, or an address on the web.
fn may_show(address: &str) -> bool {
    is_remote(address) || is_file_name(address)
}

pub(super) fn is_remote(address: &str) -> bool {
    matches!(scheme(address).as_deref(), Some("http" | "https"))
}

/// The name of a file in the post's own folder, and of nothing elsewhere on any system.
pub(super) fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| !matches!(c, '/' | '\\' | ':') && keeps(c) && c != '\n' && c != '\t')
}

fn scheme(address: &str) -> Option<String> {
    let (scheme, _) = address.split_once(':')?;
    Some(scheme.to_ascii_lowercase())
}

/// A text without the characters that XML refuses, that turn the reading direction around
/// (Unicode TR 36 §2.6), or that mark slots in the message stage.
pub(super) fn clean<'a>(text: impl Into<CowStr<'a>>) -> CowStr<'a> {
    let text = text.into();
    if text.chars().all(keeps) {
        return text;
    }
    text.chars().filter(|c| keeps(*c)).collect::<String>().into()
}

fn keeps(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control() && !is_private(c),
    }
}

pub(super) fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}')
}
