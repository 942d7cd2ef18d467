//! A web server under TLS that answers as a test says, also in ways that no server should.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulletin::source::net::{Names, Net, Told};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The name that leads to the server.
pub(crate) const HOST: &str = "feeds.example.org";
/// A second name of it, for which its certificate does not speak.
pub(crate) const OTHER: &str = "other.example.org";

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// These octets, and the connection's end.
    Say(Vec<u8>),
    /// Not a byte.
    Silence,
    /// These octets, and then these for ever.
    Endless(Vec<u8>, Vec<u8>),
}

/// 200, with these headers and this body.
pub(crate) fn page(headers: &[&str], body: impl AsRef<[u8]>) -> Act {
    answer("200 OK", headers, body)
}

/// This status, with these headers and this body.
pub(crate) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let mut said = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    said.extend(headers.iter().flat_map(|header| [*header, "\r\n"]));
    said += "\r\n";
    Act::Say([said.as_bytes(), body].concat())
}

type Script = Arc<Mutex<BTreeMap<String, Act>>>;

pub(crate) struct FeedServer {
    address: SocketAddr,
    roots: RootCertStore,
    script: Script,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl FeedServer {
    pub(crate) async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, requests) = (Script::default(), Arc::default());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(serve(listener, acceptor, script.clone(), Arc::clone(&requests)));
        Self { address, roots, script, requests, task }
    }

    /// From now on this is what `path` answers; anything else is 404.
    pub(crate) fn at(&self, path: &str, act: Act) {
        self.script.lock().unwrap().insert(path.to_owned(), act);
    }

    /// Its address under its own name.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.address.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A way out on which its names lead here; `inside.example.org` leads to these addresses.
    pub(crate) fn net(&self, patience: Duration, inside: &[&str]) -> Net {
        let inside: Vec<IpAddr> = inside.iter().map(|ip| ip.parse().unwrap()).collect();
        let names = BTreeMap::from([
            (HOST.to_owned(), Told::Own(self.address)),
            (OTHER.to_owned(), Told::Own(self.address)),
            ("inside.example.org".to_owned(), Told::Checked(inside)),
        ]);
        Net::new(Names::Told(names), self.roots.clone(), patience, "https://news.example.org")
            .unwrap()
    }
}

impl Drop for FeedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    script: Script,
    requests: Arc<Mutex<Vec<String>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, script, requests) = (acceptor.clone(), script.clone(), requests.clone());
        tokio::spawn(async move {
            // whoever does not trust us, or has had enough, is gone
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = talk(stream, &script, &requests).await;
            }
        });
    }
}

async fn talk(
    mut stream: TlsStream<TcpStream>,
    script: &Script,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    requests.lock().unwrap().push(head);
    let act = script.lock().unwrap().get(&path).cloned();
    match act.unwrap_or_else(|| answer("404 Not Found", &[], "")) {
        Act::Say(octets) => stream.write_all(&octets).await?,
        Act::Silence => std::future::pending().await,
        Act::Endless(first, again) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
    }
    stream.shutdown().await
}
