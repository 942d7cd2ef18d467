//! `bulletin schedule`: every firing to come.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::open::Failure;
use super::print::Printer;
use crate::campaign::{State, store};
use crate::clock::Timestamp;
use crate::clock::when::{duration, when};
use crate::config::Origin;
use crate::daemon::Home;
use crate::source;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bulletin schedule --for 90d")]
pub(super) struct Schedule {
    /// From when on
    #[arg(long, value_name = "WHEN", default_value = "now")]
    from: String,
    /// For how long
    #[arg(long = "for", value_name = "DURATION", default_value = "31d")]
    stretch: String,
}

/// Something that will happen by itself.
struct Firing {
    at: Timestamp,
    shown: String,
    what: &'static str,
    name: String,
}

impl Schedule {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let zone = home.config.site.timezone;
        let from = when(&self.from, home.clock.now(), zone)
            .map_err(|why| Failure::usage(format!("--from: {why}")))?;
        let stretch =
            duration(&self.stretch).map_err(|why| Failure::usage(format!("--for: {why}")))?;
        let mut firings = digests(home, from, from.plus(stretch));
        firings.extend(campaigns(home, from.plus(stretch)).await?);
        firings.extend(reminders(home, from.plus(stretch)).await?);
        firings.extend(polls(home, from.plus(stretch)).await?);
        firings.sort_by_key(|firing| firing.at);
        let mut rows = Vec::new();
        for Firing { at, shown, what, name } in firings {
            printer.object(&json!({ "at": shown, "what": what, "name": name }));
            rows.push(vec![
                at.local(zone).format("%a %-d %b %Y, %H:%M %Z").to_string(),
                what.to_owned(),
                name,
            ]);
        }
        printer.table(&["at", "what", "name"], rows, "Nothing will happen by itself in that time.");
        Ok(ExitCode::SUCCESS)
    }
}

fn digests(home: &Home, from: Timestamp, until: Timestamp) -> Vec<Firing> {
    let mut firings = Vec::new();
    for (name, digest) in &home.config.digest {
        let mut at = digest.cron.next(from, digest.timezone);
        while let Some(firing) = at.filter(|at| *at < until) {
            let shown = firing.rfc3339(digest.timezone);
            firings.push(Firing { at: firing, shown, what: "digest", name: name.clone() });
            at = digest.cron.next(firing, digest.timezone);
        }
    }
    firings
}

async fn campaigns(home: &Home, until: Timestamp) -> Result<Vec<Firing>, Failure> {
    let waiting = store::in_state(&mut home.db.read().await?, State::Scheduled).await?;
    // what is overdue happens as soon as the daemon runs
    let within = waiting.into_iter().filter(|campaign| campaign.due_at < until);
    Ok(within
        .map(|campaign| Firing {
            at: campaign.due_at,
            shown: campaign.due_at.rfc3339(home.config.site.timezone),
            what: "campaign",
            name: format!("{} {}", campaign.id, campaign.subject),
        })
        .collect())
}

/// As the daemon keeps them: a ladder of the configuration counts from its next start.
async fn reminders(home: &Home, until: Timestamp) -> Result<Vec<Firing>, Failure> {
    let coming = store::coming(&mut home.db.read().await?, until).await?;
    let firing = |one: store::Coming| Firing {
        at: one.due_at,
        shown: one.due_at.rfc3339(home.config.site.timezone),
        what: "reminder",
        name: format!("{} {}", one.slug, one.step),
    };
    Ok(coming.into_iter().map(firing).collect())
}

/// The next look at each feed; the one after that depends on what it says.
async fn polls(home: &Home, until: Timestamp) -> Result<Vec<Firing>, Failure> {
    let standings = source::store::all(&mut home.db.read().await?).await?;
    let next = |name: &String| {
        let standing = standings.iter().find(|standing| standing.name == *name);
        standing.map_or(home.clock.now(), |standing| standing.next_at)
    };
    let feeds = home.config.source.iter().filter(|(_, it)| matches!(it.origin, Origin::Feed(_)));
    let firings = feeds.map(|(name, _)| (next(name), name.clone())).filter(|(at, _)| *at < until);
    Ok(firings
        .map(|(at, name)| Firing {
            at,
            shown: at.rfc3339(home.config.site.timezone),
            what: "feed poll",
            name,
        })
        .collect())
}
