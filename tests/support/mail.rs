//! A mail as its reader's program would see it.

use std::collections::BTreeMap;
use std::path::Path;

use mail_parser::MessageParser;

/// One mail, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    /// As they stand on the wire, by their names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Mail {
    pub(crate) fn of(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).unwrap();
        let headers = message
            .headers_raw()
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let to = message.to().unwrap().first().unwrap();
        Self {
            to: to.address().unwrap().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            headers,
            text: message.body_text(0).unwrap().into_owned(),
            html: message.body_html(0).unwrap().into_owned(),
        }
    }

    /// All mails that a file relay wrote into a folder, in the order of writing.
    pub(crate) fn in_folder(folder: &Path) -> Vec<Self> {
        raw_in_folder(folder).iter().map(|raw| Self::of(raw)).collect()
    }

    /// The link that ends the subscription.
    pub(crate) fn unsubscribe_url(&self) -> &str {
        self.headers["list-unsubscribe"].trim_start_matches('<').trim_end_matches('>')
    }
}

/// Octet for octet, in the order of writing.
pub(crate) fn raw_in_folder(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "eml"));
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}
