//! What a folder holds now: its Markdown files, read as `post add` reads them.
//!
//! It is looked at again and again rather than watched: that works on every file system, also on one that
//! is mounted from elsewhere, needs nothing to be remembered when it fails, and a look at a folder in which
//! nothing has changed reads its listing alone.
//!
//! What always holds: a file that somebody is still writing is not read. One that has changed within the
//! last [`SETTLED`] counts as such, and so does a post whose picture or attachment has.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::{Candidate, Content};
use crate::clock::Timestamp;
use crate::config;
use crate::post::Finding;
use crate::post::read::{Source, folder, hash, read};

/// No copy of a file over a network pauses for longer, as a rule.
const SETTLED: Duration = Duration::from_secs(5);
/// A folder of posts is a few files: what has more is a mistake, such as a whole disk.
const MOST: usize = 10_000;

/// What was there.
pub(super) struct Sight {
    /// None when it was the same at the last look.
    pub(super) candidates: Option<Vec<Candidate>>,
    /// Tells whether anything is different at the next look; None while something is being written.
    pub(super) mark: Option<String>,
}

/// Looks into a folder; `lists` are the lists there are, `pictures` what their pictures may be. The
/// error says what is wrong and what to do.
pub(super) fn look(
    path: &Path,
    lists: &[&str],
    pictures: &config::Picture,
    mark: Option<&str>,
    now: Timestamp,
) -> Result<Sight, String> {
    let listing = listing(path)?;
    let fresh: HashSet<&str> = listing
        .iter()
        .filter(|file| is_fresh(file.changed_at, now))
        .map(|file| file.name.as_str())
        .collect();
    let seen = fresh.is_empty().then(|| hash(&format!("{lists:?}{pictures:?}{listing:?}"), &[]));
    if seen.is_some() && seen.as_deref() == mark {
        return Ok(Sight { candidates: None, mark: seen });
    }
    let files = folder(path).map_err(|error| format!("{error:#}"))?;
    let candidates = files.iter().map(|file| candidate(file, lists, pictures, &fresh)).collect();
    Ok(Sight { candidates: Some(candidates), mark: seen })
}

#[derive(Debug)]
struct Listed {
    name: String,
    #[expect(dead_code, reason = "told apart by its Debug form")]
    size: u64,
    changed_at: Option<i64>,
}

/// Everything in it, for pictures and attachments lie beside their posts.
fn listing(path: &Path) -> Result<Vec<Listed>, String> {
    let unreadable = |why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => format!(
            "{}: there is no such folder; make it, or change the source's path",
            path.display()
        ),
        _ => {
            format!("{}: the folder cannot be read ({why}); check its permissions", path.display())
        }
    };
    let mut listed = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // one that goes away meanwhile is no longer there
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        listed.push(Listed { name, size: metadata.len(), changed_at: changed_at(&metadata) });
        if listed.len() > MOST {
            return Err(format!(
                "{}: the folder holds more than {MOST} files; give posts a folder of their own",
                path.display()
            ));
        }
    }
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

/// In milliseconds since 1970.
fn changed_at(metadata: &Metadata) -> Option<i64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// A file from the future, by a clock that goes wrong, is not waited for.
fn is_fresh(changed_at: Option<i64>, now: Timestamp) -> bool {
    let settled = i64::try_from(SETTLED.as_millis()).unwrap_or(i64::MAX);
    changed_at.is_some_and(|at| (now.0 - at).abs() < settled)
}

fn candidate(
    file: &Path,
    lists: &[&str],
    pictures: &config::Picture,
    fresh: &HashSet<&str>,
) -> Candidate {
    let item = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let content = if fresh.contains(item.as_str()) {
        Content::Later
    } else {
        match read(file, lists, pictures) {
            Ok(source) if is_arriving(&source, fresh) => Content::Later,
            Ok(source) => Content::Post(Box::new(source)),
            // what is missing may be on its way
            Err(_) if !fresh.is_empty() => Content::Later,
            Err(findings) => Content::Wrong(told(&item, &findings)),
        }
    };
    Candidate { item, content }
}

fn is_arriving(source: &Source, fresh: &HashSet<&str>) -> bool {
    source.files.iter().any(|file| fresh.contains(file.name.as_str()))
}

/// The first finding, by the file's name alone, and how many more there are.
fn told(item: &str, findings: &[Finding]) -> String {
    let Some(first) = findings.first() else {
        return format!("{item}: it cannot be read");
    };
    let place = if first.line == 0 { String::new() } else { format!(":{}", first.line) };
    let more = match findings.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more; `bulletin check` shows all)"),
    };
    format!("{item}{place}: {}{more}", first.message)
}
