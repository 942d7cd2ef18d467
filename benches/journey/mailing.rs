//! A mailing as a coordinator would make it: a folder, a configuration, people, a post.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::measure::{self, Cost};

const BULLETIN: &str = env!("CARGO_BIN_EXE_bulletin");

/// Octets of Markdown. The mail holds it twice, as HTML and as text: about 30 KB in all.
const BODY: usize = 7_000;

pub(crate) struct Mailing {
    folder: TempDir,
}

impl Mailing {
    /// Everything up to the queued campaign; nothing has been sent.
    pub(crate) fn prepare(
        people: u64,
        relay: SocketAddr,
        connections: u64,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bulletin-bench-").tempdir()?;
        let mailing = Self { folder };
        mailing.write("config.toml", &configuration(relay, connections))?;
        mailing.write("people.csv", &subscribers(people))?;
        mailing.write("long-read.md", &post())?;
        mailing.bulletin(&["init"])?;
        let basis = "measured people, who do not exist";
        mailing.bulletin(&[
            "subscriber",
            "import",
            "people.csv",
            "--basis",
            basis,
            "--list",
            "news",
        ])?;
        mailing.bulletin(&["post", "add", "long-read.md"])?;
        mailing.bulletin(&["queue", "long-read", "--yes"])?;
        Ok(mailing)
    }

    /// The daemon sends it all and ends.
    pub(crate) fn send(&self) -> anyhow::Result<Cost> {
        self.bulletin(&["run", "--until-idle"])
    }

    fn bulletin(&self, arguments: &[&str]) -> anyhow::Result<Cost> {
        measure::run(self.path(), BULLETIN, arguments)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        std::fs::write(self.path().join(name), text).with_context(|| name.to_owned())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn configuration(relay: SocketAddr, connections: u64) -> String {
    format!(
        r#"[site]
name = "Measured"
base_url = "https://news.example.org"
listen = "127.0.0.1:0"
operator_listen = "127.0.0.1:0"
timezone = "Europe/London"
secret_file = "bulletin.secret"

[sender]
name = "Measured"
address = "bulletin@news.example.org"
reply_to = "coordinator@example.org"
postal_address = "1 Example Street, London"
bounce_domain = "bounces.example.org"

[database]
url = "sqlite:bulletin.db"

[relay.main]
kind = "smtp"
host = "{}"
port = {}
tls = "none"
connections = {connections}

[list.news]
name = "News"
kinds = ["announcement"]
double_opt_in = false
"#,
        relay.ip(),
        relay.port(),
    )
}

fn subscribers(people: u64) -> String {
    let mut csv = String::from("email,name\n");
    for number in 1..=people {
        let _ = writeln!(csv, "reader{number}@example.com,Reader {number}");
    }
    csv
}

fn post() -> String {
    let paragraph = "The alliance met again, heard from three services about what has changed since \
        the spring, and agreed who does what before the next meeting in London.\n\n";
    let body = paragraph.repeat(BODY / paragraph.len());
    format!(
        "---\ntitle: A long read\nslug: long-read\nkind: announcement\ndate: 2026-05-20\n\
         lists: [news]\nsummary: What was said and agreed.\n---\n{body}"
    )
}
