//! Any sequence of messages over one connection: each gets exactly the answer that is its own.

use std::sync::LazyLock;

use bulletin::octets::Octets;
use bulletin::transport::{Connection, Envelope, Outcome, Reply, SendError, Stage};
use proptest::prelude::*;

use super::connected;
use super::mode::Mode;
use crate::support::relay::{Act, At, Relay, When};

/// The most messages in a sequence.
const LONGEST: usize = 12;

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Accepted,
    /// Refused there, for good or for now.
    No(At, bool),
}

/// Which envelope is announced behind a message.
#[derive(Clone, Copy, Debug)]
enum Announced {
    Nothing,
    Next,
    /// One that does not come next.
    Another,
}

/// A message's own words at each stage, for as long as the process lives: a script wants that.
struct Words {
    from: String,
    to: String,
    later: String,
    never: String,
}

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| {
    let words = |number| Words {
        from: format!("sender{number}@news.example.org"),
        to: format!("reader{number}@example.org"),
        later: format!("450 4.2.{number} later"),
        never: format!("550 5.1.{number} never"),
    };
    (0..LONGEST).map(words).collect()
});

fn fate() -> impl Strategy<Value = Fate> {
    let at = prop::sample::select(vec![At::Mail, At::Rcpt, At::Data, At::Dot]);
    prop_oneof![
        2 => Just(Fate::Accepted),
        3 => (at, any::<bool>()).prop_map(|(at, never)| Fate::No(at, never)),
    ]
}

fn announced() -> impl Strategy<Value = Announced> {
    prop_oneof![
        1 => Just(Announced::Nothing),
        6 => Just(Announced::Next),
        1 => Just(Announced::Another),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]
    #[test]
    fn no_answer_is_ever_another_messages(
        steps in prop::collection::vec((fate(), announced()), 1..LONGEST),
        mode in prop::sample::select(Mode::ALL.to_vec()),
        goes_on in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&steps, mode, goes_on));
    }
}

async fn play(steps: &[(Fate, Announced)], mode: Mode, goes_on: bool) {
    let relay = script(steps, mode, goes_on);
    let mut connection = connected(&relay).await;
    let mut journal = Vec::new();
    for (number, &(fate, announced)) in steps.iter().enumerate() {
        let next = match announced {
            Announced::Nothing => None,
            Announced::Next => Some(envelope((number + 1) % LONGEST)),
            Announced::Another => Some(envelope((number + 2) % LONGEST)),
        };
        let fate = match fate {
            // there is no DATA
            Fate::No(At::Data, _) if mode.chunking() => Fate::Accepted,
            fate => fate,
        };
        let heard = send(&relay, &mut connection, number, next.as_ref()).await;
        assert_eq!(heard, told(fate, number), "message {number}");
        if matches!(fate, Fate::Accepted | Fate::No(At::Dot, _)) {
            journal.push((envelope(number).to, message(number).into_bytes()));
        }
    }
    connection.quit().await;
    let received = relay.received().into_iter();
    let received: Vec<_> = received.map(|mail| (mail.to, mail.message)).collect();
    assert_eq!(received, journal);
}

/// Over a new connection when the open one waits for a message that never comes.
async fn send(
    relay: &Relay,
    connection: &mut Connection,
    number: usize,
    next: Option<&Envelope>,
) -> Result<Outcome, Reply> {
    let (envelope, message) = (envelope(number), message(number));
    let mut result = connection.send(&envelope, &message, next).await;
    if matches!(&result, Err(SendError::Fault(fault)) if fault.text.contains("was given up")) {
        *connection = connected(relay).await;
        result = connection.send(&envelope, &message, next).await;
    }
    result.map_err(|error| match error {
        SendError::Fault(fault) => fault.reply.expect(&fault.text),
        SendError::Malformed(text) => panic!("{text}"),
    })
}

fn script(steps: &[(Fate, Announced)], mode: Mode, goes_on: bool) -> Relay {
    let mut relay = Relay::new().offers(mode.offers());
    if goes_on {
        relay = relay.goes_on_without_recipient();
    }
    for (&(fate, _), words) in steps.iter().zip(WORDS.iter()) {
        if let Fate::No(at, never) = fate {
            let reply = if never { &words.never } else { &words.later };
            relay = relay.on(at, When::From(&words.from), Act::Say(reply));
        }
    }
    relay.start()
}

fn told(fate: Fate, number: usize) -> Result<Outcome, Reply> {
    let reply = |stage, code, enhanced: String, text: &str| Reply {
        stage,
        code,
        enhanced: Some(enhanced),
        text: text.to_owned(),
    };
    let no = |stage, never| {
        if never {
            reply(stage, 550, format!("5.1.{number}"), "never")
        } else {
            reply(stage, 450, format!("4.2.{number}"), "later")
        }
    };
    let stage = match fate {
        Fate::No(At::Mail, never) => return Err(no(Stage::Mail, never)),
        Fate::Accepted => {
            let taken = reply(Stage::Dot, 250, "2.0.0".to_owned(), "queued as 42");
            return Ok(Outcome::Accepted(taken));
        }
        Fate::No(At::Rcpt, _) => Stage::Rcpt,
        Fate::No(At::Data, _) => Stage::Data,
        Fate::No(..) => Stage::Dot,
    };
    Ok(match fate {
        Fate::No(_, true) => Outcome::Refused(no(stage, true)),
        _ => Outcome::Deferred(no(stage, false)),
    })
}

fn envelope(number: usize) -> Envelope {
    let words = &WORDS[number];
    Envelope { from: words.from.clone(), to: words.to.clone(), id: None }
}

/// No two are the same, and some lines begin with dots.
fn message(number: usize) -> Octets {
    let dots = ".".repeat(number % 3);
    format!(
        "Message-ID: <{number}@news.example.org>\r\n\r\n{dots}\r\nMessage {number}\r\n{dots}\r\n"
    )
    .into_bytes()
    .into()
}
