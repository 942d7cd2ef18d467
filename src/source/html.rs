//! HTML that somebody else wrote, made safe.
//!
//! What always holds for [`clean`]: well-formed; only the elements of [`KEPT`], without any attribute but
//! an address to follow, a number to begin with and a picture's description; no script, style, form or
//! frame, nor what stands in one; addresses are `https`, `http`, `mailto` or `tel`, and whole.

mod growth;
mod piece;

pub(super) use piece::tokens;

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use html5ever::tokenizer::Token;
use url::Url;

use crate::post::tracker;

/// The most that is read as HTML, in octets: a mail that is longer is cut off by the readers' programs.
const LONGEST: usize = 300_000;
/// The most tags: each takes as long as those are many that it may stand in.
const MOST_TAGS: usize = 5_000;
/// The most elements that come of them: as many again for what is opened anew, or was left out.
const MOST_ELEMENTS: usize = 2 * MOST_TAGS;

const KEPT: [&str; 51] = [
    "a",
    "address",
    "article",
    "aside",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "s",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// Gone with all that is in them.
const GONE: [&str; 18] = [
    "audio", "button", "canvas", "embed", "form", "frameset", "iframe", "math", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
];

/// Elements within a line.
const INLINE: [&str; 16] = [
    "a", "b", "cite", "code", "del", "em", "i", "img", "kbd", "s", "small", "span", "strike",
    "strong", "tt", "var",
];

/// Safe HTML; None when there is too much of it to look through.
pub(super) fn clean(html: &str, base: &Url) -> Option<String> {
    if html.len() > LONGEST
        || html.matches('<').count() > MOST_TAGS
        || growth::exceeds(html, MOST_ELEMENTS)
    {
        return None;
    }
    let attributes = [("a", "href"), ("ol", "start"), ("img", "alt")];
    let cleaned = Builder::empty()
        .tags(KEPT.into())
        .clean_content_tags(GONE.into())
        .tag_attributes(attributes.map(|(tag, name)| (tag, HashSet::from([name]))).into())
        .generic_attributes(HashSet::new())
        .allowed_classes(HashMap::new())
        .url_schemes(["https", "http", "mailto", "tel"].into())
        .url_relative(UrlRelative::RewriteWithBase(base.clone()))
        .link_rel(None)
        .clean(html);
    Some(cleaned.to_string())
}

/// The words of safe HTML, white space between its blocks.
pub(super) fn words(clean: &str) -> String {
    let mut words = String::new();
    for token in tokens(clean) {
        match token {
            Token::CharacterTokens(text) => words.push_str(&text),
            Token::TagToken(tag) if !is_inline(&tag.name) => words.push(' '),
            _ => {}
        }
    }
    words
}

/// A plain text as HTML: its lines stay apart.
pub(super) fn of_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace("\r\n", "\n");
    let paragraph = |text: &str| format!("<p>{}</p>", text.trim().replace('\n', "<br>"));
    escaped.split("\n\n").map(paragraph).collect()
}

pub(super) fn is_inline(name: &str) -> bool {
    INLINE.contains(&name)
}

/// An address without what tells who followed it.
pub(super) fn untracked(url: Url) -> Url {
    Url::parse(&tracker::without(url.as_str())).unwrap_or(url)
}
