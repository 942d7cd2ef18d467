//! The files that a post names, one after the other, so that no two large ones are held at once.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::{Hash, bytes};
use crate::config;
use crate::post::front::{Named, Role};
use crate::post::picture::{self, COLUMN, COVER, Encoded, Picture, Shown, Trouble};
use crate::post::{File, Finding, Kind};

const MB: u64 = 1_000_000;
/// Before it is made small.
const LARGEST_IMAGE: u64 = 25 * MB;
const LARGEST_ATTACHMENT: u64 = 10 * MB;
/// Mail servers refuse more: base64 makes it a third larger, and many take 25 MB.
const LARGEST_TOGETHER: usize = 15_000_000;

/// What is read of a post, and what is found on the way.
pub(super) struct Reader<'a> {
    pub(super) post: &'a Path,
    /// Unless it cannot be told.
    pub(super) kind: Option<Kind>,
    pub(super) limits: &'a config::Picture,
    /// Is given every file as it lies in the folder.
    pub(super) hash: &'a mut Hash,
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    /// Every file once: the pictures, made small, then the attachments.
    pub(super) fn read(mut self, named: &[Named]) -> Vec<File> {
        let (mut shown, mut attached) = (Vec::new(), Vec::new());
        let mut read: Vec<&str> = Vec::new();
        for named in named {
            if read.contains(&named.name.as_str()) {
                continue;
            }
            match self.one(named) {
                Ok(One::Shown(picture)) => shown.push(picture),
                Ok(One::Attached(file)) => attached.push(file),
                Err(trouble) => {
                    self.find(named.line, &named.name, trouble);
                    continue;
                }
            }
            read.push(&named.name);
        }
        let mut files = self.pack(shown);
        files.append(&mut attached);
        self.weigh(&files);
        files
    }

    fn one(&mut self, named: &Named) -> Result<One, Trouble> {
        let file = load(folder(self.post), named)?;
        self.hash.add(&file);
        let width = match named.role {
            Role::Attachment => return Ok(One::Attached(file)),
            Role::Cover if self.kind == Some(Kind::Report) => COVER,
            Role::Cover | Role::Image => COLUMN,
        };
        let picture = Picture::open(&file.bytes, picture::Kind::of(&file.bytes)?, width)?;
        Ok(One::Shown(Shown { line: named.line, name: file.name, picture }))
    }

    fn pack(&mut self, shown: Vec<Shown>) -> Vec<File> {
        let packed = picture::pack(&shown, self.limits);
        let mut files = Vec::with_capacity(shown.len());
        for (Shown { line, name, .. }, packed) in shown.into_iter().zip(packed) {
            match packed {
                Ok(Encoded { content_type, bytes }) => {
                    files.push(File { name, content_type: content_type.to_owned(), bytes });
                }
                Err(trouble) => self.find(line, &name, trouble),
            }
        }
        files
    }

    fn weigh(&mut self, files: &[File]) {
        let together: usize = files.iter().map(|file| file.bytes.len()).sum();
        if together > LARGEST_TOGETHER {
            let message = "the files of the post are larger than 15 MB together; leave some out, or link to them";
            self.findings.push(Finding::error(self.post, 0, "too-large", message));
        }
    }

    fn find(&mut self, line: usize, name: &str, (rule, message): Trouble) {
        let message = format!("{name} {message}");
        self.findings.push(Finding::error(self.post, line, rule, message));
    }
}

fn folder(post: &Path) -> &Path {
    match post.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Gives the hash every file once, as [`Reader::read`] does; false when one of them cannot be read.
pub(super) fn glance(post: &Path, named: &[Named], hash: &mut Hash) -> bool {
    let mut read = HashSet::new();
    named.iter().filter(|named| read.insert(named.name.as_str())).all(|named| {
        let file = load(folder(post), named);
        file.inspect(|file| hash.add(file)).is_ok()
    })
}

enum One {
    Shown(Shown),
    Attached(File),
}

/// A file as it lies in the folder.
fn load(folder: &Path, named: &Named) -> Result<File, Trouble> {
    let name = named.name.as_str();
    let (missing, limit) = match named.role {
        Role::Cover | Role::Image => ("image-missing", LARGEST_IMAGE),
        Role::Attachment => ("attachment-missing", LARGEST_ATTACHMENT),
    };
    let unreadable =
        |why: io::Error| (missing, format!("cannot be read: {why}; put the file beside the post"));
    let file = folder.join(name).canonicalize().map_err(unreadable)?;
    if file.parent() != Some(folder.canonicalize().map_err(unreadable)?.as_path()) {
        let message = "leads out of the post's folder; put the file itself beside the post";
        return Err(("bad-file-name", message.to_owned()));
    }
    let Some(bytes) = bytes(&file, limit).map_err(unreadable)? else {
        let message = format!("is larger than {} MB; make it smaller", limit / MB);
        return Err(("too-large", message));
    };
    let content_type = match named.role {
        Role::Attachment => content_type(name),
        Role::Cover | Role::Image => picture::Kind::of(&bytes)?.content_type(),
    };
    Ok(File { name: name.to_owned(), content_type: content_type.to_owned(), bytes })
}

fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "rtf" => "application/rtf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "ics" => "text/calendar",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        _ => "application/octet-stream",
    }
}
