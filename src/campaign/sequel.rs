//! What follows on a post that was mailed: a correction, or the word that it was taken back.
//!
//! It goes to exactly those who had the post, at once or by digest, by the lists it came by and as far
//! as they still read them. Whoever never had it is reached by queueing the newer version as news.

use std::collections::BTreeMap;

use anyhow::bail;

use super::action::Actor;
use super::announcement::Queued;
use super::store::{self, Campaign, Due, New, Piece, Sequel};
use super::{Action, Forecast, Order, State};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Db, Session, Write};
use crate::id::{CampaignId, PostId, SubscriberId};
use crate::post::add::named;
use crate::post::store::{self as posts, Stored};

/// Makes the campaign of a correction: the newest version, to whoever had an earlier one. With `dry_run`
/// only says what it would be.
pub async fn correct(
    db: &Db,
    config: &Config,
    order: &Order,
    dry_run: bool,
    now: Timestamp,
) -> anyhow::Result<Queued> {
    let stored = named(db, &order.post).await?;
    let mut write = db.write().await?;
    refuse(&mut write, &stored).await?;
    order.check(config, &stored, now)?;
    let forecast =
        store::forecast_holders(&mut write, Sequel::Update, stored.id, stored.version).await?;
    let times = (order.due_at, order.expires_at);
    let (sequel, whose) = ((Sequel::Update, forecast), (&order.by, now));
    let mut queued = insert(&mut write, config, &stored, sequel, times, whose).await?;
    // The first correction enters the archive even when nobody is left to be told.
    queued.nobody_left = stored.published_at.is_some() && queued.forecast.audience == 0;
    if !dry_run && !queued.nobody_left {
        write.commit().await?;
    }
    Ok(queued)
}

/// A correction wants an earlier version that people were told of.
async fn refuse(session: &mut impl Session, stored: &Stored) -> anyhow::Result<()> {
    let Stored { slug, version, .. } = stored;
    if stored.withdrawn_at.is_some() {
        bail!(
            "the post \"{slug}\" was withdrawn; `bulletin post withdraw {slug} --notify` says so to whoever had it"
        );
    }
    match posts::announced_before(session, stored.id, *version).await? {
        Some(_) => Ok(()),
        None if stored.published_at.is_some() => bail!(
            "version {version} of \"{slug}\" is the one that people had, and there is no newer one; \
             edit the post, add it again with `bulletin post add FILE`, and then queue the correction"
        ),
        None => bail!(
            "nobody was told of \"{slug}\" yet, so there is nothing to correct; `bulletin queue {slug}` announces it"
        ),
    }
}

/// What became of telling people that a post was taken back.
#[derive(Clone, Debug)]
pub enum Notice {
    Queued(Queued),
    /// There is one already, which stands like this.
    Open(CampaignId, State),
    /// Nobody had the post, or everybody knows.
    Nobody(Forecast),
}

/// Makes the campaign of a cancellation, to whoever had the withdrawn post in any version. What is under
/// way at this moment counts when it has come to rest: the audience is frozen then.
pub async fn call_off(
    write: &mut Write,
    config: &Config,
    stored: &Stored,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<Notice> {
    if let Some((open, state)) = store::open_cancellation(write, stored.id).await? {
        return Ok(Notice::Open(open, state));
    }
    let Some(version) = posts::announced(write, stored.id).await? else {
        return Ok(Notice::Nobody(Forecast::default()));
    };
    let told = posts::version(write, stored.id, version).await?;
    let forecast = store::forecast_holders(write, Sequel::Cancellation, stored.id, version).await?;
    if forecast.audience == 0 && !store::under_way(write, stored.id).await? {
        return Ok(Notice::Nobody(forecast));
    }
    let times = (now, now.plus(config.delivery.give_up_after));
    let sequel = (Sequel::Cancellation, forecast);
    let told = insert(write, config, &told, sequel, times, (by, now)).await?;
    Ok(Notice::Queued(told))
}

/// The campaign's row, on every list on which the post was announced.
async fn insert(
    write: &mut Write,
    config: &Config,
    stored: &Stored,
    (sequel, forecast): (Sequel, Forecast),
    (due_at, expires_at): (Timestamp, Timestamp),
    (by, now): (&Actor, Timestamp),
) -> anyhow::Result<Queued> {
    let (lists, urgent) = (posts::announced_on(write, stored.id).await?, stored.post()?.urgent);
    let approval = lists.iter().any(|list| config.asks_for_approval(list));
    let state = if approval { State::AwaitingApproval } else { State::Scheduled };
    let new = New {
        kind: sequel.kind(),
        subject: &stored.title,
        post: Some((stored.id, stored.version)),
        digest: None,
        urgent,
        state,
        due_at,
        expires_at,
    };
    // what calendars have is replaced; the campaign carries the new sequence
    posts::raise_sequence(write, stored.id).await?;
    let id = store::insert(write, &new, &lists, now).await?;
    let detail = format!("version {}, to {}", stored.version, lists.join(", "));
    store::log(write, id, by, Action::Queued, Some(&detail), now).await?;
    Ok(Queued { id, state, due_at, local_time: None, urgent, lists, forecast, nobody_left: false })
}

/// The post may have been announced on other lists since this was queued: their readers had it, too.
pub(super) async fn add_lists(
    write: &mut Write,
    id: CampaignId,
    post: PostId,
) -> anyhow::Result<()> {
    let lists = posts::announced_on(write, post).await?;
    Ok(store::add_lists(write, id, &lists).await?)
}

/// Publishes a correction, and gives everybody who had the post their mail. The campaign runs already.
pub(super) async fn freeze(
    write: &mut Write,
    config: &Config,
    campaign: &Campaign,
    sequel: Sequel,
    (post, version): (PostId, i64),
    now: Timestamp,
) -> anyhow::Result<()> {
    if sequel == Sequel::Update {
        for list in store::lists(write, campaign.id).await? {
            posts::publish_correction(write, post, version, &list, now).await?;
        }
    }
    address(write, config, campaign.id, sequel, (post, version), now).await
}

/// Gives everybody who is to be told their mail, by the lists that brought them the post, and writes the
/// ledger. The campaign runs already.
pub(super) async fn address(
    write: &mut Write,
    config: &Config,
    campaign: CampaignId,
    sequel: Sequel,
    (post, version): (PostId, i64),
    now: Timestamp,
) -> anyhow::Result<()> {
    let holders = store::holders(write, sequel, campaign, post, version).await?;
    let mut due = Vec::with_capacity(holders.len());
    for ((discreet, lists), people) in by_mail(&holders) {
        let piece = |list| Piece { post, version, list };
        let pieces: Vec<_> = lists.into_iter().map(piece).collect();
        let rendition = store::insert_rendition(write, campaign, &pieces, discreet).await?;
        due.extend(people.into_iter().map(|reader| Due { reader, rendition, discreet }));
    }
    due.sort_unstable_by_key(|due| due.reader);
    store::address(write, campaign, &due, &config.message_domains(), now).await?;
    Ok(store::write_sequel_ledger(write, campaign, &sequel.purpose()).await?)
}

/// What one mail is: discreet or not, and the lists that it names.
type Mail = (bool, Vec<String>);

/// People who had the post by the same lists together; of each person all rows stand side by side.
fn by_mail(holders: &[(SubscriberId, bool, String)]) -> BTreeMap<Mail, Vec<SubscriberId>> {
    let mut groups: BTreeMap<Mail, Vec<SubscriberId>> = BTreeMap::new();
    for person in holders.chunk_by(|one, next| one.0 == next.0) {
        let lists = person.iter().map(|(_, _, list)| list.clone()).collect();
        if let Some((id, discreet, _)) = person.first() {
            groups.entry((*discreet, lists)).or_default().push(*id);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_who_had_it_by_the_same_lists_share_a_mail() {
        let row = |id, list: &str| (SubscriberId(id), id > 9, list.to_owned());
        let holders =
            [row(1, "a"), row(2, "a"), row(2, "b"), row(3, "a"), row(4, "b"), row(10, "a")];
        let mail = |discreet, names: &[&str]| {
            (discreet, names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        let expected = BTreeMap::from([
            (mail(false, &["a"]), vec![SubscriberId(1), SubscriberId(3)]),
            (mail(false, &["a", "b"]), vec![SubscriberId(2)]),
            (mail(false, &["b"]), vec![SubscriberId(4)]),
            (mail(true, &["a"]), vec![SubscriberId(10)]),
        ]);
        assert_eq!(by_mail(&holders), expected);
    }
}
