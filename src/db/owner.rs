//! Whose rows are whose: a daemon owns the rows it claimed for as long as its lock is held.
//!
//! SQLite: an OS lock on `FILE.daemon`, which dies with the process; there is one daemon for each
//! file, so every other owner is dead. Postgres: an advisory lock of a session that is kept open;
//! rows whose owner's lock is free belong to nobody.

use std::fs::File;
use std::io::{Read as _, Seek, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Db, Error, Pools, on};
use crate::clock::Timestamp;

/// Says that an advisory lock is one of ours ("BLTN").
const CLASS: i32 = 0x424c_544e;

/// How long the lock's session may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// This process, as a daemon: alive while this value is.
#[derive(Debug)]
pub struct Owner {
    pub id: i64,
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    File(#[expect(dead_code, reason = "held, not read: it is let go when it is dropped")] File),
    Session(Box<Mutex<PgConnection>>),
}

impl Owner {
    /// Becomes a daemon of this database; on SQLite the second one is refused and told who holds it.
    pub async fn claim(db: &Db, now: Timestamp) -> anyhow::Result<Self> {
        match &db.0 {
            Pools::Lite { file, .. } => {
                let lock = lock_file(&beside(file), now)?;
                Ok(Self { id: register(db, now).await?, lock: Lock::File(lock) })
            }
            Pools::Pg(pool) => {
                let id = register(db, now).await?;
                Ok(Self {
                    id,
                    lock: Lock::Session(Box::new(Mutex::new(lock_session(pool, id).await?))),
                })
            }
        }
    }

    /// Holds on to the lock. On Postgres it lives as long as its session: when that has broken off,
    /// another session takes the lock again. Others may have taken our rows meanwhile; the fence
    /// tells our late results and hand-overs from theirs.
    pub async fn hold_on(&self, db: &Db) -> anyhow::Result<()> {
        let (Lock::Session(session), Pools::Pg(pool)) = (&self.lock, &db.0) else {
            return Ok(());
        };
        let mut session = session.lock().await;
        let answer = timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut *session)).await;
        if !matches!(answer, Ok(Ok(_))) {
            let again = timeout(ANSWER, lock_session(pool, self.id)).await;
            *session = again.context("the daemon's lock cannot be taken again")??;
        }
        Ok(())
    }

    /// Says that this daemon is alive, for people who look.
    pub async fn beat(&self, db: &Db, now: Timestamp) -> Result<(), Error> {
        let mut write = db.write().await?;
        on!(&mut write, c => sqlx::query("UPDATE daemon SET seen_at = $2 WHERE id = $1")
            .bind(self.id).bind(now).execute(c).await.map(drop))?;
        write.commit().await
    }

    /// The last word of a daemon that ends.
    pub async fn leave(&self, db: &Db, now: Timestamp) -> Result<(), Error> {
        let mut write = db.write().await?;
        on!(&mut write, c => sqlx::query("UPDATE daemon SET stopped_at = $2 WHERE id = $1")
            .bind(self.id).bind(now).execute(c).await.map(drop))?;
        write.commit().await
    }

    /// Of these owners, the ones whose process is gone.
    pub async fn dead(&self, db: &Db, owners: Vec<i64>) -> Result<Vec<i64>, Error> {
        let others = owners.into_iter().filter(|id| *id != self.id);
        let Pools::Pg(pool) = &db.0 else {
            return Ok(others.collect());
        };
        let mut dead = Vec::new();
        for id in others {
            if lock_is_free(pool, id).await? {
                dead.push(id);
            }
        }
        Ok(dead)
    }
}

/// Since when a daemon has been working, if one is: it said so within the last half minute.
pub async fn alive(db: &Db, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    on!(&mut db.read().await?, c => sqlx::query_scalar(
        "SELECT min(started_at) FROM daemon WHERE seen_at > $1 AND stopped_at IS NULL",
    )
    .bind(Timestamp(now.0 - 30_000))
    .fetch_one(c)
    .await)
}

/// The daemons that live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Company {
    /// How many they are, at least one.
    pub size: usize,
    /// How many of them are older than this one.
    pub rank: usize,
}

impl Company {
    pub const ALONE: Self = Self { size: 1, rank: 0 };

    /// This daemon's part of so many things that cannot be divided: the parts of all make the whole.
    pub fn part(self, whole: usize) -> usize {
        whole / self.size + usize::from(self.rank < whole % self.size)
    }
}

/// The daemons that live, this one (`me`) among them: their lock is held, and they have said within the
/// last half minute that they work. An SQLite file has one.
pub async fn living(db: &Db, me: i64, now: Timestamp) -> Result<Company, Error> {
    company(db, me, Timestamp(now.0 - 30_000)).await
}

/// The daemons whose lock is held, however long ago they said so: whoever is not among them is gone,
/// whatever the time is.
pub async fn holding(db: &Db, me: i64) -> Result<Company, Error> {
    company(db, me, Timestamp(i64::MIN)).await
}

async fn company(db: &Db, me: i64, seen_after: Timestamp) -> Result<Company, Error> {
    let Pools::Pg(pool) = &db.0 else {
        return Ok(Company::ALONE);
    };
    let (size, rank): (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE d.id < $3) FROM daemon d WHERE d.seen_at > $1 AND d.stopped_at IS NULL AND EXISTS \
         (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.database = \
         (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND CAST(l.classid AS bigint) = $2 AND CAST(l.objid AS bigint) = d.id AND l.objsubid = 2)",
    )
    .bind(seen_after)
    .bind(i64::from(CLASS))
    .bind(me)
    .fetch_one(pool)
    .await?;
    let count = |count| usize::try_from(count).unwrap_or(0);
    // without its lock, for a moment, it is not among them
    let (size, rank) = (count(size), count(rank));
    Ok(Company { size: size.max(rank + 1), rank })
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".daemon");
    PathBuf::from(name)
}

fn lock_file(path: &Path, now: Timestamp) -> anyhow::Result<File> {
    let mut file =
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("{}: the daemon's lock cannot be opened", path.display()))?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        file.read_to_string(&mut holder)?;
        bail!("another daemon already works on this database: {}; stop it first", holder.trim());
    }
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {} on {}, since {now}", std::process::id(), host())?;
    Ok(file)
}

async fn register(db: &Db, now: Timestamp) -> Result<i64, Error> {
    let mut write = db.write().await?;
    let id = on!(&mut write, c => sqlx::query_scalar(
        "INSERT INTO daemon (host, pid, started_at, seen_at) VALUES ($1, $2, $3, $3) RETURNING id",
    )
    .bind(host())
    .bind(i64::from(std::process::id()))
    .bind(now)
    .fetch_one(c)
    .await)?;
    write.commit().await?;
    Ok(id)
}

async fn lock_session(pool: &PgPool, id: i64) -> anyhow::Result<PgConnection> {
    let mut session = pool.acquire().await?.detach();
    end_ghost(&mut session, id).await?;
    sqlx::query("SELECT pg_advisory_lock($1, CAST($2 AS integer))")
        .bind(CLASS)
        .bind(id)
        .execute(&mut session)
        .await?;
    Ok(session)
}

/// A server that was not told that a session is gone, because a router between them started anew,
/// keeps its lock for hours. Only this daemon holds it for longer than a transaction.
async fn end_ghost(session: &mut PgConnection, id: i64) -> Result<(), Error> {
    sqlx::query(
        "SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND CAST(l.classid AS bigint) = $1 \
         AND CAST(l.objid AS bigint) = $2 AND a.datname = current_database() AND a.state = 'idle'",
    )
    .bind(i64::from(CLASS))
    .bind(id)
    .execute(session)
    .await
    .map(drop)
}

/// Takes the lock and gives it back within one transaction, so that nothing can be left behind.
async fn lock_is_free(pool: &PgPool, id: i64) -> Result<bool, Error> {
    let mut transaction = pool.begin().await?;
    let free = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, CAST($2 AS integer))")
        .bind(CLASS)
        .bind(id)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    Ok(free)
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "this machine".to_owned(), |name| name.trim().to_owned())
}
