//! A worker owns one connection to one relay and carries errands over it, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pace::Pace;
use super::record::Report;
use super::relay::{Gate, Pass};
use super::shared::Shared;
use super::store::{self, RelayRow};
use super::verdict::holds_relay;
use super::{Claim, Errand, Happened};
use crate::clock::Timestamp;
use crate::db;
use crate::transport::{Connection, Envelope, Fault, Outcome, SendError, Stage, Transport};

/// A connection with nothing to carry is closed after this long.
const IDLE: Duration = Duration::from_secs(5);
/// How long a worker with nothing to do waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What became of an errand at the relay's door.
enum Handed {
    Answered(Result<Outcome, SendError>),
    /// It was not handed over, for this reason.
    Unwanted(&'static str),
}

pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) relay: String,
    pub(crate) transport: Transport,
    pub(crate) gate: Arc<Gate>,
    pub(crate) pace: Arc<Pace>,
}

impl Worker {
    /// Works until the daemon stops; what is under way is finished and recorded.
    pub(crate) async fn run(self) {
        let (mut connection, mut used) = (None, Instant::now());
        while !self.shared.stopping() {
            match self.turn(&mut connection).await {
                Ok(true) => used = Instant::now(),
                Ok(false) => {
                    if used.elapsed() > IDLE {
                        close(connection.take()).await;
                    }
                    self.shared.rest(LOOK_AGAIN).await;
                }
                Err(error) => {
                    tracing::error!("the queue cannot be read: {error:#}");
                    self.shared.rest(IDLE).await;
                }
            }
        }
        close(connection).await;
    }

    /// One errand, if the relay is open and there is one.
    async fn turn(&self, connection: &mut Option<Connection>) -> anyhow::Result<bool> {
        if self.gate.enter(self.shared.clock.now()) == Pass::Wait {
            return Ok(false);
        }
        // whoever cannot read the queue is no probe
        let fed = self.shared.feed.next().await;
        let fed = fed.inspect_err(|_| self.gate.abandon())?;
        for (claim, reason) in fed.unwanted {
            self.report(claim, unwanted(reason), None).await;
        }
        let Some(errand) = fed.errand else {
            self.gate.abandon();
            return Ok(false);
        };
        let claim = errand.claim;
        if let Err(error) = self.carry(connection, errand).await {
            // Nothing was handed over: the row goes back instead of waiting for its lease to end.
            self.gate.abandon();
            self.report(claim, Happened::Untried, None).await;
            return Err(error);
        }
        Ok(true)
    }

    async fn carry(
        &self,
        connection: &mut Option<Connection>,
        errand: Errand,
    ) -> anyhow::Result<()> {
        let claim = errand.claim;
        let message = match self.shared.compose(&errand).await {
            Ok(message) => message,
            // the database is away, which says nothing about the campaign
            Err(error) if error.is::<db::Error>() => return Err(error),
            Err(error) => {
                self.gate.abandon();
                self.report(claim, Happened::Ours(format!("{error:#}")), None).await;
                return Ok(());
            }
        };
        if !self.shared.before_stop(self.pace.turn()).await {
            self.gate.abandon();
            self.report(claim, Happened::Untried, None).await;
            return Ok(());
        }
        let slot = self.shared.slot().await;
        let at = self.shared.clock.now();
        let started = Instant::now();
        let result = match self.hand_over(connection, &errand, &message).await? {
            Handed::Answered(result) => result,
            Handed::Unwanted(reason) => {
                self.gate.abandon();
                self.report(claim, unwanted(reason), None).await;
                return Ok(());
            }
        };
        let relay = self.judge_relay(&result);
        let happened =
            Happened::Tried { relay: self.relay.clone(), at, took: started.elapsed(), result };
        self.shared.report(Report { claim, happened, relay, slot: Some(slot) }).await;
        Ok(())
    }

    /// Over the open connection or a new one; over a new one, too, when the relay had closed the
    /// open one while it was idle: nothing was said then, and it is no fault.
    async fn hand_over(
        &self,
        connection: &mut Option<Connection>,
        errand: &Errand,
        message: &[u8],
    ) -> anyhow::Result<Handed> {
        if let Some(open) = connection.take().filter(Connection::usable) {
            match self.look_and_send(open, connection, errand, message).await? {
                Handed::Answered(Err(SendError::Fault(Fault {
                    stage: Stage::Mail,
                    reply: None,
                    ..
                }))) => {}
                handed => return Ok(handed),
            }
        }
        match self.transport.connect().await {
            Ok(new) => self.look_and_send(new, connection, errand, message).await,
            Err(fault) => Ok(Handed::Answered(Err(fault.into()))),
        }
    }

    /// Whoever said no by now gets nothing (promise 3). Puts the connection back when it can carry
    /// another message.
    async fn look_and_send(
        &self,
        mut open: Connection,
        connection: &mut Option<Connection>,
        errand: &Errand,
        message: &[u8],
    ) -> anyhow::Result<Handed> {
        let look = store::last_look(
            &mut self.shared.db.read().await?,
            &errand.claim,
            self.shared.clock.now(),
        )
        .await?;
        let handed = if let Some(reason) = look {
            Handed::Unwanted(reason)
        } else {
            let envelope = Envelope {
                from: self.shared.return_path(errand.claim.id),
                to: errand.email.wire(),
                id: Some(errand.claim.id.to_string()),
            };
            Handed::Answered(open.send(&envelope, message, None).await)
        };
        if open.usable() {
            *connection = Some(open);
        } else {
            open.quit().await;
        }
        Ok(handed)
    }

    /// Opens or holds the gate after an answer.
    fn judge_relay(&self, result: &Result<Outcome, SendError>) -> Option<RelayRow> {
        let now = self.shared.clock.now();
        match result {
            Err(SendError::Fault(fault)) if holds_relay(fault) => self.hold(fault, now),
            Err(SendError::Malformed(_)) => {
                self.gate.abandon();
                None
            }
            // whatever it says about one person, the relay answers
            _ => self.gate.success(now),
        }
    }

    /// Holds the relay. What it said may name somebody: the log has the code, the table has it all.
    fn hold(&self, fault: &Fault, now: Timestamp) -> Option<RelayRow> {
        let row = self.gate.fault(&fault.to_string(), now)?;
        let code = fault.reply.as_ref().map(|reply| reply.code.to_string());
        let why = code.as_deref().unwrap_or(&fault.text);
        let until = row.held_until.map(|at| at.to_string());
        tracing::warn!(
            relay = self.relay,
            held_until = until,
            "relay held: {}: {why}",
            fault.stage
        );
        Some(row)
    }

    async fn report(&self, claim: Claim, happened: Happened, relay: Option<RelayRow>) {
        self.shared.report(Report { claim, happened, relay, slot: None }).await;
    }
}

/// A paused or cancelled campaign gives its claims back; all else ends the delivery.
fn unwanted(reason: &'static str) -> Happened {
    if reason == "not now" { Happened::Untried } else { Happened::Unwanted(reason) }
}

async fn close(connection: Option<Connection>) {
    if let Some(connection) = connection {
        connection.quit().await;
    }
}
