//! What is said, and what is made of what is heard.

use std::time::Duration;

use bulletin::config::Tls;
use bulletin::transport::{Envelope, Outcome, Reply, SendError, Stage};

use super::{MESSAGE, ann, configured, connected, is_accepted, octets, to, transport};
use crate::support::relay::{Act, At, Relay, When};

#[tokio::test]
async fn a_message_is_said_in_the_order_of_the_rfc_with_its_size() {
    let relay = Relay::new().start();
    let mut connection = connected(&relay).await;
    let outcome = connection.send(&ann(), &MESSAGE, None).await.unwrap();
    let expected = Reply {
        stage: Stage::Dot,
        code: 250,
        enhanced: Some("2.0.0".to_owned()),
        text: "queued as 42".to_owned(),
    };
    assert_eq!(outcome, Outcome::Accepted(expected));
    connection.quit().await;
    let mail = format!("MAIL FROM:<bounce@news.example.org> SIZE={}", MESSAGE.len());
    let said = ["EHLO news.example.org", &mail, "RCPT TO:<ann@example.org>", "DATA", "QUIT"];
    assert_eq!(relay.commands(), said);
}

#[tokio::test]
async fn what_arrives_is_what_was_sent_dots_and_all() {
    let relay = Relay::new().start();
    let mut connection = connected(&relay).await;
    let bodies = [
        ".\r\n",
        "..\r\n.\r\n...\r\n",
        ".a\r\nb.\r\n\r\n.\r\n\r\n",
        "a\r\n.\r\nQUIT\r\n",
        "\r\n\r\n",
    ];
    for body in bodies {
        let message = format!("Message-ID: <2@example.org>\r\n\r\n{body}");
        assert!(
            is_accepted(&connection.send(&ann(), &octets(&message), None).await.unwrap()),
            "{body:?}"
        );
        assert_eq!(relay.received().last().unwrap().message, message.as_bytes(), "{body:?}");
    }
    assert_eq!((relay.received().len(), relay.connections()), (bodies.len(), 1));
}

#[tokio::test]
async fn a_malformed_message_or_address_is_refused_before_anything_is_sent() {
    let relay = Relay::new().start();
    let mut connection = connected(&relay).await;
    let long = ["x"; 999].concat();
    let hidden = "a\n.\nMAIL FROM:<b@example.org>\r\n";
    let malformed = [
        (ann(), "a\nb\r\n"),
        (ann(), "a\rb\r\n"),
        (ann(), hidden),
        (ann(), long.as_str()),
        (to("ann@example.org>\r\nDATA"), "a\r\n"),
        (to("ann @example.org"), "a\r\n"),
        (to(""), "a\r\n"),
        (Envelope { from: "<b@example.org".to_owned(), ..ann() }, "a\r\n"),
    ];
    for (envelope, message) in malformed {
        let result = connection.send(&envelope, &octets(message), None).await;
        assert!(matches!(result, Err(SendError::Malformed(_))), "{message:?}: {result:?}");
    }
    assert_eq!(relay.commands(), ["EHLO news.example.org"]);
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
}

#[tokio::test]
async fn a_good_message_that_was_begun_opens_no_door_for_another() {
    let relay = Relay::new().offers(&["CHUNKING"]).start();
    let mut connection = connected(&relay).await;
    assert_eq!(connection.begin(&ann(), &MESSAGE).await, Ok(None));
    let result = connection.finish(&octets("a\n.\n"), None).await;
    assert!(matches!(result, Err(SendError::Malformed(_))), "{result:?}");
    connection.give_up();
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn what_the_relay_cannot_take_is_refused_for_that_message_alone() {
    let relay = Relay::new().offers(&["SIZE 100"]).start();
    let mut connection = connected(&relay).await;
    let refused = |outcome| match outcome {
        Outcome::Refused(reply) => (reply.stage, reply.code, reply.enhanced.unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    let outcome = connection.send(&to("änn@example.org"), &MESSAGE, None).await.unwrap();
    assert_eq!(refused(outcome), (Stage::Rcpt, 553, "5.6.7".to_owned()));
    let larger = connection.send(&ann(), &octets(&"x".repeat(101)), None).await;
    assert!(
        matches!(larger, Err(SendError::Malformed(_))),
        "everybody's copy is as large, which is no reader's fault: {larger:?}"
    );
    assert_eq!(relay.commands().len(), 1, "only EHLO was said");
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
}

/// The address stands in the message as well: that is one person's, and must not stop a campaign.
#[tokio::test]
async fn an_address_that_the_relay_cannot_take_is_nobody_elses_trouble() {
    let relay = Relay::new().offers(&["SIZE"]).start();
    let mut connection = connected(&relay).await;
    let message = octets("To: änn@example.org\r\n\r\nHello\r\n");
    let outcome = connection.send(&to("änn@example.org"), &message, None).await;
    assert!(
        matches!(&outcome, Ok(Outcome::Refused(reply)) if reply.code == 553),
        "not a fault of ours: {outcome:?}"
    );
}

/// Nothing of the message had gone: nobody has it, and no person has to find out.
#[tokio::test]
async fn a_relay_that_hung_up_before_the_message_went_leaves_no_doubt() {
    for offers in [&["PIPELINING"][..], &["PIPELINING", "CHUNKING"]] {
        let relay = Relay::new().offers(offers).start();
        let mut connection = connected(&relay).await;
        assert_eq!(connection.begin(&ann(), &MESSAGE).await, Ok(None));
        drop(relay);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let result = connection.finish(&MESSAGE, None).await;
        assert!(
            matches!(&result, Err(SendError::Fault(fault)) if fault.stage == Stage::Body),
            "{offers:?}: {result:?}"
        );
    }
}

#[tokio::test]
async fn an_address_outside_ascii_goes_to_a_relay_that_offers_it() {
    let relay = Relay::new().offers(&["8bitmime", "smtputf8"]).start();
    let outcome =
        connected(&relay).await.send(&to("änn@example.org"), &MESSAGE, None).await.unwrap();
    assert!(is_accepted(&outcome));
    assert!(relay.commands().contains(&"MAIL FROM:<bounce@news.example.org> SMTPUTF8".to_owned()));
}

#[tokio::test]
async fn a_relay_without_ehlo_is_greeted_with_helo() {
    let relay = Relay::new().on(At::Ehlo, When::Always, Act::Say("502 5.5.1 what?")).start();
    assert!(is_accepted(&connected(&relay).await.send(&ann(), &MESSAGE, None).await.unwrap()));
    assert_eq!(
        relay.commands()[1..3],
        ["HELO news.example.org", "MAIL FROM:<bounce@news.example.org>"]
    );
}

#[tokio::test]
async fn one_bad_recipient_costs_neither_the_connection_nor_the_next() {
    let bob = "bob@example.org";
    let no = "550-5.1.1 No such user,\r\n550 5.1.1 sorry";
    let relay = Relay::new().on(At::Rcpt, When::To(bob), Act::Say(no)).start();
    let mut connection = connected(&relay).await;
    let Outcome::Refused(reply) = connection.send(&to(bob), &MESSAGE, None).await.unwrap() else {
        panic!("a refusal is a refusal");
    };
    assert_eq!(reply.to_string(), "550 5.1.1 No such user, sorry");
    assert!(is_accepted(&connection.send(&ann(), &MESSAGE, None).await.unwrap()));
    assert_eq!(relay.connections(), 1);
    assert!(relay.commands().contains(&"RSET".to_owned()));
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn a_reply_of_the_wrong_kind_ends_the_connection() {
    let cases = [
        (At::Mail, "354 go", Some(Stage::Mail)),
        (At::Rcpt, "354 go", Some(Stage::Rcpt)),
        (At::Data, "250 ok", Some(Stage::Data)),
        (At::Dot, "354 more", None),
    ];
    for (at, reply, stage) in cases {
        let relay = Relay::new().on(at, When::Always, Act::Say(reply)).start();
        let mut connection = connected(&relay).await;
        match (connection.send(&ann(), &MESSAGE, None).await, stage) {
            (Err(SendError::Fault(fault)), Some(stage)) => assert_eq!(fault.stage, stage, "{at:?}"),
            (Ok(Outcome::InDoubt(_)), None) => (),
            (other, _) => panic!("{at:?}: {other:?}"),
        }
        assert!(!connection.usable(), "{at:?}");
    }
}

#[tokio::test]
async fn a_send_that_was_given_up_leaves_the_connection_unusable() {
    let relay = Relay::new().on(At::Rcpt, When::Always, Act::Stall).start();
    let mut connection = connected(&relay).await;
    let envelope = ann();
    let given_up =
        tokio::time::timeout(Duration::from_millis(50), connection.send(&envelope, &MESSAGE, None));
    assert!(given_up.await.is_err());
    assert!(!connection.usable());
}

#[tokio::test]
async fn an_idle_connection_that_the_relay_closed_is_seen_as_closed() {
    let relay = Relay::new().start();
    let connection = connected(&relay).await;
    assert!(connection.usable());
    drop(relay);
    let seen = async {
        while connection.usable() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap();
}

#[tokio::test]
async fn a_slow_relay_is_waited_for_after_the_dot() {
    let relay = Relay::new().dot_delay(Duration::from_millis(700)).start();
    assert!(is_accepted(&connected(&relay).await.send(&ann(), &MESSAGE, None).await.unwrap()));
}

#[tokio::test]
async fn nobody_listening_is_a_fault_that_says_where_and_what_to_do() {
    let relay = Relay::new().start();
    let configured = configured(&relay, Tls::None);
    drop(relay);
    let gone = async { while transport(&configured).connect().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    let fault = transport(&configured).connect().await.err().unwrap();
    assert_eq!((fault.stage, fault.reply), (Stage::Connect, None));
    assert!(fault.text.contains(&format!("127.0.0.1:{}", configured.port)), "{}", fault.text);
    assert!(fault.text.contains("check the relay's host and port"), "{}", fault.text);
}

#[tokio::test]
async fn the_journal_holds_each_message_before_its_answer() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let relay = Relay::new().journal(file.path()).on(At::Dot, When::Always, Act::Drop).start();
    let outcome = connected(&relay).await.send(&ann(), &MESSAGE, None).await.unwrap();
    assert!(matches!(outcome, Outcome::InDoubt(_)), "{outcome:?}");
    let lines = std::fs::read_to_string(file.path()).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(line["message_id"], "<1@news.example.org>");
    assert_eq!(line["to"], "ann@example.org");
    assert_eq!(line["answered"], "Drop");
    assert_eq!(line["sha256"].as_str().unwrap().len(), 64);
}
