//! What was signed of a campaign, the last time.

use super::super::action::Actor;
use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on, row};
use crate::id::CampaignId;

row! {
    /// A signature.
    #[derive(Clone, Debug)]
    pub struct Signed {
        /// The text whose SHA-256 `hash` is.
        pub content: String,
        pub hash: String,
        pub approved_by: String,
    }
}

/// Keeps a signature in place of an earlier one: of this text, with this hash.
pub async fn sign(
    write: &mut Write,
    id: CampaignId,
    (content, hash): (&str, &str),
    by: &Actor,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO approval (campaign_id, content, hash, approved_by, approved_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (campaign_id) DO UPDATE SET content = excluded.content, hash = excluded.hash, \
         approved_by = excluded.approved_by, approved_at = excluded.approved_at",
    )
    .bind(id)
    .bind(content)
    .bind(hash)
    .bind(by.name())
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

pub async fn signed(session: &mut impl Session, id: CampaignId) -> Result<Option<Signed>, Error> {
    on!(session, c => sqlx::query_as("SELECT content, hash, approved_by FROM approval WHERE campaign_id = $1")
        .bind(id).fetch_optional(c).await)
}
