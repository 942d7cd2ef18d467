//! What every worker of an engine uses: the press, the signers, the keys, the settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;

use super::Errand;
use crate::clock::Clock;
use crate::config::Config;
use crate::id::DeliveryId;
use crate::message::compose::Copy;
use crate::message::dkim::Signer;
use crate::message::press::Press;
use crate::metric::Metrics;
use crate::token::{Keys, Purpose};
use crate::transport::Envelope;

/// What every worker of the engine uses.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(super) config: Arc<Config>,
    pub(super) keys: Keys,
    pub(super) press: Press,
    /// By relay; a relay without one gets mails as they are.
    pub(super) signers: BTreeMap<String, Arc<Signer>>,
    pub(super) metrics: Metrics,
}

impl Shared {
    /// The person's own message, as this relay gets it.
    pub(crate) async fn compose(&self, errand: &Errand, relay: &str) -> anyhow::Result<Vec<u8>> {
        let rendition = self.press.rendition(errand.rendition).await?;
        let message = rendition.message(&Copy {
            to: &errand.email,
            name: errand.name.as_ref(),
            message_id: &errand.message_id,
            date: errand.dated_at,
            unsubscribe_url: &self.unsubscribe_url(errand),
            lists: &self.lists(errand),
        });
        self.sign(message, relay).await
    }

    async fn sign(&self, message: Vec<u8>, relay: &str) -> anyhow::Result<Vec<u8>> {
        let Some(signer) = self.signers.get(relay).map(Arc::clone) else { return Ok(message) };
        let signed = tokio::task::spawn_blocking(move || signer.sign(&message)).await;
        signed.context("signing broke off, which is a defect of Bulletin")?
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

    /// What the relay is told of it.
    pub(crate) fn envelope(&self, errand: &Errand) -> Envelope {
        let id = errand.claim.id;
        Envelope { from: self.return_path(id), to: errand.email.wire(), id: Some(id.to_string()) }
    }

    /// The signed return path, so that a bounce says whose it is (VERP).
    fn return_path(&self, id: DeliveryId) -> String {
        match &self.config.sender.bounce_domain {
            Some(domain) => format!("b+{}@{domain}", self.keys.sign_short(Purpose::Bounce, id.0)),
            None => self.config.sender.address.wire(),
        }
    }
}
