//! `bulletin suppression`: addresses that must never be mailed.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::open::Failure;
use super::print::Printer;
use crate::address::EmailAddress;
use crate::audience::{store, suppression};
use crate::daemon::Home;

#[derive(Debug, Subcommand)]
pub(super) enum Suppression {
    /// Never mail this address, whoever adds or imports it
    Add { email: EmailAddress },
    /// Let this address be mailed again; its subscriptions are as they were
    Remove { email: EmailAddress },
    /// Show every suppression; addresses are kept as keyed hashes only
    List,
}

impl Suppression {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::Add { email } => {
                let new =
                    suppression::add(&home.db, &home.keys, &email, "manual", home.clock.now())
                        .await?;
                printer.object(
                    &json!({ "email": email.as_str(), "suppressed": true, "changed": new }),
                );
                printer.say(format!(
                    "{email} {}.",
                    if new { "will not be mailed any more" } else { "was suppressed already" }
                ));
            }
            Self::Remove { email } => {
                let was = suppression::remove(&home.db, &home.keys, &email).await?;
                printer.object(
                    &json!({ "email": email.as_str(), "suppressed": false, "changed": was }),
                );
                if !was {
                    return Err(anyhow::anyhow!("{email} is not suppressed").into());
                }
                printer.say(format!("{email} may be mailed again."));
            }
            Self::List => {
                let all = store::suppressions(&mut home.db.read().await?).await?;
                let zone = home.config.site.timezone;
                let mut rows = Vec::new();
                for one in &all {
                    let since = one.since.rfc3339(zone);
                    printer
                        .object(&json!({ "hash": one.hash, "reason": one.reason, "since": since }));
                    rows.push(vec![one.hash.clone(), one.reason.clone(), since]);
                }
                printer.table(&["hash", "reason", "since"], rows, "Nobody is suppressed.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
