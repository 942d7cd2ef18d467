//! After a crash: rows whose owner is gone are queued again, and the doubt is kept on record.

use super::State;
use super::store::{self, Attempt, Next};
use crate::clock::Timestamp;
use crate::config::OnInDoubt;
use crate::db::Db;
use crate::db::owner::Owner;

/// Takes back the rows of dead daemons; says how many there were.
///
/// Policy `resend`: any of them may have been handed over, and goes out again with the same
/// Message-ID. Policy `hold`: they wait for a person.
pub async fn recover(
    db: &Db,
    owner: &Owner,
    policy: OnInDoubt,
    now: Timestamp,
) -> anyhow::Result<usize> {
    let owners = store::owners(&mut db.read().await?).await?;
    let mut rows = 0;
    for dead in owner.dead(db, owners).await? {
        let mut write = db.write().await?;
        for (id, fence) in store::orphans(&mut write, dead).await? {
            let next = match policy {
                OnInDoubt::Resend => Next {
                    state: State::Queued,
                    reason: None,
                    next_at: Some(now),
                    counts: true,
                },
                OnInDoubt::Hold => Next {
                    state: State::InDoubt,
                    reason: Some("the daemon died"),
                    next_at: None,
                    counts: true,
                },
            };
            if store::settle(&mut write, id, fence, &next, now).await? {
                let attempt = Attempt {
                    delivery: id,
                    at: now,
                    relay: "",
                    outcome: "in_doubt",
                    stage: "unknown".to_owned(),
                    code: None,
                    enhanced: None,
                    text: "the daemon died while this was claimed; it may or may not have been sent",
                    duration_ms: 0,
                };
                store::append(&mut write, &attempt).await?;
                rows += 1;
            }
        }
        write.commit().await?;
    }
    Ok(rows)
}
