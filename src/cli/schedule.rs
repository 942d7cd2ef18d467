//! `bulletin schedule`: every firing to come.

use std::iter::successors;
use std::ops::Range;
use std::process::ExitCode;

use chrono::Timelike;
use chrono_tz::Tz;
use clap::Args;
use serde_json::json;

use super::open::Failure;
use super::print::Printer;
use crate::campaign::store::{self, Coming};
use crate::campaign::{State, reminder};
use crate::clock::Timestamp;
use crate::clock::when::{duration, when};
use crate::config::{Origin, Source};
use crate::daemon::Home;
use crate::source;
use crate::source::poll::location;

/// More rows than anybody reads: a digest that fires every second has as many in three hours.
const MOST: usize = 10_000;

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
    /// A digest's own, or the site's.
    zone: Tz,
    what: &'static str,
    name: String,
}

impl Firing {
    /// As people read it, to the minute unless there is more to say.
    fn spelt(&self) -> String {
        let local = self.at.local(self.zone);
        let form = if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        local.format(&format!("%a %-d %b %Y, {form} %Z")).to_string()
    }
}

impl Schedule {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let stretch = self.stretch(home)?;
        let mut firings = digests(home, &stretch);
        firings.extend(campaigns(home, &stretch).await?);
        firings.extend(reminders(home, &stretch).await?);
        firings.extend(polls(home, &stretch).await?);
        firings.sort_by_key(|firing| firing.at);
        let left_out = firings.len() > MOST;
        firings.truncate(MOST);
        let mut rows = Vec::new();
        for firing in &firings {
            let Firing { at, zone, what, name } = firing;
            printer.object(&json!({ "at": at.rfc3339(*zone), "what": what, "name": name }));
            rows.push(vec![firing.spelt(), (*what).to_owned(), name.clone()]);
        }
        printer.table(&["at", "what", "name"], rows, "Nothing will happen by itself in that time.");
        if left_out {
            tell_of_more(printer);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// From its first instant on, and before its last.
    fn stretch(&self, home: &Home) -> Result<Range<Timestamp>, Failure> {
        let from = when(&self.from, home.clock.now(), home.config.site.timezone)
            .map_err(|why| Failure::usage(format!("--from: {why}")))?;
        let stretch =
            duration(&self.stretch).map_err(|why| Failure::usage(format!("--for: {why}")))?;
        Ok(from..from.plus(stretch))
    }
}

/// For scripts on standard error: what they read on standard output are firings only.
fn tell_of_more(printer: Printer) {
    let more = "There is more: these are the first 10,000. Ask for less with --for, or for what comes later \
                with --from.";
    if printer.json {
        printer.note(more);
    } else {
        printer.say(more);
    }
}

/// Of each digest one more than are shown, so that it is known that there are more.
fn digests(home: &Home, stretch: &Range<Timestamp>) -> Vec<Firing> {
    let mut firings = Vec::new();
    for (name, digest) in &home.config.digest {
        let zone = digest.timezone;
        // what fires at the first instant is within the stretch
        let first = digest.cron.next(Timestamp(stretch.start.0 - 1), zone);
        let all = successors(first, |last| digest.cron.next(*last, zone));
        let within = all.take_while(|at| stretch.contains(at)).take(MOST + 1);
        firings.extend(within.map(|at| Firing { at, zone, what: "digest", name: name.clone() }));
    }
    firings
}

async fn campaigns(home: &Home, stretch: &Range<Timestamp>) -> Result<Vec<Firing>, Failure> {
    let waiting = store::in_state(&mut home.db.read().await?, State::Scheduled).await?;
    let within = waiting.into_iter().filter(|campaign| happens(campaign.due_at, stretch, home));
    Ok(within
        .map(|campaign| Firing {
            at: campaign.due_at,
            zone: home.config.site.timezone,
            what: "campaign",
            name: format!("{} {}", campaign.id, campaign.subject),
        })
        .collect())
}

/// As the daemon keeps them: a ladder of the configuration counts from its next start.
async fn reminders(home: &Home, stretch: &Range<Timestamp>) -> Result<Vec<Firing>, Failure> {
    let coming = reminder::coming(&mut home.db.read().await?, home.clock.now()).await?;
    let within = coming.into_iter().filter(|one| happens(one.due_at, stretch, home));
    Ok(within
        .map(|Coming { slug, step, due_at }| Firing {
            at: due_at,
            zone: home.config.site.timezone,
            what: "reminder",
            name: format!("{slug} {step}"),
        })
        .collect())
}

/// The next look at each feed; the one after that depends on what it says.
async fn polls(home: &Home, stretch: &Range<Timestamp>) -> Result<Vec<Firing>, Failure> {
    let standings = source::store::all(&mut home.db.read().await?).await?;
    // one that has moved is looked at as soon as the daemon runs
    let next = |name: &String, source: &Source| {
        let standing = standings.iter().find(|standing| standing.name == *name);
        let here = standing.filter(|standing| standing.location == location(source));
        here.map_or(home.clock.now(), |standing| standing.next_at)
    };
    let feeds = home.config.source.iter().filter(|(_, it)| matches!(it.origin, Origin::Feed(_)));
    let polls = feeds.map(|(name, source)| (next(name, source), name.clone()));
    let zone = home.config.site.timezone;
    Ok(polls
        .filter(|(at, _)| happens(*at, stretch, home))
        .map(|(at, name)| Firing { at, zone, what: "feed poll", name })
        .collect())
}

/// What is overdue happens as soon as the daemon runs.
fn happens(due_at: Timestamp, stretch: &Range<Timestamp>, home: &Home) -> bool {
    stretch.contains(&due_at.max(home.clock.now()))
}
