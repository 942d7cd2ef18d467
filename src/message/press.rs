//! From a rendition's row to something that can be mailed, once for all its recipients.
//!
//! The first mail of a rendition composes it and keeps its words in the database, so that every
//! later try, also after an upgrade of the templates, says the same. Two daemons may compose one
//! rendition at once: the first to keep it decides for both.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Mutex;

use super::calendar::{self, Edition};
use super::compose::{Head, ListId, Rendition};
use super::render::{self, Frame};
use super::store::{self, Kept, Words};
use super::template::Templates;
use super::{Content, Invitation, Item, Letter, Occasion, Section, wording};
use crate::campaign::Kind;
use crate::campaign::store::{self as campaigns, Campaign, Piece};
use crate::config::{Config, Digest, List};
use crate::db::Db;
use crate::fault;
use crate::id::{CampaignId, RenditionId};
use crate::post::store::Stored;
use crate::post::store::{event, files, version};
use crate::post::{self, Post};

/// How many renditions are kept ready.
const READY: usize = 64;

#[derive(Clone)]
pub struct Press {
    db: Db,
    config: Arc<Config>,
    templates: Arc<Templates>,
    ready: Arc<Mutex<HashMap<RenditionId, Arc<Rendition>>>>,
}

impl Press {
    pub fn new(db: Db, config: Arc<Config>, templates: Arc<Templates>) -> Self {
        Self { db, config, templates, ready: Arc::default() }
    }

    /// A rendition, ready to be filled for one person after another.
    pub async fn rendition(&self, id: RenditionId) -> anyhow::Result<Arc<Rendition>> {
        let mut ready = self.ready.lock().await;
        if let Some(rendition) = ready.get(&id) {
            return Ok(Arc::clone(rendition));
        }
        // On a task of its own: a panic in a template engine costs this rendition, not a worker.
        let press = self.clone();
        let made = tokio::spawn(async move { press.make(id).await }).await;
        let rendition =
            Arc::new(made.context("composing broke off, which is a defect of Bulletin")??);
        if ready.len() >= READY {
            ready.clear();
        }
        ready.insert(id, Arc::clone(&rendition));
        Ok(rendition)
    }

    async fn make(&self, id: RenditionId) -> anyhow::Result<Rendition> {
        let kept = store::find(&mut self.db.read().await?, id).await?;
        let pieces = store::pieces(&mut self.db.read().await?, id).await?;
        let mut content = self.content(&kept, &pieces).await?;
        if kept.words.is_none() {
            fault::point("rendering");
            let words = Some(self.keep(id, &content).await?);
            fault::point("rendered");
            // another daemon may have kept others
            content = self.content(&Kept { words, ..kept.clone() }, &pieces).await?;
        }
        Rendition::prepare(&content, &self.head(&kept, &pieces)?)
    }

    /// Keeps these words unless some are kept, and says which count.
    async fn keep(&self, id: RenditionId, content: &Content) -> anyhow::Result<Words> {
        let mut write = self.db.write().await?;
        let words = store::keep(&mut write, id, content).await?;
        write.commit().await?;
        Ok(words)
    }

    /// What a campaign's mails are, or will be when it starts, to be looked at: unlike [`rendition`]
    /// it keeps no words. Of a digest it is the first rendition.
    ///
    /// [`rendition`]: Press::rendition
    pub async fn proof(
        &self,
        campaign: &Campaign,
        discreet: bool,
    ) -> anyhow::Result<(Rendition, Vec<Piece>)> {
        let (kept, pieces) = self.so_far(campaign, discreet).await?;
        let content = self.content(&kept, &pieces).await?;
        let head = self.head(&kept, &pieces)?;
        Ok((Rendition::prepare(&content, &head)?, pieces))
    }

    /// The first rendition of a campaign, as it stands or as freezing would make it.
    async fn so_far(
        &self,
        campaign: &Campaign,
        discreet: bool,
    ) -> anyhow::Result<(Kept, Vec<Piece>)> {
        let mut read = self.db.read().await?;
        if let Some(id) = store::first(&mut read, campaign.id, discreet).await? {
            let (kept, pieces) =
                (store::find(&mut read, id).await?, store::pieces(&mut read, id).await?);
            // of a digest that no discreet reader gets there is only the other
            let words = kept.words.clone().filter(|_| kept.discreet == discreet);
            return Ok((Kept { discreet, words, ..kept }, pieces));
        }
        let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
            anyhow::bail!("campaign {} has nothing to send", campaign.id);
        };
        let lists = campaigns::lists(&mut read, campaign.id).await?;
        let pieces = lists.into_iter().take(1).map(|list| Piece { post, version, list }).collect();
        let (sequence, made_at) = store::edition(&mut read, campaign.id).await?;
        let Campaign { id: campaign_id, kind, digest, .. } = campaign.clone();
        let made_at = Some(made_at);
        Ok((Kept { campaign_id, kind, digest, discreet, words: None, sequence, made_at }, pieces))
    }

    /// A rendition that belongs to no campaign yet, to be looked at.
    pub async fn specimen(&self, sample: &Sample<'_>) -> anyhow::Result<Rendition> {
        let kept = sample.unkept();
        let content = self.content(&kept, sample.pieces).await?;
        Rendition::prepare(&content, &self.head(&kept, sample.pieces)?)
    }

    /// The content of [`specimen`](Press::specimen).
    pub async fn looks(&self, sample: &Sample<'_>) -> anyhow::Result<Content> {
        self.content(&sample.unkept(), sample.pieces).await
    }

    /// What these pieces look like as a mail, a digest or the one post: as it was kept, if it was.
    async fn content(&self, kept: &Kept, pieces: &[Piece]) -> anyhow::Result<Content> {
        let config = &self.config;
        let frame = if kept.discreet { Frame::discreet(config) } else { Frame::of(config) };
        if let Some(name) = &kept.digest {
            let name = &self.digest(name)?.name;
            let sections = self.sections(pieces, kept.discreet).await?;
            return self.say(kept, &Letter::Digest { name, sections }, &frame);
        }
        let piece = pieces.first().context("the rendition has no post")?;
        let stored = version(&mut self.db.read().await?, piece.post, piece.version).await?;
        let post = stored.post()?;
        let files = files(&mut self.db.read().await?, piece.post, piece.version).await?;
        let archive_url = self.archive_url(piece, &post, kept.discreet);
        let occasion = occasion(kept.kind);
        let letter = Letter::Post { post: &post, files: &files, archive_url, occasion };
        let mut content = self.say(kept, &letter, &frame)?;
        if self.words(kept).is_none() {
            content.invitation = self.invitation(kept, piece, &stored, &post).await?;
        }
        Ok(content)
    }

    /// The words that are kept. Of a mere notice none count: what was composed before may say more than it,
    /// and it says nothing but the configuration's words.
    fn words<'k>(&self, kept: &'k Kept) -> Option<&'k Words> {
        kept.words.as_ref().filter(|_| !(kept.discreet && self.config.discreet.notice_only))
    }

    /// A letter in the words that are kept, or in those that it would have now.
    fn say(&self, kept: &Kept, letter: &Letter<'_>, frame: &Frame<'_>) -> anyhow::Result<Content> {
        let Some(words) = self.words(kept) else { return self.templates.render(letter, frame) };
        let Words { subject, html, text, calendar } = words.clone();
        Ok(Content {
            parts: render::parts(letter, frame, &html)?,
            invitation: calendar.map(|object| calendar::kept(object, frame.discreet)),
            subject,
            html,
            text,
            mjml: String::new(),
        })
    }

    async fn post(&self, piece: &Piece) -> anyhow::Result<Post> {
        version(&mut self.db.read().await?, piece.post, piece.version).await?.post()
    }

    /// The calendar part of a notice. It is of the moment when its version was made, so that a preview and every
    /// mail say the same; a cancellation, which has no version of its own, of when it was queued.
    async fn invitation(
        &self,
        kept: &Kept,
        piece: &Piece,
        stored: &Stored,
        post: &Post,
    ) -> anyhow::Result<Option<Invitation>> {
        // a mere notice says nothing of what there is
        if kept.discreet && self.config.discreet.notice_only {
            return Ok(None);
        }
        // other kinds tell of a meeting that was, or in passing
        let asked = post.meeting.as_ref().filter(|_| post.kind == post::Kind::MeetingNotice);
        let Some(meeting) = asked else { return Ok(None) };
        let event = event(&mut self.db.read().await?, stored.id).await?;
        let event = event.with_context(|| format!("the post {} has no event", post.slug))?;
        let queued = kept.made_at.filter(|_| kept.kind == Kind::Cancellation);
        let edition = Edition {
            uid: &event.uid,
            sequence: kept.sequence.unwrap_or(event.sequence),
            stamp: queued.unwrap_or(stored.created_at),
        };
        let archive_url = self.archive_url(piece, post, kept.discreet);
        let words = if kept.discreet {
            calendar::Words::discreet(meeting, &archive_url, &self.config)
        } else {
            calendar::Words::of(post, meeting, &archive_url, &self.config.sender)
        };
        Ok(Some(calendar::invitation(meeting, occasion(kept.kind), &edition, &words)))
    }

    /// The posts of a digest under their lists, in the order the lists first come up.
    async fn sections(&self, pieces: &[Piece], discreet: bool) -> anyhow::Result<Vec<Section>> {
        let mut sections: Vec<Section> = Vec::new();
        for piece in pieces {
            let list = self.list(&piece.list)?.name.clone();
            let post = self.post(piece).await?;
            let archive_url = self.archive_url(piece, &post, discreet);
            let Post { title, kind, date, summary, meeting, .. } = post;
            let item = Item { title, kind, date, summary, archive_url, meeting };
            match sections.iter_mut().find(|section| section.list == list) {
                Some(section) => section.items.push(item),
                None => sections.push(Section { list, items: vec![item] }),
            }
        }
        Ok(sections)
    }

    /// The names of the lists that these pieces come by: "Meetings and Reports"; to a discreet reader
    /// their neutral name.
    pub fn list_names(&self, pieces: &[Piece], discreet: bool) -> String {
        if discreet {
            return self.config.discreet.list_name.to_string();
        }
        let lists = pieces.iter().filter_map(|piece| self.config.list.get(&piece.list));
        let names: Vec<&str> = lists.map(|list| list.name.as_str()).collect();
        wording::list(&names)
    }

    /// The opt-out link of a copy that is no delivery: the missing page, which ends nothing.
    pub fn dead_link(&self, discreet: bool) -> String {
        format!("{}/unsubscribe/PREVIEW", self.config.base_url(discreet))
    }

    /// The link to answer by of a copy that is no delivery: the missing page too.
    pub fn dead_rsvp_link(&self, discreet: bool) -> String {
        format!("{}/rsvp/PREVIEW", self.config.base_url(discreet))
    }

    /// The slug says what the post is about; its number does not.
    fn archive_url(&self, piece: &Piece, post: &Post, discreet: bool) -> String {
        let base_url = self.config.base_url(discreet);
        if discreet {
            format!("{base_url}/u/{}", piece.post)
        } else {
            format!("{base_url}/archive/{}", post.slug)
        }
    }

    fn list(&self, slug: &str) -> anyhow::Result<&List> {
        let list = self.config.list.get(slug);
        list.with_context(|| format!("the list {slug} is no longer in the configuration"))
    }

    fn digest(&self, name: &str) -> anyhow::Result<&Digest> {
        let digest = self.config.digest.get(name);
        digest.with_context(|| format!("the digest {name} is no longer in the configuration"))
    }

    /// The headers that all recipients share.
    fn head(&self, kept: &Kept, pieces: &[Piece]) -> anyhow::Result<Head> {
        if kept.discreet {
            return Ok(self.discreet_head(kept));
        }
        let (site, sender) = (&self.config.site, &self.config.sender);
        let (label, name) = match (&kept.digest, pieces.first()) {
            (Some(digest), _) => (format!("digest-{digest}"), self.digest(digest)?.name.clone()),
            (None, Some(piece)) => {
                let list = self.list(&piece.list)?;
                (list.list_id.clone(), list.name.clone())
            }
            (None, None) => anyhow::bail!("the rendition has no post"),
        };
        let domain = sender.address.domain();
        Ok(Head {
            from_name: sender.name.clone(),
            from: sender.address.clone(),
            reply_to: sender.reply_to.clone(),
            list_id: ListId { name, id: format!("{label}.{domain}") },
            help_url: format!("{}/", site.base_url),
            archive_url: format!("{}/archive", site.base_url),
            // campaign:list:type:sender, no address and nothing personal (R33)
            feedback_id: format!("{}:{label}:{}:{domain}", kept.campaign_id, kept.kind),
            auto_submitted: is_automatic(kept.kind),
        })
    }

    /// One list for all discreet mail, and one type: neither the topic nor the occasion shows.
    fn discreet_head(&self, kept: &Kept) -> Head {
        let words = &self.config.discreet;
        let (from, front) = (self.config.from(true), format!("{}/", self.config.base_url(true)));
        let (label, domain) = (&words.list_id, from.domain());
        Head {
            from_name: words.sender_name.clone(),
            from: from.clone(),
            reply_to: words.reply_to.clone(),
            list_id: ListId { name: words.sender_name.clone(), id: format!("{label}.{domain}") },
            help_url: front.clone(),
            archive_url: front,
            feedback_id: format!("{}:{label}:{label}:{domain}", kept.campaign_id),
            auto_submitted: is_automatic(kept.kind),
        }
    }
}

/// A mail to be looked at before there is one.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub kind: Kind,
    /// Of a digest alone: its name.
    pub digest: Option<&'a str>,
    pub pieces: &'a [Piece],
    pub discreet: bool,
}

impl Sample<'_> {
    fn unkept(&self) -> Kept {
        let digest = self.digest.map(str::to_owned);
        let (campaign_id, kind, discreet) = (CampaignId(0), self.kind, self.discreet);
        Kept { campaign_id, kind, digest, discreet, words: None, sequence: None, made_at: None }
    }
}

/// Whether it goes out by the clock alone. What a person queued must not say so (RFC 3834 §5).
fn is_automatic(kind: Kind) -> bool {
    matches!(kind, Kind::Digest | Kind::Reminder)
}

fn occasion(kind: Kind) -> Occasion {
    match kind {
        Kind::Announcement | Kind::Digest => Occasion::News,
        Kind::Reminder => Occasion::Reminder,
        Kind::Update => Occasion::Update,
        Kind::Cancellation => Occasion::Cancellation,
    }
}
