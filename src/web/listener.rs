//! A listener that many silent callers cannot fill (standards, T20).
//!
//! A request that has begun has its own time limit; this one is for callers who never begin one, or
//! never take their answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How many callers are heard at once; the next wait in the kernel's queue.
const SEATS: usize = 512;
/// How long a connection may be silent: longer than any page takes.
const SILENCE: Duration = Duration::from_secs(20);

pub(super) struct Patient {
    listener: TcpListener,
    seats: Arc<Semaphore>,
    silence: Duration,
}

impl Patient {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, seats: Arc::new(Semaphore::new(SEATS)), silence: SILENCE }
    }
}

impl Listener for Patient {
    type Io = Caller;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Caller, SocketAddr) {
        // the semaphore is never closed, so there is a seat
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let caller = Caller {
            stream,
            silence: self.silence,
            until: Box::pin(sleep(self.silence)),
            _seat: seat,
        };
        (caller, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it has been silent for too long.
pub(super) struct Caller {
    stream: TcpStream,
    silence: Duration,
    until: Pin<Box<Sleep>>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl Caller {
    /// What came of an attempt: something moved, or the silence goes on.
    fn heard<T>(
        &mut self,
        context: &mut Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.until.as_mut().reset(Instant::now() + self.silence);
            return moved;
        }
        ready!(self.until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard(context, moved)
    }
}

impl AsyncWrite for Caller {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.heard(context, moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.heard(context, moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn listening(seats: usize, silence: Duration) -> (Patient, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let patient =
            Patient { seats: Arc::new(Semaphore::new(seats)), silence, ..Patient::new(listener) };
        (patient, address)
    }

    #[tokio::test]
    async fn a_silent_caller_is_let_go() {
        let (mut patient, address) = listening(1, Duration::from_millis(20)).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut caller, _) = patient.accept().await;
        stream.write_all(b"GET").await.unwrap();
        let mut said = [0; 3];
        caller.read_exact(&mut said).await.unwrap();
        let error = caller.read_exact(&mut said).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_seat_is_free_again_when_its_caller_has_gone() {
        let (mut patient, address) = listening(1, SILENCE).await;
        let _first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let (caller, _) = patient.accept().await;
        assert_eq!(patient.seats.available_permits(), 0);
        drop(caller);
        let _caller = patient.accept().await;
    }
}
