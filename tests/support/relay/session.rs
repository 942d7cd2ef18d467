//! One conversation with the scripted relay.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Act, At, Received, Security, Shared};

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Session {
    wire: BufReader<Box<dyn Wire>>,
    shared: Arc<Shared>,
    secure: bool,
    from: String,
    to: String,
}

pub(super) async fn serve(tcp: TcpStream, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::SeqCst);
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
        from,
        to,
    };
    if session.shared.security == Security::Implicit {
        session = session.handshake().await?;
    }
    session
        .answer(At::Connect, "220 relay.example ESMTP")
        .await?;
    loop {
        let line = session.line().await?;
        session = session.obey(&line).await?;
    }
}

impl Session {
    async fn obey(mut self, line: &str) -> io::Result<Self> {
        self.shared.commands.lock().unwrap().push(line.to_owned());
        match line
            .split(' ')
            .next()
            .unwrap_or("")
            .to_ascii_uppercase()
            .as_str()
        {
            "EHLO" => drop(self.answer(At::Ehlo, &self.capabilities()).await?),
            "HELO" => self.say("250 relay.example").await?,
            "STARTTLS" => {
                if self
                    .answer(At::Starttls, "220 2.0.0 go ahead")
                    .await?
                    .starts_with("220")
                {
                    return self.handshake().await;
                }
            }
            "AUTH" => self.auth(line).await?,
            "MAIL" => {
                self.from = path(line);
                self.answer(At::Mail, "250 2.1.0 ok").await?;
            }
            "RCPT" => {
                self.to = path(line);
                self.answer(At::Rcpt, "250 2.1.5 ok").await?;
            }
            "DATA" => self.data().await?,
            "RSET" | "NOOP" => self.say("250 2.0.0 ok").await?,
            "QUIT" => {
                self.answer(At::Quit, "221 2.0.0 bye").await?;
                return Err(over());
            }
            _ => self.say("500 5.5.2 what?").await?,
        }
        Ok(self)
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
        self.wire = BufReader::new(Box::new(acceptor.accept(self.wire.into_inner()).await?));
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
        self.answer(At::Auth, "235 2.7.0 welcome").await.map(drop)
    }

    async fn data(&mut self) -> io::Result<()> {
        if !self.answer(At::Data, "354 go").await?.starts_with("354") {
            return Ok(());
        }
        let message = self.message().await?;
        tokio::time::sleep(self.shared.dot_delay).await;
        let act = self.shared.next_act(At::Dot, &self.to);
        let usual = "250 2.0.0 queued as 42";
        let answered = match act {
            None | Some(Act::Drip) => usual.to_owned(),
            Some(Act::Say(reply)) => reply.to_owned(),
            Some(other) => format!("{other:?}"),
        };
        let (from, to) = (self.from.clone(), self.to.clone());
        self.shared
            .record(Received::new(from, to, message, answered));
        self.perform(At::Dot, act, usual).await.map(drop)
    }

    /// Strict: only CRLF ends a line, so a message that relies on more than that never ends.
    async fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        let mut first = true;
        loop {
            let start = message.len();
            if self.wire.read_until(b'\n', &mut message).await? == 0 {
                return Err(over());
            }
            if std::mem::take(&mut first) {
                self.misbehave_in_the_middle().await?;
            }
            let at_line_start = start == 0 || message[..start].ends_with(b"\r\n");
            if at_line_start && &message[start..] == b".\r\n" {
                message.truncate(start);
                return Ok(message);
            }
            if at_line_start && message[start] == b'.' {
                message.remove(start);
            }
        }
    }

    async fn misbehave_in_the_middle(&mut self) -> io::Result<()> {
        match self.shared.next_act(At::Body, &self.to) {
            None => Ok(()),
            Some(Act::Stall) => std::future::pending().await,
            act => {
                self.perform(At::Body, act, "451 4.3.0 no more of this")
                    .await?;
                Err(over())
            }
        }
    }

    /// Gives the usual answer or what the script wants instead, and returns it.
    async fn answer(&mut self, at: At, usual: &str) -> io::Result<String> {
        let act = self.shared.next_act(at, &self.to);
        self.perform(at, act, usual).await
    }

    async fn perform(&mut self, at: At, act: Option<Act>, usual: &str) -> io::Result<String> {
        let reply = match act {
            None => usual,
            Some(Act::Say(reply)) => reply,
            Some(Act::Garbage) => "\u{16}\u{3}\u{1} HTTP/1.1 400 Bad Request",
            Some(Act::Drop) => return Err(over()),
            Some(Act::Stall) => return self.wait_for_the_end().await,
            Some(Act::Half) => {
                self.wire
                    .write_all(&usual.as_bytes()[..usual.len() / 2])
                    .await?;
                self.wire.flush().await?;
                return Err(over());
            }
            Some(Act::Drip) => {
                self.drip(usual).await?;
                return Ok(usual.to_owned());
            }
        };
        self.say(reply).await?;
        if at == At::Connect && !reply.starts_with("220") {
            return Err(over());
        }
        if reply.starts_with("421") && at != At::Body {
            return self.wait_for_the_end().await;
        }
        Ok(reply.to_owned())
    }

    /// Silent, but aware of the client hanging up, so that the connections are counted right.
    async fn wait_for_the_end(&mut self) -> io::Result<String> {
        let mut ignored = [0; 4096];
        while self.wire.read(&mut ignored).await? > 0 {}
        Err(over())
    }

    async fn drip(&mut self, reply: &str) -> io::Result<()> {
        for octet in format!("{reply}\r\n").bytes() {
            self.wire.write_all(&[octet]).await?;
            self.wire.flush().await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.wire
            .write_all(format!("{reply}\r\n").as_bytes())
            .await?;
        self.wire.flush().await
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.wire.read_until(b'\n', &mut line).await? == 0 {
            return Err(over());
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// What stands in angle brackets.
fn path(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(String::new(), |(path, _)| path.to_owned())
}

fn over() -> io::Error {
    ErrorKind::ConnectionAborted.into()
}
