//! Safe HTML as Markdown, so that one parser reads whatever becomes a post.
//!
//! What always holds: text is text (every sign that Markdown knows is escaped), each block is one line or
//! a few, and nothing nests deeper than [`DEEPEST`]. It goes along the pieces and never recurses, however
//! deeply they nest.

mod nest;
mod span;
mod table;

use html5ever::tokenizer::{Tag, TagKind, Token};

use super::html;
use crate::line::is_forbidden;
use nest::Nest;
use span::{Span, attribute, fence, span, without_breaks};
use table::Table;

/// Quotes and lists within each other: what is deeper stands at this depth.
const DEEPEST: usize = 8;

/// Markdown of safe, well-formed HTML.
pub(super) fn from(clean: &str) -> String {
    let mut writer = Writer::default();
    for token in html::tokens(clean) {
        match token {
            Token::CharacterTokens(text) => writer.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => writer.start(&tag),
            Token::TagToken(tag) => writer.end(&tag.name),
            _ => {}
        }
    }
    writer.flush();
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The quotes and items that are open.
    boxes: Vec<Nest>,
    /// For each open list, the number of its next item; None for bullets.
    lists: Vec<List>,
    /// The words of the block so far.
    line: String,
    /// What is open in it, and where it began.
    spans: Vec<(Span, usize)>,
    /// 0 outside a heading.
    heading: usize,
    /// The text of a `pre`, as it stands.
    raw: Option<String>,
    table: Option<Table>,
}

#[derive(Default)]
struct List {
    number: Option<u64>,
    begun: bool,
}

impl Writer {
    fn start(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        match name {
            "br" => self.line_break(),
            "img" => self.picture(tag),
            _ if html::is_inline(name) => self.open(span(tag)),
            _ if self.table.is_some() => self.within_table(name),
            "table" => {
                self.flush();
                self.table = Some(Table::default());
            }
            _ => self.start_block(name, tag),
        }
    }

    fn start_block(&mut self, name: &str, tag: &Tag) {
        self.flush();
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = name[1..].parse().unwrap_or(2);
            }
            "ul" => self.lists.push(List::default()),
            "ol" => {
                let start = attribute(tag, "start").and_then(|start| start.parse().ok());
                let number = Some(start.unwrap_or(1).min(999_999_000));
                self.lists.push(List { number, begun: false });
            }
            "li" => self.item(),
            "blockquote" => self.nest(Nest::Quote { used: false }),
            "pre" => self.raw = Some(String::new()),
            "hr" => self.emit("***"),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "br" | "img" => {}
            _ if html::is_inline(name) => {
                if let Some((span, start)) = self.spans.pop() {
                    span.close(&mut self.line, start);
                }
            }
            "table" => self.end_table(),
            _ if self.table.is_some() => self.end_within_table(name),
            "pre" => self.end_raw(),
            _ => {
                self.flush();
                match name {
                    "ul" | "ol" => drop(self.lists.pop()),
                    "li" | "blockquote" => drop(self.boxes.pop()),
                    _ => {}
                }
                self.heading = 0;
            }
        }
    }

    fn item(&mut self) {
        let list = self.lists.last_mut();
        let (marker, first) = match list {
            None => ("- ".to_owned(), true),
            Some(list) => {
                let first = !std::mem::replace(&mut list.begun, true);
                let marker = match &mut list.number {
                    None => "- ".to_owned(),
                    Some(number) => {
                        let marker = format!("{number}. ");
                        *number += 1;
                        marker
                    }
                };
                (marker, first)
            }
        };
        self.nest(Nest::Item { marker, used: false, first });
    }

    fn nest(&mut self, nest: Nest) {
        let fits = self.boxes.len() < DEEPEST;
        self.boxes.push(if fits { nest } else { Nest::Flat });
    }

    fn text(&mut self, text: &str) {
        if let Some(raw) = &mut self.raw {
            raw.extend(text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_forbidden(*c)));
            return;
        }
        let in_code = self.is_in(&Span::Code);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                ' ' | '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => self.space(),
                c if is_forbidden(c) => {}
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' if !in_code => {
                    self.line.extend(['\\', c]);
                }
                // what would be read as an entity
                '&' if !in_code
                    && rest.peek().is_some_and(|c| c.is_ascii_alphanumeric() || *c == '#') =>
                {
                    self.line.push_str("\\&");
                }
                c => self.line.push(c),
            }
        }
    }

    fn is_in(&self, span: &Span) -> bool {
        self.spans.iter().any(|(open, _)| open == span)
    }

    fn space(&mut self) {
        if !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
            self.line.push(' ');
        }
    }

    fn line_break(&mut self) {
        if let Some(raw) = &mut self.raw {
            raw.push('\n');
        } else if self.heading > 0 || self.table.is_some() || self.is_in(&Span::Code) {
            self.space();
        } else if self.line.ends_with("\\\n") {
            self.flush();
        } else if !self.line.is_empty() {
            self.line.truncate(self.line.trim_end_matches(' ').len());
            self.line.push_str("\\\n");
        }
    }

    /// Only its words: to load it would tell its server who reads the mail, and when.
    fn picture(&mut self, tag: &Tag) {
        let words = attribute(tag, "alt").map(str::trim).filter(|words| !words.is_empty());
        if let Some(words) = words {
            self.text(&format!("(Picture: {words})"));
        }
    }

    fn open(&mut self, span: Span) {
        let like = |other: &Span| std::mem::discriminant(other) == std::mem::discriminant(&span);
        let hidden = self.raw.is_some()
            || self.spans.iter().any(|(open, _)| like(open) || *open == Span::Code);
        self.spans.push((if hidden { Span::Nothing } else { span }, self.line.len()));
    }

    /// The words so far; what is open goes on in the next line.
    fn take(&mut self) -> String {
        let open = std::mem::take(&mut self.spans);
        for (span, start) in open.iter().rev() {
            span.close(&mut self.line, *start);
        }
        self.spans = open.into_iter().map(|(span, _)| (span, 0)).collect();
        let line = std::mem::take(&mut self.line);
        without_breaks(&line).to_owned()
    }

    /// Ends the block.
    fn flush(&mut self) {
        if self.raw.is_some() {
            return;
        }
        let words = self.take();
        if words.is_empty() {
            return;
        }
        let lines: Vec<_> = words.split('\n').map(|line| as_text(line.trim_start())).collect();
        match self.heading {
            0 => self.emit(&lines.join("\n")),
            level => self.emit(&format!("{} {}", "#".repeat(level), lines.join(" "))),
        }
    }

    fn end_raw(&mut self) {
        let raw = self.raw.take().unwrap_or_default();
        let raw = raw.trim_matches('\n').trim_end();
        if !raw.is_empty() {
            let fence = fence(raw, 3);
            self.emit(&format!("{fence}\n{raw}\n{fence}"));
        }
    }

    fn within_table(&mut self, name: &str) {
        let outside = self.table.as_mut().is_some_and(|table| table.start(name));
        let words = if outside { self.take() } else { String::new() };
        if !words.is_empty() {
            self.emit(&as_text(&words));
        }
        self.space();
    }

    fn end_within_table(&mut self, name: &str) {
        if self.table.as_ref().is_some_and(|table| table.ends_cell(name)) {
            let words = self.take();
            if let Some(table) = &mut self.table {
                table.cell(words);
            }
        }
        self.space();
    }

    fn end_table(&mut self) {
        if self.table.as_mut().is_some_and(|table| !table.end()) {
            return;
        }
        for block in self.table.take().map(Table::blocks).unwrap_or_default() {
            self.emit(&block);
        }
        self.flush();
    }

    /// Writes a block into the quotes and items that are open.
    fn emit(&mut self, block: &str) {
        let items = self.boxes.iter().filter(|nest| matches!(nest, Nest::Item { .. })).count();
        let tight = match self.boxes.last() {
            Some(Nest::Item { used: false, first, .. }) => !first || items > 1,
            _ => false,
        };
        if !tight && !self.out.is_empty() {
            let quotes = self.boxes.iter().map(Nest::later).collect::<String>();
            self.out.push_str(quotes.trim_end());
            self.out.push('\n');
        }
        for line in block.split('\n') {
            for nest in &mut self.boxes {
                let prefix = nest.prefix();
                self.out.push_str(&prefix);
            }
            self.out.push_str(line);
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
        }
    }
}

/// A line that could be taken for a list, a heading or a rule, as text.
fn as_text(line: &str) -> String {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match line.chars().nth(digits) {
        Some('#' | '+' | '-' | '=' | ':' | '|') if digits == 0 => format!("\\{line}"),
        Some('.' | ')') if digits > 0 => format!("{}\\{}", &line[..digits], &line[digits..]),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
