//! The one place that writes to standard output.

use std::io::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::Value;

use super::open::Failure;

/// Prints for people, or JSON for scripts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer {
    pub(super) json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for people; scripts get nothing.
    pub(super) fn say(self, line: impl AsRef<str>) {
        if !self.json {
            out(line.as_ref());
        }
    }

    /// An object for scripts; people get nothing.
    pub(super) fn object(self, value: &Value) {
        if self.json {
            out(&value.to_string());
        }
    }

    /// A line for whoever watches; false when nobody reads any more.
    #[expect(clippy::unused_self, reason = "everything that prints is asked of the printer")]
    pub(super) fn line(self, line: impl AsRef<str>) -> bool {
        out(line.as_ref())
    }

    /// What is both for people and for scripts as it stands: a mail, a page.
    #[expect(clippy::unused_self, reason = "everything that prints is asked of the printer")]
    pub(super) fn raw(self, bytes: &[u8]) {
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// Rows as a table for people; nothing but `empty` when there are none.
    pub(super) fn table(self, header: &[&str], rows: Vec<Vec<String>>, empty: &str) {
        if self.json {
            return;
        }
        if rows.is_empty() {
            out(empty);
            return;
        }
        let numeric = numeric_columns(header.len(), &rows);
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_header(header.iter().map(|name| name.to_uppercase()))
            .add_rows(rows);
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if numeric[index] {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.to_string().lines() {
            out(line.trim_end());
        }
    }

    /// A mistake, on standard error: every line of it says what, where and what to do.
    #[expect(clippy::unused_self, reason = "everything that prints is asked of the printer")]
    pub(super) fn failure(self, failure: &Failure) {
        let text = told_once(failure.error());
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// A line on standard error, where it disturbs no script.
    #[expect(clippy::unused_self, reason = "everything that prints is asked of the printer")]
    pub(super) fn note(self, line: impl AsRef<str>) {
        let _ = writeln!(std::io::stderr().lock(), "{}", line.as_ref());
    }
}

/// The error and its causes; a cause that the text before it has told already is left out.
fn told_once(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn numeric_columns(count: usize, rows: &[Vec<String>]) -> Vec<bool> {
    let number = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    (0..count).map(|column| rows.iter().all(|row| row.get(column).is_some_and(number))).collect()
}

/// A reader that went away (`| head`) is no mistake of ours; false says so.
fn out(line: &str) -> bool {
    writeln!(std::io::stdout().lock(), "{line}").is_ok()
}
