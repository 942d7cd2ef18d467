//! Fields of front matter, taken one by one; what nobody takes is unknown.

use std::path::{Path, PathBuf};

use crate::line::{Line, LineError};
use crate::post::Finding;
use crate::post::yaml::{self, Entry, Node, Value};

/// The problems of one file.
pub(super) struct Findings {
    file: PathBuf,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    pub(super) fn error(&mut self, line: usize, rule: &'static str, message: impl Into<String>) {
        self.found.push(Finding::error(&self.file, line, rule, message));
    }

    /// The file's name without its extension, in lower case.
    pub(super) fn stem(&self) -> String {
        let stem = self.file.file_stem().unwrap_or_default();
        stem.to_string_lossy().to_lowercase()
    }

    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| finding.line);
        self.found
    }
}

/// A value that is one text.
pub(super) struct Text {
    pub(super) line: usize,
    pub(super) value: String,
}

/// The fields of the front matter, or of a map in it.
pub(super) struct Fields {
    /// In messages: nothing, or `meeting.`.
    within: String,
    line: usize,
    entries: Vec<Entry>,
    /// What was asked for: the keys there are.
    known: Vec<&'static str>,
}

impl Fields {
    /// The front matter, which begins on line 2 of its file.
    pub(super) fn read(front: &str, found: &mut Findings) -> Option<Self> {
        match yaml::parse(front) {
            Ok(Node { value: Value::Map(entries), line }) => {
                Some(Self::new(String::new(), line, entries, found))
            }
            Ok(node) => {
                found.error(
                    node.line + 1,
                    "bad-yaml",
                    "the front matter is no list of keys; write title: and so on, one a line",
                );
                None
            }
            Err(fault) => {
                let message = format!("the front matter {}", fault.message);
                found.error(fault.line + 1, "bad-yaml", message);
                None
            }
        }
    }

    fn new(within: String, line: usize, all: Vec<Entry>, found: &mut Findings) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for entry in all {
            if entries.iter().any(|other| other.key == entry.key) {
                let message = format!("{within}{} is written twice; keep one", entry.key);
                found.error(entry.line + 1, "duplicate-key", message);
            } else {
                entries.push(entry);
            }
        }
        Self { within, line, entries, known: Vec::new() }
    }

    /// The line of the file that these fields begin on.
    pub(super) fn line_number(&self) -> usize {
        self.line + 1
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// The line of a key, or of the fields when it is not there.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map_or(self.line, |entry| entry.line) + 1
    }

    /// The line of a key that must be there; when it is not, says what to write.
    pub(super) fn require(
        &mut self,
        key: &'static str,
        rule: &'static str,
        example: &str,
        found: &mut Findings,
    ) -> Option<usize> {
        if self.has(key) {
            return Some(self.line_of(key));
        }
        self.know(key);
        found.error(
            self.line_number(),
            rule,
            format!("{}{key} is missing; write {example}", self.within),
        );
        None
    }

    fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.know(key);
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index).node)
    }

    /// A value that is one text, never empty.
    pub(super) fn text(&mut self, key: &'static str, found: &mut Findings) -> Option<Text> {
        let node = self.take(key)?;
        self.one(key, node, found)
    }

    fn one(&self, key: &str, node: Node, found: &mut Findings) -> Option<Text> {
        let line = node.line + 1;
        let (rule, wrong) = match node.value {
            Value::Text(value) if !value.trim().is_empty() => return Some(Text { line, value }),
            Value::Text(_) => ("empty", "is empty; write some text, or leave it out"),
            Value::List(_) | Value::Map(_) => ("bad-value", "is not one text; write it in quotes"),
        };
        found.error(line, rule, format!("{}{key} {wrong}", self.within));
        None
    }

    /// A value that is one line: no line break, no control character.
    pub(super) fn line(&mut self, key: &'static str, found: &mut Findings) -> Option<Line> {
        let text = self.text(key, found)?;
        // a block text (`|`, `>`) ends with a line break that nobody wrote
        let value = text.value.strip_suffix('\n').unwrap_or(&text.value);
        match Line::parse(value) {
            Ok(line) => Some(line),
            Err(error) => {
                let message = format!("{}{key} {error}", self.within);
                found.error(text.line, rule(&error), message);
                None
            }
        }
    }

    /// A list of texts; one text stands for a list of one.
    pub(super) fn texts(&mut self, key: &'static str, found: &mut Findings) -> Vec<Text> {
        let nodes = match self.take(key) {
            None => Vec::new(),
            Some(Node { value: Value::List(nodes), .. }) => nodes,
            Some(node) => vec![node],
        };
        nodes.into_iter().filter_map(|node| self.one(key, node, found)).collect()
    }

    /// `true` or `false`; left out it is `false`.
    pub(super) fn truth(&mut self, key: &'static str, found: &mut Findings) -> bool {
        let Some(text) = self.text(key, found) else {
            return false;
        };
        if !matches!(text.value.as_str(), "true" | "false") {
            let message = format!(
                "{}{key} \"{}\" is neither true nor false; write one of the two",
                self.within, text.value
            );
            found.error(text.line, "bad-value", message);
        }
        text.value == "true"
    }

    /// A value that has fields of its own.
    pub(super) fn map(&mut self, key: &'static str, found: &mut Findings) -> Option<Self> {
        let node = self.take(key)?;
        if let Value::Map(entries) = node.value {
            return Some(Self::new(format!("{key}."), node.line, entries, found));
        }
        let message = format!("{key} has no fields; write {key}: {{name: value, …}}");
        found.error(node.line + 1, "bad-value", message);
        None
    }

    /// What is left over is no field.
    pub(super) fn finish(self, found: &mut Findings) {
        for entry in self.entries {
            let message = format!(
                "{}{} is no field{}; the fields are: {}",
                self.within,
                entry.key,
                nearest(&entry.key, &self.known),
                self.known.join(", ")
            );
            found.error(entry.line + 1, "unknown-key", message);
        }
    }
}

fn rule(error: &LineError) -> &'static str {
    match error {
        LineError::Empty => "empty",
        LineError::LineBreak => "line-break",
        LineError::Control(_) => "control-character",
        LineError::TooLong => "too-long",
    }
}

/// ` (perhaps "…")` when a name is nearly a known one.
pub(super) fn nearest(name: &str, known: &[&str]) -> String {
    let name = name.to_lowercase();
    let near = known.iter().map(|other| (distance(&name, &other.to_lowercase()), other));
    let close = near.filter(|(distance, other)| *distance <= 1 + other.len() / 4);
    let best = close.min_by_key(|(distance, _)| *distance);
    best.map(|(_, other)| format!(" (perhaps \"{other}\")")).unwrap_or_default()
}

/// How many letters must be added, removed or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = row[j] + usize::from(from != *to);
            next.push(replaced.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[b.len()]
}
