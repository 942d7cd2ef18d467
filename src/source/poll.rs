//! One look at a source: claim it, see what is there, keep what is new.

use std::time::Duration;

use anyhow::{Context, bail};
use url::Url;

use super::fetch::{Answer, Marks, Refusal, fetch};
use super::keep::{Keeping, keep};
use super::net::Net;
use super::store::{self, Standing};
use super::{Candidate, Content, Report, feed, folder, item};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Feed, Origin, Source};
use crate::db::Db;
use crate::id::random;

/// How long a claim holds: a look is over long before.
pub const LEASE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
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

/// What is there.
enum Seen {
    Unchanged(Marks),
    Found(Vec<Candidate>, Marks),
}

/// Why nothing could be seen, and before when it should not be tried again.
struct Fault {
    why: String,
    until: Option<Timestamp>,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, until: None }
    }
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

async fn see(desk: Desk<'_>, source: &Source, standing: &Standing) -> Result<Seen, Fault> {
    match &source.origin {
        Origin::Folder { path } => {
            let (path, config) = (path.clone(), desk.config);
            let lists: Vec<String> = config.list.keys().cloned().collect();
            let (mark, now) = (standing.etag.clone(), desk.clock.now());
            let sight = apart(move || {
                let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
                folder::look(&path, &lists, mark.as_deref(), now)
            });
            let folder::Sight { candidates, mark } = sight.await?;
            let marks = Marks { etag: mark, last_modified: None };
            Ok(candidates.map_or(Seen::Unchanged(marks.clone()), |found| Seen::Found(found, marks)))
        }
        Origin::Feed(feed) => see_feed(desk, feed, standing).await,
    }
}

async fn see_feed(desk: Desk<'_>, feed: &Feed, standing: &Standing) -> Result<Seen, Fault> {
    let (now, zone) = (desk.clock.now(), desk.config.site.timezone);
    let url = Url::parse(&feed.url).map_err(|error| format!("{}: {error}", feed.url))?;
    let marks =
        Marks { etag: standing.etag.clone(), last_modified: standing.last_modified.clone() };
    let answer = fetch(desk.net, &url, &marks, now).await.map_err(|refusal| {
        let until = match &refusal {
            Refusal::Gone => Some(now.plus(DAY)),
            Refusal::Wait { until, .. } => *until,
            _ => None,
        };
        Fault { why: format!("the feed {refusal}"), until }
    })?;
    let Answer::Page { bytes, marks, url } = answer else {
        return Ok(Seen::Unchanged(marks));
    };
    let feed = feed.clone();
    let candidates = apart(move || {
        let entries = feed::read(&bytes, &url).map_err(|why| format!("the feed {why}"))?;
        let candidate = |entry: &feed::Entry| {
            let content = match item::piece(entry, &feed, &url, zone, now) {
                Some(piece) => Content::Piece(Box::new(piece)),
                None => Content::Wrong("an item has neither a title nor words".to_owned()),
            };
            Candidate { item: entry.id.clone(), content }
        };
        Ok(entries.iter().map(candidate).collect())
    });
    Ok(Seen::Found(candidates.await?, marks))
}

/// Reads and parses away from the threads that send mail.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| "it could not be read: the reader gave up".to_owned())?
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

/// Twice as long each time, up to a day, and up to a tenth more, so that not everybody comes back to a
/// server at once. `dice` is random.
fn pause(every: Duration, faults: i64, dice: u32) -> Duration {
    let doublings = u32::try_from(faults - 1).unwrap_or(u32::MAX).min(16);
    let longest = DAY.max(every);
    let wait = every.saturating_mul(1 << doublings).min(longest);
    wait.saturating_add(wait.mul_f64(0.1 * f64::from(dice) / f64::from(u32::MAX))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_at_fault_is_left_alone_for_longer_each_time_up_to_a_day() {
        let every = Duration::from_mins(30);
        let minutes = |faults, dice| pause(every, faults, dice).as_secs() / 60;
        assert_eq!([1, 2, 3, 6].map(|faults| minutes(faults, 0)), [30, 60, 120, 960]);
        assert_eq!([1, 2].map(|faults| minutes(faults, u32::MAX)), [33, 66]);
        assert_eq!([7, 8, 100, i64::MAX].map(|faults| minutes(faults, u32::MAX)), [1440; 4]);
        assert_eq!(pause(DAY * 2, 5, u32::MAX), DAY * 2);
    }
}
