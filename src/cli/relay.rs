//! `bulletin relay`: the next hops, and whether they take mail.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::open::Failure;
use super::print::Printer;
use crate::config::RelayKind;
use crate::daemon::Home;
use crate::delivery::store::{self, RelayRow};

#[derive(Debug, Subcommand)]
pub(super) enum Relay {
    /// Show every relay: open, held by a fault, or paused by a person
    List,
    /// Send nothing through this relay until it is resumed
    Pause { name: String },
    /// Use it again, also when a fault holds it
    Resume { name: String },
}

impl Relay {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List => list(home, printer).await,
            Self::Pause { name } => set(home, printer, name, "paused").await,
            Self::Resume { name } => set(home, printer, name, "open").await,
        }
    }
}

async fn list(home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
    let known = store::relays(&mut home.db.read().await?).await?;
    let mut rows = Vec::new();
    for (name, relay) in &home.config.relay {
        let row = known.iter().find(|row| row.name == *name);
        let state = row.map_or("open", |row| row.state.as_str());
        let reason = row.and_then(|row| row.reason.clone()).unwrap_or_default();
        let until =
            row.and_then(|row| row.held_until).map(|at| at.rfc3339(home.config.site.timezone));
        let whereto = match &relay.kind {
            RelayKind::Smtp(smtp) => format!("{}:{}", smtp.host, smtp.port),
            RelayKind::File { path } => path.display().to_string(),
        };
        printer.object(&json!({ "relay": name, "to": whereto, "state": state, "reason": reason, "held_until": until }));
        rows.push(vec![name.clone(), whereto, state.to_owned(), until.unwrap_or_default(), reason]);
    }
    printer.table(&["relay", "to", "state", "until", "because"], rows, "There is no relay.");
    Ok(ExitCode::SUCCESS)
}

async fn set(
    home: &Home,
    printer: Printer,
    name: String,
    state: &str,
) -> Result<ExitCode, Failure> {
    if !home.config.relay.contains_key(&name) {
        let known: Vec<_> = home.config.relay.keys().map(String::as_str).collect();
        return Err(anyhow::anyhow!(
            "\"{name}\" is not a relay; the relays are {}",
            known.join(", ")
        )
        .into());
    }
    let reason = (state == "paused").then(|| "paused by a person".to_owned());
    let (state, changed_at) = (state.to_owned(), home.clock.now());
    let row = RelayRow { name, state, reason, faults: 0, held_until: None, changed_at };
    let mut write = home.db.write().await?;
    store::set_relay(&mut write, &row).await?;
    write.commit().await?;
    printer.object(&json!({ "relay": row.name, "state": row.state }));
    printer.say(format!("Relay {} is now {}.", row.name, row.state));
    Ok(ExitCode::SUCCESS)
}
