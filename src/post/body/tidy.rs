//! From the parser's events to safe ones; see the parent's header for what holds.

use std::collections::HashMap;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Tag, TagEnd};

use super::{DEEPEST, autolink, clean, heading, may_link, may_show};

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
pub(super) struct Tidy<'a> {
    /// The body, and above it the footnotes that are still open.
    parts: Vec<Vec<Event<'a>>>,
    open: Vec<Open<'a>>,
    /// How many of the open tags are links or code: no link is made inside.
    unlinked: usize,
    alt: Option<Alt<'a>>,
    notes: Vec<(CowStr<'a>, Vec<Event<'a>>)>,
    numbers: HashMap<CowStr<'a>, usize>,
}

impl<'a> Tidy<'a> {
    pub(super) fn new() -> Self {
        Self { parts: vec![Vec::new()], ..Self::default() }
    }

    pub(super) fn take(&mut self, event: Event<'a>) {
        if self.alt.is_some() {
            return self.describe(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Text(text) if self.unlinked == 0 && self.belongs() => {
                for event in autolink::linked(clean(text)) {
                    self.emit(event);
                }
            }
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
                self.alt = Some(Alt { src: clean(dest_url), text: String::new(), inner: 0 });
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
        let part_of = matches!(tag, Tag::TableHead | Tag::TableRow | Tag::TableCell | Tag::Item);
        let kept =
            if part_of { !matches!(self.open.last(), None | Some(Open::Dropped)) } else { fits };
        match allowed(tag).filter(|_| kept) {
            Some(tag) => {
                let end = tag.to_end();
                self.unlinked += usize::from(is_unlinked(end));
                self.emit(Event::Start(tag));
                Open::Kept(end)
            }
            None => Open::Dropped,
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Kept(tag)) => {
                self.unlinked -= usize::from(is_unlinked(tag));
                self.emit(Event::End(tag));
            }
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
    pub(super) fn finish(mut self) -> Vec<Event<'a>> {
        let mut notes: Vec<(usize, Vec<Event<'a>>)> = std::mem::take(&mut self.notes)
            .into_iter()
            .map(|(name, events)| (self.number(name), events))
            .collect();
        notes.sort_by_key(|(number, _)| *number);
        let mut body: Vec<Event<'a>> = self.parts.into_iter().flatten().collect();
        if !notes.is_empty() {
            list(notes, &mut body);
        }
        heading::order(&mut body);
        body
    }
}

fn list<'a>(notes: Vec<(usize, Vec<Event<'a>>)>, body: &mut Vec<Event<'a>>) {
    body.extend([Event::Rule, Event::Start(Tag::List(Some(1)))]);
    for (_, events) in notes {
        body.push(Event::Start(Tag::Item));
        body.extend(events);
        body.push(Event::End(TagEnd::Item));
    }
    body.push(Event::End(TagEnd::List(true)));
}

fn is_unlinked(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Link | TagEnd::CodeBlock)
}

/// The tag as it may be written, or nothing when only what is in it may stay.
fn allowed(tag: Tag<'_>) -> Option<Tag<'_>> {
    match tag {
        Tag::HtmlBlock => Some(Tag::Paragraph),
        Tag::CodeBlock(_) => Some(Tag::CodeBlock(CodeBlockKind::Indented)),
        Tag::BlockQuote(_) => Some(Tag::BlockQuote(None)),
        Tag::Heading { level, .. } => {
            Some(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Tag::Link { link_type, dest_url, title, .. } => link(link_type, dest_url, title),
        other => Some(other),
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
