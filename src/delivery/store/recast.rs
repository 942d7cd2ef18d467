//! A mail in another form: to whoever asked for discretion after it was frozen, or no longer wants it.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::list;
use crate::campaign::store::insert_rendition;
use crate::db::{Error, Write, on};
use crate::id::{CampaignId, DeliveryId, RenditionId};
use crate::message::store::pieces;

/// Gives each of these deliveries, of a campaign and a rendition, the rendition that is discreet, or is not;
/// made if it is not there. What is before the @ of a Message-ID stays; what is behind it changes only for
/// discretion, for which alone a repeat may come under another name.
pub(super) async fn recast(
    write: &mut Write,
    wrong: impl Iterator<Item = (DeliveryId, CampaignId, RenditionId, bool)>,
    message_domains: &[String; 2],
) -> Result<(), Error> {
    let mut groups: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (id, campaign, rendition, discreet) in wrong {
        groups.entry((campaign, rendition, discreet)).or_default().push(id.0);
    }
    for ((campaign, rendition, discreet), ids) in groups {
        let pieces = pieces(write, rendition).await?;
        let other = insert_rendition(write, campaign, &pieces, discreet).await?;
        let words = write.words();
        let sql = || {
            AssertSqlSafe(format!(
                "UPDATE delivery SET rendition_id = $2, message_id = CASE WHEN $3 \
                 THEN substr(message_id, 1, 32) || '@' || $4 ELSE message_id END WHERE id IN ({})",
                words.each_number
            ))
        };
        let (ids, [_, domain]) = (list(ids.into_iter())?, message_domains);
        on!(write, c => sqlx::query(sql())
            .bind(ids).bind(other).bind(discreet).bind(domain).execute(c).await.map(drop))?;
    }
    Ok(())
}
