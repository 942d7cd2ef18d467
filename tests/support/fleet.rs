//! Several daemons on one Postgres, and what is done to them. Each hands its mails to a relay of its
//! own, so that it can be told who sent what.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::house::{House, PATIENCE, Plan};
use super::program::{Program, Running};
use super::relay::{Received, Relay};

pub(crate) struct Fleet {
    pub(crate) house: House,
    pub(crate) readers: Vec<String>,
    pub(crate) crew: Vec<Member>,
    /// Looks on beside the daemons.
    watcher: PgConnection,
}

/// One daemon, whichever process that is at the time.
pub(crate) struct Member {
    /// A user of Postgres whom nobody else is: so its sessions can be told from others'.
    user: String,
    program: Program,
    pub(crate) relay: Relay,
    pub(crate) daemon: Running,
}

impl Member {
    /// Another process takes its place, as a service manager would have it.
    pub(crate) fn start_again(&mut self) {
        self.daemon = start(&self.program);
    }
}

/// Which sessions of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    All,
    /// By which it shows that it lives.
    Lock,
}

impl Fleet {
    /// One daemon for each relay, all of them running.
    pub(crate) async fn new(plan: Plan, readers: usize, relays: Vec<Relay>) -> Self {
        let house = plan.open();
        let readers = house.readers(readers, "meetings");
        let mut watcher = PgConnection::connect(&house.database_url()).await.unwrap();
        let mut crew = Vec::new();
        for relay in relays {
            crew.push(sign_on(&house, &mut watcher, crew.len(), relay).await);
        }
        Self { house, readers, crew, watcher }
    }

    /// Has a daemon reach the database by a port of this machine instead.
    pub(crate) fn reroute(&mut self, number: usize, port: u16) {
        let member = &mut self.crew[number];
        let (name, user) = (name_of(&self.house.database_url()), &member.user);
        let url = format!("postgres://{user}@127.0.0.1:{port}/{name}");
        member.program = member.program.clone().with_env("BULLETIN__DATABASE__URL", &url);
        member.daemon.terminate();
        member.start_again();
    }

    /// Sends a post to every reader; the campaign's id.
    pub(crate) fn announce(&self, slug: &str) -> i64 {
        self.house.post(slug, "meeting-summary", &[]);
        self.house.queue(slug)
    }

    /// Ends sessions of one daemon; how many there were.
    pub(crate) async fn drop_sessions(&mut self, number: usize, which: Sessions) -> usize {
        let sql = "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a \
             WHERE a.usename = $1 AND ($2 OR EXISTS (SELECT 1 FROM pg_locks l \
                 WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted))";
        let ended = sqlx::query_scalar(sql).bind(&self.crew[number].user);
        let ended: i64 =
            ended.bind(which == Sessions::All).fetch_one(&mut self.watcher).await.unwrap();
        usize::try_from(ended).unwrap()
    }

    /// How many deliveries are in the hands of a daemon's present process.
    pub(crate) async fn held_by(&mut self, number: usize) -> i64 {
        let sql =
            "SELECT count(*) FROM delivery d JOIN daemon o ON o.id = d.owner WHERE o.pid = $1";
        let pid = i64::from(self.crew[number].daemon.id());
        sqlx::query_scalar(sql).bind(pid).fetch_one(&mut self.watcher).await.unwrap()
    }

    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql).fetch_one(&mut self.watcher).await.unwrap()
    }

    /// Every column of every delivery, as Postgres writes it.
    pub(crate) async fn rows(&mut self) -> Vec<String> {
        let rows = sqlx::query_scalar("SELECT CAST(d AS text) FROM delivery d ORDER BY d.id");
        rows.fetch_all(&mut self.watcher).await.unwrap()
    }

    /// The sessions that hold a daemon's lock: one, unless it has just lost it.
    pub(crate) async fn lock_of(&mut self, number: usize) -> Vec<i32> {
        let sql = "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid \
             WHERE a.usename = $1 AND a.state = 'idle' AND l.locktype = 'advisory' AND l.granted";
        let pids = sqlx::query_scalar(sql).bind(&self.crew[number].user);
        pids.fetch_all(&mut self.watcher).await.unwrap()
    }

    /// Waits until other sessions than these hold a daemon's lock.
    pub(crate) async fn takes_its_lock_again(&mut self, number: usize, ghosts: &[i32]) {
        let waiting = Waiting::for_at_most(PATIENCE);
        loop {
            let now = self.lock_of(number).await;
            if !now.is_empty() && now.iter().all(|pid| !ghosts.contains(pid)) {
                return;
            }
            waiting.go_on("taking the lock again").await;
        }
    }

    /// Waits until the campaign has ended; without the program, whose every start costs.
    pub(crate) async fn ends(&mut self, campaign: i64, patience: Duration) {
        let finished =
            format!("SELECT count(*) FROM campaign WHERE id = {campaign} AND state = 'finished'");
        let mut waiting = Waiting::for_at_most(patience);
        while self.number(&finished).await == 0 {
            let left = self.number("SELECT count(*) FROM delivery WHERE state <> 'accepted'").await;
            waiting.go_on_while_fewer(left, "mails at the campaign's end").await;
        }
    }

    /// Waits until every delivery is done or in a daemon's hands.
    pub(crate) async fn leaves_nobody_queued(&mut self) {
        let mut waiting = Waiting::for_at_most(PATIENCE);
        loop {
            let left = self.number("SELECT count(*) FROM delivery WHERE state = 'queued'").await;
            if left == 0 {
                return;
            }
            waiting.go_on_while_fewer(left, "mails in the queue").await;
        }
    }

    /// Waits until a daemon's present process has nothing in hand; how long that took.
    pub(crate) async fn is_relieved(&mut self, number: usize, patience: Duration) -> Duration {
        let waiting = Waiting::for_at_most(patience);
        while self.held_by(number).await > 0 {
            waiting.go_on("taking over what a daemon held").await;
        }
        waiting.since.elapsed()
    }

    /// How many mails all relays have.
    pub(crate) fn count(&self) -> usize {
        self.crew.iter().map(|member| member.relay.count()).sum()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.crew.iter().flat_map(|member| member.relay.received()).collect()
    }
}

async fn sign_on(house: &House, watcher: &mut PgConnection, number: usize, relay: Relay) -> Member {
    let url = house.database_url();
    let user = format!("{}_{number}", name_of(&url));
    let role = AssertSqlSafe(format!("CREATE ROLE {user} SUPERUSER LOGIN"));
    sqlx::query(role).execute(watcher).await.unwrap();
    let url = url.replacen("postgres@", &format!("{user}@"), 1);
    let program = house.program.clone().with_env("BULLETIN__DATABASE__URL", &url);
    let port = relay.port().to_string();
    let program = program.with_env("BULLETIN__RELAY__MAIN__PORT", &port);
    Member { daemon: start(&program), user, program, relay }
}

fn name_of(url: &str) -> String {
    let path = url.split('?').next().unwrap();
    path.rsplit('/').next().unwrap().to_owned()
}

fn start(program: &Program) -> Running {
    let daemon = program.start(&["-v", "run"]);
    daemon.wait_for_line("running", PATIENCE);
    daemon
}

/// For something that the database says.
struct Waiting {
    since: Instant,
    patience: Duration,
    fewest: i64,
}

impl Waiting {
    fn for_at_most(patience: Duration) -> Self {
        Self { since: Instant::now(), patience, fewest: i64::MAX }
    }

    async fn go_on(&self, what: &str) {
        assert!(self.since.elapsed() < self.patience, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// A busy machine takes longer; only work that stands still ends the patience.
    async fn go_on_while_fewer(&mut self, left: i64, what: &str) {
        if left < self.fewest {
            (self.fewest, self.since) = (left, Instant::now());
        }
        self.go_on(&format!("{left} {what}")).await;
    }
}

/// What all relays have got, person by person.
#[derive(Debug, Default)]
pub(crate) struct Post {
    /// Readers who have no mail.
    pub(crate) lost: usize,
    /// Mails beyond each reader's first.
    pub(crate) repeated: usize,
    /// Repeated mails that are not the same to the octet, and mails to nobody.
    pub(crate) strange: usize,
}

impl Post {
    pub(crate) fn judged(readers: &[String], received: &[Received]) -> Self {
        let mut first: BTreeMap<&str, &Received> = BTreeMap::new();
        let (mut repeated, mut strange) = (0, 0);
        for mail in received {
            let before = *first.entry(&mail.to).or_insert(mail);
            repeated += usize::from(!std::ptr::eq(before, mail));
            let same =
                (&before.message_id, &before.body_sha256) == (&mail.message_id, &mail.body_sha256);
            strange += usize::from(!same || readers.binary_search(&mail.to).is_err());
        }
        let lost = readers.iter().filter(|reader| !first.contains_key(reader.as_str())).count();
        Self { lost, repeated, strange }
    }
}
