//! The folders of the file relays: which mails are there, and one of them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use mail_parser::{Address, Message, MessageParser, MimeHeaders};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::message::wording;

/// The longest list; older mails are still in the folder.
const LISTED: usize = 500;
/// Enough for every header; the rest of a mail is read only when somebody opens it.
const HEAD: u64 = 64 * 1024;
/// Nothing that is captured here is longer (`post` takes 15 MB of files).
const LARGEST: u64 = 50_000_000;

pub(super) struct Folders(pub(super) Vec<PathBuf>);

/// A mail in the list.
#[derive(Serialize)]
pub(super) struct Entry {
    id: String,
    subject: String,
    to: String,
    when: Option<String>,
    size: String,
    attached: bool,
    current: bool,
}

impl Folders {
    /// The newest mails first, as far as they can be read; files may go at any time.
    pub(super) fn newest(&self, current: &str, zone: Tz) -> io::Result<Vec<Entry>> {
        let mut files = Vec::new();
        for folder in &self.0 {
            files.extend(mails(folder)?);
        }
        // names begin with the time of writing
        files.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        let newest = files.into_iter().take(LISTED);
        Ok(newest.filter_map(|(id, path)| entry(id, &path, current, zone).ok()).collect())
    }

    /// The bytes of one mail, or nothing when there is no such file.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        if !is_mail(id) {
            return Ok(None);
        }
        for folder in &self.0 {
            let path = folder.join(id);
            // not followed: a link could lead out of the folder
            if fs::symlink_metadata(&path).is_ok_and(|file| file.is_file()) {
                return head(&path, LARGEST).map(Some);
            }
        }
        Ok(None)
    }
}

/// Only what `transport::file` writes: no separator, nothing hidden.
fn is_mail(name: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let stem = name.strip_suffix(".eml").unwrap_or_default();
    name.len() <= 255 && !stem.is_empty() && !stem.starts_with('.') && stem.chars().all(safe)
}

fn mails(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        // the relay makes it with its first mail
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_mail(&name) && entry.file_type()?.is_file() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn entry(id: String, path: &Path, current: &str, zone: Tz) -> io::Result<Entry> {
    let size = usize::try_from(fs::metadata(path)?.len()).unwrap_or(usize::MAX);
    let head = head(path, HEAD)?;
    let message = MessageParser::default().parse_headers(&head[..]);
    let message = message.unwrap_or_default();
    Ok(Entry {
        subject: subject(&message),
        to: person(message.to()),
        when: when(&id, zone),
        size: wording::size(size),
        // pictures inside the text do not count: they are in multipart/related
        attached: message.is_content_type("multipart", "mixed"),
        current: id == current,
        id,
    })
}

fn head(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn subject(message: &Message<'_>) -> String {
    message.subject().unwrap_or("(no subject)").to_owned()
}

/// "Ann Lee <ann@example.org>"
pub(super) fn person(address: Option<&Address<'_>>) -> String {
    let first = address.and_then(Address::first);
    let mail = first.and_then(|first| first.address()).unwrap_or_default();
    match first.and_then(|first| first.name()) {
        Some(name) => format!("{name} <{mail}>"),
        None => mail.to_owned(),
    }
}

/// When it was written; the name begins with the microseconds since 1970.
pub(super) fn when(id: &str, zone: Tz) -> Option<String> {
    let micros: i64 = id.split('-').next()?.parse().ok()?;
    let at = Timestamp(micros / 1000).local(zone);
    Some(at.format("%-d %b, %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_is_a_mail() {
        assert!(is_mail("0001764000000000-abc.def.eml"));
        for name in [
            "",
            ".eml",
            ".hidden.eml",
            "a.txt",
            "../a.eml",
            "a/b.eml",
            "a\\b.eml",
            "a\0.eml",
            "ä.eml",
            "..eml",
        ] {
            assert!(!is_mail(name), "{name:?}");
        }
    }

    #[test]
    fn a_link_out_of_the_folder_is_no_mail() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret.eml");
        fs::write(&secret, "Subject: secret\r\n\r\n").unwrap();
        std::os::unix::fs::symlink(&secret, folder.path().join("1-a.eml")).unwrap();
        fs::write(folder.path().join("2-b.eml"), "Subject: ours\r\n\r\n").unwrap();
        let folders = Folders(vec![folder.path().to_owned()]);
        assert_eq!(folders.read("1-a.eml").unwrap(), None);
        let listed = folders.newest("", Tz::UTC).unwrap();
        let subjects: Vec<_> = listed.iter().map(|entry| entry.subject.as_str()).collect();
        assert_eq!(subjects, ["ours"]);
    }
}
