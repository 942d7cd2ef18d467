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
    /// "the relay main takes no mail"
    first: String,
    /// How many there are beside it; 0 is none to speak of.
    more: usize,
    alerts: Vec<Told<'a>>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    /// With the time, and the word "still" when they were told before.
    what: String,
    remedy: &'a str,
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
    let told = |alert: &'a Alert| Told { what: what(alert, zone), remedy: &alert.remedy };
    Some(Words {
        site,
        first: within(&first.what),
        more: others.len(),
        alerts: alerts.iter().map(told).collect(),
    })
}

/// "The relay main takes no mail, since 06:12 on 1 December"
fn what(alert: &Alert, zone: Tz) -> String {
    let Alert { what, since, .. } = alert;
    let day = |at: Timestamp| at.local(zone).format("%-d %B").to_string();
    let hour = |at: Timestamp| at.local(zone).format("%H:%M").to_string();
    match alert.ended_at {
        Some(end) if day(end) == day(*since) => {
            format!("{what}: from {} to {} on {}", hour(*since), hour(end), day(end))
        }
        Some(end) => {
            let (from, to) = (day(*since), day(end));
            format!("{what}: from {} on {from} to {} on {to}", hour(*since), hour(end))
        }
        None if alert.told_at.is_some() => {
            format!("Still: {}, since {} on {}", within(what), hour(*since), day(*since))
        }
        None => format!("{what}, since {} on {}", hour(*since), day(*since)),
    }
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
