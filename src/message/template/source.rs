//! The texts of all templates: those that the program was built with, and the files of a folder that
//! stand in their place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use include_dir::{Dir, DirEntry, include_dir};

use crate::config::near;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/mail");

/// Where a person finds a template that the program was built with.
const FOLDER: &str = "templates/mail";

/// Longer than any template is; the largest that the program has is 4 KB.
const LONGEST: u64 = 100_000;

/// What is wrong with a template, and on which line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn at(line: usize, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// One template.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// `report/body.mjml`, `partials/footer.txt` or `base.mjml`.
    pub(super) path: &'static str,
    /// The file as a person finds it.
    pub(super) file: PathBuf,
    pub(super) text: Cow<'static, str>,
}

impl Source {
    /// What handlebars calls it: a kind's by their path, the layout and the partials by their stem.
    pub(super) fn name(&self) -> &'static str {
        let shared = self.path.strip_prefix("partials/").unwrap_or(self.path);
        match shared.split_once('.') {
            Some((stem, _)) if !stem.contains('/') => stem,
            _ => self.path,
        }
    }

    pub(super) fn is_markup(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, ending)| ending == "mjml")
    }

    /// Whether it is as the program was built.
    pub(super) fn is_built_in(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_))
    }

    /// `templates/report/body.mjml:12: why`.
    pub(super) fn told(&self, fault: &Fault) -> anyhow::Error {
        anyhow!("{self}:{}: {}", fault.line, fault.why)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.display().fmt(f)
    }
}

/// All templates, those of `folder` in place of the program's own.
pub(super) fn sources(folder: Option<&Path>) -> anyhow::Result<Vec<Source>> {
    let mut sources = BTreeMap::new();
    built_in(&BUILT_IN, &mut sources)?;
    if let Some(folder) = folder {
        for file in files(folder)? {
            replace(&mut sources, folder, file)?;
        }
    }
    Ok(sources.into_values().collect())
}

fn built_in(
    dir: &'static Dir<'static>,
    found: &mut BTreeMap<&'static str, Source>,
) -> anyhow::Result<()> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) => built_in(inner, found)?,
            DirEntry::File(file) => {
                let path = file.path().to_str().context("a template has no name")?;
                let text = file.contents_utf8().with_context(|| format!("{FOLDER}/{path}"))?;
                let file = Path::new(FOLDER).join(path);
                found.insert(path, Source { path, file, text: Cow::Borrowed(text) });
            }
        }
    }
    Ok(())
}

fn replace(
    sources: &mut BTreeMap<&'static str, Source>,
    folder: &Path,
    file: PathBuf,
) -> anyhow::Result<()> {
    let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned();
    let Some(source) = sources.get_mut(path.as_str()) else {
        let names: Vec<&str> = sources.keys().copied().collect();
        bail!("{}: no template is called {path}; {}", file.display(), remedy(&path, &names));
    };
    source.text = Cow::Owned(read(&file)?);
    source.file = file;
    Ok(())
}

fn remedy(path: &str, names: &[&str]) -> String {
    near(path, names).map_or_else(
        || "this folder holds files such as report/body.mjml and partials/footer.txt".to_owned(),
        |near| format!("perhaps {near}?"),
    )
}

fn read(file: &Path) -> anyhow::Result<String> {
    let bad = |why: &str| anyhow!("{}: {why}", file.display());
    let size = std::fs::metadata(file).with_context(|| bad("this template cannot be read"))?.len();
    if size > LONGEST {
        return Err(bad("this template is longer than 100 KB; make it shorter"));
    }
    let bytes = std::fs::read(file).with_context(|| bad("this template cannot be read"))?;
    String::from_utf8(bytes).map_err(|_| bad("this template is not UTF-8 text; save it as that"))
}

/// The files of a folder and of the folders in it, hidden ones left out, in the order of their names.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            // no template lies deeper, and a link may lead around in a circle
            found.extend(entries(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unread = || format!("{}: this folder of templates cannot be read", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unread)? {
        let entry = entry.with_context(unread)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
