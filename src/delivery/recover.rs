//! After a crash: rows whose owner is gone, or whose lease has ended, are queued again, and the
//! doubt is kept on record.
//!
//! Under `resend` nothing was marked before the final dots, so any of these rows may have been handed
//! over; at most `delivery.window` of them were. Under `hold` those that were are marked, and wait for
//! a person; the rest was never handed to anybody. A row that was claimed under `resend`, before the
//! setting was changed or by another daemon, is marked by its claim: it may have been handed over.

use super::State;
use super::store::{self, Attempt, Next, Orphan};
use crate::clock::Timestamp;
use crate::config::OnInDoubt;
use crate::db::owner::Owner;
use crate::db::{Db, Error, Write};

/// What is done about a daemon that lives and has let its leases run out: it hangs, or the clock has
/// jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Living {
    Spared,
    Judged,
}

/// Takes back what nobody works on any more; says how many rows there were.
pub async fn recover(
    db: &Db,
    owner: &Owner,
    policy: OnInDoubt,
    living: Living,
    now: Timestamp,
) -> Result<usize, Error> {
    let owners = store::owners(&mut db.read().await?).await?;
    let dead = owner.dead(db, owners.iter().map(|(id, _)| *id).collect()).await?;
    let mut rows = 0;
    for (id, first_lease) in owners {
        // A dead owner's leases are worth nothing; a living one's are, until they end.
        let until = match living {
            _ if dead.contains(&id) => Timestamp(i64::MAX),
            Living::Judged => now,
            Living::Spared => continue,
        };
        if first_lease <= until {
            rows += take_back(db, id, until, policy, now).await?;
        }
    }
    Ok(rows)
}

/// Queues this daemon's own rows that it does not have: the answer to their claim got lost, and nothing
/// was begun. What it has is leased until `until`, and what it claims meanwhile for longer.
pub async fn strays(db: &Db, owner: &Owner, until: Timestamp, now: Timestamp) -> Result<(), Error> {
    let before = Timestamp(until.0 - 1);
    let owners = store::owners(&mut db.read().await?).await?;
    if !owners.iter().any(|(id, first_lease)| *id == owner.id && *first_lease <= before) {
        return Ok(());
    }
    let mut write = db.write().await?;
    for orphan in store::orphans(&mut write, owner.id, before).await? {
        again(&mut write, orphan, false, now).await?;
    }
    write.commit().await
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
    for orphan in &orphans {
        match policy {
            OnInDoubt::Hold if orphan.handed_at.is_some() => hold(&mut write, *orphan, now).await?,
            OnInDoubt::Hold => again(&mut write, *orphan, false, now).await.map(drop)?,
            OnInDoubt::Resend => resend(&mut write, *orphan, now).await?,
        }
    }
    write.commit().await?;
    Ok(orphans.len())
}

async fn hold(write: &mut Write, orphan: Orphan, now: Timestamp) -> Result<(), Error> {
    let next = Next {
        state: State::InDoubt,
        reason: Some("handed over and never recorded"),
        next_at: None,
        counts: true,
    };
    if store::settle(write, orphan.id, orphan.fence, &next, now).await? {
        doubt(write, orphan, now).await?;
    }
    Ok(())
}

/// It goes out again, with the same Message-ID.
async fn resend(write: &mut Write, orphan: Orphan, now: Timestamp) -> Result<(), Error> {
    if again(write, orphan, true, now).await? {
        doubt(write, orphan, now).await?;
    }
    Ok(())
}

async fn again(
    write: &mut Write,
    orphan: Orphan,
    counts: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let next = Next { state: State::Queued, reason: None, next_at: Some(now), counts };
    store::settle(write, orphan.id, orphan.fence, &next, now).await
}

/// A line in the attempt log.
async fn doubt(write: &mut Write, orphan: Orphan, now: Timestamp) -> Result<(), Error> {
    let attempt = Attempt {
        delivery: orphan.id,
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
