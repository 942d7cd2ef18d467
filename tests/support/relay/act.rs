//! How the scripted relay misbehaves.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::session::{Session, over};
use super::{Act, At};

impl Session {
    /// Gives the usual answer or what the script wants instead, and returns it.
    pub(super) async fn answer(&mut self, at: At, usual: &str) -> io::Result<String> {
        let act = self.shared.next_act(at, &self.from, &self.to);
        self.perform(at, act, usual).await
    }

    pub(super) async fn perform(
        &mut self,
        at: At,
        act: Option<Act>,
        usual: &str,
    ) -> io::Result<String> {
        let reply = match act {
            None => usual,
            Some(Act::Say(reply)) => reply,
            Some(Act::Garbage) => "\u{16}\u{3}\u{1} HTTP/1.1 400 Bad Request",
            Some(Act::Drop) => return Err(over()),
            Some(Act::Reset) => {
                self.wire.get_ref().tcp().set_zero_linger()?;
                return Err(over());
            }
            Some(Act::Stall) => return self.wait_for_the_end().await,
            Some(Act::Half) => {
                self.wire.write_all(&usual.as_bytes()[..usual.len() / 2]).await?;
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
}
