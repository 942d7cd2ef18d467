//! A post from its folder: the text, and the pictures and attachments that it names.
//!
//! What always holds: a file comes from the post's own folder, also behind a symbolic link; what
//! is read is never more than its limit; a picture is one by its content, whatever its name, and
//! leaves here only as [`picture`](super::picture) has made it; a file that is shown and attached
//! is attached as it is shown.

mod files;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::front;
use super::{File, Finding, Post};
use crate::config;

/// A post, the text it was read from, and its files as they travel.
#[derive(Clone, Debug)]
pub struct Source {
    pub post: Post,
    pub text: String,
    pub files: Vec<File>,
    /// Of the text and of the files as they lie in the folder: when a later Bulletin makes pictures
    /// smaller in another way, that is no new version.
    pub hash: String,
}

/// What a post's file and those beside it are now, told without making a picture small.
#[derive(Debug)]
pub struct Glance {
    /// As [`Source`] has it; None when something is wrong with the post.
    pub hash: Option<String>,
    /// The names of its files, also of those that are missing.
    pub files: Vec<String>,
}

/// Looks a post over; None when its text cannot be read.
pub fn glance(file: &Path, lists: &[&str]) -> Option<Glance> {
    let text = text(file).ok()?;
    let front::Draft { post, named, findings } = front::draft(file, &text, Some(lists));
    let mut hash = Hash::of(&text);
    let sound = post.is_some() && findings.is_empty();
    let hash = (sound && files::glance(file, &named, &mut hash)).then(|| hash.end());
    Some(Glance { hash, files: named.into_iter().map(|named| named.name).collect() })
}

/// Reads a post and its files, and finds all that is wrong with them.
pub fn read(
    file: &Path,
    lists: &[&str],
    pictures: &config::Picture,
) -> Result<Source, Vec<Finding>> {
    let text = text(file).map_err(|finding| vec![finding])?;
    let draft = front::draft(file, &text, Some(lists));
    let mut findings = draft.findings;
    let mut hash = Hash::of(&text);
    let kind = draft.post.as_ref().map(|post| post.kind);
    let reader = files::Reader {
        post: file,
        kind,
        limits: pictures,
        hash: &mut hash,
        findings: &mut findings,
    };
    let files = reader.read(&draft.named);
    match draft.post {
        Some(post) if findings.is_empty() => Ok(Source { post, text, files, hash: hash.end() }),
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
    let mut hash = Hash::of(text);
    for file in files {
        hash.add(file);
    }
    hash.end()
}

struct Hash(Sha256);

impl Hash {
    fn of(text: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.feed(text.as_bytes());
        hash
    }

    fn add(&mut self, file: &File) {
        self.feed(file.name.as_bytes());
        self.feed(file.content_type.as_bytes());
        self.feed(&file.bytes);
    }

    fn feed(&mut self, bytes: &[u8]) {
        // the length first, so that no two contents run together
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn end(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0.finalize())
    }
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
    let known = fs::metadata(file)?;
    if !known.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if known.len() > limit {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // it may grow meanwhile
    fs::File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests;
