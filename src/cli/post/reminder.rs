//! The ladder of a meeting: when its readers are reminded, and what became of each step.

use serde_json::{Value, json};

use crate::campaign::reminder::ladder;
use crate::campaign::store::{Rung, rungs};
use crate::daemon::Home;
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
    Ok(known.into_iter().map(|rung| Shown { rung, state: state(&rung, withdrawn) }).collect())
}

fn state(rung: &Rung, withdrawn: bool) -> &'static str {
    match (rung.campaign_id, rung.fired_at) {
        (Some(_), _) => "sent",
        (None, Some(_)) => "passed over",
        (None, None) if withdrawn => "withdrawn",
        (None, None) => "to come",
    }
}

/// A line for people about each.
pub(super) fn lines(home: &Home, shown: &[Shown]) -> Vec<String> {
    let line = |Shown { rung, state }: &Shown| {
        let at = rung.due_at.local(home.config.site.timezone).format("%a %-d %b %Y, %H:%M %Z");
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
