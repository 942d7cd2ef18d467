//! All SQL of who comes to a meeting.

use super::super::Answer;
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::column::text_column;
use crate::db::{Error, Session, Write, on, row};
use crate::id::{DeliveryId, PostId};
use crate::line::Line;

text_column!(Answer);

row! {
    /// What one delivery asks its recipient.
    #[derive(Clone, Debug)]
    pub struct Asked {
        pub slug: String,
        /// What they said last.
        pub answer: Option<Answer>,
    }
}

row! {
    /// What one person said last.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Rsvp {
        pub email: EmailAddress,
        pub name: Option<Line>,
        pub answer: Answer,
        pub at: Timestamp,
    }
}

/// None of a digest, and of somebody who was erased.
pub async fn asked(session: &mut impl Session, id: DeliveryId) -> Result<Option<Asked>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT p.slug, r.answer FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
         JOIN post p ON p.id = c.post_id JOIN subscriber s ON s.id = d.subscriber_id \
         LEFT JOIN rsvp r ON r.post_id = p.id AND r.subscriber_id = s.id \
         WHERE d.id = $1 AND s.email IS NOT NULL",
    )
    .bind(id)
    .fetch_optional(c)
    .await)
}

/// Keeps what the recipient of a delivery says of its post; the last word counts.
///
/// In one statement, so that nothing is kept of somebody who is erased at this moment.
pub async fn answer(
    write: &mut Write,
    id: DeliveryId,
    answer: Answer,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO rsvp (post_id, subscriber_id, answer, at) \
         SELECT c.post_id, d.subscriber_id, $2, $3 FROM delivery d JOIN campaign c ON c.id = d.campaign_id \
         JOIN subscriber s ON s.id = d.subscriber_id \
         WHERE d.id = $1 AND c.post_id IS NOT NULL AND s.email IS NOT NULL \
         ON CONFLICT (post_id, subscriber_id) DO UPDATE SET answer = excluded.answer, at = excluded.at",
    )
    .bind(id)
    .bind(answer)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// Everybody's answer, those who come first, in the order of their answers.
pub async fn answers(session: &mut impl Session, id: PostId) -> Result<Vec<Rsvp>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT s.email, s.name, r.answer, r.at FROM rsvp r JOIN subscriber s ON s.id = r.subscriber_id \
         WHERE r.post_id = $1 AND s.email IS NOT NULL ORDER BY r.answer, r.at, s.id",
    )
    .bind(id)
    .fetch_all(c)
    .await)
}

/// The highest sequence that calendars may have been told of a post; none before it was announced.
pub async fn told_sequence(session: &mut impl Session, id: PostId) -> Result<Option<i64>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT max(sequence) FROM campaign WHERE post_id = $1 AND frozen_at IS NOT NULL",
    )
    .bind(id)
    .fetch_one(c)
    .await)
}
