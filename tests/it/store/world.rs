//! What a case stands on: a new database of one kind, a configuration, keys, and a clock that
//! only the case moves.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bulletin::clock::{Clock, Timestamp};
use bulletin::config::Config;
use bulletin::db::{Db, Write};
use bulletin::token::Keys;
use chrono::DateTime;
use tempfile::TempDir;

use super::raw::Raw;
use crate::support::postgres;

/// A Wednesday, mid-morning in London.
const START: &str = "2026-04-15T10:00:00+01:00";

const CONFIG: &str = r#"
[site]
name = "London Learning Alliance"
base_url = "https://news.example.org"
[sender]
address = "news@example.org"
[relay.main]
kind = "file"
connections = 4
[list.meetings]
name = "Meetings"
kinds = ["meeting-summary"]
[list.reports]
name = "Reports"
kinds = ["report"]
double_opt_in = false
[list.news]
name = "News"
kinds = ["announcement"]
[digest.weekly]
cron = "0 8 * * Mon"
name = "Weekly round-up"
[digest.daily]
cron = "0 7 * * *"
"#;

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) raw: Raw,
    pub(crate) url: String,
    pub(crate) config: Arc<Config>,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    /// Kept for as long as the database is in it.
    _folder: TempDir,
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bulletin.db").display());
        Self::new(url, folder).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::new(postgres::database(), tempfile::tempdir().unwrap()).await
    }

    async fn new(url: String, folder: TempDir) -> Self {
        let db = Db::open(&url).await.unwrap();
        let start = DateTime::parse_from_rfc3339(START).unwrap();
        Self {
            raw: Raw::open(&url).await,
            config: Arc::new(configured(folder.path())),
            keys: Keys::open(&folder.path().join("secret")).unwrap(),
            clock: Clock::fixed(Timestamp::from_utc(start.to_utc())),
            db,
            url,
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Somebody sets the machine's clock.
    pub(crate) fn set_back(&self, seconds: u64) {
        let Clock::Fixed(at) = &self.clock else { unreachable!("only a case moves it") };
        at.fetch_sub(i64::try_from(seconds * 1000).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn write(&self) -> Write {
        self.db.write().await.unwrap()
    }

    /// How many rows each table has, so that "nothing was written" can be said of all of them.
    pub(crate) async fn everything(&self) -> String {
        let mut counts = String::new();
        for table in self.raw.tables().await {
            let rows = self.raw.number(&format!("SELECT count(*) FROM {table}")).await;
            writeln!(counts, "{table} {rows}").unwrap();
        }
        counts
    }
}

fn configured(folder: &Path) -> Config {
    let path = folder.join("config.toml");
    std::fs::write(&path, CONFIG).unwrap();
    Config::load(&path, std::iter::empty()).unwrap()
}
