//! Tables: rows of words. One of a single column, or of too many, was for looks; its cells are paragraphs.

/// More do not fit into a mail.
const WIDEST: usize = 8;

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Tables within, which are flattened.
    inner: usize,
}

impl Table {
    /// An element begins; true when what was said before it stands outside of every cell.
    pub(super) fn start(&mut self, name: &str) -> bool {
        match name {
            "table" => self.inner += 1,
            "tr" if self.inner == 0 => {
                self.rows.push(Vec::new());
                return true;
            }
            "td" | "th" if self.inner == 0 => return true,
            _ => {}
        }
        false
    }

    /// The table ends, or one within it; true for this one.
    pub(super) fn end(&mut self) -> bool {
        if self.inner == 0 {
            return true;
        }
        self.inner -= 1;
        false
    }

    pub(super) fn ends_cell(&self, name: &str) -> bool {
        self.inner == 0 && matches!(name, "td" | "th")
    }

    pub(super) fn cell(&mut self, words: String) {
        match self.rows.last_mut() {
            Some(row) => row.push(words),
            None => self.rows.push(vec![words]),
        }
    }

    pub(super) fn blocks(self) -> Vec<String> {
        let rows: Vec<_> = self.rows.into_iter().filter(|row| !row.is_empty()).collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        if !(2..=WIDEST).contains(&width) {
            let cells = rows.into_iter().flatten().filter(|cell| !cell.is_empty());
            return cells.map(|cell| super::as_text(&cell)).collect();
        }
        let mut lines: Vec<_> = rows.iter().map(|row| line(row, width)).collect();
        lines.insert(1, line(&vec!["---".to_owned(); width], width));
        vec![lines.join("\n")]
    }
}

fn line(row: &[String], width: usize) -> String {
    let empty = String::new();
    let cells = (0..width).map(|column| row.get(column).unwrap_or(&empty).replace('|', "\\|"));
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}
