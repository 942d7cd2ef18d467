//! Plain text made from Markdown, for the text part of a mail and for those who read it by ear.
//!
//! What always holds: no line is wider than asked unless a single word is; a body that is not
//! empty has a text that is not empty; every address a link leads to is written out.

mod block;
mod table;
mod wrap;

use std::collections::HashMap;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::body;
use block::Blocks;

/// The body as text of at most `width` characters a line, without a line break at its end.
pub fn text(body: &str, width: usize) -> String {
    let mut writer = Writer { blocks: Blocks::new(width), ..Writer::default() };
    for event in body::events(body) {
        writer.take(event);
    }
    let text = writer.finish();
    if text.is_empty() {
        return wrap::words(&body::clean(body), width).join("\n");
    }
    text
}

/// The first paragraph as one line; without a paragraph, all the text there is.
pub fn first_paragraph(body: &str) -> String {
    let events = body::events(body);
    let paragraphs = events.split(|event| matches!(event, Event::End(TagEnd::Paragraph)));
    for part in paragraphs {
        let start = part.iter().rposition(|event| matches!(event, Event::Start(Tag::Paragraph)));
        let line = start.map(|start| one_line(&part[start..])).unwrap_or_default();
        if !line.is_empty() {
            return line;
        }
    }
    one_line(&events)
}

fn one_line(events: &[Event<'_>]) -> String {
    let mut text = String::new();
    let mut in_picture = false;
    for event in events {
        match event {
            Event::Start(Tag::Image { .. }) => in_picture = true,
            Event::End(TagEnd::Image) => in_picture = false,
            Event::Text(part) | Event::Code(part) if !in_picture => text.push_str(part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(end) if !is_inline(*end) => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link)
}

/// Follows the events; the text of the open block gathers in `line`.
#[derive(Default)]
struct Writer {
    blocks: Blocks,
    line: String,
    /// Where the label of the open link begins, and its address.
    link: Option<(usize, String)>,
    /// In the order of their numbers.
    addresses: Vec<String>,
    numbers: HashMap<String, usize>,
    /// The number of the next item of each open list; none for bullets.
    lists: Vec<Option<u64>>,
    rows: Vec<Vec<String>>,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => self.line.push_str(&text),
            Event::SoftBreak => self.line.push(' '),
            Event::HardBreak => self.line.push('\n'),
            Event::FootnoteReference(number) => self.say(format_args!(" ({number})")),
            Event::Rule => {
                self.flush();
                self.blocks.rule();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Link { dest_url, .. } => {
                self.link = Some((self.line.len(), dest_url.into_string()));
            }
            Tag::Strikethrough => self.line.push_str("~~"),
            Tag::Image { .. } => self.line.push_str("[Picture: "),
            Tag::Emphasis | Tag::Strong | Tag::TableCell => {}
            block => {
                self.flush();
                self.open(&block);
            }
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.blocks.enter("> ", "> "),
            Tag::List(first) => self.lists.push(*first),
            Tag::Item => {
                let marker = self.marker();
                self.blocks.enter(&marker, &" ".repeat(marker.len()));
            }
            _ => {}
        }
    }

    fn marker(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link => self.end_link(),
            TagEnd::Strikethrough => self.line.push_str("~~"),
            TagEnd::Image => self.end_picture(),
            TagEnd::Emphasis | TagEnd::Strong => {}
            TagEnd::TableCell => self.end_cell(),
            TagEnd::TableHead | TagEnd::TableRow => self.rows.push(Vec::new()),
            TagEnd::Table => self.end_table(),
            TagEnd::CodeBlock => self.blocks.code(&std::mem::take(&mut self.line)),
            TagEnd::Heading(level) => {
                let line = std::mem::take(&mut self.line);
                self.blocks.heading(&line, level);
            }
            block => self.end_block(block),
        }
    }

    fn end_block(&mut self, tag: TagEnd) {
        self.flush();
        match tag {
            TagEnd::Paragraph => self.blocks.part(),
            TagEnd::BlockQuote(_) => {
                self.blocks.leave();
                self.blocks.part();
            }
            TagEnd::Item => self.blocks.leave(),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.blocks.part();
                }
            }
            _ => {}
        }
    }

    /// Writes the text gathered so far as a block of its own.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.blocks.paragraph(&line);
    }

    /// An address that its own label shows is not repeated; others are listed at the end.
    fn end_link(&mut self) {
        let Some((start, address)) = self.link.take() else {
            return;
        };
        let label = self.line.get(start..).unwrap_or_default().trim();
        let mailbox = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:"));
        // a www. without its scheme is taken for a link by every mail program
        let www = label.starts_with("www.") && address.strip_prefix("https://") == Some(label);
        if label == address || Some(label) == mailbox || www {
            return;
        }
        match mailbox {
            _ if label.is_empty() => self.line.push_str(mailbox.unwrap_or(&address)),
            Some(mailbox) => self.say(format_args!(" ({mailbox})")),
            None => {
                let number = self.number(address);
                self.say(format_args!(" [{number}]"));
            }
        }
    }

    fn say(&mut self, words: std::fmt::Arguments<'_>) {
        self.line.push_str(&words.to_string());
    }

    fn number(&mut self, address: String) -> usize {
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(address.clone()).or_insert(next);
        if number == next {
            self.addresses.push(address);
        }
        number
    }

    fn end_picture(&mut self) {
        if let Some(bare) = self.line.strip_suffix(": ") {
            self.line.truncate(bare.len());
        }
        self.line.push(']');
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.line);
        let cell = cell.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.rows.last_mut() {
            Some(row) => row.push(cell),
            None => self.rows.push(vec![cell]),
        }
    }

    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let lines = table::lines(&rows, self.blocks.room());
        self.blocks.lines(&lines);
    }

    fn finish(mut self) -> String {
        self.flush();
        self.blocks.part();
        for (index, address) in self.addresses.iter().enumerate() {
            self.blocks.numbered(index + 1, address);
        }
        self.blocks.into_text()
    }
}

#[cfg(test)]
mod tests;
