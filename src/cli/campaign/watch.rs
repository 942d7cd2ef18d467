//! `bulletin campaign show --watch`: a campaign while it is sent, drawn again each second.
//!
//! On a terminal it is a page; elsewhere it is a line each second, and with `--json` an object.
//! It ends with the campaign, on Ctrl-C, and when nobody reads it any more.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::show::{counts, heading, object, people, replies};
use super::{Row, find};
use crate::campaign::State;
use crate::cli::open::Failure;
use crate::cli::print::Printer;
use crate::daemon::Home;
use crate::id::CampaignId;

const EVERY: Duration = Duration::from_secs(1);
/// The rate is that of so many looks.
const LOOKS: usize = 10;
/// How wide the bar is.
const BAR: i64 = 30;
/// Clears the screen and begins at its top (ECMA-48: ED, CUP).
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(super) async fn watch(
    home: &Home,
    printer: Printer,
    id: CampaignId,
) -> Result<ExitCode, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be heard")?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pace = Pace::default();
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
            _ = ticks.tick() => {}
        }
        let campaign = find(home, id).await?;
        let object = object(home, &campaign).await?;
        let progress = Progress::of(&object, pace.look(accepted(&object), Instant::now()));
        let read = draw(home, printer, &campaign, &object, &progress);
        if !read || matches!(campaign.state, State::Finished | State::Cancelled) {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// False when nobody reads it any more.
fn draw(
    home: &Home,
    printer: Printer,
    campaign: &Row,
    object: &Value,
    progress: &Progress,
) -> bool {
    if printer.json {
        return printer.line(object.to_string());
    }
    if !std::io::stdout().is_terminal() {
        let others = people(object).filter(|(state, _)| *state != "accepted");
        let others: Vec<_> = others.map(|(state, people)| format!("{people} {state}")).collect();
        let line = format!("{}  {}  {}", campaign.state, progress.words(), others.join(", "));
        return printer.line(line.trim_end());
    }
    let mut page = heading(home, campaign);
    page.push(format!("{}  {}", progress.bar(), progress.words()));
    page.extend(counts(object).chain(replies(object)));
    printer.line(format!("{CLEAR}{}", page.join("\n")))
}

fn accepted(object: &Value) -> i64 {
    object["counts"]["accepted"].as_i64().unwrap_or(0)
}

/// How many were accepted at the last looks.
#[derive(Debug, Default)]
struct Pace(VecDeque<(Instant, i64)>);

impl Pace {
    /// Accepted mails a second, over the last looks.
    fn look(&mut self, accepted: i64, now: Instant) -> f64 {
        if self.0.len() > LOOKS {
            self.0.pop_front();
        }
        self.0.push_back((now, accepted));
        let (since, before) = self.0[0];
        let seconds = now.duration_since(since).as_secs_f64();
        let more = u32::try_from(accepted - before).unwrap_or(0);
        if seconds > 0.0 { f64::from(more) / seconds } else { 0.0 }
    }
}

/// How far a campaign is.
#[derive(Debug)]
struct Progress {
    accepted: i64,
    audience: i64,
    /// Waiting for nothing but their turn.
    to_go: i64,
    rate: f64,
}

impl Progress {
    fn of(object: &Value, rate: f64) -> Self {
        let count = |state| object["counts"][state].as_i64().unwrap_or(0);
        Self {
            accepted: accepted(object),
            audience: object["audience"].as_i64().unwrap_or(0),
            to_go: count("queued") + count("sending"),
            rate,
        }
    }

    fn bar(&self) -> String {
        let full = (self.accepted * BAR).checked_div(self.audience).unwrap_or(0).clamp(0, BAR);
        (0..BAR).map(|at| if at < full { '#' } else { '-' }).collect()
    }

    /// `120 of 300 accepted, 40.0/s, 5s to go`
    fn words(&self) -> String {
        let Self { accepted, audience, rate, .. } = self;
        let mut words = format!("{accepted} of {audience} accepted, {rate:.1}/s");
        if let Some(time) = self.time_to_go() {
            words = format!("{words}, {time} to go");
        }
        words
    }

    /// Nothing when there is none to send, or no rate to tell it from.
    fn time_to_go(&self) -> Option<String> {
        let to_go = u32::try_from(self.to_go).ok().filter(|mails| *mails > 0)?;
        let time = Duration::try_from_secs_f64(f64::from(to_go) / self.rate).ok()?;
        Some(match time.as_secs() {
            seconds @ ..60 => format!("{}s", seconds.max(1)),
            seconds @ 60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
            seconds => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(accepted: i64, audience: i64, to_go: i64, rate: f64) -> Progress {
        Progress { accepted, audience, to_go, rate }
    }

    #[test]
    fn the_bar_is_as_full_as_the_share_that_was_accepted() {
        let full =
            |accepted, audience| progress(accepted, audience, 0, 0.0).bar().matches('#').count();
        assert_eq!([full(0, 0), full(0, 9), full(5, 10), full(9, 9)], [0, 0, 15, 30]);
    }

    #[test]
    fn the_time_to_go_is_told_when_there_is_a_rate() {
        let told = |to_go, rate| progress(0, 9999, to_go, rate).time_to_go();
        assert_eq!([told(0, 5.0), told(9, 0.0)], [None, None]);
        assert_eq!(told(20, 10.0).as_deref(), Some("2s"));
        assert_eq!(told(900, 10.0).as_deref(), Some("1m 30s"));
        assert_eq!(told(9000, 1.0).as_deref(), Some("2h 30m"));
    }

    #[test]
    fn the_rate_is_that_of_the_last_looks() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut look =
            |seconds: u32, accepted| pace.look(accepted, start + EVERY * seconds).to_string();
        assert_eq!([look(0, 100), look(1, 150), look(2, 180)], ["0", "50", "40"]);
        let all: Vec<_> = (3..=12).map(|second| look(second, 180)).collect();
        assert_eq!(all[9], "0", "what was long ago does not count");
        assert_ne!(all[0], "0");
    }
}
