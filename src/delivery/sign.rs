//! Signing mails where it holds nobody up.
//!
//! An RSA signature takes 0.2 to 0.3 ms, many times what all else of a mail takes. On the runtime's own
//! threads it lets everything wait: with ten connections on two cores a timer came 13 ms late (p50) and
//! 24 ms (p99). So it is done on threads made for that. `block_in_place` does as well and panics in a
//! runtime of one thread. With a thread for each connection the system has too many to share the
//! cores among: 12 to 54 ms (p99). With twice as many as there are cores none of them idles, just as
//! many mails are signed, and the timer is 3 to 4 ms late (p99), however many connections there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::message::dkim::Signer;
use crate::octets::Octets;

pub(super) struct Signing {
    /// By relay; one that is missing here gets mails as they are.
    signers: BTreeMap<String, Arc<Signer>>,
    places: Semaphore,
}

impl Signing {
    pub(super) fn of(config: &Config) -> Self {
        let signer = |name: &String| Some((name.clone(), Signer::of(config, name)?));
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            signers: config.relay.keys().filter_map(signer).collect(),
            places: Semaphore::new(2 * cores),
        }
    }

    /// The message as this relay gets it.
    pub(super) async fn sign(&self, message: Octets, relay: &str) -> anyhow::Result<Octets> {
        let Some(signer) = self.signers.get(relay).map(Arc::clone) else { return Ok(message) };
        let _place = self.places.acquire().await?;
        let work = tokio::task::spawn_blocking(move || signer.sign(message));
        work.await.context("signing broke off, which is a defect of Bulletin")?
    }
}
