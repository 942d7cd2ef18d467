//! What hides a mail from whoever sees its reader's inbox: neutral words outside, and nothing of the
//! inside showing through.
//!
//! What always holds, whatever templates say: subject, title, preview, first line, file names and link
//! text are the configuration's words; and what an inbox shows beside the subject ends before the mail
//! begins.

use super::Letter;
use super::template::neutral::Cover;
use crate::config::Discreet;
use crate::line::Line;
use crate::post::{File, Post};

/// Shows as nothing, and counts as three characters: a joiner, a non-joiner and a space, none of which
/// inboxes drop.
const NOTHING: &str = "\u{34f}\u{200c}\u{a0}";
/// An inbox shows some 200 characters at most.
const PADDING: usize = 150;
/// So many to a line of text.
const ACROSS: usize = 20;

/// What an inbox shows beside the subject, and nothing after it.
pub(super) fn preheader(words: &Discreet) -> String {
    format!("{} {}", words.preheader, NOTHING.repeat(PADDING))
}

/// What the HTML of every mail begins with.
pub(super) fn cover(words: &Discreet) -> Cover<'_> {
    let (title, opening) = (words.title.as_str(), words.opening.as_str());
    Cover { title, preheader: preheader(words), opening }
}

/// The text of a mail below a neutral first line, and far enough below it that no inbox shows it.
pub(super) fn text(words: &Discreet, text: &str) -> String {
    let line = format!("{}\n", NOTHING.repeat(ACROSS));
    format!("{}\n\n{}\n{text}", words.opening, line.repeat(PADDING / ACROSS))
}

/// The post's own discreet subject, or else the one for all.
pub(super) fn subject(words: &Discreet, letter: &Letter<'_>) -> Line {
    let own = match letter {
        Letter::Post { post, .. } => post.discreet_subject.clone(),
        _ => None,
    };
    own.unwrap_or_else(|| words.subject.clone())
}

/// `document-1.pdf`: attachments are counted first, then the pictures, as they come.
pub(crate) fn file_name(words: &Discreet, post: &Post, picture: usize, file: &File) -> String {
    let attached = post.attachments.iter().position(|other| *other == file.name);
    let number = attached.unwrap_or(post.attachments.len() + picture) + 1;
    let name = file.travelling_name();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let plain = |ending: &String| {
        (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    match ending.filter(plain) {
        Some(ending) => format!("{}-{number}.{ending}", words.file_name),
        None => format!("{}-{number}", words.file_name),
    }
}

#[cfg(test)]
mod tests;
