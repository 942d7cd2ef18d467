//! What is there now: in a folder, or at a feed's address.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::Desk;
use super::pause::DAY;
use crate::clock::Timestamp;
use crate::config::{Feed, Origin, Source};
use crate::source::fetch::{Answer, Marks, Refusal, fetch};
use crate::source::store::Standing;
use crate::source::{Candidate, Content, feed, folder, item};

/// How many posts are read, and then kept, at a time: nobody else writes meanwhile.
const FEW: usize = 10;
/// How long reading a few may take before the claim is renewed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is there.
pub(super) enum Seen {
    Unchanged(Marks),
    Found(Found, Marks),
}

/// Items in their order, some of which are still to be read.
pub(super) enum Found {
    Items(VecDeque<Candidate>),
    Files(Box<folder::Sight>),
}

impl Found {
    pub(super) fn items(&self) -> HashSet<String> {
        match self {
            Self::Items(items) => items.iter().map(|one| one.item.clone()).collect(),
            Self::Files(sight) => sight.files.iter().map(|file| folder::item(file)).collect(),
        }
    }

    /// Takes the next few, and what can be passed over on the way to them. `taken` are the hashes of what
    /// was taken before, by item.
    fn few(&mut self, taken: &HashMap<String, String>) -> Vec<Candidate> {
        let (mut few, mut work) = (Vec::new(), 0);
        let begun = Instant::now();
        while work < FEW
            && begun.elapsed() < PATIENCE
            && let Some(candidate) = self.one(taken)
        {
            work += usize::from(!matches!(candidate.content, Content::Same));
            few.push(candidate);
        }
        few
    }

    fn one(&mut self, taken: &HashMap<String, String>) -> Option<Candidate> {
        match self {
            Self::Items(items) => items.pop_front(),
            Self::Files(sight) => {
                let file = sight.files.pop_front()?;
                Some(sight.read(&file, taken))
            }
        }
    }
}

/// The next few of what was found, and the rest; no more when there are none.
pub(super) async fn few(
    mut found: Found,
    taken: &Arc<HashMap<String, String>>,
) -> Result<(Vec<Candidate>, Found), String> {
    let taken = Arc::clone(taken);
    apart(move || Ok((found.few(&taken), found))).await
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
            let lists = config.list.keys().cloned().collect();
            let sources = config.source.keys().cloned().collect();
            let rules = folder::Rules { lists, pictures: config.picture.clone(), sources };
            let (mark, now) = (standing.etag.clone(), desk.clock.now());
            let known = Marks { etag: mark.clone(), last_modified: None };
            let sight = apart(move || folder::look(&path, rules, mark.as_deref(), now)).await?;
            Ok(match sight {
                None => Seen::Unchanged(known),
                Some(sight) => {
                    let marks = Marks { etag: Some(sight.mark.clone()), last_modified: None };
                    Seen::Found(Found::Files(Box::new(sight)), marks)
                }
            })
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
    Ok(Seen::Found(Found::Items(candidates.await?), marks))
}

/// Reads and parses away from the threads that send mail.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| "it could not be read: the reader gave up".to_owned())?
}
