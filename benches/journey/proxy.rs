//! A road of some length: what comes in at one end comes out at the other so much later.
//!
//! It adds delay and takes no throughput away: each direction is read at once, stamped, and written
//! when its time has come, however much is on the road meanwhile. A road has no slow start, and the
//! clock of the timers makes it about a millisecond longer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Starts one on a free port; it lives as long as the process.
pub(crate) fn start(target: SocketAddr, delay: Duration) -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("proxy")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || runtime.block_on(accept(listener, target, delay)));
    Ok(address)
}

async fn accept(
    listener: std::net::TcpListener,
    target: SocketAddr,
    delay: Duration,
) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (near, _) = listener.accept().await?;
        tokio::spawn(join(near, target, delay));
    }
}

/// Either side may break off: the other hears of it as late as of everything else.
async fn join(near: TcpStream, target: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let far = TcpStream::connect(target).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::try_join!(carry(near_read, far_write, delay), carry(far_read, near_write, delay))?;
    Ok(())
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
) -> std::io::Result<()> {
    let (sender, mut road) = mpsc::unbounded_channel();
    let send = async move {
        loop {
            let mut octets = Vec::with_capacity(64 * 1024);
            if from.read_buf(&mut octets).await? == 0 {
                return std::io::Result::Ok(());
            }
            let _ = sender.send((Instant::now() + delay, octets));
        }
    };
    let receive = async move {
        while let Some((due, octets)) = road.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&octets).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(send, receive)?;
    Ok(())
}
