//! One connection: a turn, and a message in four turns.

use std::time::Duration;

use super::capability::Capabilities;
use super::dot;
use super::stream::{Break, Stream};
use super::{Settings, Timeouts};
use crate::transport::{Envelope, Fault, Outcome, Reply, Stage};

/// How long a relay that stopped reading has to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection that is greeted, secured and logged in.
pub struct Client {
    pub(super) stream: Stream,
    pub(super) capabilities: Capabilities,
    pub(super) timeouts: Timeouts,
    pub(super) state: State,
    pub(super) place: String,
    /// What the next write sends; kept, so that a message needs no new memory.
    pub(super) wire: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// A transaction was refused half-way: RSET comes before the next.
    Unfinished,
    /// In the middle of a turn, or broken. A dropped `send` leaves it so.
    Broken,
}

/// The next turn, or what ends the transaction here.
enum Step {
    Go,
    End(Outcome),
}

impl Client {
    pub(super) fn of(stream: Stream, settings: &Settings) -> Self {
        Self {
            stream,
            capabilities: Capabilities::default(),
            timeouts: settings.timeouts,
            state: State::Broken,
            place: settings.place(),
            wire: Vec::new(),
        }
    }

    pub(in crate::transport) fn usable(&self) -> bool {
        self.state != State::Broken && self.stream.is_quiet()
    }

    /// One message to one recipient. Both are well-formed: `Connection::send` has checked.
    pub(in crate::transport) async fn send(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<Outcome, Fault> {
        if self.state == State::Broken {
            return Err(self.fault(Stage::Mail, "this connection is broken; open another"));
        }
        if let Some(outcome) = self.refuse_unsent(envelope, message.len()) {
            return Ok(outcome);
        }
        self.reset_if_unfinished().await?;
        self.mail(envelope, message.len()).await?;
        if let Step::End(outcome) = self.rcpt(&envelope.to).await? {
            return Ok(outcome);
        }
        if let Step::End(outcome) = self.data().await? {
            return Ok(outcome);
        }
        self.body(message).await
    }

    /// What this relay is known to refuse is this message's trouble, not the relay's.
    fn refuse_unsent(&self, envelope: &Envelope, length: usize) -> Option<Outcome> {
        let refused = |code, enhanced: &str, text: &str| {
            let (enhanced, text) = (Some(enhanced.to_owned()), text.to_owned());
            Some(Outcome::Refused(Reply {
                stage: Stage::Rcpt,
                code,
                enhanced,
                text,
            }))
        };
        if needs_utf8(envelope) && !self.capabilities.smtputf8 {
            // X.6.7: non-ASCII addresses not permitted (RFC 6531, IANA registry of enhanced codes)
            return refused(
                553,
                "5.6.7",
                "not sent: the relay takes no address outside ASCII (SMTPUTF8)",
            );
        }
        if self
            .capabilities
            .size
            .is_some_and(|size| size.excludes(length))
        {
            return refused(552, "5.3.4", "not sent: larger than the relay takes (SIZE)");
        }
        None
    }

    async fn reset_if_unfinished(&mut self) -> Result<(), Fault> {
        if self.state == State::Ready {
            return Ok(());
        }
        let reply = self.ask(Stage::Mail, "RSET", self.timeouts.mail).await?;
        if reply.code == 250 {
            Ok(())
        } else {
            Err(self.said(reply))
        }
    }

    async fn mail(&mut self, envelope: &Envelope, length: usize) -> Result<(), Fault> {
        let mut line = format!("MAIL FROM:<{}>", envelope.from);
        if self.capabilities.size.is_some() {
            // the octets before dot-stuffing (RFC 1870 §5)
            line = format!("{line} SIZE={length}");
        }
        if needs_utf8(envelope) {
            line.push_str(" SMTPUTF8");
        }
        let reply = self.ask(Stage::Mail, &line, self.timeouts.mail).await?;
        match reply.code {
            200..300 => Ok(()),
            code => {
                self.state = if speaks_on(code) {
                    State::Ready
                } else {
                    State::Broken
                };
                Err(self.said(reply))
            }
        }
    }

    async fn rcpt(&mut self, to: &str) -> Result<Step, Fault> {
        let reply = self
            .ask(Stage::Rcpt, &format!("RCPT TO:<{to}>"), self.timeouts.rcpt)
            .await?;
        if reply.code / 100 == 2 {
            Ok(Step::Go)
        } else {
            self.refusal(reply)
        }
    }

    async fn data(&mut self) -> Result<Step, Fault> {
        let reply = self.ask(Stage::Data, "DATA", self.timeouts.data).await?;
        if reply.code == 354 {
            Ok(Step::Go)
        } else {
            self.refusal(reply)
        }
    }

    /// 4yz and 5yz answer for this recipient; anything else here means that we no longer
    /// understand each other.
    fn refusal(&mut self, reply: Reply) -> Result<Step, Fault> {
        match reply.code {
            code @ 400..600 => {
                self.state = if speaks_on(code) {
                    State::Unfinished
                } else {
                    State::Broken
                };
                Ok(Step::End(no(reply)))
            }
            _ => Err(self.said(reply)),
        }
    }

    async fn body(&mut self, message: &[u8]) -> Result<Outcome, Fault> {
        self.wire.clear();
        dot::stuff(message, &mut self.wire);
        if let Err(why) = self.stream.write(&self.wire, self.timeouts.block).await {
            return self.last_words(&why).await;
        }
        let answer = match self.stream.reply(self.timeouts.dot).await {
            Ok(answer) => answer,
            Err(why) => return Ok(self.in_doubt(&format!("sent, but not answered: {why}"))),
        };
        let reply = answer.into_reply(Stage::Dot);
        if reply.code / 100 == 3 {
            return Ok(self.in_doubt(&format!("answered the final dot with {reply}")));
        }
        if speaks_on(reply.code) {
            // whatever the reply, the transaction is over (RFC 5321 §4.1.1.4)
            self.state = State::Ready;
        }
        Ok(if reply.code / 100 == 2 {
            Outcome::Accepted(reply)
        } else {
            no(reply)
        })
    }

    /// A relay that refuses a message in its middle says so and hangs up: that is this message's
    /// trouble. Without a word it is the connection's.
    async fn last_words(&mut self, why: &Break) -> Result<Outcome, Fault> {
        match self.stream.reply(LAST_WORDS).await {
            Ok(answer) if answer.code >= 400 => Ok(no(answer.into_reply(Stage::Body))),
            _ => Err(self.fault(Stage::Body, &why.to_string())),
        }
    }

    fn in_doubt(&self, what: &str) -> Outcome {
        Outcome::InDoubt(format!("{}: {what}", self.place))
    }

    /// Says QUIT and hangs up, whatever comes; a broken connection is only dropped.
    pub(in crate::transport) async fn quit(mut self) {
        if self.state != State::Broken {
            let _ = self.ask(Stage::Mail, "QUIT", self.timeouts.quit).await;
            self.stream.close(self.timeouts.quit).await;
        }
    }
}

fn needs_utf8(envelope: &Envelope) -> bool {
    !envelope.from.is_ascii() || !envelope.to.is_ascii()
}

/// After 421 the relay hangs up (RFC 5321 §3.8); after 3yz to anything but DATA nobody knows.
fn speaks_on(code: u16) -> bool {
    code != 421 && !(300..400).contains(&code)
}

fn no(reply: Reply) -> Outcome {
    if reply.code / 100 == 5 {
        Outcome::Refused(reply)
    } else {
        Outcome::Deferred(reply)
    }
}
