//! A feed's octets as entries: RSS, Atom or JSON Feed.
//!
//! What always holds: an entry has an id that is the same at the next look, and no other entry of the feed
//! has it; the oldest comes first; at most [`MOST`] are read, the newest.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use feed_rs::model;
use feed_rs::parser::Builder;
use url::Url;

use super::html;

/// A feed shows its last news, not an archive.
const MOST: usize = 200;
/// The longest id that is kept as it is, in octets.
const LONGEST_ID: usize = 1000;

/// The most addresses that links of a feed are relative to: one for each item, and some around them.
const MOST_BASES: usize = 300;
/// What they may have together, in octets: each may lengthen those before it, and each element copies one.
const LONGEST_BASES: usize = 20_000;

/// One item, as the feed has it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// HTML.
    pub(super) title: String,
    /// HTML; empty when there is none.
    pub(super) content: String,
    /// HTML; empty when there is none, or when it is all the content there is.
    pub(super) summary: String,
    pub(super) link: Option<Url>,
    pub(super) date: Option<DateTime<Utc>>,
    /// In lower case.
    pub(super) categories: Vec<String>,
}

/// The entries of a feed that was found at `url`, or why it is none.
pub(super) fn read(bytes: &[u8], url: &Url) -> Result<Vec<Entry>, String> {
    bases(bytes)?;
    let parser = Builder::new()
        .base_uri(Some(url.as_str()))
        // an edited title is still the same news
        .id_generator(|links, title, _| {
            let link = links.first().map(|link| link.href.clone());
            link.or_else(|| title.as_ref().map(|title| title.content.clone())).unwrap_or_default()
        })
        .build();
    let feed = parser.parse(bytes).map_err(|error| {
        // the parser's words may quote the feed: one short line of them
        let why: String = error.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
        format!("is not a feed that can be read: {why}")
    })?;
    let mut ids = HashSet::new();
    let mut entries: Vec<_> = feed.entries.into_iter().map(|entry| entry_of(entry, url)).collect();
    entries.retain(|entry| ids.insert(entry.id.clone()));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.date));
    entries.truncate(MOST);
    entries.reverse();
    Ok(entries)
}

/// Refuses what takes longer with each `xml:base` that stands in another.
fn bases(bytes: &[u8]) -> Result<(), String> {
    // UTF-16 has noughts between the letters; the marks of ISO-2022-JP could part a word
    let letters: Vec<u8> = bytes.iter().copied().filter(|octet| *octet != 0).collect();
    if letters.contains(&0x1b) {
        return Err("is not a feed that can be read: it changes its alphabet on the way".to_owned());
    }
    let (mut count, mut octets) = (0, 0);
    for at in memchr::memmem::find_iter(&letters, "xml:base") {
        count += 1;
        let rest = letters.get(at..).unwrap_or_default();
        let mut quoted = rest.split(|octet| b"'\"".contains(octet));
        octets += quoted.nth(1).map_or(0, <[u8]>::len);
        if count > MOST_BASES || octets > LONGEST_BASES {
            return Err(format!(
                "is not a feed that can be read: it says too often what its links are relative to (xml:base); at most {MOST_BASES} times, and {LONGEST_BASES} octets, are followed"
            ));
        }
    }
    Ok(())
}

fn entry_of(entry: model::Entry, base: &Url) -> Entry {
    let summary = entry.summary.map(|text| as_html(&text.content, text.content_type.as_str()));
    let content = entry.content.and_then(|content| {
        let body = content.body.filter(|body| !body.trim().is_empty())?;
        Some(as_html(&body, content.content_type.as_str()))
    });
    let (content, summary) = match (content, summary) {
        (Some(content), summary) => (content, summary.unwrap_or_default()),
        (None, summary) => (summary.unwrap_or_default(), String::new()),
    };
    let title = entry.title.map(|text| as_html(&text.content, text.content_type.as_str()));
    let title = title.unwrap_or_default();
    let mut id = entry.id;
    if id.trim().is_empty() || id.len() > LONGEST_ID || id.contains('\0') {
        id = crate::post::read::hash(
            &format!("{id}{}", if id.is_empty() { &content } else { "" }),
            &[],
        );
    }
    Entry {
        id,
        title,
        content,
        summary,
        link: entry
            .links
            .iter()
            .find(|link| is_page(link))
            .and_then(|link| address(&link.href, base)),
        date: entry.published.or(entry.updated),
        categories: entry.categories.iter().map(|category| name(category).to_lowercase()).collect(),
    }
}

/// Text is HTML as it stands in feeds: a plain one with entities in it is read as its writer meant it.
fn as_html(text: &str, content_type: &str) -> String {
    if content_type.contains("html") {
        return text.to_owned();
    }
    html::of_text(text).replace("&amp;#", "&#").replace("&amp;amp;", "&amp;")
}

fn is_page(link: &model::Link) -> bool {
    matches!(link.rel.as_deref(), None | Some("alternate"))
}

fn address(href: &str, base: &Url) -> Option<Url> {
    let url = base.join(href).ok()?;
    matches!(url.scheme(), "https" | "http").then(|| html::untracked(url))
}

fn name(category: &model::Category) -> &str {
    category.label.as_deref().unwrap_or(&category.term).trim()
}

#[cfg(test)]
mod tests;
