//! AUTH PLAIN and LOGIN (RFC 4954, RFC 4616). Comes after TLS, or on loopback: `open` sees to it.

use data_encoding::BASE64;

use super::{Client, Login};
use crate::transport::{Fault, Reply, Stage};

impl Client {
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), Fault> {
        let result = if self.capabilities.auth_plain {
            self.plain(login).await
        } else if self.capabilities.auth_login {
            self.login(login).await
        } else {
            let text =
                "the relay offers neither AUTH PLAIN nor AUTH LOGIN here; check its port and tls";
            Err(self.fault(Stage::Auth, text))
        };
        result.map_err(|fault| scrubbed(fault, login))
    }

    async fn plain(&mut self, login: &Login) -> Result<(), Fault> {
        let reply = self
            .ask_auth(&format!("AUTH PLAIN {}", plain_response(login)))
            .await?;
        self.expect_auth(reply, 235)
    }

    async fn login(&mut self, login: &Login) -> Result<(), Fault> {
        let reply = self.ask_auth("AUTH LOGIN").await?;
        self.expect_auth(reply, 334)?;
        let reply = self.ask_auth(&BASE64.encode(login.user.as_bytes())).await?;
        self.expect_auth(reply, 334)?;
        let reply = self
            .ask_auth(&BASE64.encode(login.password.reveal().as_bytes()))
            .await?;
        self.expect_auth(reply, 235)
    }

    async fn ask_auth(&mut self, line: &str) -> Result<Reply, Fault> {
        self.ask(Stage::Auth, line, self.timeouts.auth).await
    }

    fn expect_auth(&self, reply: Reply, code: u16) -> Result<(), Fault> {
        if reply.code == code {
            Ok(())
        } else {
            Err(self.said(reply))
        }
    }
}

fn plain_response(login: &Login) -> String {
    BASE64.encode(format!("\0{}\0{}", login.user, login.password.reveal()).as_bytes())
}

/// Relays quote the line that they did not like, and ours held the password.
fn scrubbed(mut fault: Fault, login: &Login) -> Fault {
    let password = login.password.reveal();
    let spellings = [
        plain_response(login),
        BASE64.encode(password.as_bytes()),
        password.to_owned(),
    ];
    let clean = |text: &mut String| {
        for spelling in spellings.iter().filter(|spelling| !spelling.is_empty()) {
            *text = text.replace(spelling, "[secret]");
        }
    };
    clean(&mut fault.text);
    if let Some(reply) = &mut fault.reply {
        clean(&mut reply.text);
    }
    fault
}
