//! The ladder of a meeting: when its readers are reminded, and what became of each step.

use serde_json::{Value, json};

use crate::campaign::reminder::ladder;
use crate::campaign::store::{Campaign, Rung, find, rungs};
use crate::clock::Timestamp;
use crate::clock::step::Step;
use crate::config::Config;
use crate::daemon::Home;
use crate::post::Post;
use crate::post::store::{Stored, announced, version};

/// A step and how it stands.
pub(super) struct Shown {
    rung: Rung,
    state: &'static str,
}

/// Of the newest version that was announced, as the daemon keeps it; before that, as it would be.
pub(super) async fn all(home: &Home, stored: &Stored) -> anyhow::Result<Vec<Shown>> {
    let mut read = home.db.read().await?;
    let told = announced(&mut read, stored.id).await?;
    let post = match told {
        Some(told) => version(&mut read, stored.id, told).await?.post()?,
        None => stored.post()?,
    };
    let Some((starts_at, steps)) = ladder(&home.config, &post) else { return Ok(Vec::new()) };
    if told.is_none() {
        let now = home.clock.now();
        let rung = |(step, due_at)| Shown {
            rung: Rung { starts_at, step, due_at, fired_at: None, campaign_id: None },
            state: if due_at <= now { "passed over" } else { "not announced" },
        };
        return Ok(steps.into_iter().map(rung).collect());
    }
    let mut known = rungs(&mut read, stored.id).await?;
    known.retain(|rung| rung.starts_at == starts_at);
    let withdrawn = stored.withdrawn_at.is_some();
    let mut shown = Vec::with_capacity(known.len());
    for rung in known {
        let campaign = match rung.campaign_id {
            Some(id) => find(&mut read, id).await?,
            None => None,
        };
        shown.push(Shown { rung, state: state(&rung, campaign.as_ref(), withdrawn) });
    }
    Ok(shown)
}

fn state(rung: &Rung, campaign: Option<&Campaign>, withdrawn: bool) -> &'static str {
    match (campaign, rung.fired_at) {
        (Some(Campaign { audience: Some(0), .. }), _) => "nobody to remind",
        (Some(_), _) => "sent",
        (None, Some(_)) => "passed over",
        (None, None) if withdrawn => "withdrawn",
        (None, None) => "to come",
    }
}

/// The ladder of one version that goes out at a time, a line for people about each step; what has passed by then never goes out.
pub(in crate::cli) fn planned(config: &Config, post: &Post, from: Timestamp) -> Vec<String> {
    let steps = ladder(config, post).map_or_else(Vec::new, |(_, steps)| steps);
    let line = |(step, at): (Step, Timestamp)| {
        let passed = if at <= from { ", passed over" } else { "" };
        format!("reminder {step}: {}{passed}", spelt(config, at))
    };
    steps.into_iter().map(line).collect()
}

fn spelt(config: &Config, at: Timestamp) -> String {
    at.local(config.site.timezone).format("%a %-d %b %Y, %H:%M %Z").to_string()
}

/// A line for people about each.
pub(super) fn lines(home: &Home, shown: &[Shown]) -> Vec<String> {
    let line = |Shown { rung, state }: &Shown| {
        let at = spelt(&home.config, rung.due_at);
        let campaign = rung.campaign_id.map_or_else(String::new, |id| format!(" (campaign {id})"));
        format!("reminder {}: {at}, {state}{campaign}", rung.step)
    };
    shown.iter().map(line).collect()
}

/// The same for scripts.
pub(super) fn object(home: &Home, shown: &[Shown]) -> Value {
    let zone = home.config.site.timezone;
    let one = |Shown { rung, state }: &Shown| {
        json!({
            "step": rung.step.to_string(), "at": rung.due_at.rfc3339(zone), "state": state,
            "campaign": rung.campaign_id.map(|id| id.0),
        })
    };
    shown.iter().map(one).collect()
}
