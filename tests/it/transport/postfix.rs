//! Against a real Postfix: what lies in the mailboxes is what was sent.

use std::collections::BTreeMap;
use std::time::Duration;

use bulletin::config::{Auth, SmtpRelay, Tls};
use bulletin::transport::smtp::Timeouts;
use bulletin::transport::{Envelope, Outcome, Stage, Transport};

use super::{is_accepted, to, transport};
use crate::support::is_root;
use crate::support::postfix::{DOMAIN, Postfix};

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
    if !is_root() {
        assert!(std::env::var_os("CI").is_none(), "Postfix wants root");
        #[expect(clippy::print_stderr, reason = "whoever reads green should know")]
        {
            eprintln!("not tried: Postfix wants root");
        }
        return;
    }
    let postfix = Postfix::start(&WITHHELD, &MAILBOXES);
    let lane = |place: usize| send_all(&postfix, place % 4, MAILBOXES[place], place >= 4);
    tokio::join!(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7));
    for mailbox in MAILBOXES {
        let sent: BTreeMap<_, _> = (0..MESSAGES)
            .filter(|&number| !is_for_nobody(number))
            .map(|number| (number, message(number)))
            .collect();
        let delivered = delivered(&postfix, mailbox, sent.len()).await;
        for (number, message) in &sent {
            let same = delivered.get(number) == Some(message);
            assert!(same, "{mailbox}: message {number} is not what was sent");
        }
        assert_eq!(delivered.len(), sent.len(), "{mailbox}");
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

/// All over one connection.
async fn send_all(postfix: &Postfix, place: usize, mailbox: &str, tls: bool) {
    let relay = SmtpRelay {
        host: "127.0.0.1".to_owned(),
        port: postfix.port(place),
        tls: if tls { Tls::Starttls } else { Tls::None },
        user: None,
        password: None,
        ca_file: Some(postfix.ca_file()),
        hello: None,
        auth: Auth::Password,
        chunking: true,
        messages_per_connection: 1000,
    };
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
            .send(&envelope(number, mailbox), &message(number), next.as_ref())
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

/// The mails in the mailbox by number, without the trace headers, once they are so many.
async fn delivered(postfix: &Postfix, mailbox: &str, count: usize) -> BTreeMap<usize, Vec<u8>> {
    let all = async {
        loop {
            let mails = postfix.mails(mailbox);
            if mails.len() >= count {
                return mails;
            }
            tokio::task::yield_now().await;
        }
    };
    let mails = tokio::time::timeout(Duration::from_mins(1), all).await;
    let mails = mails.unwrap_or_else(|_| panic!("{mailbox}: {}", postfix.log()));
    assert_eq!(mails.len(), count, "{mailbox}: something came twice");
    mails.iter().map(|mail| as_sent(mail)).collect()
}

/// Postfix puts `Return-Path` and the like before our first header, and keeps lines as LF.
fn as_sent(mail: &[u8]) -> (usize, Vec<u8>) {
    let start = memchr::memmem::find(mail, b"\nMessage-ID: <").unwrap() + 1;
    let mut message = Vec::new();
    for line in mail[start..].split_inclusive(|&octet| octet == b'\n') {
        message.extend_from_slice(line.strip_suffix(b"\n").unwrap());
        message.extend_from_slice(b"\r\n");
    }
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
