//! One source file as the rules see it.

use std::path::Path;

pub(super) struct Source {
    /// From the root of the repository: `src/post/mod.rs`.
    pub(super) path: String,
    pub(super) text: String,
    /// The same lines with comments, strings and test modules as blanks.
    code: String,
}

pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// All sources of a folder, but for files that hold tests only.
pub(super) fn under(folder: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            sources.extend(under(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push(Source::new(name.to_str().unwrap(), &text));
        }
    }
    sources
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into(), code: without_tests(blanked(text)) }
    }

    pub(super) fn at(&self, line: usize, rule: &str) -> String {
        format!("{}:{line}: {rule}", self.path)
    }

    /// The module below the crate's root: `post` for `src/post/store.rs`.
    pub(super) fn stage(&self) -> &str {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').next().unwrap_or(path)
    }

    pub(super) fn is_store(&self) -> bool {
        let mut parts = self.path.trim_end_matches(".rs").split('/').skip(2);
        parts.any(|part| part == "store")
    }

    /// How many there are without test modules.
    pub(super) fn lines(&self) -> usize {
        let kept = self.code.lines().filter(|line| !line.contains(LEFT_OUT));
        kept.count()
    }

    /// The stages that the code names, with the line: `crate::x`, `crate::{x, y::z}`, `super::x`.
    pub(super) fn uses(&self) -> Vec<(usize, String)> {
        let root = match self.stage() {
            "main" => "bulletin::".to_owned(),
            "lib" => "crate::".to_owned(),
            _ => "super::".repeat(self.depth()),
        };
        let paths = ["crate::", &root].map(|prefix| self.words(prefix));
        let mut uses: Vec<_> = paths
            .into_iter()
            .flatten()
            .flat_map(|(start, end)| {
                let names = first_names(&self.code[end..]);
                names.into_iter().map(move |name| (self.line(start), name))
            })
            .collect();
        uses.sort();
        uses.dedup();
        uses
    }

    /// How many `super` lead to the crate's root.
    fn depth(&self) -> usize {
        let folders = self.path.matches('/').count();
        if self.path.ends_with("/mod.rs") { folders - 1 } else { folders }
    }

    /// The lines that name a library or a path: `sqlx::…`, `use sqlx`, `Utc::now`.
    pub(super) fn mentions(&self, name: &str) -> Vec<usize> {
        let is_use = |(start, end): &(usize, usize)| {
            let rest = &self.code[*end..];
            name.contains("::") && !rest.starts_with(is_of_name)
                || rest.starts_with("::")
                || self.code[..*start].ends_with("use ") && !rest.starts_with(is_of_name)
        };
        let words = self.words(name).into_iter();
        words.filter(is_use).map(|(start, _)| self.line(start)).collect()
    }

    /// Where `prefix` begins a path: start and end.
    fn words(&self, prefix: &str) -> Vec<(usize, usize)> {
        let found = self.code.match_indices(prefix);
        found
            .filter(|(at, _)| {
                let before = &self.code[..*at];
                let inner = before.ends_with("::") && !prefix.contains("::now");
                !before.ends_with(is_of_name) && !inner
            })
            .map(|(at, _)| (at, at + prefix.len()))
            .collect()
    }

    pub(super) fn functions(&self) -> Vec<Function> {
        let starts = self.words("fn ").into_iter();
        starts
            .filter_map(|(start, end)| {
                let rest = &self.code[end..];
                let name: String = rest.chars().take_while(|letter| is_of_name(*letter)).collect();
                let body = end + body(rest)?;
                let length = body + block(&self.code[body..]) - start;
                let lines = self.code[start..start + length].lines().count();
                Some(Function { name, line: self.line(start), lines })
            })
            .collect()
    }

    fn line(&self, at: usize) -> usize {
        1 + self.code[..at].matches('\n').count()
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The first name of each path in `a::b`, or in the group `{a, b::{c, d}}`.
fn first_names(code: &str) -> Vec<String> {
    let name = |path: &str| -> String {
        path.trim_start().chars().take_while(|letter| is_of_name(*letter)).collect()
    };
    if !code.starts_with('{') {
        return vec![name(code)];
    }
    let group = &code[1..block(code) - 1];
    let mut depth = 0;
    let items = group.split(|letter: char| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    items.map(name).filter(|name| !name.is_empty()).collect()
}

/// Where a function's block begins; a declaration has none.
fn body(code: &str) -> Option<usize> {
    let mut brackets = 0;
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' if brackets == 0 => return Some(at),
            ';' if brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The length of the block that begins with the first brace.
fn block(code: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Stands in lines that count for nothing; no Rust code has it.
const LEFT_OUT: char = '\u{7f}';

fn without_tests(mut code: String) -> String {
    while let Some(start) = code.find("#[cfg(test)]") {
        let length = match body(&code[start + 1..]) {
            Some(at) => 1 + at + block(&code[start + 1 + at..]),
            None => code[start..].find(';').map_or(code.len() - start, |at| at + 1),
        };
        let lines = code[start..start + length].split('\n').count();
        let blanks = vec![LEFT_OUT.to_string(); lines].join("\n");
        code.replace_range(start..start + length, &blanks);
    }
    code
}

/// The text with all that is no code as blanks, line for line.
fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = no_code(rest, code.chars().next_back());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let blanks = rest[..length].chars();
            code.extend(blanks.map(|letter| if letter == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// The length of the comment, string or character that begins here, if one does.
fn no_code(rest: &str, before: Option<char>) -> usize {
    let up_to = |end: &str| rest.find(end).unwrap_or(rest.len());
    if rest.starts_with("//") {
        return up_to("\n");
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('r') && !before.is_some_and(|letter| is_of_name(letter) && letter != 'b') {
        let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
        if rest[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            return rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len());
        }
    }
    // A lifetime has no second quote after one letter.
    let is_character = rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'');
    if rest.starts_with('\'') && is_character { quoted(rest, '\'') } else { 0 }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        if letter == quote && !escaped {
            return at + letter.len_utf8();
        }
        escaped = letter == '\\' && !escaped;
    }
    rest.len()
}

/// They nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    for (at, _) in rest.char_indices() {
        if rest[at..].starts_with("/*") {
            depth += 1;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    rest.len()
}
