//! After a crash: rows whose owner is gone, or whose lease has ended, are queued again, and the
//! doubt is kept on record.

use super::State;
use super::store::{self, Attempt, Next};
use crate::clock::Timestamp;
use crate::config::OnInDoubt;
use crate::db::owner::Owner;
use crate::db::{Db, Error, Write};
use crate::id::DeliveryId;

/// Takes back what nobody works on any more; says how many rows there were.
///
/// Policy `resend`: any of them may have been handed over, and goes out again with the same
/// Message-ID. Policy `hold`: they wait for a person.
pub async fn recover(
    db: &Db,
    owner: &Owner,
    policy: OnInDoubt,
    now: Timestamp,
) -> Result<usize, Error> {
    let owners = store::owners(&mut db.read().await?).await?;
    let dead = owner.dead(db, owners.iter().map(|(id, _)| *id).collect()).await?;
    let mut rows = 0;
    for (id, first_lease) in owners {
        // A dead owner's leases are worth nothing; a living one's are, until they end.
        let until = if dead.contains(&id) { Timestamp(i64::MAX) } else { now };
        if first_lease <= until {
            rows += take_back(db, id, until, policy, now).await?;
        }
    }
    Ok(rows)
}

async fn take_back(
    db: &Db,
    owner: i64,
    until: Timestamp,
    policy: OnInDoubt,
    now: Timestamp,
) -> Result<usize, Error> {
    let mut write = db.write().await?;
    let orphans = store::orphans(&mut write, owner, until).await?;
    for (id, fence) in &orphans {
        doubt(&mut write, *id, *fence, policy, now).await?;
    }
    write.commit().await?;
    Ok(orphans.len())
}

/// One row: what becomes of it, and a line in its attempt log.
async fn doubt(
    write: &mut Write,
    id: DeliveryId,
    fence: i64,
    policy: OnInDoubt,
    now: Timestamp,
) -> Result<(), Error> {
    let next = match policy {
        OnInDoubt::Resend => {
            Next { state: State::Queued, reason: None, next_at: Some(now), counts: true }
        }
        OnInDoubt::Hold => Next {
            state: State::InDoubt,
            reason: Some("claimed and never recorded"),
            next_at: None,
            counts: true,
        },
    };
    if !store::settle(write, id, fence, &next, now).await? {
        return Ok(());
    }
    let attempt = Attempt {
        delivery: id,
        at: now,
        relay: "",
        outcome: "in_doubt",
        stage: "unknown".to_owned(),
        code: None,
        enhanced: None,
        text: "claimed by a daemon that died or hung; it may or may not have been sent",
        bearing: None,
        duration_ms: 0,
    };
    store::append(write, &attempt).await
}
