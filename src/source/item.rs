//! An entry of a feed as a post: the text of a file, made by us, that the one parser reads.
//!
//! What always holds: what an entry says is data in that text. Its title is a quoted line, its body is
//! Markdown made of safe HTML, and the parser of every post has the last word on both.

use std::path::Path;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde_json::Value;
use url::Url;

use super::feed::Entry;
use super::{html, markdown};
use crate::clock::Timestamp;
use crate::config::{Feed, Kind};
use crate::line::Line;
use crate::post::front;
use crate::post::read::{Source, hash};

const LONGEST_TITLE: usize = 200;
const LONGEST_SUMMARY: usize = 300;
/// For a slug that can still be read out.
const LONGEST_SLUG: usize = 60;

/// A post that has no slug yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) title: Line,
    /// Of title and body: the same news has the same, under whatever id it comes.
    pub(super) hash: String,
    kind: Kind,
    date: NaiveDate,
    lists: Vec<String>,
    summary: Option<Line>,
    /// Markdown; empty when it could not be used.
    body: String,
    link: Option<Url>,
}

/// What an entry says; `found_at` is where its feed is. None when it has no name, nor its address a host.
pub(super) fn piece(
    entry: &Entry,
    feed: &Feed,
    found_at: &Url,
    zone: Tz,
    now: Timestamp,
) -> Option<Piece> {
    let base = entry.link.as_ref().unwrap_or(found_at);
    let clean = html::clean(&entry.content, base).unwrap_or_default();
    let body = markdown::from(&clean).trim_end().to_owned();
    let words =
        |html: &str, longest| Line::nearest(&html::words(&html::clean(html, base)?), longest);
    let title = words(&entry.title, LONGEST_TITLE)
        .or_else(|| Line::nearest(&html::words(&clean), 80))
        .or_else(|| Line::nearest(&format!("News from {}", base.host_str()?), LONGEST_TITLE))?;
    let link = entry.link.clone();
    let told = if body.is_empty() { link.as_ref().map_or("", Url::as_str) } else { &body };
    Some(Piece {
        hash: hash(&format!("{title}\n{told}"), &[]),
        kind: kind(entry, feed),
        date: date(entry, zone, now),
        lists: lists(entry, feed),
        summary: words(&entry.summary, LONGEST_SUMMARY),
        title,
        body,
        link,
    })
}

fn kind(entry: &Entry, feed: &Feed) -> Kind {
    let named = entry.categories.iter().find_map(|category| feed.kinds.get(category));
    named.copied().unwrap_or(feed.post_kind)
}

fn lists(entry: &Entry, feed: &Feed) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for list in entry.categories.iter().filter_map(|name| feed.category_lists.get(name)).flatten() {
        if !lists.contains(list) {
            lists.push(list.clone());
        }
    }
    if lists.is_empty() { feed.lists.clone() } else { lists }
}

fn date(entry: &Entry, zone: Tz, now: Timestamp) -> NaiveDate {
    let told = entry.date.map(|date| date.with_timezone(&zone).date_naive());
    let sane = told.filter(|date| (1970..=9999).contains(&date.year()));
    sane.unwrap_or_else(|| now.local(zone).date_naive())
}

impl Piece {
    /// The slug it would like to have: its title in small letters; of a title in another script, the
    /// beginning of a hash of its id.
    pub(super) fn slug(&self, id: &str) -> String {
        let mut slug = String::new();
        for c in self.title.as_str().to_lowercase().chars() {
            match c {
                'a'..='z' | '0'..='9' => slug.push(c),
                // an apostrophe or an accented letter does not part a word
                '\'' | '’' => {}
                c if c.is_alphanumeric() => {}
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
            if slug.len() >= LONGEST_SLUG {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        if slug.len() >= 3 { slug.to_owned() } else { format!("news-{}", &hash(id, &[])[..10]) }
    }

    /// The post under that slug; shortened to its link when its words cannot be used.
    pub(super) fn source(&self, slug: &str) -> Result<Source, String> {
        let whole = self.text(slug, &self.body);
        let read = |text: String| {
            let read = front::parse(Path::new(&format!("{slug}.md")), &text, None);
            read.map(|post| Source { post, hash: hash(&text, &[]), text, files: Vec::new() })
        };
        read(whole).or_else(|findings| {
            let short = self.link.as_ref().and_then(|_| read(self.text(slug, "")).ok());
            let why = || findings.first().map(|first| first.message.clone()).unwrap_or_default();
            short.ok_or_else(|| format!("\"{}\" cannot be a post: {}", self.title, why()))
        })
    }

    fn text(&self, slug: &str, body: &str) -> String {
        // JSON's quotes are YAML's (YAML 1.2 §1.3)
        let quoted = |line: &Line| Value::from(line.as_str()).to_string();
        let mut text = format!(
            "---\ntitle: {}\nslug: {slug}\nkind: {}\ndate: {}\n",
            quoted(&self.title),
            self.kind,
            self.date
        );
        if !self.lists.is_empty() {
            text.extend(["lists: [", &self.lists.join(", "), "]\n"]);
        }
        if let Some(summary) = &self.summary {
            text.extend(["summary: ", &quoted(summary), "\n"]);
        }
        text += "---\n";
        for block in [body, &self.original()] {
            if !block.is_empty() {
                text.extend(["\n", block, "\n"]);
            }
        }
        text
    }

    fn original(&self) -> String {
        let fits = |url: &&Url| !url.as_str().contains(['<', '>', '\\', ' ']);
        let link = self.link.as_ref().filter(fits);
        link.map(|url| format!("Read the original: <{url}>")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
