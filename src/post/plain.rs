//! A post's Markdown as plain text.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Wrapped at `width` characters; the address of a link follows its text.
pub fn text(body: &str, width: usize) -> String {
    let mut blocks = Vec::new();
    let mut block = String::new();
    let mut links = Vec::new();
    for event in Parser::new(body) {
        match event {
            Event::Text(text) | Event::Code(text) => block.push_str(&text),
            Event::SoftBreak | Event::HardBreak => block.push(' '),
            Event::Start(Tag::Item) => block.push_str("* "),
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::End(TagEnd::Link) => {
                let url = links.pop().unwrap_or_default();
                if !block.ends_with(url.trim_start_matches("mailto:")) {
                    block.push_str(" (");
                    block.push_str(&url);
                    block.push(')');
                }
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => {
                let done = std::mem::take(&mut block);
                if !done.is_empty() {
                    blocks.push(wrapped(&done, width));
                }
            }
            _ => {}
        }
    }
    blocks.join("\n\n")
}

fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
