//! One copy of a campaign's mail to an address that a person names: a trial, and no delivery.
//!
//! # What always holds
//! * Nothing is written: nobody counts as having had anything, and no relay is held or opened.
//! * Its links and its return path belong to nobody: neither can end a subscription or tell of a bounce.
//! * Whoever has said no gets no trial either (promise 3); asked anew once the relay has greeted us,
//!   and again when it waits for the message: each may take minutes.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};

use super::store;
use crate::address::EmailAddress;
use crate::audience::{self, State as Standing, Subscriber};
use crate::campaign::{self, State, store::Campaign};
use crate::clock::Clock;
use crate::config::{Config, Relay};
use crate::db::Db;
use crate::id::{self, CampaignId};
use crate::message::compose::Copy;
use crate::message::dkim::Signer;
use crate::message::press::Press;
use crate::message::template::Templates;
use crate::octets::Octets;
use crate::token::Keys;
use crate::transport::{Connection, Envelope, Outcome, SendError, Transport};

/// What a trial is made with.
pub struct Trial<'a> {
    pub db: &'a Db,
    pub config: &'a Arc<Config>,
    pub keys: &'a Keys,
    pub clock: &'a Clock,
}

/// The copy that was asked for.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    id: CampaignId,
    to: &'a EmailAddress,
    /// The address is one's who asked for discretion.
    discreet: bool,
}

impl Trial<'_> {
    /// Sends one copy over the first relay; an error means that nobody was sent anything.
    pub async fn send(&self, id: CampaignId, to: &EmailAddress) -> anyhow::Result<Outcome> {
        self.config.fit_for_the_world()?;
        let campaign = self.campaign(id).await?;
        let (name, relay) = self.relay().await?;
        let reader = self.permit(id, to).await?;
        let discreet = reader.as_ref().is_some_and(|reader| reader.discreet);
        let copy = Wanted { id, to, discreet };
        let message = self.compose(&campaign, &copy, reader.as_ref(), name).await?;
        let transport = Transport::of(relay, &self.config.sender.address.domain())?;
        let opened = transport.connect().await;
        let mut open = opened.map_err(|fault| at_fault(name, &fault.into()))?;
        let sent = self.hand_over(&mut open, &copy, &message).await;
        open.quit().await;
        sent?.map_err(|error| at_fault(name, &error))
    }

    /// Asks anew before the relay hears of the address, and when it waits for the message.
    async fn hand_over(
        &self,
        open: &mut Connection,
        copy: &Wanted<'_>,
        message: &Octets,
    ) -> anyhow::Result<Result<Outcome, SendError>> {
        self.still_permit(copy).await?;
        if let Some(ended) = open.begin(&self.envelope(copy), message).await.transpose() {
            return Ok(ended);
        }
        if let Err(no) = self.still_permit(copy).await {
            open.give_up();
            return Err(no);
        }
        Ok(open.finish(message, None).await)
    }

    /// Neither a no has come meanwhile, nor a wish for discretion.
    async fn still_permit(&self, copy: &Wanted<'_>) -> anyhow::Result<()> {
        let reader = self.permit(copy.id, copy.to).await?;
        let discreet = reader.is_some_and(|reader| reader.discreet);
        ensure!(
            copy.discreet || !discreet,
            "{} asked for discretion at this very moment; nothing was sent, try again",
            copy.to
        );
        Ok(())
    }

    /// A finished one, too: its readers' mail can be looked at in another mailbox. Not one that was
    /// called off: what arrives would pass for the news.
    async fn campaign(&self, id: CampaignId) -> anyhow::Result<Campaign> {
        let found = campaign::store::find(&mut self.db.read().await?, id).await?;
        let campaign = found.with_context(|| {
            format!("there is no campaign {id}; `bulletin campaign list` shows them")
        })?;
        ensure!(
            campaign.state != State::Cancelled,
            "campaign {id} is cancelled: a copy of it would pass for the news; \
             `bulletin preview` shows the post"
        );
        Ok(campaign)
    }

    /// The first by name, unless a person paused it. One that a fault holds is tried: whoever mends it
    /// wants to know.
    async fn relay(&self) -> anyhow::Result<(&str, &Relay)> {
        let (name, relay) = self
            .config
            .relay
            .first_key_value()
            .context("there is no relay; declare one in the configuration, as [relay.NAME]")?;
        let known = store::relays(&mut self.db.read().await?).await?;
        ensure!(
            !known.iter().any(|row| row.name == *name && row.state == "paused"),
            "relay {name} is paused by a person, so nothing was sent; `bulletin relay resume {name}` opens it"
        );
        Ok((name, relay))
    }

    /// The subscriber behind the address, if it is one's; whoever said no is refused.
    async fn permit(
        &self,
        id: CampaignId,
        to: &EmailAddress,
    ) -> anyhow::Result<Option<Subscriber>> {
        let mut read = self.db.read().await?;
        if audience::store::suppressed(&mut read, &self.keys.suppression_hash(to)).await? {
            bail!("{to} is suppressed and gets no mail, not even a test; use another address");
        }
        let reader = audience::store::find(&mut read, to).await?;
        let lists = campaign::store::lists(&mut read, id).await?;
        if let Some(reader) = &reader {
            ensure!(
                !has_said_no(reader, &lists),
                "{to} has left, or is pausing, what this campaign comes by, and gets no mail of it, \
                 not even a test; use another address"
            );
        }
        Ok(reader)
    }

    /// What `preview --format eml` shows, with a Message-ID that no other mail has.
    async fn compose(
        &self,
        campaign: &Campaign,
        &Wanted { to, discreet, .. }: &Wanted<'_>,
        reader: Option<&Subscriber>,
        relay: &str,
    ) -> anyhow::Result<Octets> {
        let templates = Arc::new(Templates::of(self.config)?);
        let press = Press::new(self.db.clone(), Arc::clone(self.config), templates);
        let (rendition, pieces) = press.proof(campaign, discreet).await?;
        let message = rendition.message(&Copy {
            to,
            name: reader.and_then(|reader| reader.name.as_ref()),
            message_id: &id::message_id(&self.config.from(discreet).domain())?,
            date: self.clock.now(),
            unsubscribe_url: &press.dead_link(discreet),
            lists: &press.list_names(&pieces, discreet),
            rsvp_url: &press.dead_rsvp_link(discreet),
        });
        Signer::signed(self.config, relay, message)
    }

    /// Of the domain that deliveries return to, so that the trial shows what becomes of them (SPF).
    fn envelope(&self, &Wanted { to, discreet, .. }: &Wanted<'_>) -> Envelope {
        let from = self.config.return_path("preview", discreet);
        Envelope { from, to: to.wire(), id: None }
    }
}

/// Of the lists that the campaign comes by, or else of all their lists, they want none.
fn has_said_no(reader: &Subscriber, lists: &[String]) -> bool {
    let all = reader.subscriptions.iter();
    let (here, elsewhere): (Vec<_>, Vec<_>) = all.partition(|one| lists.contains(&one.list));
    let asked = if here.is_empty() { elsewhere } else { here };
    let no = |state| matches!(state, Standing::Ended | Standing::Paused);
    !asked.is_empty() && asked.iter().all(|one| no(one.state))
}

/// A fault says itself what to look at.
fn at_fault(name: &str, error: &SendError) -> anyhow::Error {
    let whose = match error {
        SendError::Fault(_) => format!("relay {name} is at fault"),
        SendError::Malformed(_) => "the mail cannot be sent as it is".to_owned(),
    };
    anyhow::anyhow!("nothing was sent, {whose}: {error}")
}
