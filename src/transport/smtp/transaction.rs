//! Opens a transaction: MAIL, RCPT and DATA, in one write where the relay offers PIPELINING.
//!
//! The first refusal is the answer. What comes after it in the same group is read, so that no
//! reply is left for the wrong command, and changes only whether the connection goes on.

use super::Client;
use super::client::{State, no, speaks_on};
use super::command::{self, Form, Verb};
use crate::fault;
use crate::transport::{Envelope, Fault, Outcome, Reply, Stage};

/// The next turn, or what ends the transaction here.
pub(super) enum Step {
    Go,
    End(Outcome),
}

/// What one reply means.
enum Meaning {
    Yes,
    /// This message is not taken; the conversation goes on.
    No(Result<Outcome, Fault>),
    /// The conversation is over.
    Over(Result<Outcome, Fault>),
}

impl Client {
    /// After `Go` the relay waits for the message.
    pub(super) async fn open_transaction(
        &mut self,
        envelope: &Envelope,
        form: Form,
    ) -> Result<Step, Fault> {
        let reset = match std::mem::replace(&mut self.state, State::Broken) {
            State::Prepared(Some(prepared)) if prepared == *envelope && !form.eight_bit => {
                let said = command::opening(&self.capabilities, false);
                return self.hear_all(said).await;
            }
            State::Prepared(_) => {
                self.abandon().await?;
                true
            }
            State::Unfinished => true,
            State::Ready | State::Waiting | State::Broken => false,
        };
        fault::point("mail");
        let verbs = command::opening(&self.capabilities, reset);
        if self.capabilities.pipelining {
            let lines = self.lines(verbs, envelope, Some(form));
            self.say(Stage::Mail, &lines, self.timeouts.mail).await?;
            self.hear_all(verbs).await
        } else {
            self.in_lock_step(verbs, envelope, form).await
        }
    }

    pub(super) fn lines(&self, verbs: &[Verb], envelope: &Envelope, form: Option<Form>) -> String {
        let line = |verb: &Verb| verb.line(&self.capabilities, envelope, form);
        verbs.iter().map(line).collect()
    }

    async fn in_lock_step(
        &mut self,
        verbs: &[Verb],
        envelope: &Envelope,
        form: Form,
    ) -> Result<Step, Fault> {
        for &verb in verbs {
            let line = self.lines(&[verb], envelope, Some(form));
            self.say(verb.stage(), &line, self.limit(verb)).await?;
            let reply = self.hear(verb.stage(), self.limit(verb)).await?;
            match self.meaning(verb, reply) {
                Meaning::Yes => (),
                Meaning::No(answer) => {
                    self.state = State::Unfinished;
                    return answer.map(Step::End);
                }
                Meaning::Over(answer) => return answer.map(Step::End),
            }
        }
        Ok(Step::Go)
    }

    async fn hear_all(&mut self, verbs: &[Verb]) -> Result<Step, Fault> {
        let (mut refusal, mut waits) = (None, false);
        for &verb in verbs {
            let meaning = match self.hear(verb.stage(), self.limit(verb)).await {
                Ok(reply) => self.meaning(verb, reply),
                Err(fault) => Meaning::Over(Err(fault)),
            };
            match meaning {
                Meaning::Yes => waits = verb == Verb::Data,
                Meaning::No(answer) => {
                    refusal.get_or_insert(answer);
                }
                Meaning::Over(answer) => return refusal.unwrap_or(answer).map(Step::End),
            }
        }
        let Some(answer) = refusal else {
            return Ok(Step::Go);
        };
        if waits {
            self.send_nothing().await;
        } else {
            self.state = State::Unfinished;
        }
        answer.map(Step::End)
    }

    /// A relay may say 354 though it has no recipient (RFC 2920 §3.1); a lone dot ends that, and
    /// whatever it answers is about nobody's message.
    async fn send_nothing(&mut self) {
        let reply = self.ask(Stage::Dot, ".", self.timeouts.data).await;
        if reply.is_ok_and(|reply| speaks_on(reply.code)) {
            self.state = State::Ready;
        }
    }

    /// Leaves the envelope that was said in advance. Behind 354 only a message would be heard, and
    /// there is none: the connection is dropped, which no relay takes for an end (RFC 5321 §4.1.1.4).
    pub(super) async fn abandon(&mut self) -> Result<(), Fault> {
        if !self.capabilities.chunking {
            let text = "the relay waits for the message of an envelope that was given up";
            return Err(self.fault(Stage::Mail, text));
        }
        for verb in command::opening(&self.capabilities, false) {
            // of another envelope: its refusal is nothing to us
            let reply = self.hear(Stage::Mail, self.limit(*verb)).await?;
            if !speaks_on(reply.code) {
                return Err(self.said(reply));
            }
        }
        Ok(())
    }

    fn meaning(&self, verb: Verb, reply: Reply) -> Meaning {
        let code = reply.code;
        match (verb, code) {
            (Verb::Rset, 250) | (Verb::Mail | Verb::Rcpt, 200..300) | (Verb::Data, 354) => {
                Meaning::Yes
            }
            (Verb::Mail, 400..600) if speaks_on(code) => Meaning::No(Err(self.said(reply))),
            (Verb::Rcpt | Verb::Data, 400..600) if speaks_on(code) => Meaning::No(Ok(no(reply))),
            (Verb::Rcpt | Verb::Data, 400..600) => Meaning::Over(Ok(no(reply))),
            // we no longer understand each other
            _ => Meaning::Over(Err(self.said(reply))),
        }
    }

    fn limit(&self, verb: Verb) -> std::time::Duration {
        match verb {
            Verb::Rset | Verb::Mail => self.timeouts.mail,
            Verb::Rcpt => self.timeouts.rcpt,
            Verb::Data => self.timeouts.data,
        }
    }
}
