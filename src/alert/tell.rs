//! Tells of alerts: what began, what lasts, and what is over, each in a note of its own.

use std::time::Duration;

use chrono_tz::Tz;
use serde::Serialize;

use super::mail::{Mail, PAUSE};
use super::store::{self, Alert};
use crate::clock::Timestamp;

/// What lasts is told again after this.
const AGAIN: Duration = Duration::from_hours(24);

/// What a template sees.
#[derive(Debug, Serialize)]
struct Words<'a> {
    site: &'a str,
    /// Of the first: "the relay main takes no mail".
    first: String,
    /// How many there are beside it; 0 is none to speak of.
    more: usize,
    alerts: Vec<Told<'a>>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    what: &'a str,
    remedy: &'a str,
    since: String,
    /// Of one that is over.
    until: String,
    /// They were told before.
    again: bool,
}

/// Claims what is to be told, tells it, and writes down that it was.
pub(super) async fn tell(mail: &Mail<'_>) -> anyhow::Result<()> {
    let Mail { desk, .. } = *mail;
    let now = desk.clock.now();
    let known = store::all(&mut desk.db.read().await?).await?;
    if known.is_empty() {
        return Ok(());
    }
    let mut write = desk.db.write().await?;
    let claimed = store::claim(&mut write, AGAIN, now.plus(mail.lease()), now).await?;
    write.commit().await?;
    let (mut lasting, mut over): (Vec<_>, Vec<_>) = claimed.into_iter().partition(Alert::lasts);
    for (name, alerts) in [("alert", &mut lasting), ("over", &mut over)] {
        alerts.sort_by_key(|alert| (super::Kind::of(&alert.name), alert.name.clone()));
        let site = &desk.config.site;
        if let Some(words) = words(alerts, site.name.as_str(), site.timezone) {
            // what cannot be sent at all is an error, and tried again like the rest
            let sent = mail.send(name, &words, &seed(alerts)).await;
            settle(mail, alerts, *sent.as_ref().unwrap_or(&false)).await?;
            sent?;
        }
    }
    Ok(())
}

async fn settle(mail: &Mail<'_>, alerts: &[Alert], sent: bool) -> anyhow::Result<()> {
    let now = mail.desk.clock.now();
    let mut write = mail.desk.db.write().await?;
    for alert in alerts {
        match (sent, alert.lasts()) {
            (true, true) => store::told(&mut write, alert, now).await?,
            (true, false) => store::told_end(&mut write, alert).await?,
            (false, _) => store::untold(&mut write, alert, now.plus(PAUSE)).await?,
        }
    }
    write.commit().await?;
    Ok(())
}

/// None when there is nothing to tell.
fn words<'a>(alerts: &'a [Alert], site: &'a str, zone: Tz) -> Option<Words<'a>> {
    let (first, others) = alerts.split_first()?;
    let told = |alert: &'a Alert| Told {
        what: &alert.what,
        remedy: &alert.remedy,
        since: shown(alert.since, zone),
        until: alert.ended_at.map(|at| shown(at, zone)).unwrap_or_default(),
        again: alert.told_at.is_some(),
    };
    Some(Words {
        site,
        first: within(&first.what),
        more: others.len(),
        alerts: alerts.iter().map(told).collect(),
    })
}

fn shown(at: Timestamp, zone: Tz) -> String {
    at.local(zone).format("%H:%M on %-d %B").to_string()
}

/// A sentence as it goes on in the middle of another.
fn within(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The same for one telling of the same alerts, whoever tells it.
fn seed(alerts: &[Alert]) -> String {
    let parts = alerts.iter().map(|alert| {
        let Alert { name, since, told_at, ended_at, .. } = alert;
        format!("{name} {} {:?} {:?}", since.0, told_at, ended_at)
    });
    parts.collect::<Vec<_>>().join("\n")
}
