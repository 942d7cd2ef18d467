//! Takes a message, with its final dot or as a chunk.

use std::io;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncReadExt};

use super::session::{Expects, Session, over};
use super::{Act, At, Received};

impl Session {
    pub(super) async fn data(&mut self) -> io::Result<()> {
        if self.expects != Expects::Message {
            return self.data_for_nobody().await;
        }
        self.expects = Expects::Mail;
        if !self.answer(At::Data, "354 go").await?.starts_with("354") {
            return Ok(());
        }
        self.dawdle().await;
        let message = self.message(true).await?;
        self.receive(message).await.map(drop)
    }

    async fn data_for_nobody(&mut self) -> io::Result<()> {
        let refused_recipient = self.expects == Expects::Rcpt && !self.to.is_empty();
        if !refused_recipient || !self.shared.goes_on_without_recipient {
            return self.say("503 5.5.1 no valid recipients").await;
        }
        self.expects = Expects::Mail;
        self.say("354 go on").await?;
        let message = self.message(false).await?;
        assert!(message.is_empty(), "a message for a refused recipient");
        self.say("554 5.5.1 no valid recipients").await
    }

    /// One chunk is a whole message here. Without a recipient it is read and thrown away.
    pub(super) async fn chunk(&mut self, line: &str) -> io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let size = words.next().and_then(|size| size.parse().ok());
        let (Some(size), Some("LAST")) = (size, words.next()) else {
            return self.say("501 5.5.4 write BDAT size LAST").await;
        };
        let wanted = self.expects == Expects::Message;
        self.expects = Expects::Mail;
        self.dawdle().await;
        let mut message = vec![0; size];
        let middle = size.min(1024) / 2;
        self.wire.read_exact(&mut message[..middle]).await?;
        if wanted {
            self.misbehave_in_the_middle().await?;
        }
        self.wire.read_exact(&mut message[middle..]).await?;
        if !wanted {
            self.expects = Expects::Rset;
            return self.say("503 5.5.1 no valid recipients").await;
        }
        if !self.receive(message).await?.starts_with('2') {
            self.expects = Expects::Rset;
        }
        Ok(())
    }

    async fn dawdle(&mut self) {
        let delay = *self.shared.read_delay.lock().unwrap();
        tokio::time::sleep(delay).await;
    }

    async fn receive(&mut self, message: Vec<u8>) -> io::Result<String> {
        let at = Instant::now();
        tokio::time::sleep(self.shared.dot_delay).await;
        let act = self.shared.next_act(At::Dot, &self.from, &self.to);
        let usual = "250 2.0.0 queued as 42";
        let answered = match act {
            None | Some(Act::Drip) => usual.to_owned(),
            Some(Act::Say(reply)) => reply.to_owned(),
            Some(other) => format!("{other:?}"),
        };
        let (from, to) = (self.from.clone(), self.to.clone());
        let followed = !self.wire.buffer().is_empty();
        self.shared.record(Received { followed, ..Received::new(at, from, to, message, answered) });
        self.perform(At::Dot, act, usual).await
    }

    /// Strict: only CRLF ends a line, so a message that relies on more than that never ends.
    async fn message(&mut self, misbehaves: bool) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        let mut first = misbehaves;
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
        match self.shared.next_act(At::Body, &self.from, &self.to) {
            None => Ok(()),
            Some(Act::Stall) => std::future::pending().await,
            act => {
                self.perform(At::Body, act, "451 4.3.0 no more of this").await?;
                Err(over())
            }
        }
    }
}
