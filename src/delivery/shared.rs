//! What every worker of an engine uses: the press, the signing, the keys, the settings.

use std::sync::Arc;

use super::Errand;
use super::sign::Signing;
use crate::clock::Clock;
use crate::config::Config;
use crate::message::compose::Copy;
use crate::message::press::Press;
use crate::message::wording;
use crate::metric::Metrics;
use crate::octets::Octets;
use crate::token::{Keys, Purpose};
use crate::transport::Envelope;

/// What every worker of the engine uses.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(super) config: Arc<Config>,
    pub(super) keys: Keys,
    pub(super) press: Press,
    pub(super) signing: Signing,
    pub(super) metrics: Metrics,
}

impl Shared {
    /// The person's own message, as this relay gets it.
    pub(crate) async fn compose(&self, errand: &Errand, relay: &str) -> anyhow::Result<Octets> {
        let rendition = self.press.rendition(errand.rendition).await?;
        let rsvp_url = rendition.asks_who_comes().then(|| self.rsvp_url(errand));
        let message = rendition.message(&Copy {
            to: &errand.email,
            name: errand.name.as_ref(),
            message_id: &errand.message_id,
            date: errand.dated_at,
            unsubscribe_url: &self.unsubscribe_url(errand),
            lists: &self.lists(errand),
            rsvp_url: rsvp_url.as_deref().unwrap_or_default(),
        });
        self.signing.sign(message, relay).await
    }

    /// The link that ends the subscriptions this mail came by; it names rows, never an address.
    fn unsubscribe_url(&self, errand: &Errand) -> String {
        let mut ids = vec![errand.claim.id.0];
        ids.extend(errand.subscriptions.iter().map(|(id, _)| id.0));
        let token = self.keys.sign(Purpose::Unsubscribe, &ids);
        format!("{}/unsubscribe/{token}", self.config.base_url(errand.discreet))
    }

    /// The link to say by whether they come; it names the delivery, never an address.
    fn rsvp_url(&self, errand: &Errand) -> String {
        let token = self.keys.sign(Purpose::Rsvp, &[errand.claim.id.0]);
        format!("{}/rsvp/{token}", self.config.base_url(errand.discreet))
    }

    /// "Meetings and Reports"; to a discreet reader their neutral name.
    fn lists(&self, errand: &Errand) -> String {
        if errand.discreet {
            return self.config.discreet.list_name.to_string();
        }
        let name = |list: &String| {
            self.config.list.get(list).map_or(list.clone(), |list| list.name.to_string())
        };
        let names: Vec<_> = errand.subscriptions.iter().map(|(_, list)| name(list)).collect();
        wording::list(&names)
    }

    /// What the relay is told of it.
    pub(crate) fn envelope(&self, errand: &Errand) -> Envelope {
        let id = errand.claim.id;
        Envelope {
            from: self.return_path(errand),
            to: errand.email.wire(),
            id: Some(id.to_string()),
        }
    }

    /// The signed return path, so that a bounce says whose it is (VERP).
    fn return_path(&self, errand: &Errand) -> String {
        match self.config.bounce_domain(errand.discreet) {
            Some(domain) => {
                let token = self.keys.sign_short(Purpose::Bounce, errand.claim.id.0);
                format!("b+{token}@{domain}")
            }
            None => self.config.from(errand.discreet).wire(),
        }
    }
}
