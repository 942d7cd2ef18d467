//! The way out to feeds: which addresses may be asked, and whom we trust.
//!
//! What always holds: a name is looked up once, every address it has is checked, and the connection goes
//! to one of those very addresses. So no name can first look harmless and then lead into our own network
//! (SSRF by DNS rebinding). No proxy of the environment is asked.

mod public;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::fetch::Refusal;
use public::is_public;

/// All that a look at a feed may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// One address may be dead while the next lives.
const CONNECT: Duration = Duration::from_secs(5);

/// How feeds are reached.
#[derive(Clone)]
pub struct Net {
    names: Names,
    tls: TlsConnector,
    pub(super) patience: Duration,
    /// Who we are, for whoever reads the server's log.
    pub(super) agent: String,
}

/// How names become addresses.
#[derive(Clone, Debug)]
pub enum Names {
    Dns,
    /// As somebody said beforehand; no other name is known.
    Told(BTreeMap<String, Told>),
}

/// Where a name leads.
#[derive(Clone, Debug)]
pub enum Told {
    /// To be checked like an answer of the DNS.
    Checked(Vec<IpAddr>),
    /// A server of our own, which may be on loopback.
    Own(SocketAddr),
}

impl Net {
    /// The public internet, as the system's authorities vouch for it.
    pub fn public(site: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        // a system store may hold certificates that rustls cannot read; the others still count
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::new(Names::Dns, roots, PATIENCE, site)
    }

    /// Names, authorities and patience of one's own: for tests. No setting leads here.
    pub fn new(
        names: Names,
        roots: RootCertStore,
        patience: Duration,
        site: &str,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let agent = format!("Bulletin/{} (+{site})", env!("CARGO_PKG_VERSION"));
        Ok(Self { names, tls: TlsConnector::from(Arc::new(config)), patience, agent })
    }

    /// A connection to `host`, whose certificate is right, at an address that may be asked.
    pub(super) async fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, Refusal> {
        let addresses = self.resolve(host, port).await?;
        let stream = first(&addresses)
            .await
            .map_err(|why| Refusal::Unreachable(host.to_owned(), why.to_string()))?;
        let bare = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(bare).map_err(|_| Refusal::NoHost(host.to_owned()))?;
        let stream = self.tls.connect(name, stream).await;
        stream.map_err(|why| Refusal::Untrusted(host.to_owned(), why.to_string()))
    }

    /// Every address of `host`, each of which may be asked.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        if let Ok(literal) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return checked(host, vec![SocketAddr::new(literal, port)]);
        }
        match &self.names {
            Names::Dns => {
                let found = tokio::net::lookup_host((host, port)).await;
                let found = found.map_err(|_| Refusal::NoHost(host.to_owned()))?;
                checked(host, found.collect())
            }
            Names::Told(names) => match names.get(host) {
                None => Err(Refusal::NoHost(host.to_owned())),
                Some(Told::Own(address)) => Ok(vec![*address]),
                Some(Told::Checked(ips)) => {
                    checked(host, ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect())
                }
            },
        }
    }
}

/// One address inside a network is enough to refuse them all.
fn checked(host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refusal> {
    match addresses.iter().find(|address| !is_public(address.ip())) {
        Some(inside) => Err(Refusal::Inside(host.to_owned(), inside.ip())),
        None if addresses.is_empty() => Err(Refusal::NoHost(host.to_owned())),
        None => Ok(addresses),
    }
}

async fn first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut why = io::Error::other("it has no address");
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = error,
            Err(_) => why = io::Error::other("it does not answer"),
        }
    }
    Err(why)
}
