//! The scripted relay: a real SMTP server on loopback that misbehaves as it is told. The only mock.
//!
//! ```ignore
//! let relay = Relay::new().on(At::Rcpt, When::To("bob@example.org"), Act::Say("550 5.1.1 no")).start();
//! relay.then(At::Dot, When::Nth(3), Act::Drop);
//! ```
//!
//! What always holds: a message is in the journal, and in its file on the disk, before it is
//! answered; whoever was told 250 can be found there. It is strict: commands out of order, in one
//! write without PIPELINING, or behind one that must come last (RFC 2920 §3.1) are refused, and a
//! refused chunk wants RSET. Dropping the [`Relay`] stops it.
//! It runs on the test's own runtime: a test that blocks (on a child process) wants
//! `flavor = "multi_thread"`.

#![expect(clippy::unwrap_used, reason = "a relay that cannot start fails its test")]
#![allow(dead_code, reason = "each test uses its own part of it")]

mod act;
mod builder;
mod content;
mod journal;
mod session;

use std::collections::HashMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub use builder::Builder;
pub use journal::Received;

/// Where in the conversation. `Body` is after the first line of the message, `Dot` after the last;
/// a message in a chunk has no `Data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    Connect,
    Ehlo,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
    Quit,
}

/// Which time, counted over all connections; `From` and `To` are for the transaction with that
/// sender or recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// Counted from 1.
    Nth(usize),
    Every(usize),
    From(&'static str),
    To(&'static str),
}

/// What it does instead of the usual answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Any reply, without its last CRLF. After 421 it says nothing more; in the middle of a body
    /// it hangs up.
    Say(&'static str),
    Drop,
    /// Hangs up without waiting for what is under way: the client sees a reset.
    Reset,
    Stall,
    Garbage,
    /// Half a line, then it hangs up.
    Half,
    /// The usual answer at one octet a second.
    Drip,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    #[default]
    None,
    Starttls,
    Implicit,
}

/// A running relay.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    ca: tempfile::NamedTempFile,
}

struct Shared {
    rules: Mutex<Vec<(At, When, Act)>>,
    counts: Mutex<HashMap<At, usize>>,
    offers: Vec<String>,
    goes_on_without_recipient: bool,
    security: Security,
    acceptor: TlsAcceptor,
    dot_delay: Duration,
    read_delay: Mutex<Duration>,
    journal: Option<Mutex<File>>,
    received: Mutex<Vec<Received>>,
    commands: Mutex<Vec<String>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    opened: AtomicUsize,
}

impl Relay {
    #[expect(clippy::new_ret_no_self, reason = "a relay is built, then started")]
    pub fn new() -> Builder {
        Builder::default()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate, as a PEM file to trust.
    pub fn ca_file(&self) -> &Path {
        self.ca.path()
    }

    /// Misbehaves from now on, before all earlier rules.
    pub fn then(&self, at: At, when: When, act: Act) {
        self.shared.rules.lock().unwrap().insert(0, (at, when, act));
    }

    /// Behaves from now on.
    pub fn behave(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// How many messages it has.
    pub fn count(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// What came since the last call; it and the commands are forgotten, so that a relay can live long.
    pub fn take(&self) -> Vec<Received> {
        self.shared.commands.lock().unwrap().clear();
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }

    /// From now on it lets each message wait so long before it reads it: handed over, and not yet here.
    pub fn slow_down(&self, delay: Duration) {
        *self.shared.read_delay.lock().unwrap() = delay;
    }

    /// Every line it was sent outside of messages, in order of arrival.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many there were at one moment, at most.
    pub fn most_connections(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// Since the start.
    pub fn connections(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The sessions are in the set, so they end with this task.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        shared.opened.fetch_add(1, Ordering::SeqCst);
        sessions.spawn(session::serve(tcp, Arc::clone(&shared)));
        while sessions.try_join_next().is_some() {}
    }
}

impl Shared {
    fn offers(&self, keyword: &str) -> bool {
        self.offers.iter().any(|offer| offer == keyword)
    }

    fn next_act(&self, at: At, from: &str, to: &str) -> Option<Act> {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(at).or_default();
        *count += 1;
        let fits = |when: When| match when {
            When::Always => true,
            When::Nth(n) => *count == n,
            When::Every(n) => count.is_multiple_of(n),
            When::From(address) => address == from,
            When::To(address) => address == to,
        };
        let rules = self.rules.lock().unwrap();
        rules.iter().find(|(place, when, _)| *place == at && fits(*when)).map(|rule| rule.2)
    }
}
