//! What many recipients of a campaign share, and who they are.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::clock::Timestamp;
use crate::db::{Error, Session, Write, on};
use crate::id::{CampaignId, PostId, RenditionId, SubscriberId};

/// A version of a post as a list announced it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Piece {
    pub post: PostId,
    pub version: i64,
    pub list: String,
}

/// The rendition of these pieces, in their order, plain or discreet; made if the campaign has none.
pub async fn insert_rendition(
    write: &mut Write,
    id: CampaignId,
    pieces: &[Piece],
    discreet: bool,
) -> Result<RenditionId, Error> {
    let piece = |piece: &Piece| format!("{}.{}@{}", piece.post, piece.version, piece.list);
    let form = discreet.then(|| "discreet".to_owned());
    let key: Vec<_> = form.into_iter().chain(pieces.iter().map(piece)).collect();
    let rendition: RenditionId = on!(write, c => sqlx::query_scalar(
        "INSERT INTO rendition (campaign_id, key, discreet) VALUES ($1, $2, $3) \
         ON CONFLICT (campaign_id, key) DO UPDATE SET discreet = excluded.discreet RETURNING id",
    )
    .bind(id)
    .bind(key.join(" "))
    .bind(discreet)
    .fetch_one(c)
    .await)?;
    for (position, piece) in (0_i64..).zip(pieces) {
        on!(write, c => sqlx::query(
            "INSERT INTO rendition_post (rendition_id, position, post_id, version, list) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (rendition_id, position) DO NOTHING",
        )
        .bind(rendition)
        .bind(position)
        .bind(piece.post)
        .bind(piece.version)
        .bind(&piece.list)
        .execute(c)
        .await
        .map(drop))?;
    }
    Ok(rendition)
}

/// Whether anybody who asked for discretion reads one of the campaign's lists.
pub async fn any_discreet(session: &mut impl Session, id: CampaignId) -> Result<bool, Error> {
    let people: i64 = on!(session, c => sqlx::query_scalar(
        "SELECT count(*) FROM subscriber s WHERE s.discreet AND EXISTS (SELECT 1 FROM subscription u \
         JOIN campaign_list l ON l.list = u.list WHERE u.subscriber_id = s.id AND l.campaign_id = $1)",
    )
    .bind(id)
    .fetch_one(c)
    .await)?;
    Ok(people > 0)
}

/// What one person is to get.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub reader: SubscriberId,
    pub rendition: RenditionId,
    pub discreet: bool,
}

/// So many people are written in one statement.
const CHUNK: usize = 5_000;

/// Makes a delivery for each of these people, in their order: by person it is the quickest, for then
/// every index grows at its end.
///
/// `message_domains`: what stands behind the @ of plain mails, and of discreet ones.
pub async fn address(
    write: &mut Write,
    id: CampaignId,
    people: &[Due],
    message_domains: &[String; 2],
    now: Timestamp,
) -> Result<(), Error> {
    let words = write.words();
    let sql = || {
        AssertSqlSafe(format!(
            "INSERT INTO delivery (campaign_id, subscriber_id, rendition_id, message_id, state, next_at) \
             SELECT $2, CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), \
             {} || '@' || CASE CAST(value ->> 2 AS BIGINT) WHEN 0 THEN $3 ELSE $4 END, 'queued', $5 FROM {}",
            words.random_hex, words.each_item
        ))
    };
    for people in people.chunks(CHUNK) {
        let row = |due: &Due| json!([due.reader.0, due.rendition.0, i64::from(due.discreet)]);
        let rows = people.iter().map(row).collect::<Value>().to_string();
        on!(write, c => sqlx::query(sql())
            .bind(rows).bind(id).bind(&message_domains[0]).bind(&message_domains[1]).bind(now)
            .execute(c).await.map(drop))?;
    }
    Ok(())
}
