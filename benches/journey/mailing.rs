//! A mailing as a coordinator would make it: a folder, a configuration, people, a post.

mod text;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::measure::{self, Cost, Running};

pub(crate) const BULLETIN: &str = env!("CARGO_BIN_EXE_bulletin");

/// What is sent, how, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) people: u64,
    pub(crate) relay: SocketAddr,
    pub(crate) connections: u64,
    pub(crate) window: u64,
    /// By RSA-2048 and by Ed25519.
    pub(crate) signed: bool,
    /// A few lines instead of a long read.
    pub(crate) short: bool,
    /// Otherwise SQLite, in the folder.
    pub(crate) postgres: Option<String>,
}

pub(crate) struct Mailing {
    folder: TempDir,
}

impl Mailing {
    /// Everything up to the queued campaign; nothing has been sent.
    ///
    /// Under `target/`: a folder for temporary files may be in memory, where a commit costs nothing.
    pub(crate) fn prepare(plan: &Plan) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(TEMPORARY)?;
        let mailing = Self { folder };
        mailing.write("config.toml", &text::configuration(plan))?;
        mailing.bulletin(&["init"])?;
        if plan.signed {
            mailing.sign(plan)?;
        }
        mailing.write("people.csv", &text::subscribers(plan.people))?;
        let basis = ["--basis", "measured people, who do not exist", "--list", "news"];
        mailing.bulletin(&[&["subscriber", "import", "people.csv"][..], &basis].concat())?;
        mailing.write("long-read.md", &text::post(plan.short))?;
        mailing.bulletin(&["post", "add", "long-read.md"])?;
        mailing.bulletin(&["queue", "long-read", "--yes"])?;
        Ok(mailing)
    }

    fn sign(&self, plan: &Plan) -> anyhow::Result<()> {
        for algorithm in text::ALGORITHMS {
            let what = ["dkim", "generate", "--algorithm", algorithm, "--domain", text::DOMAIN];
            let out = text::key_file(algorithm);
            self.bulletin(&[&what[..], &["--selector", algorithm, "--out", &out]].concat())?;
        }
        self.write("config.toml", &(text::configuration(plan) + &text::dkim()))
    }

    /// So many daemons send it all and end; what they cost together, and the memory of the largest.
    pub(crate) fn send(&self, daemons: u64) -> anyhow::Result<Cost> {
        let start = |_| Running::start(self.path(), BULLETIN, &["run", "--until-idle"]);
        let running = (0..daemons).map(start).collect::<anyhow::Result<Vec<_>>>()?;
        let mut all = Cost::default();
        for daemon in running {
            let Cost { cpu, memory } = daemon.finish()?.cost;
            all = Cost { cpu: all.cpu + cpu, memory: all.memory.max(memory) };
        }
        Ok(all)
    }

    /// The HTML and the text that the first of its people gets.
    pub(crate) fn preview(&self) -> anyhow::Result<[String; 2]> {
        let show = |format| {
            let what = ["preview", "long-read", "--as", "reader1@example.com"];
            self.bulletin(&[&what[..], &["--format", format, "--out", format]].concat())?;
            let text = std::fs::read_to_string(self.path().join(format));
            text.with_context(|| format!("preview as {format}"))
        };
        Ok([show("html")?, show("text")?])
    }

    fn bulletin(&self, arguments: &[&str]) -> anyhow::Result<()> {
        measure::run(self.path(), BULLETIN, arguments).map(drop)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        std::fs::write(self.path().join(name), text).with_context(|| name.to_owned())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// On the disk of the tree.
pub(crate) const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// Whether this Bulletin can make keys to sign with.
pub(crate) fn signs() -> bool {
    measure::run(Path::new("/"), BULLETIN, &["dkim", "generate", "--help"]).is_ok()
}
