//! Every misbehaviour at every stage, under STARTTLS and after AUTH, and what it must become: spoken
//! in lock-step, pipelined, in chunks and both, with the first message of a connection and with one
//! whose envelope went behind the message before it.

use std::sync::{Arc, LazyLock};

use bulletin::config::Tls;
use bulletin::octets::Octets;
use bulletin::transport::{Fault, Outcome, SendError, Stage, Transport};

use super::mode::Mode;
use super::{MESSAGE, ann, configured, connected, is_accepted, transport, with_login};
use crate::support::relay::{Act, At, Relay, Security, When};

/// What the caller hears, and whether the connection may be used again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Heard {
    Fault(Stage),
    /// MAIL was refused in good order: our or the relay's trouble, on a connection that works.
    FaultUsable(Stage),
    Deferred(Stage),
    DeferredUsable(Stage),
    Refused(Stage),
    RefusedUsable(Stage),
    InDoubt,
    AcceptedUsable,
}
use Heard::{
    AcceptedUsable, Deferred, DeferredUsable, Fault as Faulty, FaultUsable, InDoubt, Refused,
    RefusedUsable,
};
use Stage::{Auth, Body, Connect, Data, Dot, Hello, Mail, Rcpt, Tls as TlsStage};

const ACTS: [Act; 9] = [
    Act::Say("451 4.3.0 later"),
    Act::Say("554 5.3.0 never"),
    Act::Say("421 4.3.2 closing"),
    Act::Drop,
    Act::Reset,
    Act::Stall,
    Act::Garbage,
    Act::Half,
    Act::Drip,
];

/// What the relay does not say itself: it hangs up, is silent, or speaks nonsense.
const fn told(later: Heard, never: Heard, closing: Heard, silent: Heard) -> [Heard; 9] {
    [later, never, closing, silent, silent, silent, silent, silent, silent]
}

/// In the order of [`ACTS`]. Only the row after the dot has doubt in it.
#[rustfmt::skip]
const TABLE: [(At, [Heard; 9]); 10] = [
    (At::Connect,  [Faulty(Connect); 9]),
    // 554 makes us say HELO, and a relay that knows only HELO has no STARTTLS
    (At::Ehlo,     told(Faulty(Hello), Faulty(TlsStage), Faulty(Hello), Faulty(Hello))),
    (At::Starttls, [Faulty(TlsStage); 9]),
    (At::Auth,     [Faulty(Auth); 9]),
    (At::Mail,     told(FaultUsable(Mail), FaultUsable(Mail), Faulty(Mail), Faulty(Mail))),
    (At::Rcpt,     told(DeferredUsable(Rcpt), RefusedUsable(Rcpt), Deferred(Rcpt), Faulty(Rcpt))),
    (At::Data,     told(DeferredUsable(Data), RefusedUsable(Data), Deferred(Data), Faulty(Data))),
    (At::Body,     told(Deferred(Body), Refused(Body), Deferred(Body), Faulty(Body))),
    (At::Dot,      told(DeferredUsable(Dot), RefusedUsable(Dot), Deferred(Dot), InDoubt)),
    (At::Quit,     [AcceptedUsable; 9]),
];

/// More than the system buffers for us, so that the relay really is in the middle of it.
static LARGE: LazyLock<Octets> = LazyLock::new(|| {
    let mut large = MESSAGE.clone();
    large.push("A line of the body.\r\n".repeat(400_000).as_bytes());
    large
});

/// Cells that run at a time: a busy machine must not look like a silent relay.
const AT_ONCE: usize = 40;

struct Cell {
    mode: Mode,
    /// Whether it is the second message, and was announced with the first.
    announced: bool,
    at: At,
    act: Act,
    expected: Heard,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_in_lock_step_becomes_what_it_is() {
    all(Mode::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_in_a_pipeline_becomes_what_it_is() {
    all(Mode::Pipelining).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_around_a_chunk_becomes_what_it_is() {
    all(Mode::Chunking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_around_pipelined_chunks_becomes_what_it_is() {
    all(Mode::Both).await;
}

async fn all(mode: Mode) {
    let permits = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut running = tokio::task::JoinSet::new();
    for cell in cells(mode) {
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            run(cell).await
        });
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_message_whose_dot_has_left_us_is_in_doubt_wherever_the_relay_stopped_reading() {
    let relay = Relay::new().on(At::Body, When::Always, Act::Drop).start();
    let outcome = connected(&relay).await.send(&ann(), &MESSAGE, None).await.unwrap();
    assert!(matches!(outcome, Outcome::InDoubt(_)), "{outcome:?}");
}

fn cells(mode: Mode) -> Vec<Cell> {
    let mut cells = Vec::new();
    for announced in [false, true] {
        for (at, row) in TABLE {
            let of_a_message = matches!(at, At::Mail | At::Rcpt | At::Data | At::Body | At::Dot);
            if announced && !(mode.pipelining() && of_a_message) {
                continue;
            }
            for (act, mut expected) in ACTS.into_iter().zip(row) {
                if at == At::Data && mode.chunking() {
                    // it is never said
                    expected = AcceptedUsable;
                }
                cells.push(Cell { mode, announced, at, act, expected });
            }
        }
    }
    // those that wait for us wait together
    cells.sort_by_key(|cell| !matches!(cell.act, Act::Stall | Act::Drip));
    cells
}

/// What is wrong with this cell, if anything.
async fn run(cell: Cell) -> Option<String> {
    let Cell { mode, announced, at, act, expected } = cell;
    let relay = Relay::new()
        .offers(mode.offers())
        .security(Security::Starttls)
        .on(at, When::Nth(1 + usize::from(announced)), act)
        .start();
    let transport = transport(&with_login(configured(&relay, Tls::Starttls)));
    let heard = hear(at, announced, &transport).await;
    let received = relay.received();
    let before = usize::from(announced);
    let itself = usize::from(at == At::Dot || expected == AcceptedUsable);
    let after = usize::from(is_usable(expected));
    let as_sent = received.iter().all(|mail| mail.message == **MESSAGE);
    let right = heard == expected && received.len() == before + itself + after && as_sent;
    (!right).then(|| {
        format!(
            "{mode:?} {at:?} {act:?}, announced: {announced}: heard {heard:?}, not {expected:?}; the \
             relay has {} messages, not {before} + {itself} + {after}, as sent: {as_sent}",
            received.len()
        )
    })
}

async fn hear(at: At, announced: bool, transport: &Transport) -> Heard {
    let mut connection = match transport.connect().await {
        Ok(connection) => connection,
        Err(Fault { stage, .. }) => return Faulty(stage),
    };
    if announced {
        let before = connection.send(&ann(), &MESSAGE, Some(&ann())).await;
        assert!(is_accepted(&before.unwrap()), "{at:?}");
    }
    let message = if at == At::Body { &LARGE } else { &MESSAGE };
    let result = connection.send(&ann(), message, None).await;
    let usable = connection.usable();
    if usable {
        let again = connection.send(&ann(), &MESSAGE, None).await.unwrap();
        assert!(is_accepted(&again), "{at:?}: a usable connection is usable: {again:?}");
    }
    connection.quit().await;
    match (result, usable) {
        (Ok(Outcome::Accepted(_)), true) => AcceptedUsable,
        (Ok(Outcome::Deferred(reply)), true) => DeferredUsable(reply.stage),
        (Ok(Outcome::Deferred(reply)), false) => Deferred(reply.stage),
        (Ok(Outcome::Refused(reply)), true) => RefusedUsable(reply.stage),
        (Ok(Outcome::Refused(reply)), false) => Refused(reply.stage),
        (Ok(Outcome::InDoubt(_)), false) => InDoubt,
        (Err(SendError::Fault(fault)), true) => FaultUsable(fault.stage),
        (Err(SendError::Fault(fault)), false) => Faulty(fault.stage),
        (other, usable) => panic!("{at:?}: {other:?}, usable: {usable}"),
    }
}

fn is_usable(heard: Heard) -> bool {
    matches!(heard, FaultUsable(_) | DeferredUsable(_) | RefusedUsable(_) | AcceptedUsable)
}
