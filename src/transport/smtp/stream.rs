//! Octets to and from a relay, in clear or under TLS, with a limit on every wait.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pieces::{Pieces, Unsent};
use super::reply::{self, Answer, Garbage};
use crate::metric::Metrics;

pub(super) struct Stream {
    io: Io,
    /// Read, and not yet parsed.
    input: Vec<u8>,
    /// Hear how long the relay lets us wait.
    pub(super) metrics: Metrics,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why a stream can no longer be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Break {
    #[error("the relay closed the connection")]
    Closed,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("nothing happened for {0:?}")]
    Timeout(Duration),
    #[error(transparent)]
    Garbage(#[from] Garbage),
    #[error("the relay spoke or hung up out of turn")]
    OutOfTurn,
}

impl Stream {
    pub(super) async fn dial(
        address: SocketAddr,
        limit: Duration,
        metrics: Metrics,
    ) -> Result<Self, Break> {
        let tcp = within(limit, TcpStream::connect(address)).await?;
        tcp.set_nodelay(true)?;
        Ok(Self { io: Io::Plain(tcp), input: Vec::new(), metrics })
    }

    /// The handshake. What came in clear behind the reply to STARTTLS was said by somebody else.
    pub(super) async fn secure(
        self,
        connector: &TlsConnector,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<Self, Break> {
        self.refuse_leftovers()?;
        match self.io {
            Io::Plain(tcp) => {
                let tls = within(limit, connector.connect(name, tcp)).await?;
                Ok(Self { io: Io::Tls(Box::new(tls)), input: Vec::new(), ..self })
            }
            Io::Tls(_) => Ok(self),
        }
    }

    /// Lines, in one write.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Break> {
        self.refuse_leftovers()?;
        match &mut self.io {
            Io::Plain(tcp) => within(limit, tcp.write_all(bytes)).await,
            Io::Tls(tls) => {
                within(limit, tls.write_all(bytes)).await?;
                within(limit, tls.flush()).await
            }
        }
    }

    /// A message, in one write. `limit` is for each piece that the system takes, because a message
    /// may be large.
    pub(super) async fn write_message(
        &mut self,
        pieces: Pieces<'_>,
        limit: Duration,
    ) -> Result<(), Unsent> {
        self.refuse_leftovers().map_err(|why| Unsent { why, whole: false })?;
        match &mut self.io {
            Io::Plain(tcp) => pieces.write_plain(tcp, limit).await,
            Io::Tls(tls) => pieces.write_tls(tls, limit).await,
        }
    }

    /// A whole reply within `limit`, however slowly it drips.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Answer, Break> {
        match tokio::time::timeout(limit, self.next_reply()).await {
            Ok(answer) => answer,
            Err(_) => Err(Break::Timeout(limit)),
        }
    }

    async fn next_reply(&mut self) -> Result<Answer, Break> {
        loop {
            if let Some((answer, used)) = reply::parse(&self.input)? {
                self.input.drain(..used);
                return Ok(answer);
            }
            let read = match &mut self.io {
                Io::Plain(tcp) => tcp.read_buf(&mut self.input).await?,
                Io::Tls(tls) => tls.read_buf(&mut self.input).await?,
            };
            if read == 0 {
                return Err(Break::Closed);
            }
        }
    }

    /// We write when every reply is read: one to a command that we have not sent is not ours to
    /// believe.
    fn refuse_leftovers(&self) -> Result<(), Break> {
        if self.input.is_empty() { Ok(()) } else { Err(Break::OutOfTurn) }
    }

    /// Whether the relay has neither said anything nor closed since its last reply.
    pub(super) fn is_quiet(&self) -> bool {
        self.input.is_empty() && self.peek().is_pending()
    }

    /// Whether the relay has not closed, as far as is known: what it said may come first.
    pub(super) fn is_open(&self) -> bool {
        !self.input.is_empty()
            || match self.peek() {
                Poll::Ready(read) => read.is_ok_and(|octets| octets > 0),
                Poll::Pending => true,
            }
    }

    fn peek(&self) -> Poll<io::Result<usize>> {
        let tcp = match &self.io {
            Io::Plain(tcp) => tcp,
            Io::Tls(tls) => tls.get_ref().0,
        };
        let mut idle = Context::from_waker(Waker::noop());
        tcp.poll_peek(&mut idle, &mut ReadBuf::new(&mut [0]))
    }

    /// Best effort: whoever waits for it has no use for the error.
    pub(super) async fn close(mut self, limit: Duration) {
        let _ = match &mut self.io {
            Io::Plain(tcp) => within(limit, tcp.shutdown()).await,
            Io::Tls(tls) => within(limit, tls.shutdown()).await,
        };
    }
}

pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Break> {
    match tokio::time::timeout(limit, work).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Break::Closed),
        Ok(result) => Ok(result?),
        Err(_) => Err(Break::Timeout(limit)),
    }
}
