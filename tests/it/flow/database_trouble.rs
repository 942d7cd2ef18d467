//! The database breaks off its connections in the middle of a campaign, as a restart of it does.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::house::{Database, House, accepted, finished, house, recipients, until};
use crate::support::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn everybody_gets_it_once_although_postgres_breaks_off_its_connections() {
    let relay = Relay::new().dot_delay(Duration::from_millis(10)).start();
    let plan = house(Database::Postgres).relay(&relay);
    let house = plan.connections(4).open();
    let readers = house.readers(400, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let campaign = house.queue("minutes");
    let daemon = house.daemon();
    for count in (20..350).step_by(5) {
        until("some mails", || relay.received().len() >= count).await;
        break_off(&house).await;
    }
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(400));
    assert_eq!(recipients(&relay), readers);
}

/// Ends every session of this database but the one that asks.
async fn break_off(house: &House) {
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let url = config.split('"').nth(1).unwrap();
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
}
