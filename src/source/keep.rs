//! What was seen, kept: new posts, new versions, and what is wrong.

mod one;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::store::{self, Known};
use super::{Candidate, Report};
use crate::clock::Timestamp;
use crate::config::{Publish, Source};
use crate::db::{Read, Write};
use one::One;

/// A feed that brings more than this at once has been made anew: it is taken a few at a time.
const MOST_NEWS: usize = 20;
/// What is dated so long before the last look was there then, or is told too late to be news.
const NEWS: Duration = Duration::from_hours(7 * 24);

/// For whom, and how.
pub(super) struct Keeping<'a> {
    pub(super) source: &'a str,
    /// All sources there are.
    pub(super) sources: &'a BTreeMap<String, Source>,
    pub(super) publish: Publish,
    /// Of files: one that is gone wants nothing any more.
    pub(super) files: bool,
    /// None at the first look: then all of it is old news.
    pub(super) last_look: Option<Timestamp>,
    pub(super) zone: Tz,
    pub(super) now: Timestamp,
}

impl Keeping<'_> {
    fn is_first(&self) -> bool {
        self.last_look.is_none()
    }

    /// Something new is queued by itself.
    fn announces(&self) -> bool {
        !self.is_first() && self.publish == Publish::Auto
    }

    fn is_old(&self, date: NaiveDate) -> bool {
        let Some(last) = self.last_look else { return true };
        let since =
            Timestamp(last.0.saturating_sub_unsigned(NEWS.as_millis().try_into().unwrap_or(0)));
        date < since.local(self.zone).date_naive()
    }
}

/// One look's keeping, a few items at a time.
pub(super) struct Keep<'a> {
    keeping: Keeping<'a>,
    /// What was known and has not been seen yet.
    left: HashMap<String, Known>,
    /// All items of this look.
    present: HashSet<String>,
    pub(super) report: Report,
    /// There is more than was taken: it is to be looked at again soon.
    pub(super) more: bool,
    /// Something is still being written.
    pub(super) later: bool,
}

impl<'a> Keep<'a> {
    pub(super) async fn begin(
        read: &mut Read,
        keeping: Keeping<'a>,
        present: HashSet<String>,
    ) -> anyhow::Result<Self> {
        let known = store::items(read, keeping.source).await?;
        let left = known.into_iter().map(|known| (known.item.clone(), known)).collect();
        let report = Report::default();
        Ok(Self { keeping, left, present, report, more: false, later: false })
    }

    /// Nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// The hashes of what was taken before, by item.
    pub(super) fn taken(&self) -> HashMap<String, String> {
        self.left.iter().map(|(item, known)| (item.clone(), known.hash.clone())).collect()
    }

    /// Keeps what is new of these, and what has changed.
    pub(super) async fn take(
        &mut self,
        write: &mut Write,
        candidates: Vec<Candidate>,
    ) -> anyhow::Result<()> {
        for Candidate { item, content } in candidates {
            let known = self.left.remove(&item);
            One { keep: self, write }.take(item, known, content).await?;
        }
        Ok(())
    }

    /// When all are taken: what is gone needs nobody's attention any more. Of a feed, which shows its last
    /// items only, a post that could not be queued does.
    pub(super) async fn end(&mut self, write: &mut Write) -> anyhow::Result<()> {
        let Keeping { source, files, now, .. } = self.keeping;
        for known in std::mem::take(&mut self.left).into_values() {
            let waits = known.announce == "wanted" && files;
            let told =
                known.finding.is_some() && (files || known.post.is_none() || known.hash.is_empty());
            if waits || told {
                let announce = if waits { "never".to_owned() } else { known.announce.clone() };
                let gone = Known { finding: None, announce, ..known };
                store::keep(write, source, &gone, now).await?;
            }
        }
        Ok(())
    }
}
