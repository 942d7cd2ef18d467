//! The end of a look: what was seen is kept, a few at a time, or what went wrong is written down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::pause::{DAY, pause};
use super::see::{Fault, Found, Seen, few};
use super::{Desk, LEASE};
use crate::config::{Origin, Publish, Source};
use crate::id::random;
use crate::line::Line;
use crate::source::Report;
use crate::source::keep::{Keep, Keeping};
use crate::source::store::{self, Standing};

/// A folder is mended by a person, who waits for it.
const FOLDER_PAUSE: Duration = Duration::from_mins(1);
/// How soon a feed that had more than one look takes is asked for the rest.
const SOON: Duration = Duration::from_mins(5);

/// Keeps what was seen, and lets the source go.
pub(super) async fn settle(
    desk: Desk<'_>,
    source: &Source,
    standing: Standing,
    seen: Seen,
) -> Result<Report, Fault> {
    let settled = try_to_settle(desk, source, standing, seen).await;
    settled.map_err(|error| {
        let why = format!("what it holds cannot be kept now: {error:#}");
        Fault::from(Line::nearest(&why, 500).map(|line| line.to_string()).unwrap_or_default())
    })
}

async fn try_to_settle(
    desk: Desk<'_>,
    source: &Source,
    mut standing: Standing,
    seen: Seen,
) -> anyhow::Result<Report> {
    let (mut marks, mut report) = (None, Report::default());
    let (mut wait, mut anything) = (source.every, false);
    match seen {
        Seen::Unchanged(same) => marks = Some(same),
        Seen::Found(found, new) => {
            let keep = keep(desk, source, &standing, found).await?;
            anything = !keep.is_empty();
            if keep.more {
                wait = wait.min(SOON);
            }
            // without marks it is read again, whether or not it changes
            if !keep.more && !keep.later {
                marks = Some(new);
            }
            report = keep.report;
        }
    }
    let now = desk.clock.now();
    let marks = marks.unwrap_or_default();
    standing.etag = marks.etag;
    standing.last_modified = marks.last_modified;
    // nothing is no first look: what comes next may have been there all the time
    if anything || standing.polled_at.is_some() {
        standing.polled_at = Some(now);
    }
    standing.next_at = now.plus(wait);
    standing.faults = 0;
    standing.error = None;
    let mut write = desk.db.write().await?;
    if source.publish == Publish::Ask {
        store::ask_first(&mut write, &standing.name).await?;
    }
    if !store::release(&mut write, &standing).await? {
        bail!("somebody else looks at it");
    }
    write.commit().await?;
    Ok(report)
}

/// Reads a few, keeps them, and so on to the end.
async fn keep<'a>(
    desk: Desk<'a>,
    source: &Source,
    standing: &'a Standing,
    mut found: Found,
) -> anyhow::Result<Keep<'a>> {
    let keeping = Keeping {
        source: &standing.name,
        sources: &desk.config.source,
        publish: source.publish,
        files: matches!(source.origin, Origin::Folder { .. }),
        last_look: standing.polled_at,
        zone: desk.config.site.timezone,
        now: desk.clock.now(),
    };
    let mut keep = Keep::begin(&mut desk.db.read().await?, keeping, found.items()).await?;
    let taken = Arc::new(keep.taken());
    loop {
        let candidates;
        (candidates, found) = few(found, &taken).await.map_err(anyhow::Error::msg)?;
        let is_end = candidates.is_empty();
        let mut write = desk.db.write().await?;
        // a new lease each time: it is a look that goes on, however much there is to keep
        if !store::hold(&mut write, standing, desk.clock.now().plus(LEASE)).await? {
            bail!("somebody else looks at it");
        }
        keep.take(&mut write, candidates).await?;
        if is_end {
            keep.end(&mut write).await?;
        }
        write.commit().await?;
        if is_end {
            return Ok(keep);
        }
    }
}

/// Writes down what is wrong, and when to try again.
pub(super) async fn put_off(
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
    if !store::release(&mut write, &standing).await? {
        bail!("source {}: somebody else looks at it; this look was too slow", standing.name);
    }
    write.commit().await?;
    Ok(Report { error: Some(fault.why), ..Report::default() })
}
