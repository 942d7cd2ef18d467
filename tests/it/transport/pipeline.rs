//! Envelopes that go ahead of their messages: which reply belongs to which, and what is given up.

use bulletin::config::{SmtpRelay, Tls};
use bulletin::transport::{Envelope, Outcome, SendError, Stage};

use super::mode::Mode;
use super::{MESSAGE, ann, configured, connected, is_accepted, octets, to, transport};
use crate::support::relay::{Act, At, Builder, Relay, When};

const BOB: &str = "bob@example.org";

fn relay(mode: Mode) -> Builder {
    Relay::new().offers(mode.offers())
}

fn reply_code(outcome: &Outcome) -> (Stage, u16) {
    match outcome {
        Outcome::Accepted(reply) | Outcome::Deferred(reply) | Outcome::Refused(reply) => {
            (reply.stage, reply.code)
        }
        Outcome::InDoubt(text) => panic!("{text}"),
    }
}

#[tokio::test]
async fn a_reply_nobody_asked_for_is_never_taken_for_the_next_one() {
    let relay = Relay::new().on(At::Dot, When::Nth(1), Act::Say("250 ok\r\n250 ok")).start();
    let mut connection = connected(&relay).await;
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
    assert!(!connection.usable());
    let fault = connection.send(&ann(), &MESSAGE, None).await.unwrap_err();
    assert!(fault.to_string().contains("out of turn"), "{fault}");
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn one_reply_too_many_is_never_taken_for_the_message_that_was_announced() {
    let (yes, no) = ("250 2.1.5 ok", "550 5.1.1 no");
    let cases = [
        (Mode::Pipelining, yes, Stage::Data),
        // what is left over, about the recipient, would be the reply to the chunk
        (Mode::Both, yes, Stage::Body),
        (Mode::Both, no, Stage::Body),
    ];
    for (mode, rcpt, stage) in cases {
        let relay = relay(mode)
            .on(At::Dot, When::Nth(1), Act::Say("250 ok\r\n250 ok"))
            .on(At::Rcpt, When::To(BOB), Act::Say(rcpt))
            .start();
        let mut connection = connected(&relay).await;
        let bob = to(BOB);
        let first = connection.send(&ann(), &MESSAGE, Some(&bob)).await.unwrap();
        assert!(is_accepted(&first));
        match connection.send(&bob, &MESSAGE, None).await {
            Err(SendError::Fault(fault)) => assert_eq!(fault.stage, stage, "{fault}"),
            other => panic!("{mode:?}: {other:?}"),
        }
        assert!(!connection.usable());
        assert_eq!(relay.received().len(), 1);
    }
}

#[tokio::test]
async fn the_next_envelope_goes_in_the_same_write_as_the_message() {
    for mode in Mode::ALL {
        let relay = relay(mode).start();
        let mut connection = connected(&relay).await;
        for next in [Some(&ann()), Some(&ann()), None] {
            connection.send(&ann(), &MESSAGE, next).await.unwrap();
        }
        let followed: Vec<_> = relay.received().iter().map(|mail| mail.followed).collect();
        let expected = mode.pipelining();
        assert_eq!(followed, [expected, expected, false], "{mode:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_message_goes_before_its_354() {
    let relay = relay(Mode::Pipelining).on(At::Data, When::Nth(2), Act::Stall).start();
    let mut connection = connected(&relay).await;
    let bob = to(BOB);
    let first = connection.send(&ann(), &MESSAGE, Some(&bob)).await.unwrap();
    assert!(is_accepted(&first));
    let SendError::Fault(fault) = connection.send(&bob, &MESSAGE, None).await.unwrap_err() else {
        panic!("a silent relay is a fault");
    };
    assert_eq!(fault.stage, Stage::Data);
    assert_eq!(relay.commands().last().unwrap(), "DATA");
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn a_refused_recipient_gets_no_chunk() {
    let relay = relay(Mode::Both).on(At::Rcpt, When::To(BOB), Act::Say("550 5.1.1 no")).start();
    let mut connection = connected(&relay).await;
    let bob = to(BOB);
    for (envelope, next) in [(ann(), Some(&bob)), (bob.clone(), None), (ann(), None)] {
        let outcome = connection.send(&envelope, &MESSAGE, next).await.unwrap();
        assert_eq!(is_accepted(&outcome), envelope != bob, "{outcome:?}");
    }
    let chunks = relay.commands();
    let chunks = chunks.iter().filter(|line| line.starts_with("BDAT"));
    assert_eq!((chunks.count(), relay.received().len()), (2, 2));
    assert_eq!(relay.connections(), 1);
}

#[tokio::test]
async fn a_relay_that_goes_on_without_a_recipient_gets_a_lone_dot() {
    let relay = relay(Mode::Pipelining)
        .goes_on_without_recipient()
        .on(At::Rcpt, When::To(BOB), Act::Say("450 4.2.0 greylisted"))
        .start();
    let mut connection = connected(&relay).await;
    let bob = to(BOB);
    let alone = connection.send(&bob, &MESSAGE, Some(&bob)).await.unwrap();
    assert_eq!(reply_code(&alone), (Stage::Rcpt, 450));
    let before = connection.send(&ann(), &MESSAGE, Some(&bob)).await.unwrap();
    assert!(is_accepted(&before));
    let announced = connection.send(&bob, &MESSAGE, None).await.unwrap();
    assert_eq!(reply_code(&announced), (Stage::Rcpt, 450));
    let after = connection.send(&ann(), &MESSAGE, None).await.unwrap();
    assert!(is_accepted(&after));
    assert_eq!((relay.received().len(), relay.connections()), (2, 1));
}

#[tokio::test]
async fn an_envelope_that_was_given_up_costs_the_connection_only_behind_354() {
    for mode in [Mode::Pipelining, Mode::Both] {
        let relay = relay(mode).start();
        let mut connection = connected(&relay).await;
        let bob = to(BOB);
        assert!(is_accepted(&connection.send(&ann(), &MESSAGE, Some(&bob)).await.unwrap()));
        assert!(connection.usable(), "for that envelope");
        let other = connection.send(&ann(), &MESSAGE, None).await;
        if mode.chunking() {
            assert!(is_accepted(&other.unwrap()));
            assert!(relay.commands().contains(&"RSET".to_owned()));
            assert_eq!(relay.received().len(), 2);
        } else {
            let SendError::Fault(fault) = other.unwrap_err() else {
                panic!("it is the connection's trouble");
            };
            assert_eq!((fault.stage, fault.reply), (Stage::Mail, None));
            assert!(!connection.usable());
            assert_eq!(relay.received().len(), 1);
        }
        assert!(relay.received().iter().all(|mail| mail.to != BOB));
    }
}

#[tokio::test]
async fn a_message_that_is_given_up_at_the_last_moment_is_not_sent() {
    for mode in Mode::ALL {
        let relay = relay(mode).start();
        let mut connection = connected(&relay).await;
        for before in [None, Some(&to(BOB))] {
            let first = connection.send(&ann(), &MESSAGE, before).await.unwrap();
            assert!(is_accepted(&first), "{mode:?}");
            assert_eq!(connection.begin(&to(BOB), &MESSAGE).await, Ok(None), "{mode:?}");
            assert!(!connection.usable(), "it waits for a message");
            connection.give_up();
            assert_eq!(connection.usable(), mode.chunking(), "{mode:?}");
            if !mode.chunking() {
                let fault = connection.finish(&MESSAGE, None).await.unwrap_err();
                assert!(fault.to_string().contains("no transaction is open"), "{fault}");
                connection.quit().await;
                connection = connected(&relay).await;
            }
        }
        connection.quit().await;
        assert_eq!(relay.received().len(), 2, "{mode:?}");
        assert!(relay.received().iter().all(|mail| mail.to != BOB), "{mode:?}");
    }
}

#[tokio::test]
async fn taking_leave_with_an_envelope_waiting_delivers_nothing_for_it() {
    for mode in [Mode::Pipelining, Mode::Both] {
        let relay = relay(mode).start();
        let mut connection = connected(&relay).await;
        connection.send(&ann(), &MESSAGE, Some(&to(BOB))).await.unwrap();
        connection.quit().await;
        while relay.open_connections() > 0 {
            tokio::task::yield_now().await;
        }
        let quit = relay.commands().last().unwrap() == "QUIT";
        assert_eq!((quit, relay.received().len()), (mode.chunking(), 1));
    }
}

#[tokio::test]
async fn a_refused_chunk_does_not_spoil_the_envelope_behind_it() {
    let relay =
        relay(Mode::Both).on(At::Dot, When::Nth(1), Act::Say("554 5.6.0 no such content")).start();
    let mut connection = connected(&relay).await;
    let bob = to(BOB);
    let refused = connection.send(&ann(), &MESSAGE, Some(&bob)).await.unwrap();
    assert_eq!(reply_code(&refused), (Stage::Dot, 554));
    let next = connection.send(&bob, &MESSAGE, None).await.unwrap();
    assert!(is_accepted(&next), "{next:?}");
    assert_eq!(relay.connections(), 1);
}

#[tokio::test]
async fn an_envelope_that_no_relay_may_see_is_not_announced() {
    let relay = relay(Mode::Pipelining).start();
    let mut connection = connected(&relay).await;
    for address in ["bob@example.org>\r\nDATA", "bücher@example.org"] {
        let next = to(address);
        connection.send(&ann(), &MESSAGE, Some(&next)).await.unwrap();
    }
    let from_one = Envelope { from: "a b@example.org".to_owned(), ..ann() };
    connection.send(&ann(), &MESSAGE, Some(&from_one)).await.unwrap();
    let mails = relay.commands();
    let mails = mails.iter().filter(|line| line.starts_with("MAIL"));
    assert_eq!((mails.count(), relay.received().len()), (3, 3));
}

#[tokio::test]
async fn octets_above_127_are_announced_and_never_behind_another_message() {
    let eight_bit = octets("Subject: Hello\r\n\r\nHello, Änn.\r\n");
    let relay = relay(Mode::Both).start();
    let mut connection = connected(&relay).await;
    for next in [Some(&ann()), None] {
        let outcome = connection.send(&ann(), &eight_bit, next).await.unwrap();
        assert!(is_accepted(&outcome), "{outcome:?}");
    }
    let mails = relay.commands();
    let mails: Vec<_> = mails.iter().filter(|line| line.starts_with("MAIL")).collect();
    let size = eight_bit.len();
    let full = format!("MAIL FROM:<bounce@news.example.org> SIZE={size} BODY=8BITMIME");
    assert_eq!(mails, [&full, "MAIL FROM:<bounce@news.example.org>", &full]);
}

#[tokio::test]
async fn octets_above_127_do_not_go_to_a_relay_that_cannot_take_them() {
    let relay = Relay::new().offers(&["PIPELINING"]).start();
    let mut connection = connected(&relay).await;
    let result = connection.send(&ann(), &octets("Änn\r\n"), None).await;
    assert!(matches!(result, Err(SendError::Malformed(_))), "{result:?}");
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
}

#[tokio::test]
async fn chunks_can_be_switched_off() {
    let relay = relay(Mode::Both).start();
    let configured = SmtpRelay { chunking: false, ..configured(&relay, Tls::None) };
    let mut connection = transport(&configured).connect().await.unwrap();
    connection.send(&ann(), &MESSAGE, None).await.unwrap();
    assert_eq!(relay.commands().last().unwrap(), "DATA");
}

#[tokio::test]
async fn a_connection_that_has_carried_its_share_announces_nothing_more() {
    let relay = relay(Mode::Pipelining).start();
    let configured = SmtpRelay { messages_per_connection: 2, ..configured(&relay, Tls::None) };
    let mut connection = transport(&configured).connect().await.unwrap();
    for left in [true, false] {
        let outcome = connection.send(&ann(), &MESSAGE, Some(&ann())).await;
        assert!(is_accepted(&outcome.unwrap()));
        assert_eq!(connection.usable(), left);
    }
    let SendError::Fault(fault) = connection.send(&ann(), &MESSAGE, None).await.unwrap_err() else {
        panic!("it is the connection's trouble");
    };
    assert_eq!((fault.stage, fault.reply), (Stage::Mail, None));
    connection.quit().await;
    assert_eq!(relay.commands().last().unwrap(), "QUIT");
}
