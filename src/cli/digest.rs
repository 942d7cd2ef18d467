//! `bulletin digest`: what readers get together, and when.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::open::Failure;
use super::preview::{Format, write_out};
use super::print::Printer;
use super::who::who;
use crate::address::EmailAddress;
use crate::audience;
use crate::campaign::Kind;
use crate::campaign::digest::{named, pieces, run};
use crate::daemon::Home;
use crate::message::press::Sample;

#[derive(Debug, Subcommand)]
pub(super) enum Digest {
    /// Show every digest and when it fires next
    List,
    /// Show the next edition, for one person or for everybody's posts together
    Preview {
        name: String,
        /// For this person
        #[arg(long = "as", value_name = "EMAIL")]
        reader: Option<EmailAddress>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Plan an edition now; the running daemon sends it
    Run { name: String },
}

impl Digest {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List => Ok(list(home, printer)),
            Self::Preview { name, reader, format } => {
                preview(home, printer, &name, reader.as_ref(), format).await
            }
            Self::Run { name } => plan(home, printer, &name).await,
        }
    }
}

fn list(home: &Home, printer: Printer) -> ExitCode {
    let mut rows = Vec::new();
    for (name, digest) in &home.config.digest {
        let next = digest.cron.next(home.clock.now(), digest.timezone);
        let at = next.map(|at| at.rfc3339(digest.timezone));
        printer.object(&json!({
            "digest": name, "name": digest.name.as_str(), "cron": digest.cron.as_str(),
            "timezone": digest.timezone.name(), "next": at,
        }));
        let next = next.map_or("never".to_owned(), |at| {
            at.local(digest.timezone).format("%a %-d %b %Y, %H:%M %Z").to_string()
        });
        rows.push(vec![
            name.clone(),
            digest.name.to_string(),
            digest.cron.as_str().to_owned(),
            next,
        ]);
    }
    let empty = "No digests yet: declare one in the configuration, as [digest.NAME].";
    printer.table(&["digest", "name", "cron", "next"], rows, empty);
    ExitCode::SUCCESS
}

async fn preview(
    home: &Home,
    printer: Printer,
    name: &str,
    reader: Option<&EmailAddress>,
    format: Format,
) -> Result<ExitCode, Failure> {
    named(&home.config, name)?;
    let only = match reader {
        Some(email) => {
            let person = audience::store::find(&mut home.db.read().await?, email).await?;
            Some(person.ok_or_else(|| anyhow::anyhow!("{email} is not a subscriber"))?.id)
        }
        None => None,
    };
    let pieces = pieces(&home.db, &home.config, name, only).await?;
    if pieces.is_empty() {
        printer.say("There is nothing new: nobody would get a digest.");
        printer.object(&json!({ "digest": name, "posts": 0 }));
        return Ok(ExitCode::SUCCESS);
    }
    let sample =
        Sample { kind: Kind::Digest, digest: Some(name), pieces: &pieces, discreet: false };
    write_out(home, printer, &sample, reader, format, None).await
}

async fn plan(home: &Home, printer: Printer, name: &str) -> Result<ExitCode, Failure> {
    let edition = run(&home.db, &home.config, name, &who(home)?, home.clock.now()).await?;
    let (campaign, audience) =
        edition.map_or((None, 0), |edition| (Some(edition.id.0), edition.audience));
    printer.object(&json!({ "digest": name, "campaign": campaign, "audience": audience }));
    match campaign {
        Some(id) => printer.say(format!("Campaign {id}: the digest goes to {audience} readers.")),
        None => printer.say("There is nothing new: nobody gets a digest."),
    }
    Ok(ExitCode::SUCCESS)
}
