//! All SQL of renditions that the message stage needs.

use super::Content;
use crate::campaign::Kind;
use crate::campaign::store::Piece;
use crate::clock::Timestamp;
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
        calendar: Option<String>,
        sequence: Option<i64>,
        created_at: Timestamp,
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
    /// Of a meeting's campaign: which state of the event its mails tell.
    pub sequence: Option<i64>,
    /// When the campaign was made; of none yet, nothing.
    pub made_at: Option<Timestamp>,
}

/// The words of a rendition, slots included.
#[derive(Clone, Debug)]
pub struct Words {
    pub subject: Line,
    pub html: String,
    pub text: String,
    /// The iCalendar object; none in mails that have none.
    pub calendar: Option<String>,
}

pub async fn find(session: &mut impl Session, id: RenditionId) -> Result<Kept, Error> {
    let row: KeptRow = on!(session, c => sqlx::query_as(
        "SELECT r.campaign_id, c.kind, c.digest, r.discreet, r.subject, r.html, r.text, r.calendar, c.sequence, \
         c.created_at FROM rendition r JOIN campaign c ON c.id = r.campaign_id WHERE r.id = $1",
    )
    .bind(id)
    .fetch_one(c)
    .await)?;
    let words = match (row.subject, row.html, row.text) {
        (Some(subject), Some(html), Some(text)) => {
            Some(Words { subject, html, text, calendar: row.calendar })
        }
        _ => None,
    };
    Ok(Kept {
        campaign_id: row.campaign_id,
        kind: row.kind,
        digest: row.digest,
        discreet: row.discreet,
        words,
        sequence: row.sequence,
        made_at: Some(row.created_at),
    })
}

/// The sequence that a campaign's calendar parts carry, and when it was made.
pub async fn edition(
    session: &mut impl Session,
    campaign: CampaignId,
) -> Result<(Option<i64>, Timestamp), Error> {
    on!(session, c => sqlx::query_as("SELECT sequence, created_at FROM campaign WHERE id = $1")
        .bind(campaign).fetch_one(c).await)
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
        "UPDATE rendition SET subject = $2, html = $3, text = $4, calendar = $5 \
         WHERE id = $1 AND html IS NULL",
    )
    .bind(id)
    .bind(&content.subject)
    .bind(&content.html)
    .bind(&content.text)
    .bind(content.invitation.as_ref().map(|invitation| &invitation.object))
    .execute(c)
    .await
    .map(drop))?;
    let (subject, html, text, calendar) = on!(write, c => sqlx::query_as(
        "SELECT subject, html, text, calendar FROM rendition WHERE id = $1",
    )
    .bind(id)
    .fetch_one(c)
    .await)?;
    Ok(Words { subject, html, text, calendar })
}
