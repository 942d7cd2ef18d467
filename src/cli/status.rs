//! `bulletin status`: what is going on, and what needs a person.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::check::count;
use super::open::Failure;
use super::print::Printer;
use crate::campaign::State;
use crate::campaign::approval::anew;
use crate::campaign::store::{self as campaigns, Campaign};
use crate::clock::Timestamp;
use crate::daemon::{self, Home};
use crate::db::owner;
use crate::delivery::store as deliveries;

#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let now = home.clock.now();
        let daemon = owner::alive(&home.db, now).await?;
        let queue = deliveries::totals(&mut home.db.read().await?).await?;
        let needs = needs(home).await?;
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

/// What goes on only when somebody does something.
async fn needs(home: &Home) -> Result<Vec<String>, Failure> {
    let mut read = home.db.read().await?;
    let mut needs = Vec::new();
    for relay in deliveries::relays(&mut read).await?.iter().filter(|relay| relay.state != "open") {
        let reason = relay.reason.as_deref().unwrap_or("");
        needs.push(format!("relay {} is {}: {reason}", relay.name, relay.state));
    }
    for campaign in campaigns::in_state(&mut read, State::Paused).await? {
        let reason = campaign.reason.as_deref().unwrap_or("by a person");
        needs.push(format!(
            "campaign {} is paused: {reason}; `bulletin campaign resume {}`",
            campaign.id, campaign.id
        ));
    }
    if let Some(mails) = deliveries::totals(&mut read).await?.get("in_doubt") {
        needs.push(format!(
            "{} in doubt, which may or may not have arrived (`bulletin delivery list --state in_doubt`): \
             `bulletin delivery retry ID` sends it again, `bulletin delivery settle ID accepted|failed` ends it",
            count(usize::try_from(*mails).unwrap_or(0), "mail")
        ));
    }
    if let Err(error) = home.config.fit_for_the_world() {
        needs.push(error.to_string());
    }
    if let Err(error) = daemon::check_used(home).await {
        needs.push(error.to_string());
    }
    needs.extend(super::source::needs(&home.config, &home.db).await?);
    let now = home.clock.now();
    let waiting = campaigns::in_state(&mut read, State::AwaitingApproval).await?;
    needs.extend(waiting.iter().map(|campaign| awaits(campaign, now)));
    Ok(needs)
}

/// What a second person is to do, or what it is too late for.
fn awaits(campaign: &Campaign, now: Timestamp) -> String {
    let Campaign { id, due_at, expires_at, reason, .. } = campaign;
    let why = reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
    if *expires_at <= now {
        return format!(
            "campaign {id} expired before anybody approved it{why}: `bulletin campaign cancel {id}`, \
             {}",
            anew(campaign)
        );
    }
    let late = if *due_at <= now { ", and its time has come" } else { "" };
    format!("campaign {id} waits for approval{late}{why}: `bulletin campaign approve {id}`")
}
