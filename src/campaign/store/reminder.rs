//! All SQL of reminders: the ladder of each meeting, and what became of its steps.

use sqlx::AssertSqlSafe;

use super::super::State;
use crate::clock::Timestamp;
use crate::clock::step::Step;
use crate::db::column::text_column;
use crate::db::{Error, Session, Write, on, row};
use crate::id::{CampaignId, PostId};

text_column!(Step);

row! {
    /// One step of a ladder.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rung {
        /// When the meeting begins.
        pub starts_at: Timestamp,
        pub step: Step,
        pub due_at: Timestamp,
        /// When its turn came, or was found to have passed.
        pub fired_at: Option<Timestamp>,
        pub campaign_id: Option<CampaignId>,
    }
}

row! {
    /// A reminder to come.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Coming {
        pub slug: String,
        pub step: Step,
        pub due_at: Timestamp,
    }
}

/// Every step that was ever known of a post, by the start of its meeting, the longest first.
pub async fn rungs(session: &mut impl Session, id: PostId) -> Result<Vec<Rung>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT starts_at, step, due_at, fired_at, campaign_id FROM reminder WHERE post_id = $1 \
         ORDER BY starts_at, due_at, step",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}

/// What is to come of posts that are not withdrawn: nothing of a meeting that has begun or that was due before
/// `stale`, and of what is due by now the latest alone.
pub async fn coming(
    session: &mut impl Session,
    stale: Timestamp,
    now: Timestamp,
) -> Result<Vec<Coming>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT p.slug, r.step, r.due_at FROM reminder r JOIN post p ON p.id = r.post_id \
         WHERE r.fired_at IS NULL AND r.due_at >= $1 AND r.starts_at > $2 AND p.withdrawn_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM reminder o WHERE o.post_id = r.post_id AND o.fired_at IS NULL \
             AND o.starts_at = r.starts_at AND o.due_at > r.due_at AND o.due_at <= $2) ORDER BY r.due_at, p.id",
    )
    .bind(stale)
    .bind(now)
    .fetch_all(c)
    .await)
}

/// Campaign `c` is a correction that waits, and may go out at `$1` or later.
const WAITS: &str =
    "c.kind = 'update' AND c.frozen_at IS NULL AND c.state <> 'cancelled' AND c.expires_at > $1";

/// The posts of which a step is due, and no correction waits that would make it stale.
pub async fn posts_due(session: &mut impl Session, now: Timestamp) -> Result<Vec<PostId>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT DISTINCT r.post_id FROM reminder r WHERE r.fired_at IS NULL AND r.due_at <= $1 \
             AND NOT EXISTS (SELECT 1 FROM campaign c WHERE c.post_id = r.post_id AND {WAITS}) ORDER BY r.post_id"
        ))
    };
    on!(session, c => sqlx::query_scalar(sql()).bind(now).fetch_all(c).await)
}

/// Whether a correction of the post waits.
pub async fn is_to_be_corrected(
    session: &mut impl Session,
    id: PostId,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = || {
        AssertSqlSafe(format!("SELECT count(*) FROM campaign c WHERE c.post_id = $2 AND {WAITS}"))
    };
    let count: i64 =
        on!(session, c => sqlx::query_scalar(sql()).bind(now).bind(id).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Announced posts that may tell of a meeting and are not withdrawn.
pub async fn posts_with_meeting(session: &mut impl Session) -> Result<Vec<PostId>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT p.id FROM post p JOIN event e ON e.post_id = p.id WHERE p.withdrawn_at IS NULL \
         AND EXISTS (SELECT 1 FROM publication b WHERE b.post_id = p.id) ORDER BY p.id",
    )
    .fetch_all(c)
    .await)
}

/// Keeps a step that was not known, or is known and still to come.
pub async fn keep_rung(write: &mut Write, id: PostId, rung: &Rung) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO reminder (post_id, starts_at, step, due_at, fired_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (post_id, starts_at, step) DO UPDATE SET due_at = excluded.due_at \
         WHERE reminder.fired_at IS NULL",
    )
    .bind(id)
    .bind(rung.starts_at)
    .bind(rung.step)
    .bind(rung.due_at)
    .bind(rung.fired_at)
    .execute(c)
    .await
    .map(drop))
}

/// A step that was passed over is to come again, if it was by a clock that is ahead of `now`.
pub async fn pass_over_no_more(
    write: &mut Write,
    id: PostId,
    rung: &Rung,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE reminder SET fired_at = NULL WHERE post_id = $1 AND starts_at = $2 AND step = $3 \
         AND campaign_id IS NULL AND fired_at > $4",
    )
    .bind(id)
    .bind(rung.starts_at)
    .bind(rung.step)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Forgets a step that is still to come.
pub async fn drop_rung(write: &mut Write, id: PostId, rung: &Rung) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "DELETE FROM reminder WHERE post_id = $1 AND starts_at = $2 AND step = $3 AND fired_at IS NULL",
    )
    .bind(id)
    .bind(rung.starts_at)
    .bind(rung.step)
    .execute(c)
    .await
    .map(drop))
}

/// The turn of a step has come, with its mailing, or it is passed over; never twice.
pub async fn fire_rung(
    write: &mut Write,
    id: PostId,
    rung: &Rung,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE reminder SET fired_at = $4, campaign_id = $5 \
         WHERE post_id = $1 AND starts_at = $2 AND step = $3 AND fired_at IS NULL",
    )
    .bind(id)
    .bind(rung.starts_at)
    .bind(rung.step)
    .bind(now)
    .bind(campaign)
    .execute(c)
    .await
    .map(drop))
}

/// A reminder raises no sequence: calendars have what it tells, under the number they were told last. A
/// correction that waits has taken the next one already.
pub async fn carry_told_sequence(
    write: &mut Write,
    campaign: CampaignId,
    told: Option<i64>,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE campaign SET sequence = $2 WHERE id = $1")
        .bind(campaign).bind(told).execute(c).await.map(drop))
}

/// The reminders of a post that are still being sent, and of which version.
pub async fn open_reminders(
    session: &mut impl Session,
    id: PostId,
) -> Result<Vec<(CampaignId, State, i64)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT id, state, version FROM campaign WHERE post_id = $1 AND kind = 'reminder' \
         AND state NOT IN ('finished', 'cancelled') ORDER BY id",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}
