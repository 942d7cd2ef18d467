//! A wire between a daemon and its Postgres that can be cut, and fall silent, and be forgotten.
//!
//! It takes connections on loopback and passes each on to the server's socket, octet for octet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Cut for good when it is dropped.
pub(crate) struct Wire {
    port: u16,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    condition: Condition,
    /// Raised when all connections so far are forgotten.
    age: usize,
    /// The answer to a commit is lost, and the connection with it.
    loses_commits: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Condition {
    #[default]
    Whole,
    Cut,
    Silent,
}

/// The server's ends of connections whose clients are gone, unbeknown to it.
type Ghosts = Arc<Mutex<Vec<UnixStream>>>;

impl Wire {
    /// To the server whose socket is in this folder.
    pub(crate) async fn to(folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(State::default());
        let task = tokio::spawn(accept(listener, folder.join(".s.PGSQL.5432"), seen));
        Self { port, state, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Both ends see their connections end; new ones end as they begin.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.condition = Condition::Cut);
    }

    /// Nothing passes any more, and nobody is told.
    pub(crate) fn fall_silent(&self) {
        self.state.send_modify(|state| state.condition = Condition::Silent);
    }

    /// What was under way on a silent wire arrives now.
    pub(crate) fn mend(&self) {
        self.state.send_modify(|state| {
            (state.condition, state.loses_commits) = (Condition::Whole, false);
        });
    }

    /// From now on what is committed is kept, and nobody hears of it.
    pub(crate) fn lose_commits(&self) {
        self.state.send_modify(|state| state.loses_commits = true);
    }

    /// Connections end for the daemon and stay open for the server, as when a router that kept
    /// track of them starts anew. New ones are passed on.
    pub(crate) fn forget(&self) {
        self.state.send_modify(|state| state.age += 1);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The pairs are in the set, so they end with this task.
async fn accept(listener: TcpListener, socket: PathBuf, state: watch::Receiver<State>) {
    let (mut pairs, ghosts) = (JoinSet::new(), Ghosts::default());
    while let Ok((client, _)) = listener.accept().await {
        pairs.spawn(pass_on(client, socket.clone(), state.clone(), Arc::clone(&ghosts)));
        while pairs.try_join_next().is_some() {}
    }
}

async fn pass_on(
    mut client: TcpStream,
    socket: PathBuf,
    mut state: watch::Receiver<State>,
    ghosts: Ghosts,
) {
    let age = state.borrow().age;
    let Ok(mut server) = UnixStream::connect(socket).await else { return };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut passing =
        Box::pin(both_ways((from_client, to_server, state.clone()), (from_server, to_client)));
    loop {
        let now = *state.borrow_and_update();
        if now.age > age {
            break;
        }
        let changed = match now.condition {
            Condition::Cut => return,
            Condition::Silent => state.changed().await,
            Condition::Whole => tokio::select! {
                () = &mut passing => return,
                changed = state.changed() => changed,
            },
        };
        if changed.is_err() {
            return;
        }
    }
    drop(passing);
    ghosts.lock().unwrap().push(server);
}

/// Until one end hangs up, or a commit's answer is to be lost.
async fn both_ways(
    (mut from_client, mut to_server, state): (impl Reads, impl Writes, watch::Receiver<State>),
    (mut from_server, mut to_client): (impl Reads, impl Writes),
) {
    let asking = async {
        let mut octets = [0; 8192];
        loop {
            let count = from_client.read(&mut octets).await.unwrap_or(0);
            if count == 0 || to_server.write_all(&octets[..count]).await.is_err() {
                return false;
            }
            // a query of its own, with nothing behind it
            if octets[..count].ends_with(b"COMMIT\0") && state.borrow().loses_commits {
                return true;
            }
        }
    };
    let loses = tokio::select! {
        loses = asking => loses,
        _ = copy(&mut from_server, &mut to_client) => false,
    };
    if loses {
        // once it has answered, it has committed
        drop(from_server.read_u8().await);
    }
}

trait Reads: AsyncRead + Unpin {}
impl<T: AsyncRead + Unpin> Reads for T {}

trait Writes: AsyncWrite + Unpin {}
impl<T: AsyncWrite + Unpin> Writes for T {}
