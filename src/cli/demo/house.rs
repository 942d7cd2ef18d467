//! The folder the demo lives in: configuration, posts, readers; cleared away at the end.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::Datelike;
use include_dir::{Dir, DirEntry, include_dir};

use super::super::check::source;
use super::super::open::{Failure, home};
use crate::audience::import::{Plan, import};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::Home;
use crate::post::add::add;
use crate::post::read::folder;

static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");

/// The year of the sample meeting as it is written; the demo moves it to the coming June.
const WRITTEN: &str = "2027-06-";

pub(super) struct House {
    folder: PathBuf,
    throwaway: bool,
}

impl House {
    /// Writes the samples into `dir`, or into a folder of its own that goes when this does.
    pub(super) fn build(dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let throwaway = dir.is_none();
        let own = || std::env::temp_dir().join(format!("bulletin-demo-{}", std::process::id()));
        if let Some(dir) = &dir
            && std::fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some())
        {
            bail!("{}: is not empty; choose a new folder for the demo", dir.display());
        }
        let house = Self { folder: dir.unwrap_or_else(own), throwaway };
        let written = || -> std::io::Result<()> {
            std::fs::create_dir_all(&house.folder)?;
            write(&SAMPLES, &house.folder)?;
            house.move_meeting()
        };
        written().with_context(|| {
            format!("{}: the samples cannot be written", house.folder.display())
        })?;
        Ok(house)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A meeting that is over would be no news.
    fn move_meeting(&self) -> std::io::Result<()> {
        let path = self.folder.join("posts/next-meeting.md");
        let text = std::fs::read_to_string(&path)?;
        let today = Clock::System.now().to_utc();
        let year = if today.month() < 6 { today.year() } else { today.year() + 1 };
        std::fs::write(&path, text.replace(WRITTEN, &format!("{year}-06-")))
    }

    /// Opens it on ports that are free.
    pub(super) async fn open(&self) -> Result<Home, Failure> {
        let (public, operator) = (free_port(8080)?, free_port(9090)?);
        let settings = [
            ("BULLETIN__SITE__LISTEN", format!("127.0.0.1:{public}")),
            ("BULLETIN__SITE__OPERATOR_LISTEN", format!("127.0.0.1:{operator}")),
            ("BULLETIN__SITE__BASE_URL", format!("http://127.0.0.1:{public}")),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        let config =
            Config::load(&self.folder.join("config.toml"), settings).map_err(Failure::Usage)?;
        home(config).await
    }

    /// Brings in readers and posts; says how many readers.
    pub(super) async fn fill(&self, home: &Home) -> anyhow::Result<u64> {
        let file = std::fs::File::open(self.folder.join("subscribers.csv"))?;
        let plan = Plan {
            basis: "invented for the demo".to_owned(),
            lists: Vec::new(),
            columns: std::collections::BTreeMap::default(),
            confirm: false,
            dry_run: false,
        };
        let outcome = import(&home.db, &home.keys, &home.config, &plan, &home.clock, file).await?;
        for path in folder(&self.folder.join("posts"))? {
            let found = source(&path, &home.config).map_err(|findings| {
                let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
                anyhow::anyhow!(lines.join("\n"))
            })?;
            add(&home.db, &found, home.clock.now()).await?;
        }
        Ok(outcome.summary.added)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.throwaway {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn write(from: &Dir<'_>, to: &Path) -> std::io::Result<()> {
    for entry in from.entries() {
        let path = to.join(entry.path());
        match entry {
            DirEntry::Dir(dir) => {
                std::fs::create_dir_all(&path)?;
                write(dir, to)?;
            }
            DirEntry::File(file) => std::fs::write(path, file.contents())?,
        }
    }
    Ok(())
}

/// The usual port, or another one when somebody has it.
fn free_port(usual: u16) -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    let listener = listener.context("127.0.0.1: no port is free")?;
    Ok(listener.local_addr()?.port())
}
