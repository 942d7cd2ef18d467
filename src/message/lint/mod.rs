//! What is wrong with a mail although it could be sent: the rules of what posts and templates become.
//!
//! The HTML is read as a browser reads it, so that a template of somebody's own is held to the same
//! rules as ours. The table of all rules is `post::lint::rule`.
//!
//! What always holds: pure functions; the same content gives the same findings; everything that is
//! found is told once, however often it stands in the mail.

mod attached;
mod colour;
mod contrast;
mod lettering;
mod link;
pub(super) mod loaded;
mod markup;
mod style;
pub mod whole;

use std::path::{Path, PathBuf};

use scraper::{ElementRef, Html};

use super::render::Frame;
use super::specimen::Specimen;
use super::{Content, Occasion, Templates, slot::Slot};
use crate::post::lint::rule::{HTML_SIZE, Rule, SHOUTING};
use crate::post::lint::shouting;
use crate::post::{Finding, Kind};

/// Gmail cuts off what is longer than about 102 KB.
const LARGEST: usize = 100_000;
const LARGE: usize = 80_000;

/// A mail that is looked over.
#[derive(Clone, Copy, Debug)]
pub struct Composed<'a> {
    /// What findings are told of: the post's file, or the template's.
    pub file: &'a Path,
    pub content: &'a Content,
    /// Without a slash at the end.
    pub base_url: &'a str,
}

impl Composed<'_> {
    /// All that the rules of a mail find.
    pub fn findings(&self) -> Vec<Finding> {
        let page = Html::parse_document(&self.filled());
        let mut told: Vec<(Rule, String)> = Vec::new();
        told.extend(shouting::wrong(self.content.subject.as_str()).map(|why| (SHOUTING, why)));
        told.extend(markup::wrong(&page));
        told.extend(link::wrong(&page));
        told.extend(loaded::wrong(self.content, self.base_url));
        told.extend(contrast::wrong(&page));
        told.extend(attached::wrong(self.content));
        let mut found: Vec<Finding> = Vec::new();
        for (rule, message) in told {
            let finding = rule.finding(self.file, 0, message);
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
        found.extend(self.size());
        found
    }

    /// The HTML with something in every slot.
    fn filled(&self) -> String {
        Slot::ALL.into_iter().fold(self.content.html.clone(), |html, slot| {
            let value = match slot.name() {
                name if name.ends_with("_url") => format!("{}/preview", self.base_url),
                name => name.to_owned(),
            };
            html.replace(&slot.mark(), &value)
        })
    }

    fn size(&self) -> Option<Finding> {
        let size = self.content.html.len();
        let finding = |what: &str| {
            let message = format!(
                "the HTML has {size} bytes; {what}; shorten the post, or attach what is long"
            );
            HTML_SIZE.finding(self.file, 0, message)
        };
        match size {
            0..=LARGE => None,
            size if size <= LARGEST => Some(finding("above 100000 Gmail cuts it off").softened()),
            _ => Some(finding("Gmail cuts off what is above 100000, and the opt-out link with it")),
        }
    }
}

/// What is wrong with templates: every kind of mail that they make is looked over, full and bare.
pub fn specimens(templates: &Templates, frame: &Frame<'_>) -> anyhow::Result<Vec<Finding>> {
    let specimen = Specimen::new()?;
    let mut found: Vec<Finding> = Vec::new();
    let mut look = |kind: &str, content: &Content| {
        let file = PathBuf::from(templates.file(&format!("{kind}/body.mjml")));
        let composed = Composed { file: &file, content, base_url: frame.base_url };
        let new: Vec<_> =
            composed.findings().into_iter().filter(|one| !found.contains(one)).collect();
        found.extend(new);
    };
    for full in [true, false] {
        for kind in Kind::ALL {
            let post = specimen.post(kind, full);
            for occasion in Occasion::ALL {
                let letter = specimen.letter(&post, occasion);
                look(super::render::kind(&letter, frame), &templates.render(&letter, frame)?);
            }
        }
        look("digest", &templates.render(&specimen.digest(full), frame)?);
    }
    Ok(found)
}

/// All elements, in the order in which they stand.
fn elements(page: &Html) -> impl Iterator<Item = ElementRef<'_>> {
    page.tree.nodes().filter_map(ElementRef::wrap)
}

/// The words of an element, at most so many that a person knows it again.
fn words(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

#[cfg(test)]
mod tests;
