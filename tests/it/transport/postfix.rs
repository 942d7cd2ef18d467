//! Against a real Postfix: what lies in the mailboxes is what was sent.

use std::collections::BTreeMap;

use bulletin::config::{Auth, SmtpRelay, Tls};
use bulletin::transport::smtp::Timeouts;
use bulletin::transport::{Envelope, Outcome, Stage, Transport};

use super::{is_accepted, to, transport};
use crate::support::postfix::{DOMAIN, Door, Postfix, as_sent, may_run};

const MESSAGES: usize = 200;

/// What makes of Postfix a server of each mode, in the order of [`MAILBOXES`].
const WITHHELD: [&str; 4] = ["pipelining,chunking", "chunking", "pipelining", ""];

/// One for each mode, in clear and then under TLS.
const MAILBOXES: [&str; 8] = [
    "plain",
    "pipelining",
    "chunking",
    "both",
    "plain-tls",
    "pipelining-tls",
    "chunking-tls",
    "both-tls",
];

#[tokio::test]
async fn what_postfix_delivers_is_what_was_sent_in_every_mode() {
    if !may_run() {
        return;
    }
    let postfix = Postfix::start(&WITHHELD.map(Door::Open), &MAILBOXES);
    let lane = |place: usize| {
        let tls = if place >= 4 { Tls::Starttls } else { Tls::None };
        send_all(configured(&postfix, place % 4, tls), MAILBOXES[place])
    };
    tokio::join!(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7));
    for mailbox in MAILBOXES {
        assert_delivered(&postfix, mailbox).await;
    }
    assert_modes(&postfix.log());
}

/// Postfix counts the commands of a connection as it ends: those that it took, of those that came.
fn assert_modes(log: &str) {
    let refused = (0..MESSAGES).filter(|&number| is_for_nobody(number)).count();
    let taken = MESSAGES - refused;
    let ended = |words: &str| {
        let said = log.lines().filter(|line| line.contains(" mail=200 "));
        said.filter(|line| line.contains(words)).count()
    };
    let counts = [
        format!(" bdat={taken} "),
        format!(" data={taken} "),
        // DATA is said before the recipient's refusal is heard
        format!(" data={taken}/{MESSAGES} "),
    ];
    assert_eq!(counts.map(|words| ended(&words)), [4, 2, 2], "{log}");
}

pub(super) fn configured(postfix: &Postfix, place: usize, tls: Tls) -> SmtpRelay {
    SmtpRelay {
        host: "127.0.0.1".to_owned(),
        port: postfix.port(place),
        tls,
        user: None,
        password: None,
        ca_file: Some(postfix.ca_file()),
        hello: None,
        auth: Auth::Password,
        chunking: true,
        messages_per_connection: 1000,
    }
}

/// All over one connection.
pub(super) async fn send_all(relay: SmtpRelay, mailbox: &str) {
    let mut way = transport(&relay);
    if let Transport::Smtp(settings) = &mut way {
        settings.timeouts = Timeouts::default();
    }
    let mut connection = way.connect().await.unwrap();
    for number in 0..MESSAGES {
        // MAIL announces octets above 127, and only for a message that is known
        let announces = number + 1 < MESSAGES && !is_eight_bit(number + 1);
        let next = announces.then(|| envelope(number + 1, mailbox));
        let outcome = connection
            .send(&envelope(number, mailbox), &message(number).into(), next.as_ref())
            .await
            .unwrap();
        if is_for_nobody(number) {
            let Outcome::Refused(reply) = outcome else {
                panic!("{mailbox}, {number}: {outcome:?}");
            };
            assert_eq!((reply.stage, reply.code), (Stage::Rcpt, 550), "{mailbox}");
        } else {
            assert!(is_accepted(&outcome), "{mailbox}, {number}: {outcome:?}");
        }
    }
    connection.quit().await;
}

/// What lies in the mailbox is what [`send_all`] sent.
pub(super) async fn assert_delivered(postfix: &Postfix, mailbox: &str) {
    let taken = (0..MESSAGES).filter(|&number| !is_for_nobody(number));
    let sent: BTreeMap<_, _> = taken.map(|number| (number, message(number))).collect();
    let mails = postfix.delivered(mailbox, sent.len()).await;
    let delivered: BTreeMap<_, _> = mails.iter().map(|mail| numbered(mail)).collect();
    for (number, message) in &sent {
        let same = delivered.get(number) == Some(message);
        assert!(same, "{mailbox}: message {number} is not what was sent");
    }
    assert_eq!(delivered.len(), sent.len(), "{mailbox}");
}

fn numbered(mail: &[u8]) -> (usize, Vec<u8>) {
    let message = as_sent(mail, "Message-ID: <");
    let digits = message[13..].iter().take_while(|octet| octet.is_ascii_digit());
    let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
    (number, message)
}

fn is_eight_bit(number: usize) -> bool {
    number % 10 == 7
}

fn is_for_nobody(number: usize) -> bool {
    number % 25 == 13
}

fn envelope(number: usize, mailbox: &str) -> Envelope {
    let mailbox = if is_for_nobody(number) { "nobody" } else { mailbox };
    Envelope { id: Some(number.to_string()), ..to(&format!("{mailbox}@{DOMAIN}")) }
}

/// Of very different lengths, with dots where they hurt; some with octets above 127.
fn message(number: usize) -> Vec<u8> {
    let line = if is_eight_bit(number) { "Größe" } else { "Size" };
    let body =
        format!("{line} {number}\r\n.\r\n..\r\n.{line}\r\n").repeat(1 + number * number % 1500);
    format!(
        "Message-ID: <{number}@news.example.org>\r\nDate: Mon, 1 Jun 2026 09:00:00 +0000\r\n\
         From: news@example.org\r\nTo: reader@example.org\r\nSubject: {number}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{body}"
    )
    .into_bytes()
}
