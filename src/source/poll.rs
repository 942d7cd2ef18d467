//! One look at a source: claim it, see what is there, keep what is new.

mod pause;
mod see;

use std::time::Duration;

use anyhow::{Context, bail};

use super::Report;
use super::keep::{Keeping, keep};
use super::net::Net;
use super::store::{self, Standing};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Origin, Publish, Source};
use crate::db::Db;
use crate::id::random;
use pause::{DAY, pause};
use see::{Fault, Seen, see};

/// How long a claim holds: a look is over long before.
pub const LEASE: Duration = Duration::from_mins(1);
/// A folder is mended by a person, who waits for it.
const FOLDER_PAUSE: Duration = Duration::from_mins(1);

/// What a look needs.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub db: &'a Db,
    pub config: &'a Config,
    pub net: &'a Net,
    pub clock: &'a Clock,
}

/// The sources that are due.
pub async fn due(desk: Desk<'_>) -> anyhow::Result<Vec<String>> {
    let known = store::all(&mut desk.db.read().await?).await?;
    let now = desk.clock.now();
    let is_due = |name: &str, source: &Source| {
        let standing = known.iter().find(|standing| standing.name == name);
        standing.is_none_or(|it| it.next_at <= now || it.location != location(source))
    };
    let due = desk.config.source.iter().filter(|(name, source)| is_due(name, source));
    Ok(due.map(|(name, _)| name.clone()).collect())
}

/// Looks at a source when it is due, or, `at_once`, whenever that is; None when it is not, or when
/// somebody else looks at it now.
pub async fn look(desk: Desk<'_>, name: &str, at_once: bool) -> anyhow::Result<Option<Report>> {
    let source = desk.config.source.get(name).with_context(|| unknown(desk.config, name))?;
    let Some(standing) = claim(desk, name, source, at_once).await? else {
        return Ok(None);
    };
    match see(desk, source, &standing).await {
        Ok(seen) => settle(desk, source, standing, seen).await.map(Some),
        Err(fault) => put_off(desk, source, standing, fault).await.map(Some),
    }
}

fn unknown(config: &Config, name: &str) -> String {
    let names: Vec<_> = config.source.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => format!("\"{name}\" is not a source; the configuration has none"),
        names => format!("\"{name}\" is not a source; the sources are {}", names.join(", ")),
    }
}

/// Where a source is, as its row has it.
pub fn location(source: &Source) -> String {
    match &source.origin {
        Origin::Folder { path } => path.display().to_string(),
        Origin::Feed(feed) => feed.url.clone(),
    }
}

async fn claim(
    desk: Desk<'_>,
    name: &str,
    source: &Source,
    at_once: bool,
) -> anyhow::Result<Option<Standing>> {
    let now = desk.clock.now();
    let due = if at_once { Timestamp(i64::MAX) } else { now };
    let mut write = desk.db.write().await?;
    store::declare(&mut write, name, &location(source), now).await?;
    let standing = store::claim(&mut write, name, due, now, now.plus(LEASE)).await?;
    write.commit().await?;
    Ok(standing)
}

/// Keeps what was seen and lets the source go, or nothing of it.
async fn settle(
    desk: Desk<'_>,
    source: &Source,
    mut standing: Standing,
    seen: Seen,
) -> anyhow::Result<Report> {
    let now = desk.clock.now();
    let mut write = desk.db.write().await?;
    if !store::hold(&mut write, &standing).await? {
        bail!("source {}: somebody else looks at it; this look was too slow", standing.name);
    }
    let (report, marks) = match seen {
        Seen::Unchanged(marks) => (Report::default(), marks),
        Seen::Found(candidates, marks) => {
            let first = standing.polled_at.is_none();
            let keeping = Keeping { source: &standing.name, publish: source.publish, first, now };
            (keep(&mut write, &keeping, candidates).await?, marks)
        }
    };
    if source.publish == Publish::Ask {
        store::ask_first(&mut write, &standing.name).await?;
    }
    standing.etag = marks.etag;
    standing.last_modified = marks.last_modified;
    standing.polled_at = Some(now);
    standing.next_at = now.plus(source.every);
    standing.faults = 0;
    standing.error = None;
    store::release(&mut write, &standing).await?;
    write.commit().await?;
    Ok(report)
}

/// Writes down what is wrong, and when to try again.
async fn put_off(
    desk: Desk<'_>,
    source: &Source,
    mut standing: Standing,
    fault: Fault,
) -> anyhow::Result<Report> {
    let now = desk.clock.now();
    standing.faults += 1;
    let wait = match source.origin {
        Origin::Folder { .. } => source.every.max(FOLDER_PAUSE),
        Origin::Feed(_) => pause(source.every, standing.faults, u32::from_be_bytes(random()?)),
    };
    // somebody else's clock or temper is no reason to forget them for longer than a day
    let until = fault.until.map(|until| until.min(now.plus(DAY)));
    standing.next_at = now.plus(wait).max(until.unwrap_or(now));
    if standing.error.as_ref() != Some(&fault.why) {
        tracing::warn!(source = standing.name, "{}", fault.why);
    }
    standing.error = Some(fault.why.clone());
    let mut write = desk.db.write().await?;
    store::release(&mut write, &standing).await?;
    write.commit().await?;
    Ok(Report { error: Some(fault.why), ..Report::default() })
}
