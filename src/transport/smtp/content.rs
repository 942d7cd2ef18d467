//! Hands the message over, ended by a dot or as one chunk, with the next envelope right behind it.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::client::{State, no, speaks_on};
use super::pieces::{Pieces, Unsent};
use super::reply::Answer;
use super::stream::Break;
use super::{Client, command, dot};
use crate::fault;
use crate::octets::Octets;
use crate::transport::{Envelope, Fault, Outcome, Stage};

/// How long a relay that stopped reading has to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Client {
    pub(super) async fn hand_over(
        &mut self,
        message: &Octets,
        next: Option<&Envelope>,
    ) -> Result<Outcome, Fault> {
        let next = next.filter(|next| self.may_prepare(next));
        let behind = next.map_or_else(String::new, |next| {
            self.lines(command::opening(&self.capabilities, false), next, None)
        });
        let written = match self.write_message(message, &behind).await {
            Err(Unsent { why, whole: false }) => return self.broken_off(&why).await,
            written => written,
        };
        fault::point("dot");
        let since = Instant::now();
        let answer = self.stream.reply(self.timeouts.dot).await;
        self.observe(Stage::Dot, since);
        fault::point("answered");
        if let (Ok(()), Ok(Answer { code, .. })) = (written, &answer)
            && speaks_on(*code)
        {
            self.state = self.after(*code, next);
        }
        Ok(self.concluded(answer))
    }

    /// One write. The last octets of the message go in one piece with what follows them, so that
    /// the relay has it whole or knows that it has not.
    async fn write_message(&mut self, message: &Octets, behind: &str) -> Result<(), Unsent> {
        let chunking = self.capabilities.chunking;
        // A chunk has no 354 that tells us that both count the same replies; and a relay that hung up
        // while we looked whether to send has nothing, but the system would take all of it from us.
        if !self.stream.is_quiet() {
            let (why, whole) = (Break::OutOfTurn, false);
            return Err(Unsent { why, whole });
        }
        let whole = message.is_empty() || message.ends_with(b"\r\n");
        let end = if whole { "" } else { "\r\n" };
        let (head, body, last, dot) = if chunking {
            let head = format!("BDAT {} LAST\r\n", message.len() + end.len());
            let (body, last) = message.split_at(message.len().saturating_sub(1));
            (head, Cow::Borrowed(body), last, "")
        } else {
            (String::new(), dot::stuffed(message), &b""[..], ".\r\n")
        };
        self.wire.clear();
        for part in [last, end.as_bytes(), dot.as_bytes()] {
            self.wire.extend_from_slice(part);
        }
        let ends_at = self.wire.len();
        self.wire.extend_from_slice(behind.as_bytes());
        let pieces = Pieces { head: head.as_bytes(), body: &body, tail: &self.wire, ends_at };
        self.stream.write_message(pieces, self.timeouts.block).await
    }

    fn concluded(&self, answer: Result<Answer, Break>) -> Outcome {
        let reply = match answer {
            Ok(answer) => answer.into_reply(Stage::Dot),
            Err(why) => return self.in_doubt(&format!("sent, but not answered: {why}")),
        };
        match reply.code {
            200..300 => Outcome::Accepted(reply),
            400.. => no(reply),
            _ => self.in_doubt(&format!("answered the whole message with {reply}")),
        }
    }

    /// Whatever the reply, the transaction is over (RFC 5321 §4.1.1.4); but a refused chunk may
    /// leave one behind that only RSET clears (RFC 3030 §2), and the next envelope was said into it.
    fn after(&self, code: u16, next: Option<&Envelope>) -> State {
        let clear = !self.capabilities.chunking || code < 400;
        match (next, clear) {
            (None, true) => State::Ready,
            (None, false) => State::Unfinished,
            (Some(next), clear) => State::Prepared(clear.then(|| next.clone())),
        }
    }

    /// A relay that refuses a message in its middle says so and hangs up: that is this message's
    /// trouble. Without a word it is the connection's.
    async fn broken_off(&mut self, why: &Break) -> Result<Outcome, Fault> {
        if matches!(why, Break::OutOfTurn) {
            // nothing was begun, and nobody knows whom its words are about
            return Err(self.fault(Stage::Body, &why.to_string()));
        }
        match self.stream.reply(LAST_WORDS).await {
            Ok(answer) if answer.code >= 400 => Ok(no(answer.into_reply(Stage::Body))),
            _ => Err(self.fault(Stage::Body, &why.to_string())),
        }
    }

    fn may_prepare(&self, next: &Envelope) -> bool {
        self.left > 0
            && self.capabilities.pipelining
            && (self.capabilities.smtputf8 || !command::needs_utf8(next))
    }

    fn in_doubt(&self, what: &str) -> Outcome {
        Outcome::InDoubt(format!("{}: {what}", self.place))
    }
}
