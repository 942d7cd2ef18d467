//! A note's way to the operators: over the first relay that takes it.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Desk, Transports};
use crate::address::EmailAddress;
use crate::delivery;
use crate::message::dkim::Signer;
use crate::message::note::{Addressed, Note};
use crate::octets::Octets;
use crate::transport::{Envelope, Outcome, Transport};

/// A relay that takes longer over it is given up for this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// After a note that no relay took, before it is tried again.
pub(super) const PAUSE: Duration = Duration::from_mins(1);

/// What a note is sent with, and to whom.
#[derive(Clone, Copy)]
pub(super) struct Mail<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) transports: &'a Transports,
    pub(super) to: &'a EmailAddress,
}

impl Mail<'_> {
    /// How long telling may take: a claim lasts longer.
    pub(super) fn lease(&self) -> Duration {
        let relays = u32::try_from(self.transports.len()).unwrap_or(u32::MAX);
        PATIENCE.saturating_mul(relays.saturating_add(1)).saturating_mul(2)
    }

    /// Whether a relay took it. What `seed` says makes the Message-ID: a note that a crash repeats is the
    /// same note.
    pub(super) async fn send(
        &self,
        name: &str,
        data: &impl Serialize,
        seed: &str,
    ) -> anyhow::Result<bool> {
        let note = Note::of(name, data)?;
        let config = self.desk.config;
        let id = HEXLOWER.encode(&Sha256::digest(seed)[..16]);
        let message = note.message(&Addressed {
            from_name: &config.sender.name,
            from: &config.sender.address,
            to: self.to,
            message_id: &format!("{id}@{}", config.sender.address.domain()),
            date: self.desk.clock.now(),
        });
        for relay in self.relays().await? {
            let Some(transport) = self.transports.get(&relay) else { continue };
            let signed = Signer::signed(config, &relay, message.clone())?;
            let sent = tokio::time::timeout(PATIENCE, self.hand_over(transport, &signed)).await;
            match sent.unwrap_or_else(|_| Err("it took too long".to_owned())) {
                Ok(()) => {
                    tracing::info!(relay, note = name, "the operators are told");
                    return Ok(true);
                }
                Err(why) => tracing::warn!(relay, note = name, "the operators are not told: {why}"),
            }
        }
        Ok(false)
    }

    /// In the order in which they are tried: open ones, then those that a fault holds, which may be over.
    async fn relays(&self) -> anyhow::Result<Vec<String>> {
        let known = delivery::store::relays(&mut self.desk.db.read().await?).await?;
        let state = |name: &String| {
            let row = known.iter().find(|row| row.name == *name);
            row.map_or("open", |row| row.state.as_str()).to_owned()
        };
        let (open, closed): (Vec<_>, Vec<_>) =
            self.desk.config.relay.keys().cloned().partition(|name| state(name) == "open");
        let held = closed.into_iter().filter(|name| state(name) == "held");
        Ok(open.into_iter().chain(held).collect())
    }

    /// Why not is told without the server's words: they may hold an address.
    async fn hand_over(&self, transport: &Transport, message: &Octets) -> Result<(), String> {
        let mut open =
            transport.connect().await.map_err(|fault| format!("a fault at {}", fault.stage))?;
        let from = self.desk.config.return_path("operator", false);
        let envelope = Envelope { from, to: self.to.wire(), id: None };
        let sent = open.send(&envelope, message, None).await;
        open.quit().await;
        match sent {
            Ok(Outcome::Accepted(_)) => Ok(()),
            Ok(Outcome::Deferred(reply) | Outcome::Refused(reply)) => {
                Err(format!("code {} at {}", reply.code, reply.stage))
            }
            Ok(Outcome::InDoubt(_)) => Err("its answer never came".to_owned()),
            Err(_) => Err("a fault after it was connected".to_owned()),
        }
    }
}
