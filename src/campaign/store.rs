//! All SQL of campaigns: making, freezing, planning, and looking at them.

mod action;
mod approval;
mod digest;
mod end;
mod holder;
mod look;
mod reminder;
mod rendition;
mod rsvp;

pub use action::{Entry, actions, log, queued_by};
pub use approval::{Signed, sign, signed};
pub use digest::{
    Publication, Reader, fired, forget_firing, left_waiting, publications, reader, readers,
    set_skipped, skipped, take_firing,
};
pub use end::{any_to_finish, finish, lock};
pub use holder::{
    Sequel, forecast_holders, holders, open_cancellation, under_way, write_sequel_ledger,
};
pub use look::by_state;
pub use reminder::{
    Coming, Rung, carry_told_sequence, coming, drop_rung, fire_rung, is_to_be_corrected, keep_rung,
    open_reminders, pass_over_no_more, posts_due, posts_with_meeting, rungs,
};
pub use rendition::{Due, Piece, address, any_discreet, insert_rendition};
pub use rsvp::{Asked, Rsvp, answer, answers, asked, told_sequence};

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::{Forecast, Kind, State};
use crate::clock::Timestamp;
use crate::clock::local::LocalTime;
use crate::db::column::text_column;
use crate::db::{Error, Session, Write, on, row};
use crate::id::{CampaignId, PostId, RenditionId};
use crate::line::Line;

text_column!(Kind, State, LocalTime);

row! {
    /// A campaign as it stands.
    #[derive(Clone, Debug)]
    pub struct Campaign {
        pub id: CampaignId,
        pub kind: Kind,
        pub subject: Line,
        pub post_id: Option<PostId>,
        pub version: Option<i64>,
        pub digest: Option<String>,
        pub state: State,
        pub reason: Option<String>,
        pub due_at: Timestamp,
        /// Each reader gets it when their own clock shows this.
        pub local_time: Option<LocalTime>,
        pub expires_at: Timestamp,
        pub audience: Option<i64>,
        /// When a person last let it go on.
        pub resumed_at: Option<Timestamp>,
        pub finished_at: Option<Timestamp>,
    }
}

const CAMPAIGN: &str = "SELECT id, kind, subject, post_id, version, digest, state, reason, due_at, local_time, \
    expires_at, audience, resumed_at, finished_at FROM campaign ";

/// A campaign to be made.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub kind: Kind,
    pub subject: &'a Line,
    pub post: Option<(PostId, i64)>,
    pub digest: Option<&'a str>,
    /// Sent before all others.
    pub urgent: bool,
    pub state: State,
    pub due_at: Timestamp,
    pub expires_at: Timestamp,
}

pub async fn insert(
    write: &mut Write,
    new: &New<'_>,
    lists: &[String],
    now: Timestamp,
) -> Result<CampaignId, Error> {
    let id: CampaignId = on!(write, c => sqlx::query_scalar(
        "INSERT INTO campaign (kind, subject, post_id, version, digest, urgent, state, due_at, expires_at, created_at, \
             sequence) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (SELECT e.sequence FROM event e WHERE e.post_id = $3)) \
         RETURNING id",
    )
    .bind(new.kind)
    .bind(new.subject)
    .bind(new.post.map(|post| post.0))
    .bind(new.post.map(|post| post.1))
    .bind(new.digest)
    .bind(new.urgent)
    .bind(new.state)
    .bind(new.due_at)
    .bind(new.expires_at)
    .bind(now)
    .fetch_one(c)
    .await)?;
    add_lists(write, id, lists).await?;
    Ok(id)
}

pub async fn set_local_time(
    write: &mut Write,
    id: CampaignId,
    time: LocalTime,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE campaign SET local_time = $2 WHERE id = $1")
        .bind(id).bind(time).execute(c).await.map(drop))
}

/// The time zones that readers told us. From one to the next along the index, and not through everybody.
pub async fn zones(session: &mut impl Session) -> Result<Vec<String>, Error> {
    on!(session, c => sqlx::query_scalar(
        "WITH RECURSIVE told (zone) AS (SELECT min(timezone) FROM subscriber WHERE timezone IS NOT NULL \
         UNION ALL SELECT (SELECT min(s.timezone) FROM subscriber s WHERE s.timezone IS NOT NULL AND s.timezone > told.zone) \
         FROM told WHERE told.zone IS NOT NULL) SELECT zone FROM told WHERE zone IS NOT NULL",
    )
    .fetch_all(c)
    .await)
}

/// Behind the lists that the campaign has; those that it has stay where they are.
pub async fn add_lists(write: &mut Write, id: CampaignId, lists: &[String]) -> Result<(), Error> {
    for list in lists {
        on!(write, c => sqlx::query(
            "INSERT INTO campaign_list (campaign_id, position, list) \
             VALUES ($1, (SELECT count(*) FROM campaign_list WHERE campaign_id = $1), $2) \
             ON CONFLICT (campaign_id, list) DO NOTHING",
        )
        .bind(id)
        .bind(list)
        .execute(c)
        .await
        .map(drop))?;
    }
    Ok(())
}

pub async fn find(session: &mut impl Session, id: CampaignId) -> Result<Option<Campaign>, Error> {
    let sql = || AssertSqlSafe(format!("{CAMPAIGN} WHERE id = $1"));
    on!(session, c => sqlx::query_as(sql()).bind(id).fetch_optional(c).await)
}

/// Every campaign, the newest first.
pub async fn all(session: &mut impl Session) -> Result<Vec<Campaign>, Error> {
    let sql = || AssertSqlSafe(format!("{CAMPAIGN} ORDER BY id DESC"));
    on!(session, c => sqlx::query_as(sql()).fetch_all(c).await)
}

pub async fn in_state(session: &mut impl Session, state: State) -> Result<Vec<Campaign>, Error> {
    let sql = || AssertSqlSafe(format!("{CAMPAIGN} WHERE state = $1 ORDER BY due_at, id"));
    on!(session, c => sqlx::query_as(sql()).bind(state).fetch_all(c).await)
}

pub async fn lists(session: &mut impl Session, id: CampaignId) -> Result<Vec<String>, Error> {
    on!(session, c => sqlx::query_scalar("SELECT list FROM campaign_list WHERE campaign_id = $1 ORDER BY position")
        .bind(id).fetch_all(c).await)
}

/// Moves a campaign on; false when it was no longer in `from`. Final states are stamped, and so is
/// going on.
pub async fn change(
    write: &mut Write,
    id: CampaignId,
    from: State,
    to: State,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let finished = matches!(to, State::Finished | State::Cancelled).then_some(now);
    let resumed = matches!(to, State::Scheduled | State::Running).then_some(now);
    let rows = on!(write, c => sqlx::query(
        "UPDATE campaign SET state = $3, reason = $4, finished_at = $5, resumed_at = coalesce($6, resumed_at) \
         WHERE id = $1 AND state = $2",
    )
    .bind(id)
    .bind(from)
    .bind(to)
    .bind(reason)
    .bind(finished)
    .bind(resumed)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Freezes and plans take turns: each looks who has had what, and the other must have written it.
pub async fn take_turn(write: &mut Write) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE counter SET value = value WHERE name = 'publication'")
        .execute(c).await.map(drop))
}

/// Freezing begins: the campaign runs from here on; false when another daemon was first.
pub async fn begin(write: &mut Write, id: CampaignId, now: Timestamp) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "UPDATE campaign SET state = 'running', audience = 0, frozen_at = $2 WHERE id = $1 AND state = 'scheduled'",
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

pub async fn set_audience(write: &mut Write, id: CampaignId) -> Result<i64, Error> {
    on!(write, c => sqlx::query_scalar(
        "UPDATE campaign SET audience = (SELECT count(*) FROM delivery d WHERE d.campaign_id = campaign.id) \
         WHERE id = $1 RETURNING audience",
    )
    .bind(id)
    .fetch_one(c)
    .await)
}

/// Each person with any subscription on the campaign's lists, in one word: why in, or why not.
///
/// `$1` is the campaign, `$2` the post, `$3` whether it is urgent: digest readers get it at once too. In the order in which reasons outrank each other.
const STANDING: &str = "SELECT CASE \
     WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) THEN 'suppressed' \
     WHEN EXISTS (SELECT 1 FROM ledger g WHERE g.subscriber_id = s.id AND g.post_id = $2 AND g.purpose = 'post') \
         THEN 'already_received' \
     WHEN max(CASE WHEN u.state = 'active' AND (u.cadence = 'immediate' OR $3) THEN 1 ELSE 0 END) = 1 THEN 'audience' \
     WHEN max(CASE WHEN u.state = 'active' THEN 1 ELSE 0 END) = 1 THEN 'digest' \
     WHEN max(CASE WHEN u.state = 'paused' THEN 1 ELSE 0 END) = 1 THEN 'paused' \
     WHEN max(CASE WHEN u.state = 'pending' THEN 1 ELSE 0 END) = 1 THEN 'pending' \
     ELSE 'unsubscribed' END AS standing, s.id, s.discreet \
     FROM campaign_list l JOIN subscription u ON u.list = l.list JOIN subscriber s ON s.id = u.subscriber_id \
     WHERE l.campaign_id = $1 AND s.email IS NOT NULL GROUP BY s.id, s.email_hash, s.discreet";

/// Who would be in the audience if it were frozen now.
pub async fn forecast(
    session: &mut impl Session,
    id: CampaignId,
    post: PostId,
    urgent: bool,
) -> Result<Forecast, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT standing, count(*) FROM ({STANDING}) t GROUP BY standing ORDER BY standing"
        ))
    };
    let rows: Vec<(String, i64)> = on!(session, c => sqlx::query_as(sql()).bind(id).bind(post).bind(urgent).fetch_all(c).await)?;
    Ok(Forecast::of(rows))
}

/// The announcement whose audience is frozen.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a> {
    pub id: CampaignId,
    pub post: PostId,
    pub urgent: bool,
    /// What stands behind the @ of its Message-IDs: of plain mails, and of discreet ones.
    pub message_domains: &'a [String; 2],
}

/// Freezes the audience of an announcement: one delivery for each person who is in it, of the plain
/// rendition or of the discreet one.
pub async fn freeze(
    write: &mut Write,
    frozen: &Frozen<'_>,
    [plain, discreet]: [RenditionId; 2],
    now: Timestamp,
) -> Result<(), Error> {
    let random = write.words().random_hex;
    let sql = || {
        AssertSqlSafe(format!(
            "INSERT INTO delivery (campaign_id, subscriber_id, rendition_id, message_id, state, next_at) \
         SELECT $1, t.id, CASE WHEN t.discreet THEN $7 ELSE $4 END, \
         {random} || '@' || CASE WHEN t.discreet THEN $8 ELSE $5 END, 'queued', $6 \
         FROM ({STANDING}) t WHERE t.standing = 'audience'"
        ))
    };
    on!(write, c => sqlx::query(sql())
        .bind(frozen.id).bind(frozen.post).bind(frozen.urgent).bind(plain)
        .bind(&frozen.message_domains[0]).bind(now).bind(discreet).bind(&frozen.message_domains[1])
        .execute(c).await.map(drop))
}

/// Writes the ledger of a campaign's deliveries; fails as a whole when somebody already has one of the posts.
pub async fn write_ledger(write: &mut Write, id: CampaignId, purpose: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO ledger (subscriber_id, post_id, version, purpose, delivery_id) \
         SELECT d.subscriber_id, r.post_id, r.version, $2, d.id \
         FROM delivery d JOIN rendition_post r ON r.rendition_id = d.rendition_id WHERE d.campaign_id = $1",
    )
    .bind(id)
    .bind(purpose)
    .execute(c)
    .await
    .map(drop))
}

/// How many deliveries of a campaign are in which state: those that wait, those under way, those at rest,
/// each along the index that has them alone.
pub async fn counts(
    session: &mut impl Session,
    id: CampaignId,
) -> Result<BTreeMap<String, i64>, Error> {
    let rows: Vec<(String, i64)> = on!(session, c => sqlx::query_as(
        "SELECT state, count(*) FROM delivery WHERE campaign_id = $1 AND next_at IS NOT NULL GROUP BY state \
         UNION ALL SELECT state, count(*) FROM delivery WHERE +campaign_id = $1 AND owner IS NOT NULL GROUP BY state \
         UNION ALL SELECT state, count(*) FROM delivery WHERE campaign_id = $1 \
         AND state NOT IN ('queued', 'sending', 'deferred') GROUP BY state",
    )
    .bind(id)
    .fetch_all(c)
    .await)?;
    Ok(rows.into_iter().collect())
}
