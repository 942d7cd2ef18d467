//! The last hop against real sockets: the scripted relay, Postfix and its sink, a folder.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot go on fails its test"
)]

mod conversation;
mod folder;
mod login;
mod matrix;
mod mode;
mod pipeline;
mod postfix;
mod security;
mod sequence;
pub(crate) mod sink;
mod waits;

use std::sync::LazyLock;
use std::time::Duration;

use bulletin::config::{Auth, SmtpRelay, Tls};
use bulletin::octets::Octets;
use bulletin::secret::Secret;
use bulletin::transport::smtp::{Settings, Timeouts};
use bulletin::transport::{Connection, Envelope, Outcome, Transport};

use crate::support::relay::Relay;

const PASSWORD: &str = "hunter2 is not it";

/// What a configuration says about `relay`; tests change what they are about.
pub(crate) fn configured(relay: &Relay, tls: Tls) -> SmtpRelay {
    SmtpRelay {
        host: "127.0.0.1".to_owned(),
        port: relay.port(),
        tls,
        user: None,
        password: None,
        ca_file: Some(relay.ca_file().to_owned()),
        hello: None,
        auth: Auth::Password,
        chunking: true,
        messages_per_connection: 1000,
    }
}

fn with_login(relay: SmtpRelay) -> SmtpRelay {
    SmtpRelay { user: Some("bulletin".to_owned()), password: Some(Secret::new(PASSWORD)), ..relay }
}

/// Long enough for a busy machine, shorter than any reply that drips.
pub(crate) fn transport(relay: &SmtpRelay) -> Transport {
    let short = Duration::from_secs(5);
    let mut settings = Settings::of(relay, "news.example.org").unwrap();
    settings.timeouts = Timeouts {
        connect: short,
        greeting: short,
        hello: short,
        tls: short,
        auth: short,
        mail: short,
        rcpt: short,
        data: short,
        block: short,
        dot: short,
        quit: short,
    };
    Transport::Smtp(settings)
}

async fn connected(relay: &Relay) -> Connection {
    transport(&configured(relay, Tls::None)).connect().await.unwrap()
}

pub(crate) fn to(address: &str) -> Envelope {
    Envelope { from: "bounce@news.example.org".to_owned(), to: address.to_owned(), id: None }
}

pub(crate) fn ann() -> Envelope {
    to("ann@example.org")
}

static MESSAGE: LazyLock<Octets> = LazyLock::new(|| {
    octets("Message-ID: <1@news.example.org>\r\nSubject: Hello\r\n\r\nHello, Ann.\r\n")
});

fn octets(text: &str) -> Octets {
    text.as_bytes().to_vec().into()
}

pub(crate) fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted(_))
}
