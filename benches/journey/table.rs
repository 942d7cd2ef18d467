//! From rounds to the table on the page.

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::orders::Orders;
use crate::rows::{Bound, Row, Value};
use crate::subject::{Measured, Subject};
use crate::support::proof::{table, wrapped};

/// What the rounds of each subject came to, or why there are none.
pub(crate) type Results = BTreeMap<Subject, Result<Vec<Measured>, String>>;

const COLUMNS: [&str; 7] = ["row", "Bulletin", "against", "ratio", "bar", "aim", "came to"];

/// Why bars are missed, by row.
pub(crate) fn reasons() -> anyhow::Result<toml::Table> {
    include_str!("reasons.toml").parse().context("benches/journey/reasons.toml")
}

/// The bench's part of the page.
pub(crate) fn text(orders: &Orders, results: &Results, reasons: &toml::Table) -> String {
    let lines: Vec<_> = orders.rows().map(|row| Line::new(row, results)).collect();
    let mut parts = vec!["## What sending costs".to_owned(), wrapped(&sentence(orders, results))];
    parts.push(table(&COLUMNS, &lines.iter().map(|line| line.cells.to_vec()).collect::<Vec<_>>()));
    let explained = orders.rows().map(|row| item(&format!("`{}`: {}.", row.name, row.what)));
    parts.push(explained.collect::<Vec<_>>().join("\n"));
    let missed = lines.iter().filter_map(|line| {
        let missed = line.missed.as_ref()?;
        let reason = reasons.get(line.name).and_then(toml::Value::as_str);
        let reason = reason.unwrap_or("no reason is written in `benches/journey/reasons.toml`.");
        Some(item(&format!("`{}` {missed}: {reason}", line.name)))
    });
    let missed: Vec<_> = missed.collect();
    if !missed.is_empty() {
        parts.push(format!("Missed, and why:\n\n{}", missed.join("\n")));
    }
    parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n"
}

fn sentence(orders: &Orders, results: &Results) -> String {
    let Orders { messages, rounds, .. } = orders;
    let window = crate::subject::WINDOW;
    let middle = |subject, of: fn(&Measured) -> f64| {
        let rounds = results.get(&subject)?.as_ref().ok()?;
        Some(median(rounds.iter().map(of)))
    };
    let size = middle(Subject::Plain, |it| it.size);
    let size = size.map_or_else(String::new, |size| format!(" of {size:.0} KB"));
    let [ours, theirs] = [Subject::Plain, Subject::Source].map(|it| middle(it, |it| it.sink));
    let sink = ours.zip(theirs).map_or_else(String::new, |(ours, theirs)| {
        format!(" It took {ours:.2} of a core from Bulletin, {theirs:.2} from `smtp-source`.")
    });
    format!(
        "Everything on one machine: `bulletin run --until-idle` reads the queue, composes, sends to a sink, and keeps each \
         result in the database (SQLite with `synchronous=FULL` unless a row says otherwise). A round is {messages} mails{size}, \
         each its reader's own (of the slow ways a twentieth to a half), over 10 connections, with `delivery.window` at \
         {window}. Rates count from the first mail at the sink to the last; processor time and memory are those of the \
         whole command. Medians of {rounds} rounds in turn; a ratio is the median of the rounds' ratios. The sink is one \
         thread that counts and answers.{sink}",
    )
}

/// One row of the table.
struct Line {
    name: &'static str,
    cells: [String; 7],
    /// The figure beside the bar it missed.
    missed: Option<String>,
}

impl Line {
    fn new(row: &Row, results: &Results) -> Self {
        let found = figures(row, results);
        let [ours, theirs, ratio] = match &found {
            Ok(figures) => figures.cells(row),
            Err(_) => ["-", "-", "-"].map(str::to_owned),
        };
        let show = |bound: Bound| {
            let limit = bound.limit();
            let limit =
                if row.theirs.is_some() { limit.to_string() } else { row.value.show(limit) };
            match bound {
                Bound::AtLeast(_) => format!("≥ {limit}"),
                Bound::AtMost(_) => format!("≤ {limit}"),
            }
        };
        let (bar, aim) = row.bar.unzip();
        let aim = bar.zip(aim.flatten()).map(|(bar, aim)| bar.at(aim));
        let [bar_cell, aim_cell] = [bar, aim].map(|bound| bound.map_or("-".to_owned(), show));
        let figure = found.as_ref().ok().map(|figures| figures.ratio.unwrap_or(figures.ours));
        let holds = |bound: Option<Bound>| bound.zip(figure).is_some_and(|(b, it)| b.holds(it));
        let missed = bar.is_some() && figure.is_some() && !holds(bar);
        let verdict = match &found {
            Err(why) => why.lines().next().unwrap_or_default().replace('|', "/"),
            Ok(_) if missed => "**missed**".to_owned(),
            Ok(_) if holds(aim) => "the aim".to_owned(),
            Ok(_) if bar.is_some() => "the bar".to_owned(),
            Ok(_) => "-".to_owned(),
        };
        let came_to = if row.theirs.is_some() { &ratio } else { &ours };
        Self {
            name: row.name,
            missed: missed.then(|| format!("came to {came_to} and should have been {bar_cell}")),
            cells: [format!("`{}`", row.name), ours, theirs, ratio, bar_cell, aim_cell, verdict],
        }
    }
}

struct Figures {
    ours: f64,
    theirs: Option<f64>,
    ratio: Option<f64>,
}

impl Figures {
    fn cells(&self, row: &Row) -> [String; 3] {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            row.value.show(self.ours),
            or_none(self.theirs.map(|value| row.value.show(value))),
            or_none(self.ratio.map(|ratio| format!("{ratio:.3}"))),
        ]
    }
}

/// Or why there are none.
fn figures(row: &Row, results: &Results) -> Result<Figures, String> {
    let values = |subject| match results.get(&subject) {
        Some(Ok(rounds)) => Ok(rounds.iter().map(|it| row.value.of(it)).collect::<Vec<_>>()),
        Some(Err(why)) => Err(why.clone()),
        None => Err("not measured".to_owned()),
    };
    let ours = values(row.ours)?;
    let middle = match row.value {
        Value::LowestRate => ours.iter().copied().fold(f64::INFINITY, f64::min),
        Value::Rate | Value::Cpu | Value::Time | Value::Memory => median(ours.iter().copied()),
    };
    let Some(theirs) = row.theirs.map(values).transpose()? else {
        return Ok(Figures { ours: middle, theirs: None, ratio: None });
    };
    let other = median(theirs.iter().copied());
    let ratio = if ours.len() == theirs.len() {
        median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs))
    } else {
        middle / other
    };
    Ok(Figures { ours: middle, theirs: Some(other), ratio: Some(ratio) })
}

/// Not a number where there was nothing to measure.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    f64::midpoint(middle(values.len().saturating_sub(1) / 2), middle(values.len() / 2))
}

/// Of a list, in lines that are not too long.
fn item(text: &str) -> String {
    format!("- {}", wrapped(text).replace('\n', "\n  "))
}
