//! One merged digest for each reader: all posts of all their lists that they have not had.
//!
//! What is new to somebody is told by sequence and ledger, never by the clock: a late post is in
//! the next digest, a repeated run finds nothing, and somebody new starts where they subscribed.
//! Readers with the same news share one rendition.

mod pile;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use pile::{Pile, Piles};

use super::action::Actor;
use super::store::{self, Due, New, Piece, Publication};
use super::{Action, Kind, State};
use crate::clock::Timestamp;
use crate::config::{CatchUp, Config, Digest};
use crate::db::{Db, Session, Write};
use crate::fault;
use crate::id::{CampaignId, RenditionId, SubscriberId};
use crate::line::Line;

/// A firing further ahead than this was taken by a clock that ran wrong and was put right since. A
/// clock that is set back by less shows again what it has shown, and nothing fires twice.
const AHEAD: Duration = Duration::from_hours(24);

/// An edition that was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    pub id: CampaignId,
    pub audience: i64,
}

/// Plans every digest whose firing has come and was not planned yet.
pub async fn plan_due(db: &Db, config: &Config, now: Timestamp) -> anyhow::Result<Vec<Edition>> {
    let mut editions = Vec::new();
    for (name, digest) in &config.digest {
        let Some(firing) = digest.cron.previous(now, digest.timezone) else {
            continue;
        };
        match store::fired(&mut db.read().await?, name).await? {
            Some(fired) if fired > now.plus(AHEAD) => begin_anew(db, name, fired, now).await?,
            Some(fired) if fired >= firing => {}
            Some(_)
                if is_too_late(config, digest, firing, now) && !was_skipped(db, name).await? =>
            {
                skip(db, name, firing).await?;
            }
            Some(_) => editions.extend(fire(db, config, name, digest, firing, now).await?),
            // A digest that is new to the database begins with its next firing.
            None => {
                let mut write = db.write().await?;
                store::take_firing(&mut write, name, now).await?;
                write.commit().await?;
            }
        }
    }
    Ok(editions)
}

/// Whether nobody wants the edition any more, so late; what it would have held comes with the next one.
fn is_too_late(config: &Config, digest: &Digest, firing: Timestamp, now: Timestamp) -> bool {
    digest.catch_up == CatchUp::Skip && now.since(firing) > config.delivery.stale_after
}

/// Once is enough: where a daemon runs at other hours than these, every edition would be too late.
async fn was_skipped(db: &Db, name: &str) -> anyhow::Result<bool> {
    let skipped = store::skipped(&mut db.read().await?).await?;
    Ok(skipped.iter().any(|(digest, _)| digest == name))
}

/// Takes the firing without an edition, and remembers it for people to see.
async fn skip(db: &Db, name: &str, firing: Timestamp) -> anyhow::Result<()> {
    let mut write = db.write().await?;
    if store::take_firing(&mut write, name, firing).await? {
        store::set_skipped(&mut write, name, Some(firing)).await?;
        write.commit().await?;
        tracing::warn!(
            digest = name,
            "its edition of {firing} is left out: no daemon ran; the next brings all of it"
        );
    }
    Ok(())
}

/// Otherwise it would be silent until the time that the clock had shown, which may be years.
async fn begin_anew(db: &Db, name: &str, fired: Timestamp, now: Timestamp) -> anyhow::Result<()> {
    let mut write = db.write().await?;
    store::forget_firing(&mut write, name, fired, now).await?;
    write.commit().await?;
    tracing::warn!(
        digest = name,
        "its last edition is of {fired}, which is still to come: the clock was set back since; it goes \
         on with its next firing"
    );
    Ok(())
}

async fn fire(
    db: &Db,
    config: &Config,
    name: &str,
    digest: &Digest,
    firing: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Option<Edition>> {
    let mut write = db.write().await?;
    // Taken in the same transaction as the plan: after a crash neither is there.
    if !store::take_firing(&mut write, name, firing).await? {
        return Ok(None);
    }
    let edition = plan(&mut write, config, (name, digest), &Actor::machine(), now).await?;
    write.commit().await?;
    Ok(edition)
}

/// Plans an edition now, whenever it would fire; nothing new makes none.
pub async fn run(
    db: &Db,
    config: &Config,
    name: &str,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Option<Edition>> {
    let digest = named(config, name)?;
    let mut write = db.write().await?;
    // the digest's row before the turn, as a firing takes them: two that meet do not hold up each other
    store::set_skipped(&mut write, name, None).await?;
    let edition = plan(&mut write, config, (name, digest), by, now).await?;
    write.commit().await?;
    Ok(edition)
}

/// Refuses a configuration without a digest that somebody left while something of theirs waited in it.
pub async fn check_left(db: &Db, config: &Config) -> anyhow::Result<()> {
    for (digest, people) in store::left_waiting(&mut db.read().await?).await? {
        ensure!(
            config.digest.contains_key(&digest),
            "{people} people who left the digest \"{digest}\" wait for its last edition, and it is not in the \
             configuration; put [digest.{digest}] back until that has gone out"
        );
    }
    Ok(())
}

pub fn named<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Digest> {
    config.digest.get(name).with_context(|| {
        let known: Vec<_> = config.digest.keys().map(String::as_str).collect();
        format!("\"{name}\" is not a digest; the digests are {}", known.join(", "))
    })
}

/// What somebody, or any reader of the digest at all, would get now.
pub async fn pieces(
    db: &Db,
    config: &Config,
    name: &str,
    only: Option<SubscriberId>,
) -> anyhow::Result<Vec<Piece>> {
    let (mut read, words) = (db.read().await?, db.words());
    let mut piles = Piles::new(published(&mut read, config).await?);
    let mut found = HashSet::new();
    if let Some(id) = only {
        for reader in store::reader(&mut read, words, name, id).await? {
            found.extend(piles.of(reader)?);
        }
        return Ok(piles.together(&found));
    }
    let mut after = NOBODY;
    while let Some((last, readers)) = store::readers(&mut read, words, name, after).await? {
        after = last;
        for reader in readers {
            found.extend(piles.of(reader)?);
        }
    }
    Ok(piles.together(&found))
}

/// All that editions bring. Of a list that asks for approval the versions that it announced itself: what
/// another list brought since, nobody has approved for its readers. A correction is announced on all lists.
async fn published(
    session: &mut impl Session,
    config: &Config,
) -> anyhow::Result<Vec<Publication>> {
    let mut all = store::publications(session).await?;
    for publication in all.iter_mut().filter(|one| config.asks_for_approval(&one.list)) {
        publication.version = publication.own;
    }
    Ok(all)
}

/// Before everybody.
const NOBODY: SubscriberId = SubscriberId(0);

/// Goes through everybody, page by page; nothing but piles is kept in memory. No edition waits for approval:
/// what is in it was approved when it was published (ADR 29).
async fn plan(
    write: &mut Write,
    config: &Config,
    (name, digest): (&str, &Digest),
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Option<Edition>> {
    store::take_turn(write).await?;
    let words = write.words();
    let mut piles = Piles::new(published(write, config).await?);
    let mut draft: Option<Draft> = None;
    let mut after = NOBODY;
    while let Some((last, readers)) = store::readers(write, words, name, after).await? {
        after = last;
        let mut found = Vec::with_capacity(readers.len());
        for reader in readers {
            let id = reader.id;
            found.extend(piles.of(reader)?.map(|pile| (id, pile)));
        }
        // the first who gets anything makes the edition
        if draft.is_none() && !found.is_empty() {
            draft = Some(Draft::begin(write, config, (name, digest), by, now).await?);
        }
        if let Some(draft) = &mut draft {
            draft.add(write, &piles, found, now).await?;
            fault::point("page");
        }
    }
    let Some(Draft { id, .. }) = draft else { return Ok(None) };
    store::write_ledger(write, id, "post").await?;
    let audience = store::set_audience(write, id).await?;
    fault::point("planned");
    Ok(Some(Edition { id, audience }))
}

/// An edition that is being planned.
struct Draft {
    id: CampaignId,
    renditions: HashMap<Pile, RenditionId>,
    message_domains: [String; 2],
}

impl Draft {
    async fn begin(
        write: &mut Write,
        config: &Config,
        (name, digest): (&str, &Digest),
        by: &Actor,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let new = New {
            kind: Kind::Digest,
            subject: &subject(config, digest)?,
            post: None,
            digest: Some(name),
            urgent: false,
            state: State::Scheduled,
            due_at: now,
            expires_at: now.plus(config.delivery.give_up_after),
        };
        let lists: Vec<String> = config.list.keys().cloned().collect();
        let id = store::insert(write, &new, &lists, now).await?;
        let detail = format!("the digest {name}");
        store::log(write, id, by, Action::Queued, Some(&detail), now).await?;
        store::begin(write, id, now).await?;
        Ok(Self { id, renditions: HashMap::new(), message_domains: config.message_domains() })
    }

    /// One delivery for each of these people, by person.
    async fn add(
        &mut self,
        write: &mut Write,
        piles: &Piles,
        found: Vec<(SubscriberId, Pile)>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let mut due = Vec::with_capacity(found.len());
        for (reader, pile) in found {
            let discreet = pile.discreet;
            let rendition = if let Some(rendition) = self.renditions.get(&pile) {
                *rendition
            } else {
                let pieces = piles.pieces(&pile);
                let new = store::insert_rendition(write, self.id, &pieces, discreet).await?;
                self.renditions.insert(pile, new);
                new
            };
            due.push(Due { reader, rendition, discreet });
        }
        Ok(store::address(write, self.id, &due, &self.message_domains, now).await?)
    }
}

/// The subject of every edition: the site's name and the digest's.
pub fn subject(config: &Config, digest: &Digest) -> anyhow::Result<Line> {
    Ok(Line::parse(&format!("{}: {}", config.site.name, digest.name))?)
}
