//! Letting claimed mails wait for their readers' hours.

use sqlx::AssertSqlSafe;

use super::list;
use crate::clock::Timestamp;
use crate::db::{Error, Write, on};
use crate::id::DeliveryId;

/// Each waits until its time, as if it had not been claimed; what the claim dated at `now` has no date
/// again, so that the mail bears that of the day on which it goes.
pub(super) async fn put_off(
    write: &mut Write,
    waits: &[(DeliveryId, Timestamp)],
    now: Timestamp,
) -> Result<(), Error> {
    let items = list(waits.iter().map(|(id, until)| (id.0, until.0)))?;
    let each_item = write.words().each_item;
    let sql = || {
        AssertSqlSafe(format!(
            "UPDATE delivery SET state = 'queued', reason = NULL, next_at = wait.until, owner = NULL, lease_until = NULL, \
             handed_at = NULL, dated_at = CASE WHEN dated_at = $2 THEN NULL ELSE dated_at END \
             FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, CAST(value ->> 1 AS BIGINT) AS until FROM {each_item}) wait \
             WHERE delivery.id = wait.id AND delivery.state = 'sending'"
        ))
    };
    on!(write, c => sqlx::query(sql()).bind(items).bind(now).execute(c).await.map(drop))
}
