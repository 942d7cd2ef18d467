//! An SMTP server that takes everything, counts it and keeps nothing.
//!
//! Postfix's `smtp-sink` ends at about 10,000 messages of 30 KB a second, whoever sends, and would be
//! what is measured. This one is a single thread that reads as much as it can get, looks for the
//! final dot with `memmem`, and answers all that it has read in one write (RFC 2920, RFC 3030).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Context as _;
use memchr::{memchr, memmem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// When the first and the last message were complete.
    span: Option<(Instant, Instant)>,
}

impl Counts {
    /// Messages a second, from the first message to the last.
    #[expect(clippy::cast_precision_loss, reason = "fewer messages than 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        let Some((first, last)) = self.span else {
            return 0.0;
        };
        self.messages.saturating_sub(1) as f64 / (last - first).as_secs_f64().max(1e-9)
    }

    fn add(&mut self, messages: u64, bytes: u64) {
        let now = Instant::now();
        self.messages += messages;
        self.bytes += bytes;
        self.span = Some((self.span.map_or(now, |(first, _)| first), now));
    }
}

pub(crate) struct Sink {
    address: SocketAddr,
    counts: Arc<Mutex<Counts>>,
}

impl Sink {
    /// Starts it on a free port; it lives as long as the process.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("sink")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::default();
        let mine = Arc::clone(&counts);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::spawn(move || runtime.block_on(accept(listener, mine)));
        Ok(Self { address, counts })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Counts {
        self.counts.lock().map(|mut counts| std::mem::take(&mut *counts)).unwrap_or_default()
    }
}

async fn accept(listener: std::net::TcpListener, counts: Arc<Mutex<Counts>>) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let local = tokio::task::LocalSet::new();
    let accepting = async {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::task::spawn_local(serve(stream, Arc::clone(&counts)));
        }
    };
    local.run_until(accepting).await
}

/// A client that breaks off is not our problem: what was complete has been counted.
async fn serve(mut stream: TcpStream, counts: Arc<Mutex<Counts>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = Session::default();
    let mut answer = b"220 sink ESMTP\r\n".to_vec();
    let mut buffer = vec![0; 256 * 1024];
    let mut held = 0;
    loop {
        if !answer.is_empty() {
            stream.write_all(&answer).await?;
            answer.clear();
        }
        if session.over {
            return Ok(());
        }
        let read = stream.read(&mut buffer[held..]).await?;
        if read == 0 {
            return Ok(());
        }
        let (used, messages) = session.step(&buffer[..held + read], &mut answer);
        if let (1.., Ok(mut counts)) = (messages, counts.lock()) {
            counts.add(messages, std::mem::take(&mut session.bytes));
        }
        buffer.copy_within(used..held + read, 0);
        held = held + read - used;
    }
}

#[derive(Default)]
pub(crate) struct Session {
    phase: Phase,
    /// Of content that no count holds yet.
    pub(crate) bytes: u64,
    over: bool,
}

#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Command,
    /// Until the final dot. The line break before the content is still unread: an empty message's dot needs it.
    Data,
    /// So many octets to come, and whether they are the last chunk.
    Chunk(usize, bool),
}

const END: &[u8] = b"\r\n.\r\n";

impl Session {
    /// Reads on as far as it can: how many octets are used up, how many messages were complete.
    pub(crate) fn step(&mut self, input: &[u8], answer: &mut Vec<u8>) -> (usize, u64) {
        let (mut used, mut messages) = (0, 0);
        loop {
            let rest = &input[used..];
            let (length, go_on) = match self.phase {
                Phase::Command => self.command(rest, answer),
                Phase::Data => self.data(rest, answer, &mut messages),
                Phase::Chunk(length, last) => self.chunk(rest, length, last, answer, &mut messages),
            };
            used += length;
            if !go_on {
                return (used, messages);
            }
        }
    }

    fn command(&mut self, rest: &[u8], answer: &mut Vec<u8>) -> (usize, bool) {
        let Some(end) = memchr(b'\n', rest) else {
            return (0, false);
        };
        let line = rest[..end].trim_ascii_end();
        let verb: Vec<u8> = line.iter().take(4).map(u8::to_ascii_uppercase).collect();
        answer.extend_from_slice(match &verb[..] {
            b"EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
            b"DATA" => {
                self.phase = Phase::Data;
                answer.extend_from_slice(b"354 go on\r\n");
                return (end.saturating_sub(1), true);
            }
            b"BDAT" => {
                self.phase = chunk_of(line);
                b""
            }
            b"QUIT" => {
                self.over = true;
                b"221 bye\r\n"
            }
            _ => b"250 ok\r\n",
        });
        (end + 1, true)
    }

    fn data(&mut self, rest: &[u8], answer: &mut Vec<u8>, messages: &mut u64) -> (usize, bool) {
        let Some(end) = memmem::find(rest, END) else {
            // The end may be cut in two by the end of the buffer.
            let used = rest.len().saturating_sub(END.len() - 1);
            self.bytes += used as u64;
            return (used, false);
        };
        self.bytes += end as u64;
        self.complete(answer, messages);
        (end + END.len(), true)
    }

    fn chunk(
        &mut self,
        rest: &[u8],
        length: usize,
        last: bool,
        answer: &mut Vec<u8>,
        messages: &mut u64,
    ) -> (usize, bool) {
        let used = length.min(rest.len());
        self.bytes += used as u64;
        if used < length {
            self.phase = Phase::Chunk(length - used, last);
            return (used, false);
        }
        if last {
            self.complete(answer, messages);
        } else {
            self.phase = Phase::Command;
            answer.extend_from_slice(b"250 ok\r\n");
        }
        (used, true)
    }

    fn complete(&mut self, answer: &mut Vec<u8>, messages: &mut u64) {
        *messages += 1;
        self.phase = Phase::Command;
        answer.extend_from_slice(b"250 2.0.0 taken\r\n");
    }
}

/// `BDAT 86 LAST` (RFC 3030 §2).
fn chunk_of(line: &[u8]) -> Phase {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace().skip(1);
    let length = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Phase::Chunk(length, words.next().is_some())
}
