//! One connection: what it is ready for, and the story of one message.

use super::capability::Capabilities;
use super::command::{self, Form};
use super::stream::Stream;
use super::transaction::Step;
use super::{Settings, Timeouts};
use crate::fault;
use crate::octets::Octets;
use crate::transport::{Envelope, Fault, Outcome, Reply, SendError, Stage};

/// A connection that is greeted, secured and logged in.
pub struct Client {
    pub(super) stream: Stream,
    pub(super) capabilities: Capabilities,
    pub(super) timeouts: Timeouts,
    pub(super) state: State,
    /// How many messages it may still carry.
    pub(super) left: usize,
    pub(super) place: String,
    /// What the next write sends; kept, so that a command needs no new memory.
    pub(super) wire: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// A transaction was refused half-way: RSET comes before the next.
    Unfinished,
    /// The opening of a transaction was said in advance and its replies are not read. `None`: for
    /// nobody, because the relay may have misunderstood it.
    Prepared(Option<Envelope>),
    /// A transaction is open: the relay waits for the message.
    Waiting,
    /// In the middle of a turn, or broken. A dropped `send` leaves it so.
    Broken,
}

impl Client {
    pub(super) fn of(stream: Stream, settings: &Settings) -> Self {
        Self {
            stream,
            capabilities: Capabilities::default(),
            timeouts: settings.timeouts,
            state: State::Broken,
            left: settings.messages_per_connection,
            place: settings.place(),
            wire: Vec::new(),
        }
    }

    pub(in crate::transport) fn usable(&self) -> bool {
        match self.state {
            _ if self.left == 0 => false,
            State::Ready | State::Unfinished => self.stream.is_quiet(),
            State::Prepared(_) => self.stream.is_open(),
            State::Waiting | State::Broken => false,
        }
    }

    /// Opens the transaction of one message to one recipient; nothing of the message goes yet. `None`
    /// when the relay waits for it. All are well-formed: `Connection::begin` has checked.
    pub(in crate::transport) async fn begin(
        &mut self,
        envelope: &Envelope,
        message: &Octets,
    ) -> Result<Option<Outcome>, SendError> {
        let form = Form { length: message.len(), eight_bit: message.has_eight_bit() };
        if matches!(self.state, State::Waiting | State::Broken) || self.left == 0 {
            let text = "this connection is broken or has carried its share; open another";
            return Err(self.fault(Stage::Mail, text).into());
        }
        if let Some(outcome) = self.refuse_unsent(envelope, form) {
            return outcome.map(Some);
        }
        self.left -= 1;
        Ok(match self.open_transaction(envelope, form).await? {
            Step::Go => {
                fault::point("envelope");
                self.state = State::Waiting;
                None
            }
            Step::End(outcome) => Some(outcome),
        })
    }

    /// Hands over the message that the relay waits for.
    pub(in crate::transport) async fn finish(
        &mut self,
        message: &Octets,
        next: Option<&Envelope>,
    ) -> Result<Outcome, Fault> {
        if std::mem::replace(&mut self.state, State::Broken) != State::Waiting {
            return Err(self.fault(Stage::Body, "no transaction is open on this connection"));
        }
        fault::point("body");
        self.hand_over(message, next).await
    }

    /// Leaves an open transaction. Behind 354 only a message would be heard, and there is none: that
    /// connection is dropped, which no relay takes for an end (RFC 5321 §4.1.1.4).
    pub(in crate::transport) fn give_up(&mut self) {
        if self.state == State::Waiting {
            self.state = if self.capabilities.chunking { State::Unfinished } else { State::Broken };
        }
    }

    /// What this relay is known to refuse is never said to it.
    fn refuse_unsent(&self, envelope: &Envelope, form: Form) -> Option<Result<Outcome, SendError>> {
        // first: such an address stands in the message, too, whose octets are then nobody's mistake
        if command::needs_utf8(envelope) && !self.capabilities.smtputf8 {
            // X.6.7: non-ASCII addresses not permitted (RFC 6531, IANA registry of enhanced codes)
            let text = "not sent: the relay takes no address outside ASCII (SMTPUTF8)";
            return Some(Ok(refused(553, "5.6.7", text)));
        }
        if form.eight_bit && !self.capabilities.eight_bit_mime {
            let text = "the relay takes no octets above 127 (8BITMIME) and the message holds some; \
                        encode it as quoted-printable or base64";
            return Some(Err(SendError::Malformed(text.to_owned())));
        }
        let size = self.capabilities.size;
        if size.is_some_and(|size| size.excludes(form.length)) {
            // Everybody's copy is: a fault of ours, and no reader's.
            let text = "the message is larger than the relay takes (SIZE); send smaller pictures and \
                        attachments, or links to them";
            return Some(Err(SendError::Malformed(text.to_owned())));
        }
        None
    }

    /// Says QUIT and hangs up, whatever comes; a connection that cannot hear it is only dropped.
    pub(in crate::transport) async fn quit(mut self) {
        let abandoned = match std::mem::replace(&mut self.state, State::Broken) {
            State::Ready | State::Unfinished => true,
            State::Prepared(_) => self.abandon().await.is_ok(),
            State::Waiting => self.capabilities.chunking,
            State::Broken => false,
        };
        if abandoned {
            let _ = self.ask(Stage::Mail, "QUIT", self.timeouts.quit).await;
            self.stream.close(self.timeouts.quit).await;
        }
    }
}

fn refused(code: u16, enhanced: &str, text: &str) -> Outcome {
    Outcome::Refused(Reply {
        stage: Stage::Rcpt,
        code,
        enhanced: Some(enhanced.to_owned()),
        text: text.to_owned(),
    })
}

/// After 421 the relay hangs up (RFC 5321 §3.8); after 3yz to anything but DATA nobody knows.
pub(super) fn speaks_on(code: u16) -> bool {
    code != 421 && !(300..400).contains(&code)
}

pub(super) fn no(reply: Reply) -> Outcome {
    if reply.code / 100 == 5 { Outcome::Refused(reply) } else { Outcome::Deferred(reply) }
}
