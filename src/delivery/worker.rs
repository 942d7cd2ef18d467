//! A worker owns one connection to one relay and carries errands over it, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::engine::Shared;
use super::record::Report;
use super::relay::{Gate, Pass};
use super::store::{self, RelayRow};
use super::verdict::holds_relay;
use super::{Claim, Errand, Happened};
use crate::transport::{Connection, Envelope, Fault, Outcome, SendError, Transport};

/// A connection with nothing to carry is closed after this long.
const IDLE: Duration = Duration::from_secs(5);
/// How long a worker with nothing to do waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) relay: String,
    pub(crate) transport: Transport,
    pub(crate) gate: Arc<Gate>,
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
        if let Pass::Wait(_) = self.gate.enter(self.shared.clock.now()) {
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
        self.carry(connection, errand).await?;
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
            Err(error) => {
                self.gate.abandon();
                self.report(claim, Happened::Ours(format!("{error:#}")), None)
                    .await;
                return Ok(());
            }
        };
        let slot = self.shared.slot().await;
        let at = self.shared.clock.now();
        let started = Instant::now();
        if let Err(fault) = self.connect(connection).await {
            drop(slot);
            self.faulty(claim, at, started.elapsed(), fault).await;
            return Ok(());
        }
        if !self.still_wanted(claim).await? {
            return Ok(());
        }
        let result = self.send(connection, &errand, &message).await;
        let took = started.elapsed();
        let relay = self.judge_relay(&result);
        let happened = Happened::Tried {
            relay: self.relay.clone(),
            at,
            took,
            result,
        };
        self.shared
            .report(Report {
                claim,
                happened,
                relay,
                slot: Some(slot),
            })
            .await;
        Ok(())
    }

    async fn connect(&self, connection: &mut Option<Connection>) -> Result<(), Fault> {
        if connection.as_ref().is_none_or(|open| !open.usable()) {
            *connection = Some(self.transport.connect().await?);
        }
        Ok(())
    }

    /// The last thing before the hand-over: whoever said no by now gets nothing (promise 3).
    async fn still_wanted(&self, claim: Claim) -> anyhow::Result<bool> {
        let looked = self.last_look(claim).await;
        let happened = match &looked {
            Ok(None) => return Ok(true),
            Ok(Some(reason)) => unwanted(reason),
            // Given back, or nobody would look at it again while this daemon lives.
            Err(_) => Happened::Untried,
        };
        self.gate.abandon();
        self.report(claim, happened, None).await;
        looked.map(|_| false)
    }

    async fn last_look(&self, claim: Claim) -> anyhow::Result<Option<&'static str>> {
        let mut read = self.shared.db.read().await?;
        Ok(store::last_look(&mut read, claim.id).await?)
    }

    async fn send(
        &self,
        connection: &mut Option<Connection>,
        errand: &Errand,
        message: &[u8],
    ) -> Result<Outcome, SendError> {
        let envelope = Envelope {
            from: self.shared.return_path(errand.claim.id),
            to: errand.email.wire(),
        };
        let Some(open) = connection else {
            unreachable!("connect() has just opened it")
        };
        let result = open.send(&envelope, message).await;
        if !open.usable() {
            *connection = None;
        }
        result
    }

    /// Opens or holds the gate after an answer.
    fn judge_relay(&self, result: &Result<Outcome, SendError>) -> Option<RelayRow> {
        let now = self.shared.clock.now();
        match result {
            Err(SendError::Fault(fault)) if holds_relay(fault) => self.hold(fault),
            Err(SendError::Malformed(_)) => {
                self.gate.abandon();
                None
            }
            // whatever it says about one person, the relay answers
            _ => self.gate.success(now),
        }
    }

    async fn faulty(
        &self,
        claim: Claim,
        at: crate::clock::Timestamp,
        took: Duration,
        fault: Fault,
    ) {
        let row = self.hold(&fault);
        let result = Err(SendError::Fault(fault));
        let happened = Happened::Tried {
            relay: self.relay.clone(),
            at,
            took,
            result,
        };
        self.report(claim, happened, row).await;
    }

    /// Holds the relay. What it said may name somebody: the log has the code, the table has it all.
    fn hold(&self, fault: &Fault) -> Option<RelayRow> {
        let row = self
            .gate
            .fault(&fault.to_string(), self.shared.clock.now())?;
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
        self.shared
            .report(Report {
                claim,
                happened,
                relay,
                slot: None,
            })
            .await;
    }
}

/// A paused or cancelled campaign gives its claims back; all else ends the delivery.
fn unwanted(reason: &'static str) -> Happened {
    if reason == "not now" {
        Happened::Untried
    } else {
        Happened::Unwanted(reason)
    }
}

async fn close(connection: Option<Connection>) {
    if let Some(connection) = connection {
        connection.quit().await;
    }
}
