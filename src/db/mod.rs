//! One database, two kinds: SQLite in a file, or Postgres.
//!
//! Stages write one SQL text for both, with `$1` for parameters, and run it with `on!` on a
//! [`Session`]. What differs between the two is in [`Words`], a handful of phrases.
//!
//! # What always holds
//! * SQLite: write-ahead log, `synchronous=FULL` (a commit survives power loss), one writing
//!   connection whose transactions begin `IMMEDIATE` (a read that turns into a write is refused at
//!   once, whatever the timeout), and readers apart from it.
//! * SQLite is at least 3.51.3: before that a checkpoint could lose committed writes.
//! * A function that writes takes `&mut Write`: it cannot be called outside a transaction.
//! * Columns are 64-bit integers, text, booleans and octets; times are UTC milliseconds.
//!
//! # Races
//! 1. *Two commands open a new database at once.* A lock on its folder lets one migrate, the other
//!    waits; Postgres has its own lock for that.
//! 2. *A command writes while the daemon does.* SQLite lets them take turns, waiting up to ten
//!    seconds; Postgres lets them both.

pub mod column;
mod migrate;
mod open;
pub mod owner;

use std::path::{Path, PathBuf};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

pub use sqlx::Error;

/// The database, cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Pools);

#[derive(Clone, Debug)]
enum Pools {
    Lite { file: PathBuf, writer: SqlitePool, reader: SqlitePool },
    Pg(PgPool),
}

/// A connection of either kind, as `on!` sees it.
pub enum Link<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

/// Something that statements run on: [`Read`] or [`Write`].
pub trait Session: Send {
    fn link(&mut self) -> Link<'_>;
}

/// A connection for reading.
pub enum Read {
    Lite(PoolConnection<Sqlite>),
    Pg(PoolConnection<Postgres>),
}

/// A transaction; what it wrote is kept by [`Write::commit`] and forgotten otherwise.
pub enum Write {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

/// The few phrases that differ between the two databases.
pub struct Words {
    /// 32 hexadecimal digits, new for each row.
    pub random_hex: &'static str,
    /// After a `SELECT` of rows `d` to be claimed: leave those that another daemon is claiming.
    pub skip_locked: &'static str,
    /// The integers of the JSON array `$1` as rows `(value)`.
    ///
    /// Both this and the next are to Postgres ten rows, as any array is whose length it does not know: so
    /// it looks them up along an index. Of a hundred, its guess at a function of JSON, it prefers to read
    /// all of a table that is small or has not been analyzed, and keeps to that while the table grows.
    pub each_number: &'static str,
    /// The items of the JSON array `$1` as rows `(value)`; of an item that is an array `value ->> 0` is
    /// the first, to be cast.
    pub each_item: &'static str,
    /// At the end of a subquery: it is not merged into the query around it, which would compute twice what
    /// is both told and compared.
    pub apart: &'static str,
    /// Rows `(item)` of a query as one JSON array: an aggregate.
    pub all_items: &'static str,
    /// Several values as one item.
    pub item: &'static str,
}

const LITE: Words = Words {
    random_hex: "lower(hex(randomblob(16)))",
    skip_locked: "",
    each_number: "SELECT CAST(value AS INTEGER) FROM json_each($1)",
    each_item: "jsonb_each($1)",
    apart: "",
    all_items: "json_group_array",
    item: "json_array",
};

const PG: Words = Words {
    random_hex: "replace(gen_random_uuid()::text, '-', '')",
    skip_locked: "FOR UPDATE OF d SKIP LOCKED",
    each_number: "SELECT CAST(value AS BIGINT) FROM unnest(ARRAY(SELECT json_array_elements_text(CAST($1 AS json)))) value",
    each_item: "(SELECT unnest(ARRAY(SELECT jsonb_array_elements(CAST($1 AS jsonb)))) AS value) item",
    apart: "OFFSET 0",
    all_items: "json_agg",
    item: "json_build_array",
};

impl Db {
    pub async fn read(&self) -> Result<Read, Error> {
        Ok(match &self.0 {
            Pools::Lite { reader, .. } => Read::Lite(reader.acquire().await?),
            Pools::Pg(pool) => Read::Pg(pool.acquire().await?),
        })
    }

    /// Begins a transaction that may write.
    pub async fn write(&self) -> Result<Write, Error> {
        Ok(match &self.0 {
            Pools::Lite { writer, .. } => Write::Lite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Pg(pool) => Write::Pg(pool.begin().await?),
        })
    }

    /// Whether it could be written now: begins a transaction and forgets it.
    ///
    /// A change of no row, because Postgres begins also where it may only read.
    pub async fn probe(&self) -> Result<(), Error> {
        let mut write = self.write().await?;
        on!(&mut write, c => sqlx::query("UPDATE daemon SET seen_at = seen_at WHERE id = 0")
            .execute(c).await.map(drop))
    }

    /// Where an SQLite database lies; a server's disk is its own affair.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Pools::Lite { file, .. } => Some(file),
            Pools::Pg(_) => None,
        }
    }

    pub fn words(&self) -> &'static Words {
        match &self.0 {
            Pools::Lite { .. } => &LITE,
            Pools::Pg(_) => &PG,
        }
    }

    pub async fn close(&self) {
        match &self.0 {
            Pools::Lite { writer, reader, .. } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Pg(pool) => pool.close().await,
        }
    }
}

impl Session for Read {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Lite(connection) => Link::Lite(connection),
            Self::Pg(connection) => Link::Pg(connection),
        }
    }
}

impl Session for Write {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Lite(transaction) => Link::Lite(transaction),
            Self::Pg(transaction) => Link::Pg(transaction),
        }
    }
}

impl Write {
    pub async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Lite(transaction) => transaction.commit().await,
            Self::Pg(transaction) => transaction.commit().await,
        }
    }

    pub fn words(&self) -> &'static Words {
        match self {
            Self::Lite(_) => &LITE,
            Self::Pg(_) => &PG,
        }
    }
}

/// Runs one expression on whichever connection a [`Session`] has: `on!(read, c => query.fetch_all(c).await)`.
macro_rules! on {
    ($session:expr, $connection:ident => $body:expr) => {
        match $crate::db::Session::link($session) {
            $crate::db::Link::Lite($connection) => $body,
            $crate::db::Link::Pg($connection) => $body,
        }
    };
}
pub(crate) use on;

/// Declares a struct that is read from a row, column by column of the same name.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$doc:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$doc])* $field_vis $field: $type),* }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            for<'a> &'a str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>),*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}
pub(crate) use row;
