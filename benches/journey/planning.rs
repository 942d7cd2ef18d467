//! What it costs to say who gets what: freezing an announcement, planning a digest, beside a bare
//! `INSERT … SELECT` of as many deliveries into the same table.
//!
//! The people are written by SQL, as an import would leave them: this is about what comes after.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bulletin::campaign::freeze::freeze_due;
use bulletin::clock::Clock;
use bulletin::config::Config;
use bulletin::db::Db;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::mailing::{BULLETIN, TEMPORARY};
use crate::measure::{self, Done};
use crate::subject::{Measured, Subject};

const LISTS: usize = 10;
/// Published on each list.
const POSTS: usize = 3;

/// People without a mail yet.
struct Hall {
    folder: TempDir,
    people: u64,
    runtime: Runtime,
}

pub(crate) fn measure(subject: Subject, people: u64) -> anyhow::Result<Measured> {
    let cadence = if subject == Subject::Freeze { "immediate" } else { "weekly" };
    let hall = Hall::build(people, cadence)?;
    match subject {
        Subject::Bare => hall.bare(),
        Subject::Freeze => hall.freeze(),
        _ => hall.plan(),
    }
}

impl Hall {
    /// Each of these people reads three of ten lists.
    fn build(people: u64, cadence: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(TEMPORARY)?;
        std::fs::write(folder.path().join("config.toml"), configuration()?)?;
        let hall = Self { folder, people, runtime: Runtime::new()? };
        hall.bulletin(&["init"])?;
        hall.runtime.block_on(async {
            let mut writer = hall.open().await?;
            for sql in filling(people, cadence) {
                sqlx::query(AssertSqlSafe(sql)).execute(&mut writer).await?;
            }
            writer.close().await
        })?;
        Ok(hall)
    }

    /// One row for each person, into `delivery` as it is: its four trees, its foreign keys.
    fn bare(&self) -> anyhow::Result<Measured> {
        let took = self.runtime.block_on(async {
            let mut writer = self.open().await?;
            for sql in [CAMPAIGN, RENDITION] {
                sqlx::query(sql).execute(&mut writer).await?;
            }
            let started = Instant::now();
            for sql in ["BEGIN IMMEDIATE", BARE, "COMMIT"] {
                sqlx::query(sql).execute(&mut writer).await?;
            }
            let took = started.elapsed();
            writer.close().await?;
            anyhow::Ok(took)
        })?;
        self.measured(took, 0)
    }

    /// From the moment it is due to a frozen audience.
    fn freeze(&self) -> anyhow::Result<Measured> {
        std::fs::write(self.path().join("news.md"), POST)?;
        self.bulletin(&["post", "add", "news.md"])?;
        self.bulletin(&["queue", "news", "--yes"])?;
        let config = Config::load(&self.path().join("config.toml"), std::iter::empty())?;
        let took = self.runtime.block_on(async {
            let url = format!("sqlite:{}", self.path().join("bulletin.db").display());
            let db = Db::open(&url).await?;
            let started = Instant::now();
            freeze_due(&db, &config, Clock::System.now()).await?;
            let took = started.elapsed();
            db.close().await;
            anyhow::Ok(took)
        })?;
        self.measured(took, 0)
    }

    /// An edition of all lists, in a process of its own.
    fn plan(&self) -> anyhow::Result<Measured> {
        let started = Instant::now();
        let done = self.bulletin(&["digest", "run", "weekly"])?;
        self.measured(started.elapsed(), done.cost.memory)
    }

    /// Everybody has a delivery now. `memory` is in KiB.
    fn measured(&self, took: Duration, memory: i64) -> anyhow::Result<Measured> {
        let count = "SELECT count(*) FROM delivery";
        let rows: i64 = self.runtime.block_on(async {
            let mut reader = self.open().await?;
            sqlx::query_scalar(count).fetch_one(&mut reader).await
        })?;
        ensure!(u64::try_from(rows) == Ok(self.people), "{rows} deliveries for {}", self.people);
        let rate = self.people as f64 / took.as_secs_f64();
        Ok(Measured { rate, cpu: 0.0, memory: memory as f64 / 1024.0, size: 0.0, sink: 0.0 })
    }

    /// As the program opens it.
    async fn open(&self) -> Result<SqliteConnection, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(self.path().join("bulletin.db"))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-32768");
        SqliteConnection::connect_with(&options).await
    }

    fn bulletin(&self, arguments: &[&str]) -> anyhow::Result<Done> {
        measure::run(self.path(), BULLETIN, arguments)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn configuration() -> anyhow::Result<String> {
    let mut text = r#"[site]
name = "Measured"
base_url = "https://news.example.org"
secret_file = "bulletin.secret"

[sender]
name = "Measured"
address = "bulletin@news.example.org"
postal_address = "1 Example Street, London"

[relay.main]
kind = "file"

[digest.weekly]
cron = "0 8 * * Mon"
"#
    .to_owned();
    for list in 0..LISTS {
        write!(
            text,
            "\n[list.list{list}]\nname = \"List {list}\"\nkinds = [\"announcement\"]\ndouble_opt_in = false\n"
        )
        .context("a list")?;
    }
    Ok(text)
}

/// Of all ten lists, so that it is for everybody.
const POST: &str = "---\ntitle: News\nslug: news\nkind: announcement\ndate: 2026-05-20\n\
    summary: What was said and agreed.\n\
    lists: [list0, list1, list2, list3, list4, list5, list6, list7, list8, list9]\n---\nWe met.\n";

const CAMPAIGN: &str = "INSERT INTO campaign (id, kind, subject, digest, state, due_at, expires_at, audience, frozen_at, \
     created_at) VALUES (1, 'digest', 'Measured', 'weekly', 'running', 0, 1, 0, 0, 0)";
const RENDITION: &str = "INSERT INTO rendition (id, campaign_id, key) VALUES (1, 1, 'measured')";
const BARE: &str = "INSERT INTO delivery (campaign_id, subscriber_id, rendition_id, message_id, state, next_at) \
     SELECT 1, s.id, 1, lower(hex(randomblob(16))) || '@news.example.org', 'queued', 1 FROM subscriber s";

/// People and what they read, then what was published on each list.
///
/// The lists of a person: any, one to four on, five to nine on.
fn filling(people: u64, cadence: &str) -> [String; 6] {
    let numbers = |most: u64| {
        format!(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {most})"
        )
    };
    let posts = LISTS * POSTS;
    let everybody = numbers(people);
    let every_post = numbers(posts as u64);
    [
        format!(
            "INSERT INTO subscriber (id, email, email_key, email_hash, created_at) {everybody} \
             SELECT n, 'reader' || n || '@example.com', 'reader' || n || '@example.com', lower(hex(randomblob(32))), 0 FROM number"
        ),
        format!(
            "INSERT INTO subscription (subscriber_id, list, cadence, state, basis, from_sequence, created_at) {everybody} \
             SELECT n, 'list' || ((n + CASE k WHEN 0 THEN 0 WHEN 1 THEN 1 + n / 10 % 4 ELSE 5 + n / 40 % 5 END) % {LISTS}), \
             '{cadence}', 'active', 'measured', 0, 0 FROM number CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2)"
        ),
        format!(
            "INSERT INTO post (id, slug, created_at) {every_post} SELECT n, 'post' || n, 0 FROM number"
        ),
        format!(
            "INSERT INTO post_version (post_id, version, kind, title, source, hash, created_at) {every_post} \
             SELECT n, 1, 'announcement', 'Measured', '', 'post' || n, 0 FROM number"
        ),
        format!(
            "INSERT INTO publication (sequence, post_id, version, list, published_at) {every_post} \
             SELECT n, n, 1, 'list' || (n % {LISTS}), 0 FROM number"
        ),
        format!("UPDATE counter SET value = {posts}"),
    ]
}
