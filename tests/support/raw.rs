//! Beside the stores: SQL as a test writes it, on a connection of its own.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

pub(crate) enum Raw {
    Lite(SqlitePool),
    Pg(PgPool),
}

/// Runs one expression on whichever pool there is.
macro_rules! on_pool {
    ($raw:expr, $pool:ident => $body:expr) => {
        match $raw {
            Raw::Lite($pool) => $body,
            Raw::Pg($pool) => $body,
        }
    };
}

// A key is never null; SQLite does not say so of an INTEGER PRIMARY KEY.
const LITE_COLUMNS: &str = "SELECT t.name, c.name, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_schema t, pragma_table_info(t.name) c \
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '_sqlx_%'";

const PG_COLUMNS: &str = "SELECT CAST(table_name AS text), CAST(column_name AS text), is_nullable = 'YES' \
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx\\_%'";

impl Raw {
    pub(crate) async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Lite(SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Pg(PgPool::connect(url).await.unwrap())
        }
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(), sqlx::Error> {
        let query = || AssertSqlSafe(sql.to_owned());
        on_pool!(self, pool => sqlx::query(query()).execute(pool).await.map(drop))
    }

    /// So many people who read nothing.
    pub(crate) async fn crowd(&self, count: usize) {
        let numbers = format!(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})"
        );
        let name = "'o' || n || '@crowd.example'";
        self.run(&format!(
            "INSERT INTO subscriber (email, email_key, email_hash, created_at) {numbers} \
             SELECT {name}, {name}, 'o' || n, 0 FROM number"
        ))
        .await
        .unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let query = || AssertSqlSafe(sql.to_owned());
        on_pool!(self, pool => sqlx::query_scalar(query()).fetch_one(pool).await).unwrap()
    }

    pub(crate) async fn numbers(&self, sql: &str) -> Vec<i64> {
        let query = || AssertSqlSafe(sql.to_owned());
        on_pool!(self, pool => sqlx::query_scalar(query()).fetch_all(pool).await).unwrap()
    }

    pub(crate) async fn words(&self, sql: &str) -> Vec<String> {
        let query = || AssertSqlSafe(sql.to_owned());
        on_pool!(self, pool => sqlx::query_scalar(query()).fetch_all(pool).await).unwrap()
    }

    /// Every column of every table of ours, and whether it may be null.
    pub(crate) async fn columns(&self) -> BTreeMap<(String, String), bool> {
        let rows: Vec<(String, String, bool)> = match self {
            Self::Lite(pool) => sqlx::query_as(LITE_COLUMNS).fetch_all(pool).await,
            Self::Pg(pool) => sqlx::query_as(PG_COLUMNS).fetch_all(pool).await,
        }
        .unwrap();
        rows.into_iter().map(|(table, column, null)| ((table, column), null)).collect()
    }

    /// All that is in every table, row by row.
    pub(crate) async fn contents(&self) -> BTreeMap<String, Vec<String>> {
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in self.columns().await.into_keys() {
            let text = format!("coalesce(CAST({column} AS TEXT), '-')");
            columns.entry(table).or_default().push(text);
        }
        let mut contents = BTreeMap::new();
        for (table, columns) in columns {
            let sql = format!(
                "SELECT {} AS line FROM {table} ORDER BY line",
                columns.join(" || '|' || ")
            );
            contents.insert(table, self.words(&sql).await);
        }
        contents
    }

    pub(crate) async fn tables(&self) -> Vec<String> {
        let mut tables: Vec<_> = self.columns().await.into_keys().map(|(table, _)| table).collect();
        tables.dedup();
        tables
    }

    pub(crate) async fn close(&self) {
        on_pool!(self, pool => pool.close().await);
    }
}
