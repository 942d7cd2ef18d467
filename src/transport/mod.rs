//! The last hop. It knows bytes and envelopes only: no campaign, no database, no person's name.
//!
//! A relay is an SMTP server, a folder of `.eml` files, or (in tests) memory. One [`Connection`]
//! carries one message at a time and answers with an [`Outcome`]; `Err` means that we could not
//! even ask, and says at which [`Stage`].
//!
//! # What always holds
//! * A bare CR or LF is an error before anything is sent (RFC 5321 §2.3.8).
//! * Nothing is sent, and no password said, without the TLS that was asked for (RFC 8314 §3).
//! * After the final dot we wait ten minutes (RFC 5321 §4.5.3.2.6); no reply is [`Outcome::InDoubt`],
//!   never a failure.
//! * A connection that timed out or broke is never used again.

/// Who sends and who gets one message, as the envelope says it (RFC 5321 §2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The return path.
    pub from: String,
    pub to: String,
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
    /// The final dot is sent.
    Dot,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub stage: Stage,
    /// Three digits, 200 to 599.
    pub code: u16,
    /// `5.1.1` (RFC 3463), when the server says one.
    pub enhanced: Option<String>,
    /// Its lines, joined by spaces, at most 500 characters, without control characters.
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

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Hello => "hello",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
        })
    }
}
