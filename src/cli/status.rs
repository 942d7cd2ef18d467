//! `bulletin status`: what is going on, and what needs a person.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::check::count;
use super::open::Failure;
use super::print::Printer;
use crate::alert::{Desk, needs};
use crate::campaign::{State, store as campaigns};
use crate::daemon::Home;
use crate::db::owner;
use crate::delivery::store as deliveries;

#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let now = home.clock.now();
        let daemon = owner::alive(&home.db, now).await?;
        let queue = deliveries::totals(&mut home.db.read().await?).await?;
        let Home { db, config, keys, clock, .. } = home;
        let needs = needs(Desk { db, config, keys, clock }).await?;
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        let waiting =
            campaigns::in_state(&mut home.db.read().await?, State::Scheduled).await?.len();
        printer.object(&json!({
            "daemon": { "running": daemon.is_some(), "since": daemon.map(|at| at.rfc3339(home.config.site.timezone)) },
            "queue": queue,
            "campaigns_waiting": waiting,
            "needs_a_person": needs,
        }));
        match daemon {
            Some(since) => printer.say(format!(
                "The daemon is running, since {}.",
                since.local(home.config.site.timezone).format("%-d %b, %H:%M")
            )),
            None => printer.say("The daemon is not running: `bulletin run` starts it."),
        }
        printer.say(format!("{} yet to start.", count(waiting, "campaign")));
        for (state, mails) in &queue {
            printer.say(format!("{mails:>7}  {state}"));
        }
        if needs.is_empty() {
            printer.say("Nothing needs a person.");
        }
        for need in &needs {
            printer.say(format!("! {need}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
