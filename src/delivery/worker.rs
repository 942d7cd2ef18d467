//! A worker owns one connection to one relay and carries errands over it, one after the other, as
//! the core says.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::time::{Instant, timeout};

use super::core::{Event, FRESH, WorkerId};
use super::shared::Shared;
use super::{Errand, Happened};
use crate::clock::Timestamp;
use crate::db;
use crate::fault;
use crate::octets::Octets;
use crate::transport::{Connection, Envelope, Fault, Outcome, SendError, Stage, Transport};

/// A connection with nothing to carry is closed after this long.
const IDLE: Duration = Duration::from_secs(5);

/// What the core wants of a worker.
pub(crate) enum Order {
    Carry(Box<Errand>),
    /// Said at that time; a second later it no longer counts.
    Go(Instant, Option<Box<Errand>>),
    Leave,
    /// The connection, which carries nothing.
    Close,
}

pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) relay: Arc<str>,
    pub(crate) transport: Transport,
    pub(crate) orders: UnboundedReceiver<Order>,
    pub(crate) events: Sender<Event>,
    /// Kept for as long as it can carry another message.
    pub(crate) connection: Option<Connection>,
}

impl Worker {
    /// Works until nobody gives orders any more.
    pub(crate) async fn run(mut self) {
        loop {
            match timeout(IDLE, self.orders.recv()).await {
                Err(_) | Ok(Some(Order::Close)) => self.close().await,
                Ok(None) => return self.close().await,
                Ok(Some(Order::Carry(errand))) => self.carry_all(errand).await,
                // of a message that has been given up already
                Ok(Some(Order::Go(..) | Order::Leave)) => {}
            }
        }
    }

    /// One errand, and whatever is announced behind it.
    async fn carry_all(&mut self, errand: Box<Errand>) {
        let mut next = Some(self.addressed(errand));
        while let Some((errand, envelope)) = next {
            next = self.carry(&errand, &envelope).await;
        }
    }

    fn addressed(&self, errand: Box<Errand>) -> (Box<Errand>, Envelope) {
        let envelope = self.shared.envelope(&errand);
        (errand, envelope)
    }

    /// Compose, open the transaction, wait for the word to go, hand over.
    async fn carry(
        &mut self,
        errand: &Errand,
        envelope: &Envelope,
    ) -> Option<(Box<Errand>, Envelope)> {
        let message = match self.shared.compose(errand, &self.relay).await {
            Ok(message) => message,
            Err(error) => {
                self.done(not_composed(&error)).await;
                return None;
            }
        };
        fault::point("composed");
        let (at, started) = (self.shared.clock.now(), Instant::now());
        if let Some(ended) = self.begin(envelope, &message).await.transpose() {
            self.done(self.tried(at, started, ended)).await;
            return None;
        }
        fault::point("opened");
        self.tell(Event::Opened(self.id)).await;
        let Some(Order::Go(said, next)) = self.orders.recv().await else {
            self.give_up().await;
            return None;
        };
        let next = next.map(|errand| self.addressed(errand));
        if said.elapsed() > FRESH {
            // the process was stopped in between: the person may have said no since
            self.give_up().await;
            self.done(Happened::Untried).await;
            return next;
        }
        fault::point("looked");
        let behind = next.as_ref().map(|(_, envelope)| envelope);
        let result = self.finish(&message, behind).await;
        fault::point("sent");
        self.done(self.tried(at, started, result)).await;
        next
    }

    /// Over the open connection or a new one; over a new one, too, when the relay had closed the
    /// open one or does so now (421): nothing was said then, and it is no fault.
    async fn begin(
        &mut self,
        envelope: &Envelope,
        message: &Octets,
    ) -> Result<Option<Outcome>, SendError> {
        if let Some(open) = self.connection.as_mut().filter(|open| open.usable()) {
            let begun = open.begin(envelope, message).await;
            if !begun.as_ref().is_err_and(is_farewell) {
                return self.after(begun).await;
            }
        }
        self.close().await;
        self.connection = Some(self.transport.connect().await?);
        self.shared.metrics.connection_opened(&self.relay);
        let Some(new) = self.connection.as_mut() else { return Ok(None) };
        let begun = new.begin(envelope, message).await;
        self.after(begun).await
    }

    async fn finish(
        &mut self,
        message: &Octets,
        behind: Option<&Envelope>,
    ) -> Result<Outcome, SendError> {
        let Some(open) = self.connection.as_mut() else {
            let text = "there is no connection".to_owned();
            return Err(Fault { stage: Stage::Body, reply: None, text }.into());
        };
        let result = open.finish(message, behind).await;
        if !open.usable() {
            self.close().await;
        }
        result
    }

    async fn give_up(&mut self) {
        if let Some(open) = &mut self.connection {
            open.give_up();
            if !open.usable() {
                self.close().await;
            }
        }
    }

    /// A connection on which the relay waits for the message is kept, and one that can go on.
    async fn after(
        &mut self,
        begun: Result<Option<Outcome>, SendError>,
    ) -> Result<Option<Outcome>, SendError> {
        let waits = matches!(begun, Ok(None));
        if !waits && !self.connection.as_ref().is_some_and(Connection::usable) {
            self.close().await;
        }
        begun
    }

    fn tried(
        &self,
        at: Timestamp,
        started: Instant,
        result: Result<Outcome, SendError>,
    ) -> Happened {
        Happened::Tried { relay: Arc::clone(&self.relay), at, took: started.elapsed(), result }
    }

    async fn done(&self, happened: Happened) {
        self.tell(Event::Done(self.id, happened)).await;
    }

    async fn tell(&self, event: Event) {
        // The core outlives every worker.
        let _ = self.events.send(event).await;
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.quit().await;
            self.shared.metrics.connection_closed(&self.relay);
        }
    }
}

/// A database that is away says nothing about the campaign; anything else is a fault of ours.
fn not_composed(error: &anyhow::Error) -> Happened {
    if error.is::<db::Error>() {
        tracing::error!("a message cannot be composed now: {error:#}");
        Happened::Untried
    } else {
        Happened::Ours(format!("{error:#}"))
    }
}

/// The relay hung up on a connection that had been used, or is about to (RFC 5321 §3.8).
fn is_farewell(error: &SendError) -> bool {
    let SendError::Fault(Fault { stage: Stage::Mail, reply, .. }) = error else {
        return false;
    };
    reply.as_ref().is_none_or(|reply| reply.code == 421)
}
