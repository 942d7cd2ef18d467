//! A post from its folder: the text, and the pictures and attachments that it names.
//!
//! What always holds: a file comes from the post's own folder, also behind a symbolic link; what
//! is read is never more than its limit; a picture is one by its content, whatever its name.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::front::{self, Named, Role};
use super::{File, Finding, Post};

const MB: u64 = 1_000_000;
const LARGEST_IMAGE: u64 = 5 * MB;
const LARGEST_ATTACHMENT: u64 = 10 * MB;
/// Mail servers refuse more: base64 makes it a third larger, and many take 25 MB.
const LARGEST_TOGETHER: usize = 15_000_000;

/// A post, the text it was read from, and its files.
#[derive(Clone, Debug)]
pub struct Source {
    pub post: Post,
    pub text: String,
    pub files: Vec<File>,
}

/// Reads a post and its files, and finds all that is wrong with them.
pub fn read(file: &Path, lists: &[&str]) -> Result<Source, Vec<Finding>> {
    let text = text(file).map_err(|finding| vec![finding])?;
    let draft = front::draft(file, &text, Some(lists));
    let mut findings = draft.findings;
    let files = files(file, &draft.named, &mut findings);
    match draft.post {
        Some(post) if findings.is_empty() => Ok(Source { post, text, files }),
        _ => {
            findings.sort_by_key(|finding| finding.line);
            Err(findings)
        }
    }
}

/// The posts of a folder in the order of their names; a file stands for itself.
pub fn folder(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let context =
        || format!("{}: the folder cannot be read; check its permissions", path.display());
    let mut posts = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        let file = entry.with_context(context)?.path();
        let markdown =
            file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
        if markdown && file.is_file() {
            posts.push(file);
        }
    }
    posts.sort();
    Ok(posts)
}

/// Names a content: the same text and files have the same hash, all others another one.
pub fn hash(text: &str, files: &[File]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        // the length first, so that no two contents run together
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    add(text.as_bytes());
    for file in files {
        add(file.name.as_bytes());
        add(file.content_type.as_bytes());
        add(&file.bytes);
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize())
}

fn text(file: &Path) -> Result<String, Finding> {
    let limit = front::LONGEST as u64;
    let error = |rule, message: String| Finding::error(file, 0, rule, message);
    let bytes = bytes(file, limit).map_err(|why| {
        error(
            "unreadable",
            format!("the post cannot be read: {why}; check the name and its permissions"),
        )
    })?;
    let Some(bytes) = bytes else {
        let message = "the post is larger than 1 MB; shorten it, or attach what is long";
        return Err(error("too-large", message.to_owned()));
    };
    String::from_utf8(bytes).map_err(|wrong| {
        let good = wrong.utf8_error().valid_up_to();
        let line = wrong.as_bytes()[..good].split(|byte| *byte == b'\n').count();
        Finding::error(file, line, "not-utf8", "the post is not UTF-8; save it with that encoding")
    })
}

/// The content of a file, or nothing when there is more than `limit`.
fn bytes(file: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Every file once: the pictures, then the attachments.
fn files(post: &Path, named: &[Named], findings: &mut Vec<Finding>) -> Vec<File> {
    let folder = match post.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut files: Vec<File> = Vec::new();
    for named in named {
        if files.iter().any(|file| file.name == named.name) {
            continue;
        }
        match load(folder, named) {
            Ok(file) => files.push(file),
            Err((rule, message)) => findings.push(Finding::error(post, named.line, rule, message)),
        }
    }
    let together: usize = files.iter().map(|file| file.bytes.len()).sum();
    if together > LARGEST_TOGETHER {
        let message =
            "the files of the post are larger than 15 MB together; leave some out, or link to them";
        findings.push(Finding::error(post, 0, "too-large", message));
    }
    files
}

fn load(folder: &Path, named: &Named) -> Result<File, (&'static str, String)> {
    let name = named.name.as_str();
    let (missing, limit) = match named.role {
        Role::Image => ("image-missing", LARGEST_IMAGE),
        Role::Attachment => ("attachment-missing", LARGEST_ATTACHMENT),
    };
    let unreadable = |why: io::Error| {
        (missing, format!("{name} cannot be read: {why}; put the file beside the post"))
    };
    let file = folder.join(name).canonicalize().map_err(unreadable)?;
    if file.parent() != Some(folder.canonicalize().map_err(unreadable)?.as_path()) {
        let message =
            format!("{name} leads out of the post's folder; put the file itself beside the post");
        return Err(("bad-file-name", message));
    }
    let Some(bytes) = bytes(&file, limit).map_err(unreadable)? else {
        return Err((
            "too-large",
            format!("{name} is larger than {} MB; make it smaller", limit / MB),
        ));
    };
    let content_type = match named.role {
        Role::Attachment => content_type(name),
        Role::Image => picture_type(&bytes).ok_or_else(|| {
            ("image-type", format!("{name} is not a PNG, JPEG or GIF; save it as one of them"))
        })?,
    };
    Ok(File { name: name.to_owned(), content_type: content_type.to_owned(), bytes })
}

/// By the first bytes: PNG §5.2, GIF §17, JPEG §B.1.1.3 with the marker that follows.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => None,
    }
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

#[cfg(test)]
mod tests;
