//! The page that tells what came of it. All of `docs/proof.md` is made here.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Orders;

/// One kind of torture.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What was done, and what each number may be.
    pub(crate) sentence: String,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Every bound that did not hold.
    pub(crate) broken: Vec<String>,
}

pub(crate) struct Page {
    pub(crate) sections: Vec<Section>,
    pub(crate) took: Duration,
    pub(crate) orders: Orders,
}

impl Page {
    pub(crate) fn broken(&self) -> impl Iterator<Item = &String> {
        self.sections.iter().flat_map(|section| &section.broken)
    }

    pub(crate) fn write(&self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proof.md");
        std::fs::write(&file, self.to_string()).unwrap();
        println!("written to {}", file.display());
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, command) = (self.took.as_secs(), self.orders.command());
        writeln!(f, "# Proof\n")?;
        writeln!(
            f,
            "What the promises of `README.md` came to under torture. The whole page is written by"
        )?;
        writeln!(f, "the command below; it is written only when every bound has held.\n")?;
        writeln!(f, "- date: {}", said_by("date", &["-u", "+%F %H:%M UTC"]))?;
        writeln!(f, "- version: {}", said_by("git", &["describe", "--always", "--dirty"]))?;
        writeln!(f, "- machine: {}", machine())?;
        writeln!(f, "- command: `{command}`, in {} min {} s", seconds / 60, seconds % 60)?;
        self.sections.iter().try_for_each(|section| write!(f, "\n{section}"))
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title, wrapped(&self.sentence))?;
        let widths: Vec<_> = self
            .columns
            .iter()
            .enumerate()
            .map(|(number, head)| {
                let cells = self.rows.iter().map(|row| row[number].chars().count());
                cells.chain([head.chars().count(), 3]).max().unwrap_or(3)
            })
            .collect();
        // numbers stand to the right
        let is_number = |number: usize| {
            self.rows
                .iter()
                .all(|row| row[number].starts_with(|it: char| it.is_ascii_digit() || it == '-'))
        };
        let right: Vec<_> = (0..widths.len()).map(is_number).collect();
        let line = |cells: Vec<&str>| -> String {
            let cell = |(number, cell): (usize, &&str)| {
                let width = widths[number];
                if right[number] {
                    format!(" {cell:>width$} |")
                } else {
                    format!(" {cell:<width$} |")
                }
            };
            cells.iter().enumerate().map(cell).fold("|".to_owned(), |line, cell| line + &cell)
        };
        writeln!(f, "{}", line(self.columns.clone()))?;
        let rule = widths.iter().zip(&right).map(|(width, right)| {
            if *right {
                format!(" {}: |", "-".repeat(width - 1))
            } else {
                format!(" {} |", "-".repeat(*width))
            }
        });
        writeln!(f, "|{}", rule.collect::<String>())?;
        for row in &self.rows {
            writeln!(f, "{}", line(row.iter().map(String::as_str).collect()))?;
        }
        Ok(())
    }
}

fn wrapped(text: &str) -> String {
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
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
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
