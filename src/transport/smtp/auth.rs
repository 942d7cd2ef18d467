//! AUTH PLAIN, LOGIN and XOAUTH2 (RFC 4954, RFC 4616, Google's "OAuth 2.0 Mechanism"). Comes after TLS, or on loopback: `open` sees to it.

use data_encoding::BASE64;

use super::{Client, Login};
use crate::config::Auth;
use crate::transport::{Fault, Reply, Stage};

impl Client {
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), Fault> {
        let offered = &self.capabilities;
        let result = match login.auth {
            Auth::Xoauth2 if offered.auth_xoauth2 => self.xoauth2(login).await,
            Auth::Password if offered.auth_plain => self.plain(login).await,
            Auth::Password if offered.auth_login => self.login(login).await,
            Auth::Xoauth2 => Err(self.not_offered("no AUTH XOAUTH2")),
            Auth::Password => Err(self.not_offered("neither AUTH PLAIN nor AUTH LOGIN")),
        };
        result.map_err(|fault| scrubbed(fault, login))
    }

    fn not_offered(&self, what: &str) -> Fault {
        let text = format!("the relay offers {what} here; check its port, tls and auth");
        self.fault(Stage::Auth, &text)
    }

    /// A refusal comes as a challenge with the details; an empty answer asks for the reply.
    async fn xoauth2(&mut self, login: &Login) -> Result<(), Fault> {
        let line = format!("AUTH XOAUTH2 {}", xoauth2_response(login));
        let mut reply = self.ask_auth(&line).await?;
        if reply.code == 334 {
            reply = self.ask_auth("").await?;
        }
        self.expect_auth(reply, 235)
    }

    async fn plain(&mut self, login: &Login) -> Result<(), Fault> {
        let reply = self.ask_auth(&format!("AUTH PLAIN {}", plain_response(login))).await?;
        self.expect_auth(reply, 235)
    }

    async fn login(&mut self, login: &Login) -> Result<(), Fault> {
        let reply = self.ask_auth("AUTH LOGIN").await?;
        self.expect_auth(reply, 334)?;
        let reply = self.ask_auth(&BASE64.encode(login.user.as_bytes())).await?;
        self.expect_auth(reply, 334)?;
        let reply = self.ask_auth(&BASE64.encode(login.password.reveal().as_bytes())).await?;
        self.expect_auth(reply, 235)
    }

    async fn ask_auth(&mut self, line: &str) -> Result<Reply, Fault> {
        self.ask(Stage::Auth, line, self.timeouts.auth).await
    }

    fn expect_auth(&self, reply: Reply, code: u16) -> Result<(), Fault> {
        if reply.code == code { Ok(()) } else { Err(self.said(reply)) }
    }
}

fn plain_response(login: &Login) -> String {
    BASE64.encode(format!("\0{}\0{}", login.user, login.password.reveal()).as_bytes())
}

fn xoauth2_response(login: &Login) -> String {
    let (user, token) = (&login.user, login.password.reveal());
    BASE64.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01").as_bytes())
}

/// Relays quote the line that they did not like, and ours held the password.
fn scrubbed(mut fault: Fault, login: &Login) -> Fault {
    let password = login.password.reveal();
    let spellings = [
        plain_response(login),
        xoauth2_response(login),
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
