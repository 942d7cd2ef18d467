//! Where links lead, what they say, and what they tell about whoever follows them.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::Written;
use super::rule::{ADDRESS_IN_LINK, BROKEN_LINK, LINK_TEXT, Rule, TRACKING};
use crate::post::Finding;
use crate::post::tracker::{self, decoded};

/// Words that say nothing about where a link leads.
const VAGUE: [&str; 22] = [
    "here",
    "click",
    "click here",
    "click this link",
    "this",
    "this link",
    "this page",
    "link",
    "the link",
    "more",
    "read",
    "read more",
    "read on",
    "learn more",
    "see more",
    "see here",
    "find out more",
    "more info",
    "more information",
    "details",
    "continue",
    "go",
];

/// What is wrong with a link to `address` that says `text`.
pub fn wrong(address: &str, text: &str) -> Vec<(Rule, String)> {
    let mut wrong = Vec::new();
    if let Some(message) = vague(text, address) {
        wrong.push((LINK_TEXT, message));
    }
    if !leads_somewhere(address) {
        let message = format!(
            "the link {address} leads nowhere in a mail; write one that begins with https://, or attach the file"
        );
        wrong.push((BROKEN_LINK, message));
    }
    if let Some(name) = tracker::first(address) {
        let message = format!("the link {address} tells who follows it; remove {name} from it");
        wrong.push((TRACKING, message));
    }
    if let Some(person) = person(address) {
        let message = format!(
            "the link {address} holds the address {person}; remove it, or write a mailto: link"
        );
        wrong.push((ADDRESS_IN_LINK, message));
    }
    wrong
}

/// What is wrong with the links of a post, each with its line.
pub(super) fn in_post(written: &Written<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for link in links(&written.post.body) {
        let line = written.line_at(link.range.start);
        let enclosed = written.post.attachments.iter().any(|name| *name == decoded(&link.address));
        for (rule, message) in wrong(&link.address, &link.text) {
            if !(enclosed && rule == BROKEN_LINK) {
                found.push(written.finding(line, &rule, message));
            }
        }
    }
    found
}

/// A link as the Markdown has it.
struct Link {
    range: Range<usize>,
    address: String,
    text: String,
}

fn links(body: &str) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    let mut open = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let address = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                open = Some(found.len());
                found.push(Link { range, address, text: String::new() });
            }
            Event::End(TagEnd::Link) => open = None,
            Event::Text(text) | Event::Code(text) => {
                if let Some(link) = open.and_then(|index| found.get_mut(index)) {
                    link.text.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

fn vague(text: &str, address: &str) -> Option<String> {
    if bare(text).is_empty() {
        return Some(format!("the link {address} has no words; write where it leads"));
    }
    is_vague(text).then(|| {
        format!("the link \"{}\" does not say where it leads; write it into the words, such as \"the report\"", text.trim())
    })
}

/// Whether the words of a link say nothing about where it leads.
pub fn is_vague(text: &str) -> bool {
    let words = bare(text);
    words.is_empty() || VAGUE.contains(&words.as_str())
}

/// In small letters, without the signs around them.
fn bare(text: &str) -> String {
    let words = text.to_lowercase();
    let words = words.trim_matches(|c: char| !c.is_alphanumeric());
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn leads_somewhere(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let host = rest.strip_prefix("//").unwrap_or_default();
            !host.is_empty() && !host.starts_with(['/', '?', '#', ':'])
        }
        "mailto" => rest.contains('@'),
        "tel" => rest.contains(|c: char| c.is_ascii_digit()),
        _ => false,
    }
}

/// The first email address within a web address, also one whose `@` is written `%40`.
fn person(address: &str) -> Option<String> {
    let scheme = address.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return None;
    }
    let address = decoded(address);
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    for (at, _) in address.match_indices('@') {
        let (before, after) = (&address[..at], &address[at + 1..]);
        let start = before.rfind(|c| !part(c)).map_or(0, |end| end + 1);
        let local = before.get(start..).unwrap_or_default();
        // "/@name@server" is a name on a social network
        let handle = before.get(..start).unwrap_or_default().ends_with('@');
        let end = after.find(|c| !part(c) || matches!(c, '_' | '+')).unwrap_or(after.len());
        let domain = after[..end].trim_end_matches(['.', '-']);
        if !local.is_empty() && !handle && is_mail_domain(domain) {
            return Some(format!("{local}@{domain}"));
        }
    }
    None
}

/// Hosts of what is named like an address: a shared calendar, a conversation of a meeting.
const NOBODYS: [&str; 4] =
    ["group.calendar.google.com", "group.v.calendar.google.com", "thread.skype", "unq.gbl.spaces"];

/// Whether a person may have a mailbox there: `pkg@5.3.0` and `…@thread.v2` are none.
fn is_mail_domain(domain: &str) -> bool {
    let Some((_, last)) = domain.rsplit_once('.') else {
        return false;
    };
    let letters = last.len() >= 2 && last.chars().all(|c| c.is_ascii_alphabetic());
    // a top level in another script (RFC 5890 §2.3.2.1)
    (letters || last.starts_with("xn--"))
        && !NOBODYS.iter().any(|host| domain.eq_ignore_ascii_case(host))
}
