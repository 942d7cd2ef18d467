//! One merged digest for each reader: all posts of all their lists that they have not had.
//!
//! What is new to somebody is told by sequence and ledger, never by the clock: a late post is in
//! the next digest, a repeated run finds nothing, and somebody new starts where they subscribed.
//! Readers with the same news share one rendition.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::Context;

use super::action::Actor;
use super::store::{self, New, News, Piece};
use super::{Action, Kind, State};
use crate::clock::Timestamp;
use crate::config::{Config, Digest};
use crate::db::{Db, Write};
use crate::id::{CampaignId, SubscriberId};
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
    let edition = plan(&mut write, config, (name, digest), by, now).await?;
    write.commit().await?;
    Ok(edition)
}

pub fn named<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Digest> {
    config.digest.get(name).with_context(|| {
        let known: Vec<_> = config.digest.keys().map(String::as_str).collect();
        format!("\"{name}\" is not a digest; the digests are {}", known.join(", "))
    })
}

/// What somebody, or any reader of the digest at all, would get now.
pub async fn pieces(db: &Db, name: &str, only: Option<SubscriberId>) -> anyhow::Result<Vec<Piece>> {
    let mut news = store::news(&mut db.read().await?, name, only).await?;
    // one reader's pile, or everybody's together
    for piece in &mut news {
        piece.subscriber_id = SubscriberId(0);
    }
    Ok(by_reader(news).into_values().next().unwrap_or_default().pieces)
}

/// No edition waits for approval: what is in it was approved when it was published (ADR 29).
async fn plan(
    write: &mut Write,
    config: &Config,
    (name, digest): (&str, &Digest),
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Option<Edition>> {
    store::take_turn(write).await?;
    let piles = by_reader(store::news(write, name, None).await?);
    if piles.is_empty() {
        return Ok(None);
    }
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
    store::log(write, id, by, Action::Queued, Some(&format!("the digest {name}")), now).await?;
    store::begin(write, id, now).await?;
    let domains = config.message_domains();
    for (Pile { discreet, pieces }, people) in by_pile(piles) {
        let rendition = store::insert_rendition(write, id, &pieces, discreet).await?;
        let domain = &domains[usize::from(discreet)];
        store::address(write, id, rendition, &people, domain, now).await?;
    }
    store::write_ledger(write, id, "post").await?;
    let audience = store::set_audience(write, id).await?;
    Ok(Some(Edition { id, audience }))
}

/// The subject of every edition: the site's name and the digest's.
pub fn subject(config: &Config, digest: &Digest) -> anyhow::Result<Line> {
    Ok(Line::parse(&format!("{}: {}", config.site.name, digest.name))?)
}

/// What one mail holds, and whether it is a discreet one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Pile {
    discreet: bool,
    pieces: Vec<Piece>,
}

/// Each reader's pile: every post once, in its newest version, under the list that brought it first.
fn by_reader(news: Vec<News>) -> BTreeMap<SubscriberId, Pile> {
    let mut piles: BTreeMap<SubscriberId, Pile> = BTreeMap::new();
    for News { subscriber_id, post_id, version, list, discreet } in news {
        let pile = piles.entry(subscriber_id).or_default();
        pile.discreet = discreet;
        let pile = &mut pile.pieces;
        match pile.iter_mut().find(|piece| piece.post == post_id) {
            Some(known) => known.version = known.version.max(version),
            None => pile.push(Piece { post: post_id, version, list }),
        }
    }
    piles
}

/// Readers with the same pile together.
fn by_pile(piles: BTreeMap<SubscriberId, Pile>) -> Vec<(Pile, Vec<SubscriberId>)> {
    let mut places: HashMap<Pile, usize> = HashMap::new();
    let mut groups: Vec<(Pile, Vec<SubscriberId>)> = Vec::new();
    for (reader, pile) in piles {
        let place = *places.entry(pile.clone()).or_insert_with(|| {
            groups.push((pile, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(reader);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PostId;

    fn news(reader: i64, post: i64, version: i64, list: &str) -> News {
        News {
            subscriber_id: SubscriberId(reader),
            post_id: PostId(post),
            version,
            list: list.into(),
            discreet: reader > 9,
        }
    }

    #[test]
    fn a_post_on_two_lists_or_in_two_versions_is_in_a_digest_once() {
        let piles = by_reader(vec![
            news(1, 7, 1, "meetings"),
            news(1, 7, 1, "reports"),
            news(1, 7, 2, "meetings"),
        ]);
        let pile = &piles[&SubscriberId(1)].pieces;
        assert_eq!(pile, &[Piece { post: PostId(7), version: 2, list: "meetings".into() }]);
    }

    #[test]
    fn readers_with_the_same_news_share_a_rendition() {
        let piles = by_reader(vec![
            news(1, 7, 1, "a"),
            news(2, 7, 1, "a"),
            news(3, 7, 1, "a"),
            news(3, 8, 1, "b"),
            news(10, 7, 1, "a"),
        ]);
        let groups = by_pile(piles);
        assert_eq!(groups.len(), 3, "whoever asked for discretion has one of their own");
        assert_eq!(groups[0].1, [SubscriberId(1), SubscriberId(2)]);
        assert_eq!(groups[1].1, [SubscriberId(3)]);
    }
}
