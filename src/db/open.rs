//! Opening: connect, check the version, migrate.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor, SqlitePool};
use tracing::log::LevelFilter;

use super::{Db, Pools, migrate};

/// Readers beside the one writer of an SQLite file.
const READERS: u32 = 4;
/// What each of these may keep in memory, in KiB. A claim and its results touch a few pages of each of
/// four trees; more than this helps imports only.
const WRITER_CACHE: &str = "-32768";
const READER_CACHE: &str = "-4096";
/// Connections of one process to Postgres.
const CONNECTIONS: u32 = 16;
/// How long a statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// What Postgres does about a session that stands still in the middle of a transaction, its process
/// stopped or its host cut off: it ends it, so that what the transaction held is free again well before
/// a lease ends. Ours never think for long between two statements.
const NOBODY_HOLDS_LONG: &str = "SET idle_in_transaction_session_timeout = '30s'";
/// The first SQLite without the WAL-reset bug, which could lose committed writes.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

impl Db {
    /// Opens `sqlite:PATH` (made when missing) or `postgres://…`, with the newest schema.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        match url.strip_prefix("sqlite:") {
            Some(path) => open_lite(Path::new(path.trim_start_matches("//"))).await,
            None if url.starts_with("postgres") => open_pg(url).await,
            None => bail!(
                "database.url is neither sqlite:PATH nor postgres://…; correct it in config.toml"
            ),
        }
    }
}

async fn open_lite(file: &Path) -> anyhow::Result<Db> {
    let shown = file.display();
    let folder = folder(file);
    let _one_at_a_time = lock_folder(folder).await.with_context(|| {
        format!("{shown}: the database's folder cannot be opened; make it or correct database.url")
    })?;
    let new = make_private(file).with_context(|| {
        format!("{shown}: the database cannot be made; check the folder's permissions")
    })?;
    let options = lite_options(file);
    let first = if new {
        // only a file without tables takes it, and asking others for it needs the write lock
        options.clone().auto_vacuum(SqliteAutoVacuum::Incremental)
    } else {
        options.clone()
    };
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        // a file does not hang up
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk is full (https://sqlite.org/lang_transaction.html,
        // "automatic rollback"); sqlx goes on counting it, and no other would ever begin
        .before_acquire(|writer, _| Box::pin(async move { Ok(!writer.is_in_transaction()) }))
        .connect_with(first)
        .await
        .with_context(|| format!("{shown}: the database cannot be opened"))?;
    refuse_old_sqlite(&writer).await?;
    migrate::lite()
        .run(&writer)
        .await
        .with_context(|| format!("{shown}: the database cannot be migrated"))?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_with(options.pragma("query_only", "ON").pragma("cache_size", READER_CACHE))
        .await?;
    Ok(Db(Pools::Lite { file: file.to_owned(), writer, reader }))
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Held while migrating: sqlx locks a Postgres database meanwhile, but not an SQLite file.
///
/// Whoever waits does so on a thread of its own: the holder may need this one to get on.
async fn lock_folder(folder: PathBuf) -> std::io::Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        let folder = File::open(folder)?;
        folder.lock()?;
        Ok(folder)
    });
    locked.await.map_err(std::io::Error::other)?
}

/// Who subscribes here is nobody else's business: 0600, which SQLite gives its other files too.
/// True when the file is new.
fn make_private(file: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = File::options().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn lite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", WRITER_CACHE)
        .log_statements(LevelFilter::Trace)
}

async fn refuse_old_sqlite(pool: &SqlitePool) -> anyhow::Result<()> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await?;
    if parse_version(&version).is_none_or(|version| version < OLDEST_SQLITE) {
        bail!(
            "SQLite {version} can lose committed writes (the WAL-reset bug); build Bulletin with SQLite 3.51.3 or newer"
        );
    }
    Ok(())
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(u32::from_str);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

async fn open_pg(url: &str) -> anyhow::Result<Db> {
    let options = PgConnectOptions::from_str(url)
        .context("database.url is not an address of Postgres; write postgres://USER@HOST/DATABASE")?
        .application_name("bulletin")
        .log_statements(LevelFilter::Trace);
    // one connection first: a pool would only say, after a while, that it waited in vain
    let first = options.connect().await;
    first
        .context("Postgres cannot be reached; is it running, and is database.url right?")?
        .close()
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(BUSY)
        // not as a parameter of the start: PgBouncer refuses those that it does not know
        .after_connect(|session, _| {
            Box::pin(async move { session.execute(NOBODY_HOLDS_LONG).await.map(drop) })
        })
        .connect_with(options)
        .await
        .context("Postgres cannot be reached; is it running, and is database.url right?")?;
    migrate::pg().run(&pool).await.context("the database cannot be migrated")?;
    Ok(Db(Pools::Pg(pool)))
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::db::Write;

    #[test]
    fn an_sqlite_with_the_wal_reset_bug_is_told_from_one_without() {
        assert!(parse_version("3.51.2").unwrap() < OLDEST_SQLITE);
        assert!(parse_version("3.51.3").unwrap() >= OLDEST_SQLITE);
        assert_eq!(parse_version("3.51"), None);
    }

    #[tokio::test]
    async fn after_a_full_disk_the_writer_writes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bulletin.db");
        let db = Db::open(&format!("sqlite:{}", path.display())).await.unwrap();
        for (pages, fits) in [("10", false), ("10000", true)] {
            let mut write = db.write().await.unwrap();
            let Write::Lite(transaction) = &mut write else { unreachable!() };
            let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            sqlx::query(limit).execute(&mut **transaction).await.unwrap();
            let big = "INSERT INTO secret (fingerprint) VALUES (hex(zeroblob(100000)))";
            let done = sqlx::query(big).execute(&mut **transaction).await;
            assert_eq!(done.is_ok(), fits, "{done:?}");
            if fits {
                write.commit().await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_new_sqlite_database_keeps_what_it_promises() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bulletin.db");
        let db = Db::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let Pools::Lite { writer, .. } = &db.0 else { unreachable!() };
        let pragma = async |name: &'static str| -> String {
            let row = sqlx::query(name).fetch_one(writer).await.unwrap();
            row.try_get::<String, _>(0)
                .or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))
                .unwrap()
        };
        assert_eq!(pragma("PRAGMA journal_mode").await, "wal");
        assert_eq!(pragma("PRAGMA synchronous").await, "2");
        assert_eq!(pragma("PRAGMA foreign_keys").await, "1");
    }
}
