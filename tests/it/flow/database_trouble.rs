//! The database breaks off its connections in the middle of a campaign, as a restart of it does; or it
//! takes nothing for a while: its disk is full, somebody else has locked it, it is read-only.
//!
//! As long as results cannot be kept, nothing is sent whose result would have to be; when they can be
//! kept again, sending goes on by itself, and nobody is sent anything twice.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::house::{Database, House, PATIENCE, Plan, accepted, finished, house, recipients, until};
use crate::store::raw::Raw;
use crate::support::disk::Disk;
use crate::support::program::Running;
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
    let mut other = PgConnection::connect(&house.database_url()).await.unwrap();
    for count in (20..350).step_by(5) {
        until("some mails", || relay.received().len() >= count).await;
        break_off(&mut other).await;
    }
    finished(&daemon, campaign);
    house.ended(campaign, &accepted(400));
    assert_eq!(recipients(&relay), readers);
}

/// Ends every session of this database but the one that asks.
async fn break_off(other: &mut PgConnection) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(other)
    .await
    .unwrap();
}

const READERS: usize = 600;
const WINDOW: usize = 8;
const TROUBLE: &str = "results cannot be kept, sending waits";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sending_waits_while_the_disk_is_full() {
    let disk = match Disk::mount(16) {
        Ok(disk) => disk,
        Err(why) => {
            #[expect(clippy::print_stderr, reason = "whoever reads green should know")]
            {
                eprintln!("not tried: only root may mount a disk to fill: {why}");
            }
            return;
        }
    };
    let story = Story::begin(house(Database::Sqlite).keep_in(disk.path())).await;
    disk.fill();
    story.waits(3).await;
    disk.make_room();
    story.goes_on();
}

/// For longer than anybody waits for a lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sending_waits_while_somebody_else_has_locked_the_file() {
    let story = Story::begin(house(Database::Sqlite)).await;
    let mut other = SqliteConnection::connect(&story.house.database_url()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    story.waits(1).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    story.goes_on();
}

/// As it is while a standby takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sending_waits_while_postgres_is_read_only() {
    let story = Story::begin(house(Database::Postgres)).await;
    let mut other = PgConnection::connect(&story.house.database_url()).await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut other).await.unwrap();
    for (setting, trouble) in
        [("SET default_transaction_read_only = on", true), ("RESET ALL", false)]
    {
        let sql = AssertSqlSafe(format!("ALTER DATABASE {name} {setting}"));
        sqlx::query(sql).execute(&mut other).await.unwrap();
        // sessions begun before have their own setting
        break_off(&mut other).await;
        if trouble {
            story.waits(3).await;
        }
    }
    story.goes_on();
}

/// A campaign under way whose results are to be kept.
struct Story {
    daemon: Running,
    house: House,
    relay: Relay,
    readers: Vec<String>,
    campaign: i64,
}

impl Story {
    async fn begin(plan: Plan) -> Self {
        let relay = Relay::new().dot_delay(Duration::from_millis(10)).start();
        let plan = plan.relay(&relay).connections(2);
        let house = plan.delivery(&format!("window = {WINDOW}")).open();
        let readers = house.readers(READERS, "meetings");
        house.post("minutes", "meeting-summary", &[]);
        let campaign = house.queue("minutes");
        let daemon = house.daemon();
        until("the first mails", || relay.received().len() >= 20).await;
        Self { daemon, house, relay, readers, campaign }
    }

    /// Until the daemon has said so many times that it waits; what was handed over meanwhile is no
    /// more than the window.
    async fn waits(&self, times: usize) {
        self.daemon.wait_for_line(TROUBLE, PATIENCE);
        let when_said = self.relay.received().len();
        let said =
            || self.house.logs().iter().map(|log| log.matches(TROUBLE).count()).sum::<usize>();
        until("saying it again", || said() >= times).await;
        let received = self.relay.received().len();
        let raw = Raw::open(&self.house.database_url()).await;
        let kept = raw.number("SELECT count(*) FROM delivery WHERE state = 'accepted'").await;
        let kept = usize::try_from(kept).unwrap();
        assert!(received <= when_said + WINDOW, "{when_said} then, {received} now");
        assert!(received <= kept + WINDOW, "{kept} kept, {received} handed over");
        assert!(received < READERS, "it came too late");
    }

    fn goes_on(&self) {
        finished(&self.daemon, self.campaign);
        self.house.ended(self.campaign, &accepted(READERS));
        assert_eq!(recipients(&self.relay), self.readers);
    }
}
