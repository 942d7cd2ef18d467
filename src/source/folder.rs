//! What a folder holds now: its Markdown files, read as `post add` reads them.
//!
//! It is looked at again and again rather than watched: that works on every file system, also on one that
//! is mounted from elsewhere, needs nothing to be remembered when it fails, and a look at a folder in which
//! nothing has changed reads its listing alone.
//!
//! What always holds: a file that somebody is still writing is not read. A post that has changed within the
//! last [`SETTLED`] counts as such, and so does one whose picture or attachment has; what no post names may
//! change as it likes. A post that is as it was taken is read and hashed, and no picture of it is opened.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::{Candidate, Content};
use crate::clock::Timestamp;
use crate::config;
use crate::post::Finding;
use crate::post::read::{folder, glance, hash, read};

/// No copy of a file over a network pauses for longer, as a rule.
const SETTLED: Duration = Duration::from_secs(5);
/// A folder of posts is a few files: what has more is a mistake, such as a whole disk.
const MOST: usize = 10_000;

/// What its posts are read with.
#[derive(Debug)]
pub(super) struct Rules {
    /// The lists there are.
    pub(super) lists: Vec<String>,
    /// What pictures may be.
    pub(super) pictures: config::Picture,
    /// The names of all sources, which may have brought the same post.
    #[expect(dead_code, reason = "a change of them is told by the Debug form")]
    pub(super) sources: Vec<String>,
}

/// What was there.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) files: VecDeque<PathBuf>,
    /// Tells whether anything is different at the next look.
    pub(super) mark: String,
    rules: Rules,
    /// The names of what may still be written.
    fresh: HashSet<String>,
}

/// Looks into a folder; None when it is as the mark says. The error says what is wrong and what to do.
pub(super) fn look(
    path: &Path,
    rules: Rules,
    mark: Option<&str>,
    now: Timestamp,
) -> Result<Option<Sight>, String> {
    let listing = listing(path)?;
    let seen = hash(&format!("{rules:?}{listing:?}"), &[]);
    if Some(seen.as_str()) == mark {
        return Ok(None);
    }
    let files = folder(path).map_err(|error| format!("{error:#}"))?;
    let fresh = listing.into_iter().filter(|file| is_fresh(file.changed_at, now));
    let fresh = fresh.map(|file| file.name).collect();
    Ok(Some(Sight { files: files.into(), mark: seen, rules, fresh }))
}

impl Sight {
    /// A file as it is now; `taken` are the hashes of what was taken before, by item.
    pub(super) fn read(&self, file: &Path, taken: &HashMap<String, String>) -> Candidate {
        let item = item(file);
        let content = self.content(file, &item, taken.get(&item).map(String::as_str));
        Candidate { item, content }
    }

    fn content(&self, file: &Path, item: &str, taken: Option<&str>) -> Content {
        let lists: Vec<&str> = self.rules.lists.iter().map(String::as_str).collect();
        if self.fresh.contains(item) {
            return Content::Later;
        }
        if let Some(glance) = glance(file, &lists) {
            if glance.files.iter().any(|name| self.fresh.contains(name)) {
                return Content::Later;
            }
            if glance.hash.is_some() && glance.hash.as_deref() == taken {
                return Content::Same;
            }
        }
        match read(file, &lists, &self.rules.pictures) {
            Ok(source) => Content::Post(Box::new(source)),
            Err(findings) => Content::Wrong(told(item, &findings)),
        }
    }
}

/// What a file is known by.
pub(super) fn item(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
