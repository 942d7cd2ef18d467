//! HTML that somebody else wrote, made safe.
//!
//! What always holds for [`clean`]: well-formed; only the elements of [`KEPT`], without any attribute but
//! an address to follow, a number to begin with and a picture's description; no script, style, form or
//! frame, nor what stands in one; addresses are `https`, `http` or `mailto`, and whole.

mod piece;

pub(super) use piece::tokens;

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use html5ever::tokenizer::Token;
use url::Url;

/// The most that is read as HTML, in octets: a mail that is longer is cut off by the readers' programs.
const LONGEST: usize = 300_000;
/// The most tags: each takes as long as those are many that it may stand in.
const MOST_TAGS: usize = 5_000;

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

/// Parameters of links that tell who followed them.
const TRACKING: [&str; 7] = ["fbclid", "gclid", "dclid", "mc_eid", "mc_cid", "msclkid", "igshid"];

/// Safe HTML; None when there is too much of it to look through.
pub(super) fn clean(html: &str, base: &Url) -> Option<String> {
    if html.len() > LONGEST || html.matches('<').count() > MOST_TAGS {
        return None;
    }
    let attributes = [("a", "href"), ("ol", "start"), ("img", "alt")];
    let cleaned = Builder::empty()
        .tags(KEPT.into())
        .clean_content_tags(GONE.into())
        .tag_attributes(attributes.map(|(tag, name)| (tag, HashSet::from([name]))).into())
        .generic_attributes(HashSet::new())
        .allowed_classes(HashMap::new())
        .url_schemes(["https", "http", "mailto"].into())
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
pub(super) fn untracked(mut url: Url) -> Url {
    let is_tracking = |name: &str| {
        name.starts_with("utm_")
            || TRACKING.iter().any(|tracking| name.eq_ignore_ascii_case(tracking))
    };
    if !url.query_pairs().any(|(name, _)| is_tracking(&name)) {
        return url;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_tracking(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url
}
