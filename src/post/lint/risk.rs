//! Words that give away what a mail is about, where a discreet reader's inbox would show them.

use std::path::Path;

use super::Written;
use super::rule::RISKY_WORD;
use crate::config::Discreet;
use crate::line::Line;
use crate::post::Finding;

/// What a discreet reader's inbox shows, each text with what to call it: "the subject".
fn in_shown(file: &Path, line: usize, shown: &[(&str, &str)], words: &[Line]) -> Vec<Finding> {
    let found = shown.iter().filter_map(|(field, text)| {
        let word = risky(text, words)?;
        let message = format!(
            "{field} \"{text}\" says \"{word}\", which a discreet mail must not; write it neutrally"
        );
        Some(RISKY_WORD.finding(file, line, message))
    });
    found.collect()
}

/// The neutral words of the configuration, which are to be neutral.
pub fn in_settings(file: &Path, discreet: &Discreet) -> Vec<Finding> {
    let shown = [
        ("discreet.sender_name", discreet.sender_name.as_str()),
        ("discreet.subject", discreet.subject.as_str()),
        ("discreet.list_id", discreet.list_id.as_str()),
        ("discreet.list_name", discreet.list_name.as_str()),
        ("discreet.preheader", discreet.preheader.as_str()),
        ("discreet.title", discreet.title.as_str()),
        ("discreet.opening", discreet.opening.as_str()),
        ("discreet.link_text", discreet.link_text.as_str()),
        ("discreet.calendar_title", discreet.calendar_title.as_str()),
        ("discreet.file_name", discreet.file_name.as_str()),
        ("discreet.notice", discreet.notice.as_str()),
    ];
    in_shown(file, 0, &shown, &discreet.risk_words)
}

/// An error in what stands in for the subject; only a warning where discretion has other means.
pub(super) fn in_post(written: &Written<'_>, discreet: &Discreet) -> Vec<Finding> {
    let (post, words) = (written.post, &discreet.risk_words);
    let mut found = Vec::new();
    if let Some(subject) = &post.discreet_subject {
        let line = written.line_of("discreet_subject");
        found.extend(in_shown(
            written.file,
            line,
            &[("discreet_subject", subject.as_str())],
            words,
        ));
    }
    let mut soft = |line: usize, field: &str, text: &str| {
        let shown = in_shown(written.file, line, &[(field, text)], words);
        found.extend(shown.into_iter().map(Finding::softened));
    };
    if let Some(image) = &post.image {
        soft(written.line_of("image"), "the picture's description", image.alt.as_str());
    }
    for (offset, alt) in super::picture::descriptions(&post.body) {
        soft(written.line_at(offset), "the picture's description", &alt);
    }
    // a mere notice has no part for calendars
    if let Some(meeting) = post.meeting.as_ref().filter(|_| !discreet.notice_only) {
        let place = meeting.place.as_ref().map(Line::as_str);
        for (field, name, text) in [
            ("place", "the meeting's place", place),
            ("join", "the meeting's link", meeting.join.as_deref()),
        ] {
            // on its own line, or within the braces of the meeting
            let lines = [written.line_of(field), written.line_of("meeting")];
            let line = lines.into_iter().find(|line| *line > 0).unwrap_or_default();
            soft(line, name, text.unwrap_or_default());
        }
    }
    found
}

/// The first of `words` that the text says, itself or in the plural.
fn risky<'w>(text: &str, words: &'w [Line]) -> Option<&'w str> {
    let said = split(text);
    let words = words.iter().map(Line::as_str);
    words.into_iter().find(|word| {
        let wanted = split(word);
        let same =
            |window: &[String]| window.iter().zip(&wanted).all(|(said, word)| is(said, word));
        !wanted.is_empty() && said.windows(wanted.len()).any(same)
    })
}

fn is(said: &str, word: &str) -> bool {
    let ending = said.strip_prefix(word);
    matches!(ending, Some("" | "s" | "es"))
        || word.strip_suffix('y').is_some_and(|stem| said == format!("{stem}ies"))
}

/// Words in lower case; a file's name may run them together with `_`, `-` or capitals.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
        if begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}
