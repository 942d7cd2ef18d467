//! From nothing to a connection that takes messages.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use rustls::pki_types::ServerName;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::capability::Capabilities;
use super::client::State;
use super::stream::Stream;
use super::{Client, Security, Settings};
use crate::fault;
use crate::transport::{Fault, Stage};

const NO_CLEAR: &str = "tls = \"none\" is for loopback only; write starttls or implicit";

impl Client {
    pub(in crate::transport) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let mut client = timed(settings, Stage::Connect, Self::dial(settings)).await?;
        if let Security::Implicit(connector) = &settings.security {
            client = timed(settings, Stage::Tls, client.secure(connector, settings)).await?;
        }
        timed(settings, Stage::Hello, client.meet(&settings.hello)).await?;
        if let Security::Starttls(connector) = &settings.security {
            client = timed(settings, Stage::Tls, client.starttls(connector, settings)).await?;
            timed(settings, Stage::Hello, client.hello(&settings.hello)).await?;
        }
        if let Some(login) = &settings.login {
            timed(settings, Stage::Auth, client.log_in(login)).await?;
        }
        fault::point("connected");
        client.capabilities.chunking &= settings.chunking;
        client.state = State::Ready;
        Ok(client)
    }

    /// The first of the host's addresses that answers.
    async fn dial(settings: &Settings) -> Result<Self, Fault> {
        let mut last = "the host has no address".to_owned();
        for address in resolve(settings).await? {
            if matches!(settings.security, Security::None) && !is_loopback(address.ip()) {
                NO_CLEAR.clone_into(&mut last);
                continue;
            }
            let metrics = settings.metrics.clone();
            match Stream::dial(address, settings.timeouts.connect, metrics).await {
                Ok(stream) => return Ok(Self::of(stream, settings)),
                Err(why) => last = why.to_string(),
            }
        }
        Err(fault(settings, Stage::Connect, &last))
    }

    async fn meet(&mut self, name: &str) -> Result<(), Fault> {
        self.greeting().await?;
        self.hello(name).await
    }

    /// 220, or the relay wants no connection at all (RFC 5321 §3.1).
    async fn greeting(&mut self) -> Result<(), Fault> {
        let reply = self.reply(Stage::Connect, self.timeouts.greeting).await?;
        if reply.code == 220 { Ok(()) } else { Err(self.said(reply)) }
    }

    async fn hello(&mut self, name: &str) -> Result<(), Fault> {
        let answer = self.ask_for_answer(&format!("EHLO {name}")).await?;
        if answer.code == 250 {
            self.capabilities = Capabilities::of(&answer);
            return Ok(());
        }
        // a relay from before extensions knows HELO (RFC 5321 §3.2)
        self.capabilities = Capabilities::default();
        let mut reply = answer.into_reply(Stage::Hello);
        if reply.code / 100 == 5 {
            reply = self.ask(Stage::Hello, &format!("HELO {name}"), self.timeouts.hello).await?;
        }
        if reply.code == 250 { Ok(()) } else { Err(self.said(reply)) }
    }

    async fn starttls(
        mut self,
        connector: &TlsConnector,
        settings: &Settings,
    ) -> Result<Self, Fault> {
        self.ask_for_tls().await?;
        self.secure(connector, settings).await
    }

    async fn ask_for_tls(&mut self) -> Result<(), Fault> {
        if !self.capabilities.starttls {
            // somebody on the way may have cut it out (RFC 3207 §6)
            let text = "the relay offers no STARTTLS, and nothing is sent without it";
            return Err(self.fault(Stage::Tls, text));
        }
        let reply = self.ask(Stage::Tls, "STARTTLS", self.timeouts.tls).await?;
        if reply.code == 220 { Ok(()) } else { Err(self.said(reply)) }
    }

    async fn secure(
        mut self,
        connector: &TlsConnector,
        settings: &Settings,
    ) -> Result<Self, Fault> {
        let name = ServerName::try_from(settings.host.clone())
            .map_err(|error| fault(settings, Stage::Tls, &error.to_string()))?;
        let secured = self.stream.secure(connector, name, settings.timeouts.tls).await;
        self.stream = secured.map_err(|why| fault(settings, Stage::Tls, &why.to_string()))?;
        Ok(self)
    }
}

/// Tells how long a step took, whether or not it came off.
async fn timed<T>(settings: &Settings, stage: Stage, step: impl Future<Output = T>) -> T {
    let since = Instant::now();
    let result = step.await;
    settings.metrics.took(stage.as_str(), since.elapsed());
    result
}

async fn resolve(settings: &Settings) -> Result<Vec<SocketAddr>, Fault> {
    let lookup = tokio::net::lookup_host((settings.host.as_str(), settings.port));
    match tokio::time::timeout(settings.timeouts.connect, lookup).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(fault(settings, Stage::Connect, &error.to_string())),
        Err(_) => Err(fault(settings, Stage::Connect, "the host's name was not resolved in time")),
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn fault(settings: &Settings, stage: Stage, what: &str) -> Fault {
    super::turn::fault(&settings.place(), stage, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Auth, SmtpRelay, Tls};

    #[tokio::test]
    async fn without_tls_no_other_machine_is_spoken_to() {
        // 192.0.2.1 is for documentation (RFC 5737): were it dialled, the test would hang
        let relay = SmtpRelay {
            host: "192.0.2.1".to_owned(),
            port: 25,
            tls: Tls::None,
            user: None,
            password: None,
            ca_file: None,
            hello: None,
            auth: Auth::Password,
            chunking: true,
            messages_per_connection: 1000,
        };
        let fault =
            Client::open(&Settings::of(&relay, "example.org").unwrap()).await.err().unwrap();
        assert_eq!(fault.stage, Stage::Connect);
        assert!(fault.text.contains("loopback only"), "{fault}");
    }

    #[test]
    fn loopback_is_loopback_in_both_families() {
        for text in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(text.parse().unwrap()), "{text}");
        }
        for text in ["0.0.0.0", "10.0.0.1", "::", "::ffff:10.0.0.1", "fe80::1"] {
            assert!(!is_loopback(text.parse().unwrap()), "{text}");
        }
    }
}
