//! One conversation with the scripted relay.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{At, Security, Shared};

pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<Box<dyn Wire>> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0.tcp()
    }
}

/// What the client may say next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    Mail,
    Rcpt,
    Message,
    /// A chunk was refused (RFC 3030 §2).
    Rset,
}

pub(super) struct Session {
    pub(super) wire: BufReader<Box<dyn Wire>>,
    pub(super) shared: Arc<Shared>,
    secure: bool,
    pub(super) expects: Expects,
    pub(super) from: String,
    pub(super) to: String,
}

const ORDER: &str = "503 5.5.1 not now";

pub(super) async fn serve(tcp: TcpStream, shared: Arc<Shared>) {
    let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_open.fetch_max(open, Ordering::SeqCst);
    let _open = Open(Arc::clone(&shared));
    // however it ends, the client is who tells about it
    let _ = converse(tcp, shared).await;
}

/// Counts a connection also when its task is aborted.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn converse(tcp: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let wire: Box<dyn Wire> = Box::new(tcp);
    let (from, to) = (String::new(), String::new());
    let mut session = Session {
        wire: BufReader::new(wire),
        shared,
        secure: false,
        expects: Expects::Mail,
        from,
        to,
    };
    if session.shared.security == Security::Implicit {
        session = session.handshake().await?;
    }
    session.answer(At::Connect, "220 relay.example ESMTP").await?;
    loop {
        let line = session.line().await?;
        if session.is_impatient(&line) {
            session.say("554 5.5.0 improper command pipelining").await?;
            return Err(over());
        }
        session = session.obey(&line).await?;
    }
}

impl Session {
    async fn obey(mut self, line: &str) -> io::Result<Self> {
        self.shared.commands.lock().unwrap().push(line.to_owned());
        match line.split(' ').next().unwrap_or("").to_ascii_uppercase().as_str() {
            "EHLO" => drop(self.answer(At::Ehlo, &self.capabilities()).await?),
            "HELO" => self.say("250 relay.example").await?,
            "STARTTLS" => {
                if self.answer(At::Starttls, "220 2.0.0 go ahead").await?.starts_with("220") {
                    return self.handshake().await;
                }
            }
            "AUTH" => self.auth(line).await?,
            "MAIL" => self.mail(line).await?,
            "RCPT" => self.rcpt(line).await?,
            "DATA" => self.data().await?,
            "BDAT" if self.shared.offers("CHUNKING") => self.chunk(line).await?,
            "RSET" => {
                self.expects = Expects::Mail;
                self.say("250 2.0.0 ok").await?;
            }
            "NOOP" => self.say("250 2.0.0 ok").await?,
            "QUIT" => {
                self.answer(At::Quit, "221 2.0.0 bye").await?;
                return Err(over());
            }
            _ => self.say("500 5.5.2 what?").await?,
        }
        Ok(self)
    }

    /// Whether more was said than may be said behind `line` before its reply.
    fn is_impatient(&self, line: &str) -> bool {
        let verb = line.split(' ').next().unwrap_or("").to_ascii_uppercase();
        let grouped = ["MAIL", "RCPT", "RSET"].contains(&verb.as_str());
        !self.wire.buffer().is_empty()
            && verb != "BDAT"
            && !(grouped && self.shared.offers("PIPELINING"))
    }

    async fn mail(&mut self, line: &str) -> io::Result<()> {
        if self.expects != Expects::Mail {
            return self.say(ORDER).await;
        }
        self.from = path(line);
        self.to.clear();
        let reply = self.answer(At::Mail, "250 2.1.0 ok").await?;
        if reply.starts_with('2') {
            self.expects = Expects::Rcpt;
        }
        Ok(())
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<()> {
        if self.expects != Expects::Rcpt {
            return self.say(ORDER).await;
        }
        self.to = path(line);
        let reply = self.answer(At::Rcpt, "250 2.1.5 ok").await?;
        if reply.starts_with('2') {
            self.expects = Expects::Message;
        }
        Ok(())
    }

    fn capabilities(&self) -> String {
        let mut lines = vec!["relay.example".to_owned()];
        lines.extend(self.shared.offers.iter().cloned());
        if self.shared.security == Security::Starttls && !self.secure {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        for line in &mut lines[..last] {
            *line = format!("250-{line}\r\n");
        }
        lines[last] = format!("250 {}", lines[last]);
        lines.concat()
    }

    async fn handshake(mut self) -> io::Result<Self> {
        let acceptor = self.shared.acceptor.clone();
        let tls = acceptor.accept(self.wire.into_inner()).await?;
        self.wire = BufReader::new(Box::new(tls));
        self.secure = true;
        Ok(self)
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        if line.eq_ignore_ascii_case("AUTH LOGIN") {
            for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(prompt).await?;
                let line = self.line().await?;
                self.shared.commands.lock().unwrap().push(line);
            }
        }
        let reply = self.answer(At::Auth, "235 2.7.0 welcome").await?;
        if reply.starts_with("334") {
            self.line().await?;
            self.say("535 5.7.8 expired").await?;
        }
        Ok(())
    }

    pub(super) async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.wire.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.wire.flush().await
    }

    pub(super) async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.wire.read_until(b'\n', &mut line).await? == 0 {
            return Err(over());
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// What stands in angle brackets.
fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(String::new(), |(path, _)| path.to_owned())
}

pub(super) fn over() -> io::Error {
    ErrorKind::ConnectionAborted.into()
}
