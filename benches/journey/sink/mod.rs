//! An SMTP server that takes everything, counts it and keeps nothing.
//!
//! Postfix's `smtp-sink` ends at about 10,000 messages of 30 KB a second, whoever sends, and would be
//! what is measured. This one is a single thread that reads as much as it can get, looks for the
//! final dot with `memmem`, and answers all that it has read in one write (RFC 2920, RFC 3030). It
//! tells how busy it was, so that nobody takes its limit for a sender's.

mod session;

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Context as _;
pub(crate) use session::Session;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// One of the messages, as it came.
    pub(crate) sample: Vec<u8>,
    /// What the sink's thread spent, in seconds.
    pub(crate) busy: f64,
    /// When the first and the last message were complete.
    span: Option<(Instant, Instant)>,
}

impl Counts {
    /// Messages a second, from the first message to the last.
    #[expect(clippy::cast_precision_loss, reason = "fewer messages than 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.messages.saturating_sub(1) as f64 / self.seconds()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.span.map_or(0.0, |(first, last)| (last - first).as_secs_f64()).max(1e-9)
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
    /// Where the kernel says what the thread has spent.
    thread: PathBuf,
    /// What it had spent at the last look, in seconds.
    before: Cell<f64>,
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
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let _ = tell.send(std::fs::read_link("/proc/thread-self"));
            runtime.block_on(accept(listener, mine))
        });
        let thread = Path::new("/proc").join(told.recv()??).join("schedstat");
        Ok(Self { address, counts, thread, before: Cell::default() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Counts {
        let counts = self.counts.lock().map(|mut counts| std::mem::take(&mut *counts));
        let spent = self.spent();
        let busy = spent - self.before.replace(spent);
        Counts { busy, ..counts.unwrap_or_default() }
    }

    /// Its first number is time on a processor, in nanoseconds (proc(5)).
    fn spent(&self) -> f64 {
        let text = std::fs::read_to_string(&self.thread).unwrap_or_default();
        let first = text.split_ascii_whitespace().next();
        first.and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
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
            counts.sample = session.first().unwrap_or_else(|| std::mem::take(&mut counts.sample));
        }
        buffer.copy_within(used..held + read, 0);
        held = held + read - used;
    }
}
