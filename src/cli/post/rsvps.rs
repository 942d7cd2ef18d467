//! `bulletin post rsvps`: who comes to a meeting.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::ValueEnum;
use serde_json::json;

use crate::campaign::Answer;
use crate::campaign::store::{Rsvp, answers};
use crate::cli::open::Failure;
use crate::cli::print::Printer;
use crate::daemon::Home;
use crate::line::Line;
use crate::post::add::named;

/// How the answers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    Table,
    /// For a spreadsheet
    Csv,
}

pub(super) async fn show(
    home: &Home,
    printer: Printer,
    slug: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let stored = named(&home.db, slug).await?;
    let given = answers(&mut home.db.read().await?, stored.id).await?;
    if given.is_empty() && !stored.post()?.meeting.is_some_and(|meeting| meeting.rsvp) {
        return Err(asks_nobody(slug));
    }
    let zone = home.config.site.timezone;
    let row = |rsvp: &Rsvp| {
        let Rsvp { email, name, answer, at } = rsvp;
        let name = name.as_ref().map_or_else(String::new, Line::to_string);
        vec![email.to_string(), name, answer.to_string(), at.rfc3339(zone)]
    };
    for rsvp in &given {
        printer.object(&json!({
            "email": rsvp.email.as_str(), "name": rsvp.name.as_ref().map(Line::as_str),
            "answer": rsvp.answer.as_str(), "at": rsvp.at.rfc3339(zone),
        }));
    }
    let rows: Vec<_> = given.iter().map(row).collect();
    match format {
        Format::Csv if !printer.json => printer.raw(&sheet(rows)?),
        Format::Csv | Format::Table => {
            printer.table(&HEADER, rows, "Nobody has answered yet.");
            if !given.is_empty() {
                printer.say(sum(&given));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

const HEADER: [&str; 4] = ["email", "name", "answer", "at"];

fn asks_nobody(slug: &str) -> Failure {
    Failure::Action(anyhow!(
        "the post \"{slug}\" asks nobody whether they come; write `rsvp: true` in its `meeting`, and add it again"
    ))
}

fn sum(given: &[Rsvp]) -> String {
    let coming = given.iter().filter(|rsvp| rsvp.answer == Answer::Coming).count();
    format!("{coming} coming, {} not coming.", given.len() - coming)
}

fn sheet(rows: Vec<Vec<String>>) -> anyhow::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEADER)?;
    for row in rows {
        out.write_record(row.iter().map(|cell| safe(cell)))?;
    }
    Ok(out.into_inner()?)
}

/// Nothing that a spreadsheet would take for a formula and carry out (OWASP ASVS 5.0, 1.2.10).
fn safe(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let row = ["=1+1", "+44 20", "-x", "@SUM(A1)", "\tx", "\rx", "Ann, \"A\"", "a=b"];
        let written =
            sheet(vec![row.map(str::to_owned)[..4].to_vec(), row.map(str::to_owned)[4..].to_vec()]);
        assert_eq!(
            String::from_utf8(written.unwrap()).unwrap(),
            "email,name,answer,at\n'=1+1,'+44 20,'-x,'@SUM(A1)\n'\tx,\"'\rx\",\"Ann, \"\"A\"\"\",a=b\n"
        );
    }
}
