//! One look at a source: claim it, see what is there, keep what is new.

mod pause;
mod see;
mod settle;

use std::time::Duration;

use anyhow::Context;

use super::Report;
use super::net::Net;
use super::store::{self, Standing};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Origin, Source};
use crate::db::Db;
use see::see;
use settle::{put_off, settle};

/// How long a claim holds, unless it is renewed: more than a server, or a few pictures, may take.
pub const LEASE: Duration = Duration::from_mins(2);

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
    let settled = match see(desk, source, &standing).await {
        Ok(seen) => settle(desk, source, standing.clone(), seen).await,
        Err(fault) => Err(fault),
    };
    match settled {
        Ok(report) => Ok(Some(report)),
        Err(fault) => put_off(desk, source, standing, fault).await.map(Some),
    }
}

/// Takes a source for something else than a look, whenever that is due; None when somebody has it.
pub async fn take(desk: Desk<'_>, name: &str) -> anyhow::Result<Option<Standing>> {
    let now = desk.clock.now();
    let mut write = desk.db.write().await?;
    let taken = store::claim(&mut write, name, Timestamp(i64::MAX), now, now.plus(LEASE)).await?;
    write.commit().await?;
    Ok(taken)
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
