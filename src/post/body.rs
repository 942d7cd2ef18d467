//! A Markdown body as events that are safe to write down, for HTML and for plain text alike.
//!
//! What always holds for [`events`]:
//! * raw HTML is text; links and pictures have an allowed address, or only their text is left;
//! * no control, direction-override or private-use character, not even one written as an entity;
//! * at most [`DEEPEST`] levels, so that whoever reads the result may recurse;
//! * headings begin at 2; a picture's description is one text; footnotes are a list at the end.

use std::collections::HashMap;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};

/// No honest text nests deeper; readers of the result recurse, and stacks end.
pub(super) const DEEPEST: usize = 50;

fn parser(body: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS;
    Parser::new_ext(body, options)
}

/// The body, made safe.
pub(super) fn events(body: &str) -> Vec<Event<'_>> {
    let mut tidy = Tidy {
        parts: vec![Vec::new()],
        ..Tidy::default()
    };
    for event in parser(body) {
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
        Self {
            body,
            offset: 0,
            line: 1,
        }
    }

    fn at(&mut self, offset: usize) -> usize {
        let passed = self
            .body
            .as_bytes()
            .get(self.offset..offset)
            .unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.offset = self.offset.max(offset);
        self.line
    }
}

/// `https`, `http` or `mailto`; everything else can run, read files or call home.
fn may_link(address: &str) -> bool {
    matches!(
        scheme(address).as_deref(),
        Some("http" | "https" | "mailto")
    )
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
    text.chars()
        .filter(|c| keeps(*c))
        .collect::<String>()
        .into()
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

/// What became of a tag that is still open.
enum Open<'a> {
    Kept(TagEnd),
    Dropped,
    Footnote(CowStr<'a>),
}

/// A picture whose description is still being read.
struct Alt<'a> {
    src: CowStr<'a>,
    text: String,
    inner: usize,
}

#[derive(Default)]
struct Tidy<'a> {
    /// The body, and above it the footnotes that are still open.
    parts: Vec<Vec<Event<'a>>>,
    open: Vec<Open<'a>>,
    alt: Option<Alt<'a>>,
    notes: Vec<(CowStr<'a>, Vec<Event<'a>>)>,
    numbers: HashMap<CowStr<'a>, usize>,
}

impl<'a> Tidy<'a> {
    fn take(&mut self, event: Event<'a>) {
        if self.alt.is_some() {
            return self.describe(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.emit(Event::Text(clean(text)));
            }
            Event::Code(text) => self.emit(Event::Code(clean(text))),
            Event::TaskListMarker(true) => self.emit(Event::Text("[x] ".into())),
            Event::TaskListMarker(false) => self.emit(Event::Text("[ ] ".into())),
            Event::FootnoteReference(name) => {
                let number = self.number(name);
                self.emit(Event::FootnoteReference(number.to_string().into()));
            }
            other => self.emit(other),
        }
    }

    fn emit(&mut self, event: Event<'a>) {
        if let Some(part) = self.parts.last_mut() {
            part.push(event);
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        let open = match (tag, self.belongs()) {
            (Tag::Image { dest_url, .. }, _) => {
                self.alt = Some(Alt {
                    src: clean(dest_url),
                    text: String::new(),
                    inner: 0,
                });
                return;
            }
            (Tag::FootnoteDefinition(name), true) => {
                self.parts.push(Vec::new());
                Open::Footnote(name)
            }
            (tag, belongs) => self.keep(tag, belongs),
        };
        self.open.push(open);
    }

    /// Whether another level still fits.
    fn belongs(&self) -> bool {
        self.open.len() < DEEPEST
    }

    fn keep(&mut self, tag: Tag<'a>, fits: bool) -> Open<'a> {
        // rows go with their table and items with their list, or the result would not nest
        let part_of = matches!(
            tag,
            Tag::TableHead | Tag::TableRow | Tag::TableCell | Tag::Item
        );
        let kept = if part_of {
            !matches!(self.open.last(), None | Some(Open::Dropped))
        } else {
            fits
        };
        match allowed(tag).filter(|_| kept) {
            Some(tag) => {
                let end = tag.to_end();
                self.emit(Event::Start(tag));
                Open::Kept(end)
            }
            None => Open::Dropped,
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Kept(tag)) => self.emit(Event::End(tag)),
            Some(Open::Footnote(name)) => {
                let part = self.parts.pop().unwrap_or_default();
                self.notes.push((name, part));
            }
            Some(Open::Dropped) | None => {}
        }
    }

    /// Collects a picture's description until the picture ends.
    fn describe(&mut self, event: Event<'a>) {
        let Some(alt) = self.alt.as_mut() else { return };
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => {
                alt.text.push_str(&clean(text));
            }
            Event::SoftBreak | Event::HardBreak => alt.text.push(' '),
            Event::Start(_) => alt.inner += 1,
            Event::End(_) if alt.inner > 0 => alt.inner -= 1,
            Event::End(_) => self.show(),
            _ => {}
        }
    }

    fn show(&mut self) {
        let Some(Alt { src, text, .. }) = self.alt.take() else {
            return;
        };
        let shown = may_show(&src);
        if shown {
            self.emit(Event::Start(Tag::Image {
                link_type: LinkType::Inline,
                dest_url: src,
                title: "".into(),
                id: "".into(),
            }));
        }
        self.emit(Event::Text(text.into()));
        if shown {
            self.emit(Event::End(TagEnd::Image));
        }
    }

    fn number(&mut self, name: CowStr<'a>) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(name).or_insert(next)
    }

    /// The body, a rule, and the footnotes as a list in the order of their numbers.
    fn finish(mut self) -> Vec<Event<'a>> {
        let mut notes: Vec<(usize, Vec<Event<'a>>)> = std::mem::take(&mut self.notes)
            .into_iter()
            .map(|(name, events)| (self.number(name), events))
            .collect();
        notes.sort_by_key(|(number, _)| *number);
        let mut body: Vec<Event<'a>> = self.parts.into_iter().flatten().collect();
        if notes.is_empty() {
            return body;
        }
        body.extend([Event::Rule, Event::Start(Tag::List(Some(1)))]);
        for (_, events) in notes {
            body.push(Event::Start(Tag::Item));
            body.extend(events);
            body.push(Event::End(TagEnd::Item));
        }
        body.push(Event::End(TagEnd::List(true)));
        body
    }
}

/// The tag as it may be written, or nothing when only what is in it may stay.
fn allowed(tag: Tag<'_>) -> Option<Tag<'_>> {
    match tag {
        Tag::HtmlBlock => Some(Tag::Paragraph),
        Tag::CodeBlock(_) => Some(Tag::CodeBlock(CodeBlockKind::Indented)),
        Tag::BlockQuote(_) => Some(Tag::BlockQuote(None)),
        Tag::Heading { level, .. } => Some(Tag::Heading {
            level: demoted(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Tag::Link {
            link_type,
            dest_url,
            title,
            ..
        } => link(link_type, dest_url, title),
        other => Some(other),
    }
}

/// The title of the post is the page's first heading.
fn demoted(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        _ => HeadingLevel::H4,
    }
}

fn link<'a>(link_type: LinkType, address: CowStr<'a>, title: CowStr<'a>) -> Option<Tag<'a>> {
    let address = match link_type {
        LinkType::Email => format!("mailto:{address}").into(),
        _ => clean(address),
    };
    may_link(&address).then(|| Tag::Link {
        link_type: LinkType::Inline,
        dest_url: address,
        title: clean(title),
        id: "".into(),
    })
}
