//! What the house's database says, without asking the program.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{House, PATIENCE};

/// One delivery.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) state: String,
    pub(crate) message_id: String,
}

const DELIVERIES: &str = "SELECT d.id, s.email, d.state, d.message_id FROM delivery d \
     JOIN subscriber s ON s.id = d.subscriber_id WHERE d.campaign_id = $1 ORDER BY d.id";

/// Sessions that a client left behind may still be finishing what it asked last.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";

impl House {
    /// A campaign's deliveries; none before its audience is frozen.
    pub(crate) async fn rows(&self, campaign: i64) -> Vec<Row> {
        let rows: Vec<(i64, String, String, String)> = if let Some(mut lite) = self.lite().await {
            let rows = sqlx::query_as(DELIVERIES).bind(campaign);
            rows.fetch_all(&mut lite).await.unwrap()
        } else {
            let rows = sqlx::query_as(DELIVERIES).bind(campaign);
            rows.fetch_all(&mut self.postgres().await).await.unwrap()
        };
        let row = |(id, email, state, message_id)| Row { id, email, state, message_id };
        rows.into_iter().map(row).collect()
    }

    /// One number that its database says.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        if let Some(mut lite) = self.lite().await {
            return sqlx::query_scalar(sql).fetch_one(&mut lite).await.unwrap();
        }
        sqlx::query_scalar(sql).fetch_one(&mut self.postgres().await).await.unwrap()
    }

    /// The database after its program has died: whole, and nobody works in it any more.
    pub(crate) async fn comes_to_rest(&self) {
        if let Some(mut lite) = self.lite().await {
            let check = sqlx::query_scalar("PRAGMA integrity_check");
            let said: String = check.fetch_one(&mut lite).await.unwrap();
            assert_eq!(said, "ok");
            return;
        }
        let (mut postgres, started) = (self.postgres().await, Instant::now());
        let others = || sqlx::query_scalar::<_, i64>(OTHERS);
        while others().fetch_one(&mut postgres).await.unwrap() > 0 {
            assert!(started.elapsed() < PATIENCE, "somebody still works in the database");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Reads only, so that the next daemon finds the file as the last one left it.
    async fn lite(&self) -> Option<SqliteConnection> {
        let file = self.url.strip_prefix("sqlite:")?;
        let options = SqliteConnectOptions::new().filename(self.path(file)).read_only(true);
        Some(SqliteConnection::connect_with(&options).await.unwrap())
    }

    async fn postgres(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}
