//! A relay for tests of the stages before it: keeps what it takes and answers as it was told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Envelope, Fault, Outcome, Reply, Stage};

/// What a scripted relay does with a message.
pub type Answer = Result<Outcome, Fault>;

/// Shared by its clones; unscripted, it accepts everything.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    messages: Vec<(Envelope, Vec<u8>)>,
    once: BTreeMap<String, VecDeque<Answer>>,
    always: BTreeMap<String, Answer>,
    closed: Option<Fault>,
}

impl Outbox {
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every message to `to` gets this answer.
    pub fn answer(&self, to: &str, answer: Answer) {
        self.state().always.insert(to.to_owned(), answer);
    }

    /// The next message to `to` gets this answer; several are given in their order, and before
    /// the answer given always.
    pub fn answer_once(&self, to: &str, answer: Answer) {
        self.state().once.entry(to.to_owned()).or_default().push_back(answer);
    }

    /// Makes every connection fail so, also those that are open, or succeed again with `None`.
    pub fn refuse_connections(&self, fault: Option<Fault>) {
        self.state().closed = fault;
    }

    /// What has arrived, in order: everything accepted, and what is in doubt.
    pub fn messages(&self) -> Vec<(Envelope, Vec<u8>)> {
        self.state().messages.clone()
    }

    pub(super) fn open(&self) -> Result<Session, Fault> {
        match &self.state().closed {
            Some(fault) => Err(fault.clone()),
            None => Ok(Session { outbox: self.clone(), usable: true, begun: None }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to an [`Outbox`].
pub struct Session {
    outbox: Outbox,
    usable: bool,
    begun: Option<Envelope>,
}

impl Session {
    pub(super) fn begin(&mut self, envelope: &Envelope) {
        self.begun = Some(envelope.clone());
    }

    pub(super) fn finish(&mut self, message: &[u8]) -> Answer {
        let Some(envelope) = self.begun.take() else {
            let text = "no message was begun".to_owned();
            return Err(Fault { stage: Stage::Body, reply: None, text });
        };
        let mut state = self.outbox.state();
        let answer = match &state.closed {
            Some(fault) => Err(fault.clone()),
            None => state.next_answer(&envelope.to),
        };
        if matches!(answer, Ok(Outcome::Accepted(_) | Outcome::InDoubt(_))) {
            state.messages.push((envelope, message.to_vec()));
        }
        self.usable = !matches!(answer, Err(_) | Ok(Outcome::InDoubt(_)));
        answer
    }

    pub(super) fn give_up(&mut self) {
        self.begun = None;
    }

    pub(super) fn usable(&self) -> bool {
        self.usable
    }
}

impl State {
    fn next_answer(&mut self, to: &str) -> Answer {
        let once = self.once.get_mut(to).and_then(VecDeque::pop_front);
        once.or_else(|| self.always.get(to).cloned()).unwrap_or_else(|| Ok(accepted()))
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted(Reply {
        stage: Stage::Dot,
        code: 250,
        enhanced: Some("2.0.0".to_owned()),
        text: "kept in memory".to_owned(),
    })
}
