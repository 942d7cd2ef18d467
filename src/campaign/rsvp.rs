//! Who comes to a meeting: what a mail asks, and what its reader answers.
//!
//! What always holds: only the recipient's own link answers, each for themselves; the last answer
//! counts; of a meeting that is over or called off nothing is kept.

use anyhow::Context;

use super::Answer;
use super::store;
use crate::clock::Timestamp;
use crate::db::{Db, Read};
use crate::id::DeliveryId;
use crate::line::Line;
use crate::post::{self, Meeting};

/// What a link asks, as the meeting stands now.
#[derive(Clone, Debug)]
pub struct Question {
    pub title: Line,
    pub state: Planned,
    /// What this reader said last.
    pub answer: Option<Answer>,
}

/// Whether a meeting is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    Ahead(Meeting),
    Over,
    /// Withdrawn, or no meeting any more.
    CalledOff,
}

/// None of a link that asks nothing.
pub async fn question(db: &Db, id: DeliveryId, now: Timestamp) -> anyhow::Result<Option<Question>> {
    let mut read = db.read().await?;
    let Some(asked) = store::asked(&mut read, id).await? else { return Ok(None) };
    let (title, state) = planned(&mut read, &asked.slug, now).await?;
    Ok(Some(Question { title, state, answer: asked.answer }))
}

/// By the newest version that was announced: the mail may be older.
async fn planned(read: &mut Read, slug: &str, now: Timestamp) -> anyhow::Result<(Line, Planned)> {
    let Some(stored) = post::store::published_one(read, slug).await? else {
        let newest = post::store::newest(read, slug).await?.context("the post is gone")?;
        return Ok((newest.title, Planned::CalledOff));
    };
    let state = match stored.post()?.meeting {
        None => Planned::CalledOff,
        Some(meeting) if over(&meeting, now) => Planned::Over,
        Some(meeting) => Planned::Ahead(meeting),
    };
    Ok((stored.title, state))
}

fn over(meeting: &Meeting, now: Timestamp) -> bool {
    Timestamp::on_the_wall_or_after(meeting.ends, meeting.timezone).is_some_and(|ends| ends <= now)
}

/// Keeps an answer, and says what it was given to; an answer to nothing, or too late, is not kept.
pub async fn answer(
    db: &Db,
    id: DeliveryId,
    answer: Answer,
    now: Timestamp,
) -> anyhow::Result<Option<Question>> {
    let Some(mut question) = question(db, id, now).await? else { return Ok(None) };
    if let Planned::Ahead(_) = question.state {
        let mut write = db.write().await?;
        store::answer(&mut write, id, answer, now).await?;
        write.commit().await?;
        question.answer = Some(answer);
    }
    Ok(Some(question))
}
