//! `docs/proof.md`: one page of two parts, each made by a command of its own that leaves the other's
//! part as it is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

const TITLE: &str = "# Proof";
const PREFACE: &str = "What the promises of `README.md` came to under torture, and what sending costs. All of this page is \
                       made by the two commands below, each its own part: torture only when every bound has held, bench also when a bar \
                       was missed, which is then marked.";
const COLUMNS: [&str; 5] = ["part", "date", "version", "machine", "command"];
/// In the order of the page.
const PARTS: [&str; 2] = ["torture", "bench"];

/// What one command has to tell.
pub(crate) struct Part {
    /// One of the page's parts.
    pub(crate) name: &'static str,
    pub(crate) command: String,
    pub(crate) took: Duration,
    /// Markdown, with headings of the second level.
    pub(crate) text: String,
}

impl Part {
    /// Writes it into the page, and says where that is.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proof.md");
        let old = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            old => old?,
        };
        fs::write(&file, self.within(&old))?;
        Ok(file)
    }

    /// The page with this part in place of what it had there.
    fn within(&self, old: &str) -> String {
        let (mut heads, mut texts) = (Vec::new(), Vec::new());
        for name in PARTS {
            let (head, text) = if name == self.name {
                (Some(self.head()), Some(self.text.as_str()))
            } else {
                (head_of(old, name), text_of(old, name))
            };
            if let (Some(head), Some(text)) = (head, text) {
                heads.push(head);
                let text = text.trim();
                texts.push(format!("\n<!-- {name} -->\n\n{text}\n\n<!-- /{name} -->\n"));
            }
        }
        let (preface, head) = (wrapped(PREFACE), table(&COLUMNS, &heads));
        format!("{TITLE}\n\n{preface}\n\n{head}{}", texts.concat())
    }

    fn head(&self) -> Vec<String> {
        let seconds = self.took.as_secs();
        vec![
            self.name.to_owned(),
            said_by("date", &["-u", "+%F %H:%M UTC"]),
            said_by("git", &["describe", "--always", "--dirty"]),
            machine(),
            format!("`{}`, in {} min {} s", self.command, seconds / 60, seconds % 60),
        ]
    }
}

/// The cells of the head's row for a part.
fn head_of(page: &str, name: &str) -> Option<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let (head, _) = page.split_once("\n<!--")?;
    let rows = head.lines().filter(|line| line.starts_with('|')).map(cells);
    rows.filter(|row| row.len() == COLUMNS.len()).find(|row| row[0] == name)
}

fn text_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<!-- {name} -->"))?;
    Some(rest.split_once(&format!("<!-- /{name} -->"))?.0)
}

/// A table of Markdown that can be read as it stands; columns of numbers stand to the right.
pub(crate) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let is_number = |cell: &String| cell.starts_with(|it: char| it.is_ascii_digit() || it == '-');
    let shape = |(number, head): (usize, &&str)| {
        let cells = rows.iter().filter_map(|row| row.get(number));
        let widths = cells.clone().map(|cell| cell.chars().count());
        let width = widths.chain([head.chars().count(), 3]).max().unwrap_or(3);
        (width, cells.clone().all(is_number))
    };
    let shapes: Vec<_> = columns.iter().enumerate().map(shape).collect();
    let line = |cells: Vec<&str>| -> String {
        let cell = |(cell, (width, right)): (&str, &(usize, bool))| {
            if *right { format!(" {cell:>width$} |") } else { format!(" {cell:<width$} |") }
        };
        format!("|{}\n", cells.into_iter().zip(&shapes).map(cell).collect::<String>())
    };
    let rules = shapes.iter().map(|(width, right)| {
        if *right { format!("{}:", "-".repeat(width - 1)) } else { "-".repeat(*width) }
    });
    let rules: Vec<_> = rules.collect();
    let mut text = line(columns.to_vec()) + &line(rules.iter().map(String::as_str).collect());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// In lines of at most 120 characters.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| line.len() + word.len() < 120);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    format!("{model}, {cores} cores, {}", said_by("uname", &["-sr"]))
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(program).args(arguments).current_dir(here).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.ok().filter(|said| !said.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &'static str, text: &str) -> Part {
        let command = format!("make {name}");
        Part { name, command, took: Duration::from_secs(61), text: text.to_owned() }
    }

    #[test]
    fn a_part_leaves_the_other_as_it_is() {
        let one = part("torture", "## Killed\n\n| a | b |\n").within("");
        let both = part("bench", "## Cost\n").within(&one);
        assert_eq!(text_of(&both, "torture"), text_of(&one, "torture"));
        assert_eq!(head_of(&both, "torture"), head_of(&one, "torture"));
        let anew = part("torture", "## Killed again\n").within(&both);
        assert_eq!(text_of(&anew, "torture"), Some("\n\n## Killed again\n\n"));
        assert_eq!(text_of(&anew, "bench"), Some("\n\n## Cost\n\n"));
        let head = head_of(&anew, "bench").unwrap();
        assert_eq!(head.last().unwrap(), "`make bench`, in 1 min 1 s");
        assert_eq!(head_of(&one, "bench"), None);
    }

    #[test]
    fn the_page_of_the_tree_has_a_part_that_would_be_kept() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proof.md");
        let page = fs::read_to_string(file).unwrap();
        let anew = part("bench", "## Cost\n").within(&page);
        assert_eq!(text_of(&anew, "torture").unwrap(), text_of(&page, "torture").unwrap());
        assert_eq!(head_of(&anew, "torture").unwrap(), head_of(&page, "torture").unwrap());
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let rows = [vec!["one".to_owned(), "12".to_owned()]];
        let lines = ["| name | mails |", "| ---- | ----: |", "| one  |    12 |", ""];
        assert_eq!(table(&["name", "mails"], &rows), lines.join("\n"));
    }
}
