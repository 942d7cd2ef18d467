//! What a house is to be: its database, its relay, its configuration.

use std::fmt::Write as _;
use std::path::Path;

use super::{House, PASSWORD, READERS};
use crate::support::postfix::Postfix;
use crate::support::postgres;
use crate::support::program::Program;
use crate::support::relay::Relay;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// What a house is to be; a folder of mails is its relay unless it is told of another.
pub(crate) struct Plan {
    database: Database,
    relay: String,
    delivery: String,
    domains: String,
    site: String,
    /// Where its SQLite database is, instead of in its folder.
    file: String,
}

pub(crate) fn house(database: Database) -> Plan {
    let relay = "kind = \"file\"\npath = \"outbox\"\n".to_owned();
    let (delivery, domains, site) = (String::new(), String::new(), String::new());
    Plan { database, relay, delivery, domains, site, file: "bulletin.db".to_owned() }
}

impl Plan {
    pub(crate) fn relay(self, relay: &Relay) -> Self {
        self.port(relay.port())
    }

    pub(crate) fn port(mut self, port: u16) -> Self {
        self.relay = format!("host = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n");
        self
    }

    /// Under TLS and with a login, through the first door.
    pub(crate) fn postfix(mut self, postfix: &Postfix) -> Self {
        let (port, ca_file) = (postfix.port(0), postfix.ca_file());
        let ca_file = ca_file.display();
        self.relay = format!(
            "host = \"127.0.0.1\"\nport = {port}\ntls = \"starttls\"\nca_file = \"{ca_file}\"\n"
        );
        self.login()
    }

    pub(crate) fn login(mut self) -> Self {
        self.relay += "user = \"bulletin\"\n";
        self
    }

    pub(crate) fn connections(mut self, connections: usize) -> Self {
        writeln!(self.relay, "connections = {connections}").unwrap();
        self
    }

    /// One more line for the relay, and another relay beside it with lines of its own.
    pub(crate) fn beside(mut self, line: &str, other: &Relay, lines: &str) -> Self {
        let port = other.port();
        writeln!(
            self.relay,
            "{line}\n[relay.other]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n{lines}"
        )
        .unwrap();
        self
    }

    /// A line for the table `[delivery]`.
    pub(crate) fn delivery(mut self, line: &str) -> Self {
        writeln!(self.delivery, "{line}").unwrap();
        self
    }

    /// A line for the table `[site]`.
    pub(crate) fn site(mut self, line: &str) -> Self {
        writeln!(self.site, "{line}").unwrap();
        self
    }

    /// Limits for the readers of [`READERS`].
    pub(crate) fn limits(mut self, lines: &str) -> Self {
        writeln!(self.domains, "[domain.readers]\ndomains = [\"{READERS}\"]\n{lines}").unwrap();
        self
    }

    /// Keeps an SQLite database elsewhere.
    pub(crate) fn keep_in(mut self, folder: &Path) -> Self {
        self.file = folder.join(self.file).display().to_string();
        self
    }

    pub(crate) fn open(self) -> House {
        let folder = tempfile::tempdir().unwrap();
        let url = match self.database {
            Database::Sqlite => format!("sqlite:{}", self.file),
            Database::Postgres => postgres::database(),
        };
        let Self { relay, delivery, domains, site, .. } = self;
        let mut program = Program::new(folder.path());
        if relay.contains("user =") {
            program = program.with_env("BULLETIN__RELAY__MAIN__PASSWORD", PASSWORD);
        }
        let config = format!(
            "[database]\nurl = \"{url}\"\n\n[relay.main]\n{relay}\n[delivery]\n{delivery}\n{domains}\n[site]\n{site}{CONFIG}"
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let house = House { folder, url, program };
        house.must(&["init"]);
        house
    }
}

/// Three lists and a digest. Port 0 is any free one.
const CONFIG: &str = r#"name = "Alliance"
base_url = "https://news.alliance.example"
listen = "127.0.0.1:0"
operator_listen = "127.0.0.1:0"

[sender]
address = "bulletin@alliance.example"

[list.meetings]
name = "Meetings"
kinds = ["meeting-notice", "meeting-summary"]

[list.reports]
name = "Reports"
kinds = ["report"]

[list.news]
name = "News"

[digest.weekly]
cron = "0 8 * * Mon"
"#;
