//! A table as text: in columns when it fits, else one row after the other.

/// What stands between two columns.
const GAP: &str = "  ";

/// The lines of a table whose first row is its head.
pub(super) fn lines(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let rows: Vec<&Vec<String>> = rows.iter().filter(|row| !row.is_empty()).collect();
    let Some((head, rows)) = rows.split_first() else {
        return Vec::new();
    };
    let widths = widths(head, rows);
    let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    if total <= width { columns(head, rows, &widths) } else { records(head, rows) }
}

fn widths(head: &[String], rows: &[&Vec<String>]) -> Vec<usize> {
    let wide =
        |row: &[String], column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
    (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| wide(row, column));
            cells.max().unwrap_or(0).max(wide(head, column))
        })
        .collect()
}

fn columns(head: &[String], rows: &[&Vec<String>], widths: &[usize]) -> Vec<String> {
    let rule: Vec<String> = widths.iter().map(|wide| "-".repeat(*wide)).collect();
    let mut lines = vec![row(head, widths), row(&rule, widths)];
    lines.extend(rows.iter().map(|cells| row(cells, widths)));
    lines
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, wide)| format!("{cell:<wide$}"));
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

/// `Head: cell`, one below the other, an empty line between rows.
fn records(head: &[String], rows: &[&Vec<String>]) -> Vec<String> {
    if rows.is_empty() {
        return head.to_vec();
    }
    let record = |row: &&Vec<String>| {
        let cells = head.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        let named = |(name, cell): (&String, &String)| {
            if name.is_empty() { cell.clone() } else { format!("{name}: {cell}") }
        };
        cells.map(named).collect::<Vec<_>>()
    };
    rows.iter().map(record).collect::<Vec<_>>().join(&String::new())
}
