//! A message on its way out in one write, without a copy; and what is known when that breaks off.

use std::io::{IoSlice, Write as _};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::stream::{Break, within};
use crate::fault;

pub(super) struct Pieces<'a> {
    pub(super) head: &'a [u8],
    pub(super) body: &'a [u8],
    pub(super) tail: &'a [u8],
    /// With so many octets of `tail` the relay has the message.
    pub(super) ends_at: usize,
}

/// Why not all of it left us.
#[derive(Debug)]
pub(super) struct Unsent {
    pub(super) why: Break,
    /// The relay may have the whole message, only not what follows it.
    pub(super) whole: bool,
}

/// The largest TLS record (RFC 8446 §5.1).
const RECORD: usize = 16 * 1024;
/// What waits in records for one write; rustls keeps 64 KB at most.
const GATHERED: usize = 2 * RECORD;

impl Pieces<'_> {
    pub(super) async fn write_plain(
        &self,
        tcp: &mut TcpStream,
        limit: Duration,
    ) -> Result<(), Unsent> {
        if fault::is_set("half") {
            write_half(tcp, self.head, self.body, limit).await?;
            return self.second_half().write_slices(tcp, limit).await;
        }
        self.write_slices(tcp, limit).await
    }

    /// What is left when the first half of the body has gone.
    fn second_half(&self) -> Pieces<'_> {
        Pieces { head: &[], body: &self.body[self.body.len() / 2..], ..*self }
    }

    async fn write_slices(&self, tcp: &mut TcpStream, limit: Duration) -> Result<(), Unsent> {
        let mut slices = [self.head, self.body, self.tail].map(IoSlice::new);
        let mut rest = &mut slices[..];
        let mut missing = self.head.len() + self.body.len() + self.ends_at;
        // drops the pieces that are empty
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let taken = match within(limit, tcp.write_vectored(rest)).await {
                Ok(0) => Err(Break::Closed),
                taken => taken,
            };
            let whole = missing == 0;
            let taken = taken.map_err(|why| Unsent { why, whole })?;
            missing = missing.saturating_sub(taken);
            IoSlice::advance_slices(&mut rest, taken);
        }
        Ok(())
    }

    /// The tail is a record of its own. One that the system has not taken whole cannot be read, so
    /// that the relay has the message with all that follows it, or has it not.
    pub(super) async fn write_tls(
        &self,
        tls: &mut TlsStream<TcpStream>,
        limit: Duration,
    ) -> Result<(), Unsent> {
        let whole = self.tail.len() > RECORD;
        let written = self.write_records(tls, limit).await;
        written.map_err(|why| Unsent { why, whole })
    }

    async fn write_records(
        &self,
        tls: &mut TlsStream<TcpStream>,
        limit: Duration,
    ) -> Result<(), Break> {
        let mut gathered = 0;
        for piece in [self.head, self.body] {
            for part in piece.chunks(GATHERED) {
                gathered += part.len();
                if gathered > GATHERED {
                    within(limit, tls.flush()).await?;
                    gathered = part.len();
                }
                tls.get_mut().1.writer().write_all(part)?;
            }
        }
        within(limit, tls.write_all(self.tail)).await?;
        within(limit, tls.flush()).await
    }
}

/// A fail point: a message that breaks off in its middle.
async fn write_half(
    tcp: &mut TcpStream,
    head: &[u8],
    body: &[u8],
    limit: Duration,
) -> Result<(), Unsent> {
    for piece in [head, &body[..body.len() / 2]] {
        let written = within(limit, tcp.write_all(piece)).await;
        written.map_err(|why| Unsent { why, whole: false })?;
    }
    fault::point("half");
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Writes to somebody who never reads.
    async fn unsent(ends_at: usize) -> Unsent {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let pieces = Pieces {
            head: b"BDAT 9 LAST\r\n",
            body: b"",
            // more than the system takes for somebody else
            tail: &vec![b'x'; 64 << 20],
            ends_at,
        };
        let written = pieces.write_plain(&mut tcp, Duration::from_millis(50));
        written.await.unwrap_err()
    }

    #[tokio::test]
    async fn a_message_is_whole_once_the_system_has_its_last_octet() {
        assert!(unsent(9).await.whole);
        assert!(!unsent(64 << 20).await.whole);
        assert!(matches!(unsent(9).await.why, Break::Timeout(_)));
    }
}
