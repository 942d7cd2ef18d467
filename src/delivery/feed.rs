//! The next errand for whoever asks: claims in batches, hands out one by one.
//!
//! Whoever finds the buffer empty claims the next batch while the others wait for it, so there is
//! one claim at a time and no task of its own for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::hand::InHand;
use super::store::{self, Taken, Taker};
use super::{Claim, Errand};
use crate::clock::{Clock, Timestamp};
use crate::db::Db;

/// How many rows one claim takes, at most.
const BATCH: i64 = 256;
/// How long an empty queue is believed to be empty.
const BELIEVED: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Feed {
    db: Db,
    clock: Clock,
    owner: i64,
    lease: Duration,
    hand: Arc<InHand>,
    buffer: Mutex<Buffer>,
}

#[derive(Debug, Default)]
struct Buffer {
    errands: VecDeque<Errand>,
    empty_until: Option<Instant>,
}

/// What asking for work gave.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    pub(crate) errand: Option<Errand>,
    /// Claims that came up on the way and must not be sent, with the reason.
    pub(crate) unwanted: Vec<(Claim, &'static str)>,
}

impl Feed {
    pub(crate) fn new(
        db: Db,
        clock: Clock,
        owner: i64,
        lease: Duration,
        hand: Arc<InHand>,
    ) -> Self {
        Self { hand, db, clock, owner, lease, buffer: Mutex::default() }
    }

    /// The next errand, if there is one.
    pub(crate) async fn next(&self) -> anyhow::Result<Fed> {
        let mut buffer = self.buffer.lock().await;
        let mut unwanted = Vec::new();
        if buffer.errands.is_empty()
            && buffer.empty_until.is_none_or(|until| until <= Instant::now())
        {
            let taken = self.claim().await?;
            buffer.empty_until = taken.is_empty().then(|| Instant::now() + BELIEVED);
            for taken in taken {
                match taken {
                    Taken::Wanted(errand) => buffer.errands.push_back(*errand),
                    Taken::Unwanted(claim, reason) => unwanted.push((claim, reason)),
                }
            }
        }
        Ok(Fed { errand: buffer.errands.pop_front(), unwanted })
    }

    /// All that was claimed and not handed out, when the daemon stops.
    pub(crate) async fn drain(&self) -> Vec<Claim> {
        self.buffer.lock().await.errands.drain(..).map(|errand| errand.claim).collect()
    }

    async fn claim(&self) -> anyhow::Result<Vec<Taken>> {
        let now: Timestamp = self.clock.now();
        let mut write = self.db.write().await?;
        let taker = Taker { owner: self.owner, lease_until: now.plus(self.lease), limit: BATCH };
        let claims = store::claim(&mut write, taker, now).await?;
        write.commit().await?;
        self.hand.take(claims.iter().map(|taken| taken.claim().id));
        Ok(claims)
    }

    /// Keeps up the leases of all that is in hand.
    pub(crate) async fn renew(&self) -> anyhow::Result<()> {
        let ids = self.hand.all();
        if ids.is_empty() {
            return Ok(());
        }
        let mut write = self.db.write().await?;
        let until = self.clock.now().plus(self.lease);
        store::renew(&mut write, self.owner, &ids, until).await?;
        Ok(write.commit().await?)
    }
}
