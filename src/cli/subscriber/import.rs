//! `bulletin subscriber import`: many people from a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::super::open::Failure;
use super::super::print::Printer;
use super::listed;
use crate::audience::import::{Outcome, Plan, Summary, import};
use crate::daemon::Home;
use crate::line::Line;

#[derive(Debug, Args)]
#[command(
    after_help = "The file is CSV with a header line; the columns email, name, list, cadence and status are known by name;\nrows whose status says no (unsubscribed, bounced, …) are left out.\n\n\
Example:\n  bulletin subscriber import people.csv --basis \"signed the list at the launch\" --list meetings:weekly"
)]
pub(in crate::cli) struct Import {
    file: PathBuf,
    /// Why we may write to these people
    #[arg(long, value_name = "TEXT")]
    basis: Line,
    /// The list for rows that name none; may be given several times
    #[arg(long = "list", value_name = "SLUG[:CADENCE]")]
    lists: Vec<String>,
    /// Which column holds what: email="E-mail address"
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    columns: Vec<String>,
    /// Ask everybody to confirm, on lists that ask for it
    #[arg(long)]
    confirm: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let plan = self.plan(home)?;
        let shown = self.file.display();
        let file =
            File::open(&self.file).with_context(|| format!("{shown}: the file cannot be read"))?;
        let outcome = import(&home.db, &home.keys, &home.config, &plan, &home.clock, file)
            .await
            .with_context(|| shown.to_string())?;
        printer.object(&json!(outcome.summary));
        self.tell(&outcome.summary, printer);
        for one in outcome.refused.iter().take(10) {
            printer.note(format!("{shown}:{}: {}", one.line, one.reason));
        }
        if !outcome.refused.is_empty() && !self.dry_run {
            let aside = set_aside(&self.file, &outcome)?;
            printer.note(format!("The refused rows are in {}", aside.display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self, home: &Home) -> Result<Plan, Failure> {
        let lists =
            self.lists.iter().map(|text| listed(text, &home.config)).collect::<Result<_, _>>()?;
        let mut columns = BTreeMap::new();
        for text in &self.columns {
            match text.split_once('=') {
                Some((field, column))
                    if ["email", "name", "list", "cadence", "status"].contains(&field) =>
                {
                    columns.insert(field.to_owned(), column.to_owned());
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "--map: \"{text}\" is not FIELD=COLUMN; the fields are email, name, list, cadence and status"
                    )));
                }
            }
        }
        let (confirm, dry_run) = (self.confirm, self.dry_run);
        Ok(Plan { basis: self.basis.to_string(), lists, columns, confirm, dry_run })
    }

    fn tell(&self, summary: &Summary, printer: Printer) {
        let Summary { read, added, updated, unchanged, refused, suppressed } = summary;
        printer.say(format!("{read:>7}  rows read"));
        let rows = [
            (added, "added"),
            (updated, "brought up to date"),
            (unchanged, "unchanged"),
            (suppressed, "left out: they said no before, or must not be mailed"),
            (refused, "refused"),
        ];
        for (count, what) in rows.into_iter().filter(|(count, _)| **count > 0) {
            printer.say(format!("{count:>7}  {what}"));
        }
        if self.dry_run {
            printer.say("Nothing was written: this was a dry run.");
        }
    }
}

/// Writes the refused rows beside the file, so that they can be mended and read again.
fn set_aside(file: &Path, outcome: &Outcome) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut name = file.as_os_str().to_owned();
    name.push(".refused.csv");
    let path = PathBuf::from(name);
    let written = || -> Result<(), csv::Error> {
        let new =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let mut out = csv::WriterBuilder::new().flexible(true).from_writer(new);
        out.write_record(
            ["line", "reason"].into_iter().chain(outcome.header.iter().map(String::as_str)),
        )?;
        for one in &outcome.refused {
            let (line, reason) = (one.line.to_string(), one.reason.clone());
            out.write_record([line, reason].iter().chain(&one.row))?;
        }
        Ok(out.flush()?)
    };
    written().with_context(|| format!("{}: the refused rows cannot be written", path.display()))?;
    Ok(path)
}
