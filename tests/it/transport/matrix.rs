//! Every misbehaviour at every stage, under STARTTLS and after AUTH, and what it must become.

use bulletin::config::Tls;
use bulletin::transport::{Fault, Outcome, SendError, Stage, Transport};

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

const ACTS: [Act; 8] = [
    Act::Say("451 4.3.0 later"),
    Act::Say("554 5.3.0 never"),
    Act::Say("421 4.3.2 closing"),
    Act::Drop,
    Act::Stall,
    Act::Garbage,
    Act::Half,
    Act::Drip,
];

/// In the order of [`ACTS`]. Only the row after the dot has doubt in it.
#[rustfmt::skip]
const TABLE: [(At, [Heard; 8]); 10] = [
    (At::Connect,  [Faulty(Connect); 8]),
    // 554 makes us say HELO, and a relay that knows only HELO has no STARTTLS
    (At::Ehlo,     [Faulty(Hello), Faulty(TlsStage), Faulty(Hello), Faulty(Hello), Faulty(Hello), Faulty(Hello), Faulty(Hello), Faulty(Hello)]),
    (At::Starttls, [Faulty(TlsStage); 8]),
    (At::Auth,     [Faulty(Auth); 8]),
    (At::Mail,     [FaultUsable(Mail), FaultUsable(Mail), Faulty(Mail), Faulty(Mail), Faulty(Mail), Faulty(Mail), Faulty(Mail), Faulty(Mail)]),
    (At::Rcpt,     [DeferredUsable(Rcpt), RefusedUsable(Rcpt), Deferred(Rcpt), Faulty(Rcpt), Faulty(Rcpt), Faulty(Rcpt), Faulty(Rcpt), Faulty(Rcpt)]),
    (At::Data,     [DeferredUsable(Data), RefusedUsable(Data), Deferred(Data), Faulty(Data), Faulty(Data), Faulty(Data), Faulty(Data), Faulty(Data)]),
    (At::Body,     [Deferred(Body), Refused(Body), Deferred(Body), Faulty(Body), Faulty(Body), Faulty(Body), Faulty(Body), Faulty(Body)]),
    (At::Dot,      [DeferredUsable(Dot), RefusedUsable(Dot), Deferred(Dot), InDoubt, InDoubt, InDoubt, InDoubt, InDoubt]),
    (At::Quit,     [AcceptedUsable; 8]),
];

struct Cell {
    at: At,
    act: Act,
    expected: Heard,
    relay: Relay,
    transport: Transport,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_at_every_stage_becomes_what_it_is() {
    let mut running = tokio::task::JoinSet::new();
    for cell in cells() {
        running.spawn(run(cell));
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_message_whose_dot_has_left_us_is_in_doubt_wherever_the_relay_stopped_reading() {
    let relay = Relay::new().on(At::Body, When::Always, Act::Drop).start();
    let outcome = connected(&relay)
        .await
        .send(&ann(), MESSAGE, None)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::InDoubt(_)), "{outcome:?}");
}

fn cells() -> Vec<Cell> {
    let row = |(at, row): (At, [Heard; 8])| {
        ACTS.into_iter()
            .zip(row)
            .map(move |(act, expected)| (at, act, expected))
    };
    let cell = |(at, act, expected)| {
        let relay = Relay::new()
            .security(Security::Starttls)
            .on(at, When::Nth(1), act)
            .start();
        let transport = transport(&with_login(configured(&relay, Tls::Starttls)));
        Cell {
            at,
            act,
            expected,
            relay,
            transport,
        }
    };
    TABLE.into_iter().flat_map(row).map(cell).collect()
}

/// What is wrong with this cell, if anything.
async fn run(cell: Cell) -> Option<String> {
    let Cell {
        at,
        act,
        expected,
        relay,
        transport,
    } = cell;
    let heard = hear(at, &transport).await;
    let delivered = relay.received().len();
    let received = match at {
        At::Dot => 1 + usize::from(matches!(expected, DeferredUsable(_) | RefusedUsable(_))),
        At::Mail | At::Rcpt | At::Data => usize::from(is_usable(expected)),
        At::Quit => 2,
        _ => 0,
    };
    (heard != expected || delivered != received).then(|| {
        format!("{at:?} {act:?}: heard {heard:?}, not {expected:?}; the relay has {delivered} messages, not {received}")
    })
}

async fn hear(at: At, transport: &Transport) -> Heard {
    let mut connection = match transport.connect().await {
        Ok(connection) => connection,
        Err(Fault { stage, .. }) => return Faulty(stage),
    };
    // more than the system buffers for us, so that the relay really is in the middle of it
    let large = [
        MESSAGE,
        "A line of the body.\r\n".repeat(1_000_000).as_bytes(),
    ]
    .concat();
    let message = if at == At::Body { &large } else { MESSAGE };
    let result = connection.send(&ann(), message, None).await;
    let usable = connection.usable();
    if usable {
        let again = connection.send(&ann(), MESSAGE, None).await.unwrap();
        assert!(
            is_accepted(&again),
            "{at:?}: a usable connection is usable: {again:?}"
        );
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
    matches!(
        heard,
        FaultUsable(_) | DeferredUsable(_) | RefusedUsable(_) | AcceptedUsable
    )
}
