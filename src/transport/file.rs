//! A folder of `.eml` files: each message becomes one file, as a local delivery agent would write it.
//!
//! What always holds: a file with its final name is whole and on the disk, whatever happens to the
//! machine; the names sort in the order of writing; the same message written twice is two files, as
//! two deliveries by a relay would be.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Envelope, Fault, Outcome, Reply, Stage};
use crate::clock::Clock;

/// Where the files go; made when it is missing.
#[derive(Clone)]
pub struct Folder(Arc<PathBuf>);

impl Folder {
    pub fn new(path: &Path) -> Self {
        Self(Arc::new(path.to_owned()))
    }

    pub(super) async fn open(&self) -> Result<Self, Fault> {
        let path = Arc::clone(&self.0);
        let made = blocking(move || make_private(&path)).await;
        made.map_err(|error| fault(Stage::Connect, "make the folder", &self.0, &error))?;
        Ok(self.clone())
    }

    pub(super) async fn write(
        &self,
        envelope: Option<Envelope>,
        message: &[u8],
    ) -> Result<Outcome, Fault> {
        let Some(envelope) = envelope else {
            let text = "no message was begun".to_owned();
            return Err(Fault { stage: Stage::Body, reply: None, text });
        };
        let bytes = as_delivered(&envelope, message);
        let name = format!("{:016}-{}.eml", next_stamp(), label(message));
        let (folder, file) = (Arc::clone(&self.0), name.clone());
        blocking(move || store(&folder, &file, &bytes))
            .await
            .map_err(|error| fault(Stage::Mail, "write a message into", &self.0, &error))?;
        let folder = Arc::clone(&self.0);
        Ok(match blocking(move || File::open(&*folder)?.sync_all()).await {
            Ok(()) => Outcome::Accepted(written(&name)),
            // the file has its final name, but it may not outlive a power cut
            Err(error) => Outcome::InDoubt(format!("{}/{name}: {error}", self.0.display())),
        })
    }
}

/// The envelope is kept in the two lines that final delivery adds (RFC 5321 §4.4).
fn as_delivered(envelope: &Envelope, message: &[u8]) -> Vec<u8> {
    let head = format!("Return-Path: <{}>\r\nDelivered-To: {}\r\n", envelope.from, envelope.to);
    [head.as_bytes(), message].concat()
}

/// Microseconds since 1970, but never the same twice in one process.
fn next_stamp() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = Clock::System.now().0.saturating_mul(1000);
    let later = |last: i64| now.max(last.saturating_add(1));
    let step = |last| Some(later(last));
    match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
        Ok(last) | Err(last) => later(last),
    }
}

/// The first 16 characters of the Message-ID's local part that are safe in a file name.
fn label(message: &[u8]) -> String {
    const FIELD: &str = "message-id:";
    let id = message
        .split(|&octet| octet == b'\n')
        .take_while(|line| !line.trim_ascii().is_empty())
        .map(String::from_utf8_lossy)
        .find(|line| line.get(..FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(FIELD)));
    let local =
        id.as_deref().map_or("", |line| line[FIELD.len()..].split('@').next().unwrap_or(""));
    let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match local.chars().filter(safe).take(16).collect::<String>() {
        empty if empty.is_empty() => "message".to_owned(),
        label => label,
    }
}

/// A reader of the folder sees the whole file or none: it is renamed when it is on the disk.
fn store(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let hidden = folder.join(format!(".{name}.new"));
    let result =
        write_durably(&hidden, bytes).and_then(|()| fs::rename(&hidden, folder.join(name)));
    if result.is_err() {
        // what could not be written whole is of no use; the first error is the one to tell
        let _ = fs::remove_file(&hidden);
    }
    result
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn written(name: &str) -> Reply {
    Reply {
        stage: Stage::Dot,
        code: 250,
        enhanced: Some("2.0.0".to_owned()),
        text: format!("written as {name}"),
    }
}

fn fault(stage: Stage, what: &str, folder: &Path, error: &io::Error) -> Fault {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space on its disk",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "let the user that runs bulletin write there"
        }
        _ => "check the relay's path in the configuration",
    };
    let text = format!("could not {what} {}: {error}; {remedy}", folder.display());
    Fault { stage, reply: None, text }
}

/// Mails in it name their readers: 0700.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_message_id_and_cannot_leave_the_folder() {
        assert_eq!(
            label(b"Subject: x\r\nMessage-ID: <abc.def-1@example.org>\r\n\r\n"),
            "abc.def-1"
        );
        assert_eq!(label(b"MESSAGE-ID: <0123456789abcdefXYZ@e.org>\r\n"), "0123456789abcdef");
        assert_eq!(label(b"Message-ID: <../../etc/passwd@e>\r\n"), "....etcpasswd");
        assert_eq!(label(b"Subject: x\r\n\r\nMessage-ID: <body@e>\r\n"), "message");
    }

    #[test]
    fn no_two_stamps_are_equal_and_they_rise() {
        let stamps: Vec<i64> = (0..10_000).map(|_| next_stamp()).collect();
        assert!(stamps.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken.eml")).unwrap();
        assert!(store(folder.path(), "taken.eml", b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
