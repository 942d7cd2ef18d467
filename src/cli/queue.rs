//! `bulletin queue`: this goes out.

use std::process::ExitCode;

use chrono_tz::Tz;
use clap::Args;
use serde_json::json;

use super::allow::Allow;
use super::fit::fit;
use super::open::Failure;
use super::print::Printer;
use super::who::{self, anybody, who};
use crate::campaign::action::Actor;
use crate::campaign::announcement::{Queued, queue};
use crate::campaign::sequel::correct;
use crate::campaign::{Forecast, Order, State};
use crate::clock::when::when;
use crate::daemon::Home;
use crate::db::owner;
use crate::message::Occasion;

#[derive(Debug, Args)]
#[command(
    after_help = "WHEN is now, 2026-06-12 09:00, tomorrow 09:00, +2h or RFC 3339; local times are the site's.\n\n\
Example:\n  bulletin queue next-meeting --at \"tomorrow 09:00\" --dry-run"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command")]
pub(super) struct Queue {
    /// The post's slug
    post: String,
    /// A list to send to, instead of the post's own; may be given several times
    #[arg(long = "list", value_name = "SLUG")]
    lists: Vec<String>,
    /// When it goes out
    #[arg(long, value_name = "WHEN", default_value = "now")]
    at: String,
    /// Let each reader get it when their own clock shows that time
    #[arg(long, conflicts_with = "correction")]
    local_time: bool,
    /// When what could not be delivered is given up
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Send the newest version to everybody who had an earlier one, and to nobody else
    #[arg(long, conflicts_with = "lists")]
    correction: bool,
    /// Only say who would get it, and who not, and why
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    allow: Allow,
    /// Do not ask (accepted for scripts; nothing is asked yet)
    #[arg(long, hide = true)]
    yes: bool,
}

impl Queue {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let by = if self.dry_run { anybody(home) } else { who(home)? };
        let order = self.order(home, by)?;
        let occasion = if self.correction { Occasion::Update } else { Occasion::News };
        let looked = fit(home, printer, (&order, occasion), &self.allow, self.dry_run).await?;
        let Some(version) = looked else {
            return Ok(ExitCode::FAILURE);
        };
        // "now" is when the look is over: it may have taken a while
        let order = Order { version: Some(version), ..self.order(home, order.by)? };
        let (db, config, now) = (&home.db, &home.config, home.clock.now());
        let queued = if self.correction {
            correct(db, config, &order, self.dry_run, now).await?
        } else {
            queue(db, config, &order, self.dry_run, now).await?
        };
        printer.object(&object(&queued, home, self.dry_run));
        if queued.nobody_left {
            printer.say(format!("Nobody is left to send {} to.", self.what()));
            people(&queued.forecast, &self.reached(&queued), printer);
            return Ok(ExitCode::FAILURE);
        }
        self.tell(&queued, home, printer);
        if !self.dry_run && owner::alive(&home.db, home.clock.now()).await?.is_none() {
            printer.say("The daemon is not running: `bulletin run` sends what is due.");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn order(&self, home: &Home, by: Actor) -> Result<Order, Failure> {
        let (now, zone) = (home.clock.now(), home.config.site.timezone);
        let time = |flag: &str, text: &str| {
            when(text, now, zone).map_err(|why| Failure::usage(format!("{flag}: {why}")))
        };
        let due_at = time("--at", &self.at)?;
        if due_at < now {
            let why = "is past; write now, or a later time";
            return Err(Failure::usage(format!("--at: \"{}\" {why}", self.at)));
        }
        let expires_at = match &self.expires {
            Some(text) => time("--expires", text)?,
            None => due_at.max(now).plus(home.config.delivery.give_up_after),
        };
        Ok(Order {
            version: None,
            post: self.post.clone(),
            lists: self.lists.clone(),
            due_at,
            local_time: self.local_time,
            expires_at,
            by,
        })
    }

    fn tell(&self, queued: &Queued, home: &Home, printer: Printer) {
        let when = when_it_goes(queued, home.config.site.timezone);
        if self.dry_run {
            let awaits = queued.state == State::AwaitingApproval;
            let once = if awaits { ", once a second person approves it" } else { "" };
            printer.say(format!("If you queue {}, it goes out on {when}{once}.", self.what()));
        } else if queued.state == State::AwaitingApproval {
            printer.say(format!(
                "Campaign {} waits until a second person approves it: `bulletin campaign approve {}`.",
                queued.id, queued.id
            ));
            if let Some(need) = who::alone(&home.config) {
                printer.say(need);
            }
        } else {
            printer.say(format!("Campaign {} goes out on {when}.", queued.id));
        }
        if queued.local_time.is_some() {
            let first = queued.due_at.local(home.config.site.timezone).format("%A %-d %B, %H:%M");
            printer.say(format!(
                "It is in the archive from {first} on, when the first reader's clock shows that."
            ));
        }
        if let Some(until) = quiet_until(queued, home) {
            printer.say(until);
        }
        people(&queued.forecast, &self.reached(queued), printer);
        if self.dry_run {
            printer.say("Nothing was queued: this was a dry run.");
        }
    }
    fn what(&self) -> String {
        let of = if self.correction { "the correction of " } else { "" };
        format!("{of}\"{}\"", self.post)
    }

    fn reached(&self, queued: &Queued) -> String {
        let lists = queued.lists.join(", ");
        if self.correction {
            format!("had it and are sent the correction ({lists})")
        } else {
            format!("get it at once ({lists})")
        }
    }
}

fn when_it_goes(queued: &Queued, zone: Tz) -> String {
    match queued.local_time {
        Some(time) => format!("{}, by each reader's own clock", time.spelt()),
        None => queued.due_at.local(zone).format("%A %-d %B %Y, %H:%M").to_string(),
    }
}

/// That the site's quiet hours hold it, and how long.
pub(super) fn quiet_until(queued: &Queued, home: &Home) -> Option<String> {
    let site = &home.config.site;
    let hours = site.quiet_hours.filter(|_| !queued.urgent)?;
    let at = queued.local_time.and_then(|time| time.at(site.timezone)).unwrap_or(queued.due_at);
    let until = hours.until(at, site.timezone)?.local(site.timezone).format("%A, %H:%M");
    Some(format!("Quiet hours are {hours}: readers get it from {until}, by their own clocks."))
}

/// How many are reached, in these words, and how many are not, and why.
pub(super) fn people(forecast: &Forecast, reached: &str, printer: Printer) {
    printer.say(format!("{:>7}  {reached}", forecast.audience));
    for (reason, people) in &forecast.excluded {
        let words = match *reason {
            "digest" => "get it in their next digest",
            "already_received" => "have it already",
            "unsubscribed" => "have left",
            "pending" => "have not confirmed yet",
            "paused" => "are pausing",
            _ => "must not be mailed",
        };
        printer.say(format!("{people:>7}  {words}"));
    }
}

fn object(queued: &Queued, home: &Home, dry_run: bool) -> serde_json::Value {
    let made = !dry_run && !queued.nobody_left;
    json!({
        "campaign": made.then_some(queued.id.0),
        "state": if made { queued.state.as_str() } else { "draft" },
        "due_at": queued.due_at.rfc3339(home.config.site.timezone),
        "audience": queued.forecast.audience,
        "excluded": queued.forecast.excluded,
        "local_time": queued.local_time.map(|time| time.to_string()),
    })
}
