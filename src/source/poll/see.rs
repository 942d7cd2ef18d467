//! What is there now: in a folder, or at a feed's address.

use url::Url;

use super::Desk;
use super::pause::DAY;
use crate::clock::Timestamp;
use crate::config::{Feed, Origin, Source};
use crate::source::fetch::{Answer, Marks, Refusal, fetch};
use crate::source::store::Standing;
use crate::source::{Candidate, Content, feed, folder, item};

/// What is there.
pub(super) enum Seen {
    Unchanged(Marks),
    Found(Vec<Candidate>, Marks),
}

/// Why nothing could be seen, and before when it should not be tried again.
pub(super) struct Fault {
    pub(super) why: String,
    pub(super) until: Option<Timestamp>,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, until: None }
    }
}

pub(super) async fn see(
    desk: Desk<'_>,
    source: &Source,
    standing: &Standing,
) -> Result<Seen, Fault> {
    match &source.origin {
        Origin::Folder { path } => {
            let (path, config) = (path.clone(), desk.config);
            let lists: Vec<String> = config.list.keys().cloned().collect();
            let pictures = config.picture.clone();
            let (mark, now) = (standing.etag.clone(), desk.clock.now());
            let sight = apart(move || {
                let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
                folder::look(&path, &lists, &pictures, mark.as_deref(), now)
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
