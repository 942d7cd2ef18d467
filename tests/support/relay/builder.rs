//! What a scripted relay is to be.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;

use super::{Act, At, Relay, Security, Shared, When, accept};

/// What the relay is to be; every setting has a default.
pub struct Builder {
    rules: Vec<(At, When, Act)>,
    offers: Vec<String>,
    goes_on_without_recipient: bool,
    security: Security,
    certificate_for: Vec<String>,
    dot_delay: Duration,
    journal: Option<PathBuf>,
    port: u16,
}

impl Default for Builder {
    fn default() -> Self {
        let offers =
            ["PIPELINING", "SIZE 33554432", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"];
        Self {
            rules: Vec::new(),
            offers: offers.map(str::to_owned).to_vec(),
            goes_on_without_recipient: false,
            security: Security::None,
            certificate_for: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            dot_delay: Duration::ZERO,
            journal: None,
            port: 0,
        }
    }
}

impl Builder {
    /// Misbehaves from the start; of several rules that fit, the first one counts.
    pub fn on(mut self, at: At, when: When, act: Act) -> Self {
        self.rules.push((at, when, act));
        self
    }

    /// The keywords of the reply to EHLO, in place of the usual ones; STARTTLS comes by `security`.
    pub fn offers(mut self, keywords: &[&str]) -> Self {
        self.offers = keywords.iter().map(|&keyword| keyword.to_owned()).collect();
        self
    }

    /// Says 354 to DATA also when it has refused the recipient, as RFC 2920 §3.1 allows, and 554 to
    /// the dot.
    pub fn goes_on_without_recipient(mut self) -> Self {
        self.goes_on_without_recipient = true;
        self
    }

    pub fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    pub fn certificate_for(mut self, name: &str) -> Self {
        self.certificate_for = vec![name.to_owned()];
        self
    }

    pub fn dot_delay(mut self, delay: Duration) -> Self {
        self.dot_delay = delay;
        self
    }

    /// A file that gets one JSON line for each message, synced before the message is answered.
    pub fn journal(mut self, path: &Path) -> Self {
        self.journal = Some(path.to_owned());
        self
    }

    /// The port of an earlier relay, to come back after an outage.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub fn start(self) -> Relay {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        // small, so that a body can be caught in its middle
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], self.port))).unwrap();
        let listener = socket.listen(1024).unwrap();
        let (acceptor, ca) = certificate(self.certificate_for);
        let journal = self
            .journal
            .map(|path| Mutex::new(File::options().create(true).append(true).open(path).unwrap()));
        let shared = Arc::new(Shared {
            rules: Mutex::new(self.rules),
            counts: Mutex::default(),
            offers: self.offers,
            goes_on_without_recipient: self.goes_on_without_recipient,
            security: self.security,
            acceptor,
            dot_delay: self.dot_delay,
            read_delay: Mutex::default(),
            journal,
            received: Mutex::default(),
            commands: Mutex::default(),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        });
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Relay { address, shared, task, ca }
    }
}

fn certificate(names: Vec<String>) -> (TlsAcceptor, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}
