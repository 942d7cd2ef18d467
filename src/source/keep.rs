//! What was seen, kept: new posts, new versions, and what is wrong.

use std::collections::{HashMap, HashSet};

use super::store::{self, Known};
use super::{Candidate, Content, Report};
use crate::clock::Timestamp;
use crate::config::Publish;
use crate::db::Write;
use crate::line::Line;
use crate::post::add::add_one;
use crate::post::read::Source;
use crate::post::store::newest;

use super::item::Piece;

/// For whom, and how.
pub(super) struct Keeping<'a> {
    pub(super) source: &'a str,
    pub(super) publish: Publish,
    /// All of it is old news.
    pub(super) first: bool,
    pub(super) now: Timestamp,
}

/// Keeps what is new and what has changed.
pub(super) async fn keep(
    write: &mut Write,
    keeping: &Keeping<'_>,
    candidates: Vec<Candidate>,
) -> anyhow::Result<Report> {
    let known = store::items(write, keeping.source).await?;
    let mut left: HashMap<String, Known> =
        known.into_iter().map(|known| (known.item.clone(), known)).collect();
    let present = candidates.iter().map(|candidate| candidate.item.clone()).collect();
    let mut round = Round { write, keeping, present, report: Report::default() };
    for Candidate { item, content } in candidates {
        let known = left.remove(&item);
        round.take(item, known, content).await?;
    }
    // what is gone needs nobody's attention any more
    for gone in left.into_values().filter(|known| known.finding.is_some()) {
        store::keep(round.write, keeping.source, &Known { finding: None, ..gone }, keeping.now)
            .await?;
    }
    Ok(round.report)
}

struct Round<'a> {
    write: &'a mut Write,
    keeping: &'a Keeping<'a>,
    /// All items of this look.
    present: HashSet<String>,
    report: Report,
}

impl Round<'_> {
    async fn take(
        &mut self,
        item: String,
        known: Option<Known>,
        content: Content,
    ) -> anyhow::Result<()> {
        match content {
            Content::Later => match known {
                None if self.keeping.first => self.write_down(self.unknown(item)).await,
                _ => Ok(()),
            },
            Content::Wrong(finding) => {
                let known = known.unwrap_or_else(|| self.unknown(item));
                self.wrong(known, finding).await
            }
            Content::Post(source) => {
                let known = known.unwrap_or_else(|| self.unknown(item));
                self.file(known, &source).await
            }
            Content::Piece(piece) => {
                let known = known.unwrap_or_else(|| self.unknown(item));
                self.entry(known, &piece).await
            }
        }
    }

    /// An item that was not there before.
    fn unknown(&self, item: String) -> Known {
        let news = !self.keeping.first && self.keeping.publish == Publish::Auto;
        let announce = if news { "wanted" } else { "never" };
        let (hash, announce) = (String::new(), announce.to_owned());
        Known { item, hash, post: None, finding: None, announce }
    }

    async fn file(&mut self, known: Known, source: &Source) -> anyhow::Result<()> {
        let hash = source.hash.clone();
        let slug = &source.post.slug;
        if known.hash == hash && known.finding.is_none() {
            self.report.unchanged += 1;
            return Ok(());
        }
        if let Some(owner) = self.other_owner(slug, &known.item).await? {
            let finding = format!(
                "{}: the post \"{slug}\" is that of {owner}; give this one another `slug`",
                known.item
            );
            return self.wrong(known, finding).await;
        }
        self.add(known, source, hash).await
    }

    /// Whoever else a post is of: a file that is gone gives up its own.
    async fn other_owner(&mut self, slug: &str, item: &str) -> anyhow::Result<Option<String>> {
        let owners = store::owners(self.write, slug).await?;
        let source = self.keeping.source;
        let other = owners.into_iter().find(|(name, owner)| {
            name != source || (owner != item && self.present.contains(owner))
        });
        Ok(other.map(|(name, owner)| if name == source { owner } else { format!("source {name}") }))
    }

    async fn entry(&mut self, known: Known, piece: &Piece) -> anyhow::Result<()> {
        if known.hash == piece.hash && known.finding.is_none() {
            self.report.unchanged += 1;
            return Ok(());
        }
        let slug = if let Some(slug) = &known.post {
            slug.clone()
        } else {
            if let Some(post) = store::same_content(self.write, &piece.hash).await? {
                self.report.unchanged += 1;
                let (hash, announce) = (piece.hash.clone(), "never".to_owned());
                let same = Known { hash, post: Some(post), finding: None, announce, ..known };
                return self.write_down(same).await;
            }
            self.free_slug(&piece.slug(&known.item)).await?
        };
        match piece.source(&slug) {
            Ok(source) => self.add(known, &source, piece.hash.clone()).await,
            Err(finding) => self.wrong(known, finding).await,
        }
    }

    /// The slug, with a number behind it when another post has it.
    async fn free_slug(&mut self, wanted: &str) -> anyhow::Result<String> {
        let mut slug = wanted.to_owned();
        let mut number = 1;
        while newest(self.write, &slug).await?.is_some() {
            number += 1;
            slug = format!("{wanted}-{number}");
        }
        Ok(slug)
    }

    async fn add(&mut self, known: Known, source: &Source, hash: String) -> anyhow::Result<()> {
        let slug = source.post.slug.clone();
        let existed = newest(self.write, &slug).await?.is_some();
        let added = add_one(self.write, source, self.keeping.now).await?;
        match (existed, added.new) {
            (false, _) => self.report.added.push(slug.clone()),
            (true, true) => self.report.changed.push(slug.clone()),
            (true, false) => self.report.unchanged += 1,
        }
        // a post that was there already is no news, under whatever name its file comes
        let announce = match &known.post {
            None if existed => "never".to_owned(),
            _ => known.announce.clone(),
        };
        self.write_down(Known { hash, post: Some(slug), finding: None, announce, ..known }).await
    }

    /// Told once: to the log when it is new, and in lists until it is mended.
    async fn wrong(&mut self, known: Known, finding: String) -> anyhow::Result<()> {
        // a finding quotes what is wrong, and that may be anything
        let finding = Line::nearest(&finding, 500).map(|line| line.to_string()).unwrap_or_default();
        self.report.findings.push(finding.clone());
        if known.finding.as_ref() == Some(&finding) {
            return Ok(());
        }
        tracing::warn!(source = self.keeping.source, "{finding}");
        self.write_down(Known { finding: Some(finding), ..known }).await
    }

    async fn write_down(&mut self, known: Known) -> anyhow::Result<()> {
        Ok(store::keep(self.write, self.keeping.source, &known, self.keeping.now).await?)
    }
}
