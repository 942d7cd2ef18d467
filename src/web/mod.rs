//! The pages: what readers open, what mail providers post to, and what operators look at.
//!
//! Two listeners. `site.listen` is for the world: front page, archive, opt-out,
//! answers to meetings. `operator_listen` is
//! for whoever runs this: health, readiness, metrics, and the captured mails of a file relay.
//!
//! # What always holds
//! * Looking changes nothing: GET, HEAD and OPTIONS never write (promise 4).
//! * An opt-out needs its token and nothing else: no cookie, no login, no script, no redirect (RFC
//!   8058 §3.1). It says "done" only after the commit, and a caller that hangs up does not undo it.
//! * Every answer that is not a page of its own is the notice of its status: all invalid tokens get
//!   the same 404, byte for byte.
//! * No answer sets a cookie, is cached, tells another site where its reader came from, or runs a
//!   script; bodies are at most 4 KB, a request has ten seconds, and a silent connection is closed.
//! * No page shows an address of a reader, and no log line holds an address or a token. The inbox
//!   does show mails: it opens on loopback only, and only to callers that name it so.
//!
//! # Races
//! 1. *One-click and button at once.* The row of the subscription decides; the second ends nothing.
//! 2. *A post is withdrawn while it is read.* The next request does not find it.
//! 3. *The daemon stops while a request runs.* It has five seconds to be answered.

mod archive;
mod file;
mod guard;
mod health;
mod home;
mod inbox;
mod listener;
mod metrics;
mod neutral;
mod operator;
mod page;
mod public;
mod ready;
mod rsvp;
mod unsubscribe;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::metric::Metrics;
use crate::token::Keys;
pub use inbox::sheet;
use listener::Patient;
use page::Site;

/// How long running requests may take to end when we stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the pages work with.
#[derive(Clone)]
pub struct Office {
    pub config: Arc<Config>,
    pub db: Db,
    pub keys: Keys,
    pub clock: Clock,
    pub metrics: Metrics,
}

/// Running pages.
pub struct Pages {
    public: Running,
    operator: Running,
}

/// Binds both addresses and serves.
pub async fn start(office: &Office) -> anyhow::Result<Pages> {
    let site = Site::new(office)?;
    let wanted = &office.config.site;
    let public = bind("site.listen", wanted.listen).await?;
    let operator = bind("site.operator_listen", wanted.operator_listen).await?;
    let inside = operator.local_addr()?;
    let pages = Pages {
        public: Running::begin(public, public::router(&site)?)?,
        operator: Running::begin(operator, operator::router(&site, inside)?)?,
    };
    tracing::info!(public = %pages.public(), operator = %pages.operator(), "pages are served");
    Ok(pages)
}

impl Pages {
    /// Where the public pages are: port 0 in the configuration means any free one.
    pub fn public(&self) -> SocketAddr {
        self.public.address
    }

    /// Where the operators' pages are.
    pub fn operator(&self) -> SocketAddr {
        self.operator.address
    }

    /// Answers what is under way and ends.
    pub async fn stop(self) {
        tokio::join!(self.public.end(), self.operator.end());
    }
}

async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or set another port"
            }
            std::io::ErrorKind::PermissionDenied => "set a port of 1024 or above",
            _ => "set an address of this machine",
        };
        anyhow!("{key} = \"{address}\" cannot be opened: {error}; {remedy}")
    })
}

/// One listener being served.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    fn begin(listener: TcpListener, router: Router) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let asked = async { _ = stopped.await };
        let serving = axum::serve(Patient::new(listener), router).with_graceful_shutdown(asked);
        Ok(Self { address, stop, task: tokio::spawn(serving.into_future()) })
    }

    async fn end(mut self) {
        // an error means that the task has ended already
        let _ = self.stop.send(());
        if tokio::time::timeout(FAREWELL, &mut self.task).await.is_err() {
            tracing::warn!(address = %self.address, "requests still ran after five seconds; they are cut off");
            self.task.abort();
        }
    }
}
