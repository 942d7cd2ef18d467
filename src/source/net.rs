//! The way out to feeds: which addresses may be asked, and whom we trust.
//!
//! What always holds: a name is looked up once, every address it has is checked, and the connection goes
//! to one of those very addresses. So no name can first look harmless and then lead into our own network
//! (SSRF by DNS rebinding). No proxy of the environment is asked.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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

/// Whether an address is one that the whole internet shares (the registries of RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let octets = ip.octets();
    // this network, private (RFC 1918), loopback, link-local with the clouds' metadata
    let near =
        matches!(octets, [0 | 10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..]);
    // carriers' NAT (RFC 6598), protocol assignments, 6to4 relays, benchmarks
    let special = matches!(
        octets,
        [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]
    );
    // documentation (RFC 5737)
    let nowhere = matches!(octets, [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]);
    // and multicast, reserved, broadcast
    !(near || special || nowhere || octets[0] >= 224)
}

/// Global unicast is `2000::/3` alone (RFC 4291 §2.4): so IPv4 in disguise (`::ffff:0:0/96`, NAT64 at
/// `64:ff9b::/96`), unique-local, link-local and multicast are out; and in it 6to4, Teredo and the
/// like, and documentation.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_a_network_are_told_from_public_ones() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.254",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:1ff::1",
            "2002:a00:1::1",
            "3fff::1",
            "100::1",
            "4000::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2a00:1450:4009::1",
            "2001:4860:4860::8888",
            "2001:200::1",
            "3ffe::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
