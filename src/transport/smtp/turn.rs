//! A turn: a line there, a reply back, and what it is called when either fails.

use std::time::Duration;

use tokio::time::Instant;

use super::Client;
use super::client::State;
use super::reply::Answer;
use crate::transport::{Fault, Reply, Stage};

impl Client {
    /// One turn: a line there, a reply back. Until its meaning is known the connection is broken.
    pub(super) async fn ask(
        &mut self,
        stage: Stage,
        line: &str,
        limit: Duration,
    ) -> Result<Reply, Fault> {
        self.say(stage, &format!("{line}\r\n"), limit).await?;
        self.reply(stage, limit).await
    }

    /// A reply within a transaction; how long it let us wait is told.
    pub(super) async fn hear(&mut self, stage: Stage, limit: Duration) -> Result<Reply, Fault> {
        let since = Instant::now();
        let reply = self.reply(stage, limit).await;
        self.observe(stage, since);
        reply
    }

    pub(super) async fn reply(&mut self, stage: Stage, limit: Duration) -> Result<Reply, Fault> {
        let answer = self.stream.reply(limit).await;
        Ok(answer.map_err(|why| self.fault(stage, &why.to_string()))?.into_reply(stage))
    }

    /// The relay let us wait since then.
    pub(super) fn observe(&self, stage: Stage, since: Instant) {
        self.stream.metrics.took(stage.as_str(), since.elapsed());
    }

    /// EHLO: the one reply whose lines are read.
    pub(super) async fn ask_for_answer(&mut self, line: &str) -> Result<Answer, Fault> {
        let limit = self.timeouts.hello;
        self.say(Stage::Hello, &format!("{line}\r\n"), limit).await?;
        let answer = self.stream.reply(limit).await;
        answer.map_err(|why| self.fault(Stage::Hello, &why.to_string()))
    }

    /// Whole lines, in one write.
    pub(super) async fn say(
        &mut self,
        stage: Stage,
        lines: &str,
        limit: Duration,
    ) -> Result<(), Fault> {
        self.state = State::Broken;
        let written = self.stream.write(lines.as_bytes(), limit).await;
        written.map_err(|why| self.fault(stage, &why.to_string()))
    }

    pub(super) fn said(&self, reply: Reply) -> Fault {
        let told = self.fault(reply.stage, &format!("the relay answered {reply}"));
        Fault { reply: Some(reply), ..told }
    }

    pub(super) fn fault(&self, stage: Stage, what: &str) -> Fault {
        fault(&self.place, stage, what)
    }
}

pub(super) fn fault(place: &str, stage: Stage, what: &str) -> Fault {
    let remedy = match stage {
        Stage::Connect => "check the relay's host and port, and that it runs",
        Stage::Hello => "check the relay's hello, and the relay's own log",
        Stage::Tls => "check the relay's tls, host and ca_file",
        Stage::Auth => "check the relay's user and password_file",
        Stage::Mail => "check the relay's own log, and that it takes mail from our sender",
        Stage::Rcpt | Stage::Data | Stage::Body | Stage::Dot => "check the relay's own log",
    };
    Fault { stage, reply: None, text: format!("{place}: {what}; {remedy}") }
}
