//! One item kept: which post it is, whether that is news, and what is wrong with it.

use std::collections::HashSet;

use super::{Keep, MOST_NEWS};
use crate::db::Write;
use crate::line::Line;
use crate::post::Post;
use crate::post::add::add_one;
use crate::post::read::Source;
use crate::post::store::{called, newest};
use crate::source::Content;
use crate::source::item::Piece;
use crate::source::store::{self, Known};

pub(super) struct One<'a, 'b> {
    pub(super) keep: &'a mut Keep<'b>,
    pub(super) write: &'a mut Write,
}

impl One<'_, '_> {
    pub(super) async fn take(
        &mut self,
        item: String,
        known: Option<Known>,
        content: Content,
    ) -> anyhow::Result<()> {
        let is_unknown = known.is_none();
        let known = known.unwrap_or_else(|| self.unknown(item));
        match content {
            Content::Same => self.same(),
            Content::Later => {
                self.keep.later = true;
                if is_unknown && self.keep.keeping.is_first() {
                    self.write_down(known).await?;
                }
            }
            Content::Wrong(finding) => self.wrong(known, finding).await?,
            Content::Post(source) => self.file(known, &source).await?,
            Content::Piece(piece) => self.entry(known, &piece).await?,
        }
        Ok(())
    }

    /// An item that was not there before.
    fn unknown(&self, item: String) -> Known {
        let announce = if self.keep.keeping.announces() { "wanted" } else { "never" };
        let (hash, announce) = (String::new(), announce.to_owned());
        Known { item, hash, post: None, finding: None, announce }
    }

    fn same(&mut self) {
        self.keep.report.unchanged += 1;
    }

    async fn file(&mut self, known: Known, source: &Source) -> anyhow::Result<()> {
        let hash = source.hash.clone();
        let slug = &source.post.slug;
        if known.hash == hash {
            self.same();
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

    /// Whoever else a post is of: a file that is gone, or whose source is, gives up its own.
    async fn other_owner(&mut self, slug: &str, item: &str) -> anyhow::Result<Option<String>> {
        let owners = store::owners(self.write, slug).await?;
        let keeping = &self.keep.keeping;
        let own = keeping.source;
        let other = owners.into_iter().find(|(source, owner)| {
            let present = source != own || (owner != item && self.keep.present.contains(owner));
            present && keeping.sources.contains_key(source)
        });
        Ok(other
            .map(|(source, owner)| if source == own { owner } else { format!("source {source}") }))
    }

    async fn entry(&mut self, known: Known, piece: &Piece) -> anyhow::Result<()> {
        if known.hash == piece.hash {
            self.same();
            return Ok(());
        }
        let slug = if let Some(slug) = &known.post {
            slug.clone()
        } else {
            if let Some(post) = store::same_content(self.write, &piece.hash).await? {
                self.same();
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
        let called: HashSet<String> = called(self.write, wanted).await?.into_iter().collect();
        let mut slug = wanted.to_owned();
        let mut number = 1;
        while called.contains(&slug) {
            number += 1;
            slug = format!("{wanted}-{number}");
        }
        Ok(slug)
    }

    async fn add(&mut self, known: Known, source: &Source, hash: String) -> anyhow::Result<()> {
        let slug = source.post.slug.clone();
        let existed = newest(self.write, &slug).await?.is_some();
        if !existed && self.has_enough() {
            self.keep.more = true;
            return Ok(());
        }
        let added = add_one(self.write, source, self.keep.keeping.now).await?;
        match (existed, added.new) {
            (false, _) => self.keep.report.added.push(slug.clone()),
            (true, true) => self.keep.report.changed.push(slug.clone()),
            (true, false) => self.same(),
        }
        let (announce, finding) = self.fate(&known, &source.post, existed);
        self.write_down(Known { hash, post: Some(slug), finding, announce, ..known }).await
    }

    fn has_enough(&self) -> bool {
        !self.keep.keeping.is_first() && self.keep.report.added.len() >= MOST_NEWS
    }

    /// Whether a post is to be queued by itself, and what a person is told of it.
    fn fate(&mut self, known: &Known, post: &Post, existed: bool) -> (String, Option<String>) {
        let never = || "never".to_owned();
        match &known.post {
            Some(slug) if *slug == post.slug => {
                let stays = known.announce == "never" && !known.hash.is_empty();
                (known.announce.clone(), known.finding.clone().filter(|_| stays))
            }
            // a post that was there already is no news, under whatever name its file comes
            _ if existed => (never(), None),
            Some(before) => {
                let why = format!("its file was the post \"{before}\" before");
                (never(), self.left_to_a_person(&post.slug, &why))
            }
            None if known.announce == "wanted" && self.keep.keeping.is_old(post.date) => {
                (never(), self.too_old(post))
            }
            None => (known.announce.clone(), None),
        }
    }

    /// Whoever puts a file there waits for it, and is told; of a feed it would be its whole archive.
    fn too_old(&mut self, post: &Post) -> Option<String> {
        if self.keep.keeping.files {
            return self
                .left_to_a_person(&post.slug, &format!("its date, {}, is long past", post.date));
        }
        let (source, slug) = (self.keep.keeping.source, &post.slug);
        tracing::info!(source, post = slug, date = %post.date, "post is too old to be queued by itself");
        None
    }

    fn left_to_a_person(&mut self, slug: &str, why: &str) -> Option<String> {
        if !self.keep.keeping.announces() {
            return None;
        }
        let finding = format!(
            "{slug} is not queued by itself, for {why}; `bulletin queue {slug}` sends it to its readers"
        );
        tracing::warn!(source = self.keep.keeping.source, "{finding}");
        self.keep.report.findings.push(finding.clone());
        Some(finding)
    }

    /// Told once: to the log when it is new, and in lists until it is mended.
    async fn wrong(&mut self, known: Known, finding: String) -> anyhow::Result<()> {
        // a finding quotes what is wrong, and that may be anything
        let finding = Line::nearest(&finding, 500).map(|line| line.to_string()).unwrap_or_default();
        self.keep.report.findings.push(finding.clone());
        let told = known.finding.as_ref() == Some(&finding);
        if told && known.hash.is_empty() {
            return Ok(());
        }
        if !told {
            tracing::warn!(source = self.keep.keeping.source, "{finding}");
        }
        // no hash: when it is again what it was, it is taken again, and the finding goes
        self.write_down(Known { finding: Some(finding), hash: String::new(), ..known }).await
    }

    async fn write_down(&mut self, known: Known) -> anyhow::Result<()> {
        let super::Keeping { source, now, .. } = self.keep.keeping;
        Ok(store::keep(self.write, source, &known, now).await?)
    }
}
