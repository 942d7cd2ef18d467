//! The database's side of the engine: claims, last looks and results, each in one go.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::Claim;
use super::core::{Event, Record};
use super::hours::Hours;
use super::record;
use super::store::{self, Taken, Taker};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, OnInDoubt};
use crate::db::owner::{Company, holding, living};
use crate::db::{Db, Error};
use crate::fault;
use crate::id::DeliveryId;
use crate::metric::Metrics;

/// Often enough for one that starts to be heard of in time.
const OFTEN: Duration = Duration::from_millis(500);

/// Where the engine's shell has its errands with the database done.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) metrics: Metrics,
    pub(crate) owner: i64,
}

impl Desk {
    pub(crate) async fn claim(&self, limit: i64) -> Event {
        self.claimed(limit).await.map_or_else(
            |error| {
                tracing::error!("the queue cannot be read: {error}");
                Event::ClaimFailed
            },
            Event::Claimed,
        )
    }

    async fn claimed(&self, limit: i64) -> Result<Vec<Taken>, Error> {
        let now = self.clock.now();
        let lease_until = now.plus(self.config.delivery.lease);
        fault::point("claim");
        let mut write = self.db.write().await?;
        // under `resend` nobody says later what is handed over
        let marks = self.config.delivery.on_in_doubt == OnInDoubt::Resend;
        let message_domains = &self.config.message_domains();
        let hours = &Hours::of(&self.config.site);
        let taker = Taker { owner: self.owner, lease_until, limit, marks, message_domains, hours };
        let claims = store::claim(&mut write, taker, now).await?;
        write.commit().await?;
        fault::point("claimed");
        Ok(claims)
    }

    pub(crate) async fn look(&self, claims: Vec<Claim>) -> Event {
        let looked = match self.config.delivery.on_in_doubt {
            OnInDoubt::Resend => self.looked(&claims).await,
            OnInDoubt::Hold => self.marked(&claims).await,
        };
        looked.map_or_else(
            |error| {
                tracing::error!("whom mails may go to cannot be read: {error}");
                Event::LookFailed
            },
            Event::Looked,
        )
    }

    async fn looked(&self, claims: &[Claim]) -> Result<Vec<Option<&'static str>>, Error> {
        let mut read = self.db.read().await?;
        let (words, hours) = (self.db.words(), Hours::of(&self.config.site));
        store::last_look(&mut read, words, &hours, claims, self.clock.now()).await
    }

    /// The final dot is marked durably beforehand, so that after a crash only what may have arrived
    /// waits for a person.
    async fn marked(&self, claims: &[Claim]) -> Result<Vec<Option<&'static str>>, Error> {
        let now = self.clock.now();
        let mut write = self.db.write().await?;
        store::mark(&mut write, self.owner, claims, now).await?;
        let words = write.words();
        let hours = Hours::of(&self.config.site);
        let looked = store::last_look(&mut write, words, &hours, claims, now).await?;
        write.commit().await?;
        Ok(looked)
    }

    pub(crate) async fn keep(&self, records: Vec<Record>) -> Event {
        match record::keep(&self.db, &records, self.clock.now()).await {
            Ok(()) => {
                self.metrics.committed(records.len());
                for record in &records {
                    record::say(record, &self.metrics);
                }
                Event::Kept(records)
            }
            Err(error) => {
                self.metrics.commit_failed();
                let results = records.len();
                tracing::error!(results, "results cannot be kept, sending waits: {error}");
                Event::KeepFailed(records)
            }
        }
    }

    /// Looks who lives, again and again, whatever else takes long.
    pub(crate) async fn keep_company(self, events: Sender<Event>) {
        loop {
            tokio::time::sleep(OFTEN).await;
            // when the database does not answer nothing is claimed or handed over either
            let Ok([holding, living]) = self.company().await else { continue };
            for event in [Event::Holding(holding), Event::Living(living)] {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn company(&self) -> Result<[Company; 2], Error> {
        let now = self.clock.now();
        Ok([holding(&self.db, self.owner).await?, living(&self.db, self.owner, now).await?])
    }

    /// Moves the end of these rows' leases.
    pub(crate) async fn renew(&self, ids: &[DeliveryId], until: Timestamp) -> Result<(), Error> {
        let mut write = self.db.write().await?;
        store::renew(&mut write, self.owner, ids, until).await?;
        write.commit().await
    }
}
