//! What every worker of an engine uses: the queue, the press, the window, the recorder's door.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::Errand;
use super::feed::Feed;
use super::record::Report;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::id::DeliveryId;
use crate::message::compose::Copy;
use crate::message::press::Press;
use crate::token::{Keys, Purpose};

/// What every worker of the engine uses.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    pub(super) config: Arc<Config>,
    pub(super) keys: Keys,
    pub(super) press: Press,
    pub(super) window: Arc<Semaphore>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) wake: Arc<Notify>,
}

impl Shared {
    pub(crate) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits a while, or until there may be something to do.
    pub(crate) async fn rest(&self, duration: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.wake.notified() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Waits for something unless the daemon stops meanwhile; true when it came.
    pub(crate) async fn before_stop(&self, something: impl Future<Output = ()>) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = something => true,
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }

    /// One of the window's slots, as soon as one is free.
    pub(crate) async fn slot(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.window).acquire_owned().await {
            Ok(slot) => slot,
            Err(_) => unreachable!("the window is never closed"),
        }
    }

    pub(crate) async fn report(&self, report: Report) {
        // The recorder outlives every worker; without it nothing is lost, the lease says so.
        let _ = self.reports.send(report).await;
    }

    /// The person's own message.
    pub(crate) async fn compose(&self, errand: &Errand) -> anyhow::Result<Vec<u8>> {
        let rendition = self.press.rendition(errand.rendition).await?;
        Ok(rendition.message(&Copy {
            to: &errand.email,
            name: errand.name.as_ref(),
            message_id: &errand.message_id,
            date: errand.dated_at,
            unsubscribe_url: &self.unsubscribe_url(errand),
            lists: &self.lists(errand),
        }))
    }

    /// The link that ends the subscriptions this mail came by; it names rows, never an address.
    fn unsubscribe_url(&self, errand: &Errand) -> String {
        let mut ids = vec![errand.claim.id.0];
        ids.extend(errand.subscriptions.iter().map(|(id, _)| id.0));
        let token = self.keys.sign(Purpose::Unsubscribe, &ids);
        format!("{}/unsubscribe/{token}", self.config.site.base_url)
    }

    /// "Meetings", "Meetings and Reports", "Meetings, News and Reports"
    fn lists(&self, errand: &Errand) -> String {
        let name = |list: &String| {
            self.config.list.get(list).map_or(list.clone(), |list| list.name.to_string())
        };
        let names: Vec<_> = errand.subscriptions.iter().map(|(_, list)| name(list)).collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        }
    }

    /// The signed return path, so that a bounce says whose it is (VERP).
    pub(crate) fn return_path(&self, id: DeliveryId) -> String {
        match &self.config.sender.bounce_domain {
            Some(domain) => format!("b+{}@{domain}", self.keys.sign_short(Purpose::Bounce, id.0)),
            None => self.config.sender.address.wire(),
        }
    }
}
