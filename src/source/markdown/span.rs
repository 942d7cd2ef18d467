//! What is marked within a line: strong words, links, code.

use html5ever::tokenizer::Tag;
use url::Url;

use crate::post::lint::link::is_vague;
use crate::source::html;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    Strong,
    Emphasis,
    Struck,
    Code,
    Link(String),
    /// Within its like, or in code.
    Nothing,
}

impl Span {
    /// Signs go close to the words, spaces outside, or they would stay signs (`CommonMark` §6.2).
    pub(super) fn close(&self, line: &mut String, start: usize) {
        let content = line.split_off(start.min(line.len()));
        let words = without_breaks(&content);
        if words.is_empty() || *self == Self::Nothing {
            line.push_str(&content);
            return;
        }
        let lead = content.len() - content.trim_start().len();
        let trail = lead + words.len();
        line.push_str(&content[..lead]);
        match self {
            Self::Strong => line.extend(["**", words, "**"]),
            Self::Emphasis => line.extend(["*", words, "*"]),
            Self::Struck => line.extend(["~~", words, "~~"]),
            Self::Link(url) => {
                line.extend(["[", words, &whither(words, url), "](<", url, ">)"]);
            }
            Self::Code => {
                let fence = fence(words, 1);
                line.extend([&fence, " ", words, " ", &fence]);
            }
            Self::Nothing => {}
        }
        line.push_str(&content[trail..]);
    }
}

pub(super) fn span(tag: &Tag) -> Span {
    match &*tag.name {
        "b" | "strong" => Span::Strong,
        "i" | "em" | "cite" | "var" => Span::Emphasis,
        "del" | "s" | "strike" => Span::Struck,
        "code" | "kbd" | "tt" => Span::Code,
        "a" => attribute(tag, "href").and_then(link).map_or(Span::Nothing, Span::Link),
        _ => Span::Nothing,
    }
}

/// An address that fits between `<` and `>`.
fn link(href: &str) -> Option<String> {
    let url = html::untracked(Url::parse(href).ok()?).to_string();
    let fits = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\\".contains(c));
    fits.then_some(url)
}

/// Behind words that do not say where a link leads: its host, a mailbox or a number.
fn whither(words: &str, url: &str) -> String {
    let plain = words.replace(['*', '~', '`', '\\'], "");
    let Some(url) = Url::parse(url).ok().filter(|_| is_vague(&plain)) else {
        return String::new();
    };
    let place = url.host_str().unwrap_or_else(|| url.path());
    let mut out = " (".to_owned();
    for c in place.chars() {
        if "\\`*_[]~&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out + ")"
}

pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|found| &*found.value)
}

/// Without white space around it, nor line breaks after it.
pub(super) fn without_breaks(line: &str) -> &str {
    let mut line = line.trim_start().trim_end_matches(' ');
    while let Some(rest) = line.strip_suffix("\\\n") {
        line = rest.trim_end_matches(' ');
    }
    line
}

/// Backticks around code: at least so many, and more than it holds in a row.
pub(super) fn fence(code: &str, least: usize) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}
