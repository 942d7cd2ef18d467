//! All SQL of renditions that the message stage needs.

use super::Content;
use crate::campaign::Kind;
use crate::campaign::store::Piece;
use crate::db::{Error, Session, Write, on, row};
use crate::id::{CampaignId, PostId, RenditionId};
use crate::line::Line;

row! {
    struct KeptRow {
        campaign_id: CampaignId,
        kind: Kind,
        digest: Option<String>,
        discreet: bool,
        subject: Option<Line>,
        html: Option<String>,
        text: Option<String>,
    }
}

/// A rendition's row.
#[derive(Clone, Debug)]
pub struct Kept {
    pub campaign_id: CampaignId,
    pub kind: Kind,
    pub digest: Option<String>,
    /// For readers who asked for discretion.
    pub discreet: bool,
    /// What its first mail said; None until there was one.
    pub words: Option<Words>,
}

/// The words of a rendition, slots included.
#[derive(Clone, Debug)]
pub struct Words {
    pub subject: Line,
    pub html: String,
    pub text: String,
}

pub async fn find(session: &mut impl Session, id: RenditionId) -> Result<Kept, Error> {
    let row: KeptRow = on!(session, c => sqlx::query_as(
        "SELECT r.campaign_id, c.kind, c.digest, r.discreet, r.subject, r.html, r.text FROM rendition r \
         JOIN campaign c ON c.id = r.campaign_id WHERE r.id = $1",
    )
    .bind(id)
    .fetch_one(c)
    .await)?;
    let words = match (row.subject, row.html, row.text) {
        (Some(subject), Some(html), Some(text)) => Some(Words { subject, html, text }),
        _ => None,
    };
    let KeptRow { campaign_id, kind, digest, discreet, .. } = row;
    Ok(Kept { campaign_id, kind, digest, discreet, words })
}

/// The first rendition of a campaign, if one is so the first that is as discreet as asked; none before its
/// audience is frozen.
pub async fn first(
    session: &mut impl Session,
    campaign: CampaignId,
    discreet: bool,
) -> Result<Option<RenditionId>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT coalesce(min(CASE WHEN discreet = $2 THEN id END), min(id)) FROM rendition WHERE campaign_id = $1",
    )
    .bind(campaign)
    .bind(discreet)
    .fetch_one(c)
    .await)
}

pub async fn pieces(session: &mut impl Session, id: RenditionId) -> Result<Vec<Piece>, Error> {
    let rows: Vec<(PostId, i64, String)> = on!(session, c => sqlx::query_as(
        "SELECT post_id, version, list FROM rendition_post WHERE rendition_id = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(c)
    .await)?;
    Ok(rows.into_iter().map(|(post, version, list)| Piece { post, version, list }).collect())
}

/// Keeps the words unless some are kept, and says which count.
pub async fn keep(write: &mut Write, id: RenditionId, content: &Content) -> Result<Words, Error> {
    on!(write, c => sqlx::query(
        "UPDATE rendition SET subject = $2, html = $3, text = $4 WHERE id = $1 AND html IS NULL",
    )
    .bind(id)
    .bind(&content.subject)
    .bind(&content.html)
    .bind(&content.text)
    .execute(c)
    .await
    .map(drop))?;
    let (subject, html, text) = on!(write, c => sqlx::query_as(
        "SELECT subject, html, text FROM rendition WHERE id = $1",
    )
    .bind(id)
    .fetch_one(c)
    .await)?;
    Ok(Words { subject, html, text })
}
