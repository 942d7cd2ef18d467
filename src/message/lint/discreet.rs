//! What an inbox shows of a discreet mail that is neither the configuration's words nor the post's discreet
//! subject, which are looked at where they are written: what a template of somebody's own put there.

use std::path::Path;

use scraper::Html;

use super::elements;
use crate::config::Discreet;
use crate::post::Finding;
use crate::post::lint::risk;

/// An inbox shows about so many characters of a mail.
const SHOWN: usize = 200;

pub(super) fn wrong(file: &Path, html: &str, words: &Discreet) -> Vec<Finding> {
    let page = Html::parse_document(html);
    let (title, beginning) = (text_of(&page, "title"), text_of(&page, "body"));
    let beginning: String = beginning.chars().take(SHOWN).collect();
    let shown = [("the title", title.as_str()), ("the beginning", beginning.as_str())];
    let ours = [words.title.as_str(), words.preheader.as_str()];
    let other: Vec<_> =
        shown.into_iter().zip(ours).filter(|((_, text), ours)| !text.starts_with(ours)).collect();
    let other: Vec<_> = other.into_iter().map(|(shown, _)| shown).collect();
    risk::in_shown(file, 0, &other, &words.risk_words)
}

/// With single spaces.
fn text_of(page: &Html, name: &str) -> String {
    let element = elements(page).find(|element| element.value().name() == name);
    let text = element.map(|element| element.text().collect::<String>()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
