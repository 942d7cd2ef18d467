//! Subjects that shout.

use super::Written;
use super::rule::SHOUTING;
use crate::post::Finding;

/// Shorter ones may be names: "DASH and MARAC".
const LETTERS: usize = 10;

/// What is wrong with a subject, if it shouts.
pub fn wrong(subject: &str) -> Option<String> {
    if subject.matches('!').count() > 1 {
        let message = format!("\"{subject}\" has several exclamation marks; write one at most");
        return Some(message);
    }
    let capitals = subject.chars().filter(|c| c.is_uppercase()).count();
    let words = subject.split_whitespace().count();
    let shouts = capitals >= LETTERS && words > 1 && !subject.chars().any(char::is_lowercase);
    shouts.then(|| format!("\"{subject}\" is all in capitals; write it as a sentence"))
}

pub(super) fn in_post(written: &Written<'_>) -> Vec<Finding> {
    let post = written.post;
    let title = Some(("title", &post.title));
    let discreet = post.discreet_subject.as_ref().map(|subject| ("discreet_subject", subject));
    let found = title.into_iter().chain(discreet).filter_map(|(field, line)| {
        let message = wrong(line.as_str())?;
        Some(written.finding(written.line_of(field), &SHOUTING, message))
    });
    found.collect()
}
