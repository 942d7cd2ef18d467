//! Our own SMTP client (RFC 5321): one connection, owned by one task, one message at a time.
//!
//! ```text
//! open     connect → [TLS] → greeting → EHLO → [STARTTLS → EHLO] → [AUTH]
//! send     [RSET] → MAIL → RCPT → DATA → message and final dot
//!          with CHUNKING                  BDAT and message
//! ```
//! With PIPELINING (RFC 2920) all up to DATA is one write, and the next envelope goes right behind
//! the message: a message then costs one write and one wait.
//!
//! # What always holds
//! * Nothing is written before every reply to what was written is read; the one exception is the
//!   message, which is followed by the next envelope's commands in the same write.
//! * Nothing of a message is written before its own 354, or, as a chunk, before its own RCPT was
//!   accepted: the reply to a chunk without recipients is never taken for an outcome.
//! * MAIL promises nothing about a message that is not known yet: behind another message it has no
//!   SIZE and no BODY.
//! * Every turn is one write, with `TCP_NODELAY`: a dot written behind its body would wait 40 ms
//!   for a delayed acknowledgement.
//! * Every command has its own time limit (RFC 5321 §4.5.3.2), for the whole reply: a relay that
//!   drips one octet a second does not hold us.
//! * With `tls` asked for, nothing but EHLO and STARTTLS is said in clear. Without it we speak to a
//!   loopback address only.
//! * What the relay said before TLS counts for nothing after it (RFC 3207 §4.2).
//! * Of every stage it is told how long the relay let us wait, also when the answer did not come: of
//!   `connect` (name and TCP), `tls`, `hello` (greeting and EHLO) and `auth` for each connection, of
//!   the others for each reply. A reply that came with the one before cost no wait.
//! * A reply that is not SMTP, too long or out of turn breaks the connection: after it nobody knows
//!   which reply belongs to which command.

mod auth;
mod capability;
mod client;
pub(super) mod command;
mod content;
mod dot;
mod open;
mod pieces;
mod reply;
mod stream;
mod tls;
mod transaction;
mod turn;

use std::time::Duration;

use anyhow::bail;
use tokio_rustls::TlsConnector;

pub use client::Client;

use crate::config::{Auth, SmtpRelay, Tls};
use crate::metric::Metrics;
use crate::secret::Secret;

/// All that is needed to open a connection; checked, with the trusted certificates loaded.
#[derive(Clone)]
pub struct Settings {
    host: String,
    port: u16,
    security: Security,
    login: Option<Login>,
    hello: String,
    pub timeouts: Timeouts,
    /// Hear how long each stage took.
    pub metrics: Metrics,
    chunking: bool,
    messages_per_connection: usize,
}

#[derive(Clone)]
enum Security {
    None,
    Starttls(TlsConnector),
    Implicit(TlsConnector),
}

#[derive(Clone)]
struct Login {
    user: String,
    password: Secret,
    auth: Auth,
}

impl Settings {
    pub fn of(relay: &SmtpRelay, hello_domain: &str) -> anyhow::Result<Self> {
        let hello = relay.hello.as_deref().unwrap_or(hello_domain);
        if hello.is_empty() || !hello.bytes().all(|octet| octet.is_ascii_graphic()) {
            bail!(
                "relay hello = {hello:?} cannot be said in EHLO; write a host name such as mail.example.org"
            );
        }
        let connector = || tls::connector(relay.ca_file.as_deref());
        let security = match relay.tls {
            Tls::None => Security::None,
            Tls::Starttls => Security::Starttls(connector()?),
            Tls::Implicit => Security::Implicit(connector()?),
        };
        let login = match (relay.user.clone(), relay.password.clone()) {
            (Some(user), Some(password)) => Some(Login { user, password, auth: relay.auth }),
            (None, None) => None,
            _ => bail!("relay user and password_file belong together; set both or neither"),
        };
        Ok(Self {
            host: relay.host.clone(),
            port: relay.port,
            security,
            login,
            hello: hello.to_owned(),
            timeouts: Timeouts::default(),
            metrics: Metrics::new(),
            chunking: relay.chunking,
            messages_per_connection: relay.messages_per_connection,
        })
    }

    /// For error texts.
    fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// How long we wait for what. The defaults are those of RFC 5321 §4.5.3.2 where it has one.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// One address; a host may have several.
    pub connect: Duration,
    pub greeting: Duration,
    pub hello: Duration,
    pub tls: Duration,
    pub auth: Duration,
    pub mail: Duration,
    pub rcpt: Duration,
    pub data: Duration,
    /// Until the system takes another piece of the message from us.
    pub block: Duration,
    /// After the final dot. Shorter means that people get a mail twice (RFC 1047).
    pub dot: Duration,
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            hello: minutes(5),
            tls: minutes(1),
            auth: minutes(2),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
            quit: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay() -> SmtpRelay {
        SmtpRelay {
            host: "mail.example.org".to_owned(),
            port: 25,
            tls: Tls::None,
            user: None,
            password: None,
            ca_file: None,
            hello: None,
            auth: Auth::Password,
            chunking: true,
            messages_per_connection: 1000,
        }
    }

    #[test]
    fn a_hello_that_would_be_two_lines_or_no_name_is_refused() {
        for hello in ["", "two words", "a\r\nMAIL FROM:<>", "bücher.example"] {
            let error = Settings::of(&relay(), hello).err().unwrap().to_string();
            assert!(error.contains("mail.example.org"), "{error}");
        }
        let own = SmtpRelay { hello: Some("mx.example.org".to_owned()), ..relay() };
        assert_eq!(Settings::of(&own, "").unwrap().hello, "mx.example.org");
    }

    #[test]
    fn half_a_login_is_refused() {
        let half = SmtpRelay { user: Some("bulletin".to_owned()), ..relay() };
        assert!(Settings::of(&half, "example.org").is_err());
    }

    #[test]
    fn we_wait_ten_minutes_after_the_dot() {
        let default = Settings::of(&relay(), "example.org").unwrap().timeouts;
        assert_eq!(default.dot, Duration::from_mins(10));
    }
}
