//! A mail as an onlooker sees it: all but the body that its reader opens.

use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders};

use super::mail::Mail;

/// What an inbox shows of a mail beside its subject, at most.
const SNIPPET: usize = 200;

pub(crate) struct Outside {
    pub(crate) mail: Mail,
    /// The envelope's sender, as a folder keeps it.
    pub(crate) return_path: String,
    /// The names of all that comes with it.
    pub(crate) files: Vec<String>,
    /// Each in small letters, with what it is.
    seen: Vec<(&'static str, String)>,
}

impl Outside {
    pub(crate) fn of(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).unwrap();
        let mail = Mail::of(raw);
        let text = String::from_utf8(raw.to_vec()).unwrap();
        let parts = message.attachments();
        let files: Vec<_> =
            parts.map(|part| part.attachment_name().unwrap_or_default().to_owned()).collect();
        let mut seen = vec![
            ("the head", text.split_once("\r\n\r\n").unwrap().0.to_owned()),
            ("the subject", mail.subject.clone()),
            ("the title", between(&mail.html, "<title>", "</title>").to_owned()),
            ("what an inbox shows of the HTML", visible(&mail.html)),
            ("what an inbox shows of the text", mail.text.chars().take(SNIPPET).collect()),
            ("the file names", files.join(" ")),
        ];
        // the heads of the parts
        let fields =
            text.lines().filter(|line| line.starts_with("Content-") || line.contains("name="));
        seen.extend(fields.map(|line| ("a part's head", line.to_owned())));
        let links = ["href=\"", "src=\""].iter().flat_map(|start| mail.html.split(start).skip(1));
        seen.extend(links.map(|rest| ("a link", rest.split('"').next().unwrap().to_owned())));
        let words = mail.html.split("<a ").skip(1).map(|rest| between(rest, ">", "</a>"));
        seen.extend(words.map(|words| ("a link's words", words.to_owned())));
        let addresses = mail.text.split_whitespace().filter(|word| word.starts_with("http"));
        seen.extend(addresses.map(|word| ("an address", word.to_owned())));
        let mut return_path = mail.headers.get("return-path").cloned().unwrap_or_default();
        return_path.retain(|c| !"<>".contains(c));
        let seen = seen.into_iter().map(|(what, text)| (what, text.to_lowercase())).collect();
        Self { mail, return_path, files, seen }
    }

    pub(crate) fn in_folder(folder: &Path) -> Vec<Self> {
        let mut files: Vec<_> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|it| it == "eml"));
        files.sort();
        files.iter().map(|file| Self::of(&std::fs::read(file).unwrap())).collect()
    }

    /// None of these words, in small letters, is anywhere outside.
    pub(crate) fn tells_none_of(&self, words: &[&str]) {
        for (what, text) in &self.seen {
            for word in words {
                assert!(!text.contains(word), "\"{word}\" is in {what}: {text}");
            }
        }
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(inside, _)| inside)
}

/// The beginning of what is written in a body, hidden or not, as inboxes take it: without tags, and white
/// space as one space.
fn visible(html: &str) -> String {
    let body = html.split_once("<body").map_or("", |(_, body)| body);
    let mut text = String::new();
    for part in
        body.split('<').skip(1).map(|part| part.split_once('>').map_or("", |(_, text)| text))
    {
        text.push_str(part);
        text.push(' ');
    }
    let text = text
        .replace("&#x34F;", "\u{34f}")
        .replace("&#x200C;", "\u{200c}")
        .replace("&#xA0;", "\u{a0}");
    let one_space = |text: &str| {
        text.split([' ', '\n', '\t', '\r'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    one_space(&text).chars().take(SNIPPET).collect()
}
