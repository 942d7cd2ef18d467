//! The last hop. It knows bytes and envelopes only: no campaign, no database, no person's name.
//!
//! A relay is an SMTP server, a folder of `.eml` files, or (in tests) memory. One [`Connection`]
//! carries one message at a time and answers with an [`Outcome`]; `Err` means that we could not
//! even ask, and says at which [`Stage`].
//!
//! # What always holds
//! * A bare CR or LF, a line over 998 octets and an address that would break out of its angle
//!   brackets are [`SendError::Malformed`] before anything is sent (RFC 5321 §2.3.8, §4.5.3.1.6).
//!   A message comes as [`Octets`], which know that of themselves: it is not looked through here.
//! * Nothing is sent, and no password said, without the TLS that was asked for (RFC 8314 §3).
//! * With CHUNKING (RFC 3030) the last octet of the chunk is what the final dot is without it, and
//!   [`Stage::Dot`] is the reply to it.
//! * After the final dot we wait ten minutes (RFC 5321 §4.5.3.2.6); no reply is [`Outcome::InDoubt`],
//!   never a failure.
//! * A connection that timed out, broke, was told 421 or whose `send` was dropped half-way is never
//!   used again: [`Connection::usable`] says so. A refusal leaves it usable.
//! * No file here logs, and no error text holds a password.
//!
//! # Races
//! * The relay closes an idle connection while we are about to use it: `usable` sees it when the
//!   close has arrived; otherwise `send` is a [`Fault`] at [`Stage::Mail`] without a reply.
//! * The relay takes a message and hangs up on the envelope that was announced behind it: the first
//!   is accepted, the `send` that follows is a [`Fault`] at [`Stage::Mail`].
//! * An announced envelope turns out to be unwanted: see [`Connection::begin`]; its message has not
//!   begun.
//! * A person says no while the relay thinks about the envelope: [`Connection::give_up`].
//! * The relay stops reading in the middle of a message: as long as the system has not taken the
//!   final dot from us, nobody has the message and it is a [`Fault`] at [`Stage::Body`]; once it
//!   has, it is in doubt.

mod check;
pub mod file;
pub mod memory;
pub mod smtp;

use crate::config;
use crate::metric::Metrics;
use crate::octets::Octets;

/// The way to one relay; cloned freely, it holds no connection.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one for each relay, not for each mail")]
pub enum Transport {
    Smtp(smtp::Settings),
    File(file::Folder),
    Memory(memory::Outbox),
}

impl Transport {
    /// `hello_domain` is said in EHLO when the relay has no `hello` of its own.
    pub fn of(relay: &config::Relay, hello_domain: &str) -> anyhow::Result<Self> {
        Ok(match &relay.kind {
            config::RelayKind::Smtp(relay) => Self::Smtp(smtp::Settings::of(relay, hello_domain)?),
            config::RelayKind::File { path } => Self::File(file::Folder::new(path)),
        })
    }

    /// Tells these how long the relay lets us wait; until then nobody hears of it.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        if let Self::Smtp(settings) = &mut self {
            settings.metrics = metrics;
        }
        self
    }

    /// Opens a connection that is ready for a message: greeted, secured and logged in.
    pub async fn connect(&self) -> Result<Connection, Fault> {
        Ok(match self {
            Self::Smtp(settings) => Connection::Smtp(Box::new(smtp::Client::open(settings).await?)),
            Self::File(folder) => Connection::File(folder.open().await?, None),
            Self::Memory(outbox) => Connection::Memory(outbox.open()?),
        })
    }
}

/// An open way to a relay, owned by one task.
pub enum Connection {
    Smtp(Box<smtp::Client>),
    /// With the envelope of the message that it waits for.
    File(file::Folder, Option<Envelope>),
    Memory(memory::Session),
}

impl Connection {
    /// One message to one recipient: [`Connection::begin`] and [`Connection::finish`] in one.
    pub async fn send(
        &mut self,
        envelope: &Envelope,
        message: &Octets,
        next: Option<&Envelope>,
    ) -> Result<Outcome, SendError> {
        match self.begin(envelope, message).await? {
            Some(outcome) => Ok(outcome),
            None => self.finish(message, next).await,
        }
    }

    /// Opens the transaction of one message to one recipient. `None`: the relay waits for the
    /// message, of which nothing has gone yet, and [`Connection::finish`] or [`Connection::give_up`]
    /// comes next.
    ///
    /// When another envelope was announced than this one, a relay with CHUNKING is told RSET; any
    /// other waits for a message now and hears nothing else, so that this is a [`Fault`] at
    /// [`Stage::Mail`] without a reply, and `quit` hangs up without a word. Either way nothing was
    /// sent for the envelope given up.
    pub async fn begin(
        &mut self,
        envelope: &Envelope,
        message: &Octets,
    ) -> Result<Option<Outcome>, SendError> {
        check::envelope(envelope).map_err(SendError::Malformed)?;
        check::message(message).map_err(SendError::Malformed)?;
        match self {
            Self::Smtp(client) => return client.begin(envelope, message).await,
            Self::File(_, waiting) => *waiting = Some(envelope.clone()),
            Self::Memory(session) => session.begin(envelope),
        }
        Ok(None)
    }

    /// Hands over the message that was begun. Of `next`, the envelope that comes after it, a relay
    /// that offers PIPELINING hears in the same write; nothing of its message goes before its own
    /// `finish`. The `begin` that follows should be for that envelope, with a message of 7-bit
    /// octets. A malformed message is refused here, too, whatever was begun.
    pub async fn finish(
        &mut self,
        message: &Octets,
        next: Option<&Envelope>,
    ) -> Result<Outcome, SendError> {
        check::message(message).map_err(SendError::Malformed)?;
        Ok(match self {
            Self::Smtp(client) => {
                // a malformed one is told when it is begun
                let next = next.filter(|next| check::envelope(next).is_ok());
                client.finish(message, next).await?
            }
            Self::File(folder, waiting) => folder.write(waiting.take(), message).await?,
            Self::Memory(session) => session.finish(message)?,
        })
    }

    /// Leaves the message that was begun: nothing of it goes. A relay without CHUNKING waits for
    /// it and for nothing else, and the connection is not [`Connection::usable`] any more.
    pub fn give_up(&mut self) {
        match self {
            Self::Smtp(client) => client.give_up(),
            Self::File(_, waiting) => *waiting = None,
            Self::Memory(session) => session.give_up(),
        }
    }

    /// Whether another message may be sent over it: the next one, when one was named. Not when it
    /// has carried its share, `messages_per_connection`; take leave then.
    pub fn usable(&self) -> bool {
        match self {
            Self::Smtp(client) => client.usable(),
            Self::File(..) => true,
            Self::Memory(session) => session.usable(),
        }
    }

    /// Takes leave; whether the relay answers no longer matters.
    pub async fn quit(self) {
        if let Self::Smtp(client) = self {
            client.quit().await;
        }
    }
}

/// Who sends and who gets one message, as the envelope says it (RFC 5321 §2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The return path.
    pub from: String,
    pub to: String,
    /// Comes back in delivery reports of relays that know DSN (RFC 3461 §4.4): printable ASCII, at
    /// most 100 octets as `xtext`.
    pub id: Option<String>,
}

/// How far an SMTP transaction had come. Ordered: `Mail < Rcpt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Connect,
    Hello,
    Tls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// Between `354` and the final dot.
    Body,
    /// The message is sent whole, with its final dot or as a last chunk.
    Dot,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Hello => "hello",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
        }
    }
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub stage: Stage,
    /// Three digits, 200 to 599.
    pub code: u16,
    /// `5.1.1` (RFC 3463), when the server says one.
    pub enhanced: Option<String>,
    /// Its lines, joined by spaces, at most 500 characters, without control characters and without
    /// the enhanced code.
    pub text: String,
}

/// What the next hop answered about one message and one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 2yz to the final dot: it is theirs now.
    Accepted(Reply),
    /// 4yz at RCPT or later.
    Deferred(Reply),
    /// 5yz at RCPT or later.
    Refused(Reply),
    /// The final dot was sent, the reply never came (RFC 1047); the text says why.
    InDoubt(String),
}

/// We could not even ask: no connection, no greeting, no TLS, no login, MAIL refused, or the
/// connection broke before the final dot. Nobody has the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage}: {text}")]
pub struct Fault {
    pub stage: Stage,
    /// The server's own words, when it said any.
    pub reply: Option<Reply>,
    pub text: String,
}

/// Why there is no [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The relay's fault, or the way to it.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Our own: this message must not be sent to anybody as it is. The connection is untouched.
    #[error("{0}")]
    Malformed(String),
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = &self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
