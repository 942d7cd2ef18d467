//! What relays answer, by chance.

use std::sync::Arc;
use std::time::Duration;

use bulletin::clock::Timestamp;
use bulletin::delivery::Happened;
use bulletin::transport::{Fault, Outcome, Reply, SendError, Stage};

use super::plan::Faults;
use super::random::Random;

/// What becomes of an envelope.
pub(super) enum Begun {
    /// The relay waits for the message.
    Opened,
    Ended(Happened),
    /// The worker panicked.
    Lost,
}

/// What becomes of a message.
pub(super) struct Sent {
    /// Whether the relay has it.
    pub(super) arrives: bool,
    /// Nothing: the worker panicked.
    pub(super) answer: Option<Result<Outcome, SendError>>,
}

fn fault(stage: Stage) -> SendError {
    Fault { stage, reply: None, text: "as the story says".to_owned() }.into()
}

fn reply(stage: Stage, code: u16, text: &str) -> Reply {
    Reply { stage, code, enhanced: None, text: text.to_owned() }
}

pub(super) fn tried(relay: &str, at: Timestamp, result: Result<Outcome, SendError>) -> Happened {
    Happened::Tried { relay: Arc::from(relay), at, took: Duration::ZERO, result }
}

pub(super) fn begin(random: &mut Random, faults: Faults, relay: &str, at: Timestamp) -> Begun {
    if random.happens(faults.panic) {
        return Begun::Lost;
    }
    if random.happens(faults.ours) {
        return Begun::Ended(Happened::Ours("a template is broken".to_owned()));
    }
    if random.happens(faults.store / 4) {
        return Begun::Ended(Happened::Untried);
    }
    if random.happens(faults.connect) {
        let stages = [Stage::Connect, Stage::Hello, Stage::Tls, Stage::Auth, Stage::Mail];
        let result = Err(fault(random.one_of(&stages)));
        return Begun::Ended(tried(relay, at, result));
    }
    match refusal(random, faults, Stage::Rcpt) {
        Some(outcome) => Begun::Ended(tried(relay, at, Ok(outcome))),
        None => Begun::Opened,
    }
}

fn refusal(random: &mut Random, faults: Faults, stage: Stage) -> Option<Outcome> {
    let refused = |code, text| Some(Outcome::Refused(reply(stage, code, text)));
    if random.happens(faults.refuse) {
        return refused(550, "not today");
    }
    if random.happens(faults.hard) {
        return refused(550, "no such user");
    }
    if random.happens(faults.policy) {
        return refused(550, "DMARC says no");
    }
    random.happens(faults.defer).then(|| Outcome::Deferred(reply(stage, 451, "later")))
}

pub(super) fn send(random: &mut Random, faults: Faults) -> Sent {
    if random.happens(faults.panic) {
        return Sent { arrives: random.happens(500), answer: None };
    }
    if random.happens(faults.body) {
        let stages = [Stage::Data, Stage::Body];
        return Sent { arrives: false, answer: Some(Err(fault(random.one_of(&stages)))) };
    }
    if random.happens(faults.doubt) {
        let answer = Ok(Outcome::InDoubt("silence".to_owned()));
        return Sent { arrives: random.happens(500), answer: Some(answer) };
    }
    if let Some(outcome) = refusal(random, faults, Stage::Dot) {
        return Sent { arrives: false, answer: Some(Ok(outcome)) };
    }
    let accepted = Outcome::Accepted(reply(Stage::Dot, 250, "ok"));
    Sent { arrives: true, answer: Some(Ok(accepted)) }
}
