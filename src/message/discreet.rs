//! What hides a mail from whoever sees its reader's inbox: neutral words outside, and nothing of the
//! inside showing through.
//!
//! What always holds: subject, title, preview, first line, file names and link text are the
//! configuration's words; and what an inbox shows beside the subject ends before the mail begins.

use super::Letter;
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
pub(super) fn file_name(words: &Discreet, post: &Post, picture: usize, file: &File) -> String {
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
mod tests {
    use super::*;
    use crate::message::specimen::Specimen;
    use crate::post::Kind;

    #[test]
    fn files_are_numbered_and_keep_their_kind_alone() {
        let specimen = Specimen::new().unwrap();
        let mut post = specimen.post(Kind::Report, true);
        post.attachments = vec!["plan.PDF".to_owned(), "no-ending".to_owned()];
        let name = |picture, name: &str| {
            let file = File {
                name: name.to_owned(),
                content_type: "application/octet-stream".to_owned(),
                bytes: Vec::new(),
            };
            file_name(&specimen.words, &post, picture, &file)
        };
        assert_eq!(name(0, "plan.PDF"), "document-1.pdf");
        assert_eq!(name(0, "no-ending"), "document-2");
        assert_eq!(name(0, "cover.png"), "document-3.png");
        assert_eq!(name(1, "map.jpeg"), "document-4.jpeg");
        for hostile in ["a.how to leave", "b.\r\nX", "c.", "d.éé", "e.toolong"] {
            assert_eq!(name(2, hostile), "document-5", "{hostile:?}");
        }
    }

    #[test]
    fn the_first_line_of_the_text_is_neutral_and_alone() {
        let specimen = Specimen::new().unwrap();
        let text = text(&specimen.words, "Leaving safely\n");
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "An update is available.");
        let before = rest.split("Leaving").next().unwrap();
        assert!(before.chars().filter(|c| *c != '\n').count() > 400);
        assert!(before.lines().all(|line| line.chars().count() <= 72));
        assert!(text.ends_with("\nLeaving safely\n"));
    }
}
