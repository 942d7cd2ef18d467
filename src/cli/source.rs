//! `bulletin source`: where posts come from by themselves, and how each is doing.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::check::count;
use super::open::Failure;
use super::print::Printer;
use crate::config::{Origin, Publish};
use crate::daemon::Home;
use crate::daemon::source::Watch;
use crate::message::Templates;
use crate::source::Report;
use crate::source::poll::location;
use crate::source::store::{self, Standing};

#[derive(Debug, Subcommand)]
pub(super) enum Source {
    /// Show every source: when it was last looked at, and what is wrong with it
    List,
    /// Look at a source now, whether or not it is due
    Poll { name: String },
}

impl Source {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List => list(home, printer).await,
            Self::Poll { name } => poll(home, printer, &name).await,
        }
    }
}

async fn list(home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
    let zone = home.config.site.timezone;
    let mut read = home.db.read().await?;
    let standings = store::all(&mut read).await?;
    let (mut rows, mut troubles) = (Vec::new(), Vec::new());
    for (name, source) in &home.config.source {
        let standing = standing(&standings, name, &location(source));
        let items = store::items(&mut read, name).await?;
        let posts = items.iter().filter(|item| item.post.is_some()).count();
        let findings: Vec<_> = items.iter().filter_map(|item| item.finding.clone()).collect();
        let error = standing.and_then(|standing| standing.error.clone());
        let polled_at = standing.and_then(|standing| standing.polled_at);
        let next_at = standing.map(|standing| standing.next_at);
        let is_empty = standing.is_some_and(|it| it.polled_at.is_none() && it.error.is_none());
        let kind = match source.origin {
            Origin::Folder { .. } => "folder",
            Origin::Feed(_) => "feed",
        };
        let publish = match source.publish {
            Publish::Ask => "ask",
            Publish::Auto => "auto",
        };
        printer.object(&json!({
            "source": name, "kind": kind, "from": location(source), "publish": publish, "posts": posts,
            "polled_at": polled_at.map(|at| at.rfc3339(zone)), "next_at": next_at.map(|at| at.rfc3339(zone)),
            "error": error, "findings": findings,
        }));
        let day = |at: crate::clock::Timestamp| at.local(zone).format("%-d %b, %H:%M").to_string();
        rows.push(vec![
            name.clone(),
            kind.to_owned(),
            publish.to_owned(),
            posts.to_string(),
            polled_at.map_or(if is_empty { "empty so far" } else { "never" }.to_owned(), day),
            next_at.map_or("when the daemon runs".to_owned(), day),
        ]);
        troubles.extend(error.into_iter().chain(findings).map(|why| format!("{name}: {why}")));
    }
    let header = ["source", "kind", "publish", "posts", "last looked at", "next"];
    printer.table(&header, rows, "There is no source: a table [source.NAME] makes one.");
    for trouble in troubles {
        printer.say(format!("! {trouble}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is known of a source, as long as it is where it was.
fn standing<'a>(all: &'a [Standing], name: &str, location: &str) -> Option<&'a Standing> {
    all.iter().find(|standing| standing.name == name && standing.location == location)
}

async fn poll(home: &Home, printer: Printer, name: &str) -> Result<ExitCode, Failure> {
    let templates = Arc::new(Templates::of(&home.config).map_err(Failure::Usage)?);
    let watch = Watch::public(home, templates)?;
    let Some(report) = watch.look_and_queue(name, true).await? else {
        let why = format!("source {name} is being looked at right now; try again in a minute");
        return Err(anyhow::anyhow!(why).into());
    };
    printer.object(&json!(report));
    tell(&report, name, printer);
    let failed = report.error.is_some() || !report.findings.is_empty();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell(report: &Report, name: &str, printer: Printer) {
    if let Some(error) = &report.error {
        printer.say(format!("Source {name}: {error}"));
        return;
    }
    for slug in &report.added {
        printer.say(format!("added {slug}"));
    }
    for slug in &report.changed {
        printer.say(format!("changed {slug}"));
    }
    for finding in &report.findings {
        printer.say(format!("! {finding}"));
    }
    let (added, changed) = (report.added.len(), report.changed.len());
    printer.say(format!("{} added, {changed} changed.", count(added, "post")));
}
