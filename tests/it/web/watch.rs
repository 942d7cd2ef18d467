//! What a monitor asks: the metrics, and whether mails can go out.

use std::sync::Arc;
use std::time::Duration;

use bulletin::campaign::State as Campaign;
use bulletin::delivery::State;
use bulletin::delivery::store::{Attempt, Next, RelayRow, append, set_relay};
use bulletin::delivery::{Claim, store::Taken};
use bulletin::metric::Metrics;
use bulletin::web::{self, Office, Pages};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{Answer, ask};
use crate::store::{World, on_both};

on_both!(
    the_metrics_are_openmetrics_with_a_line_for_every_state,
    mails_are_counted_by_state_until_their_campaign_is_over_and_in_doubt_always,
    no_address_is_told_to_a_monitor,
    being_watched_changes_nothing,
    the_oldest_mail_that_is_due_is_told,
    without_a_database_the_process_still_tells_what_it_counted,
    mails_can_go_out_while_one_relay_is_open,
    what_cannot_be_written_is_not_ready,
);

struct Watched<'w> {
    w: &'w World,
    office: Office,
    pages: Pages,
}

const OWNER: i64 = 7;
const WORDS: &str = "550 5.1.1 <reader0@example.org>: no such user";

/// Pages of this world, on ports that nobody else has.
async fn watched(w: &World) -> Watched<'_> {
    let mut config = Arc::clone(&w.config);
    let site = &mut Arc::make_mut(&mut config).site;
    site.listen = "127.0.0.1:0".parse().unwrap();
    site.operator_listen = site.listen;
    let (db, keys, clock) = (w.db.clone(), w.keys.clone(), w.clock.clone());
    let office = Office { config, db, keys, clock, metrics: Metrics::new() };
    let pages = web::start(&office).await.unwrap();
    Watched { w, office, pages }
}

impl Watched<'_> {
    async fn get(&self, path: &str) -> Answer {
        ask(self.pages.operator(), "GET", path, &[], b"").await
    }

    async fn metrics(&self) -> String {
        let answer = self.get("/metrics").await;
        assert_eq!(answer.status, 200);
        answer.text()
    }

    /// The whole number behind a name with its labels.
    async fn number(&self, series: &str) -> i64 {
        let text = self.metrics().await;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let number = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
        number.trim_end_matches(".0").parse().unwrap()
    }

    async fn mails(&self, state: &str) -> i64 {
        self.number(&format!("bulletin_deliveries{{state=\"{state}\"}}")).await
    }

    async fn ready(&self) -> (u16, String) {
        let answer = self.get("/readyz").await;
        (answer.status, answer.text())
    }

    async fn relay(&self, state: &str) {
        let row = RelayRow {
            name: "main".to_owned(),
            state: state.to_owned(),
            reason: Some(format!("mail: the relay answered {WORDS}")),
            faults: 1,
            held_until: (state == "held").then(|| self.w.now()),
            changed_at: self.w.now(),
        };
        let mut write = self.w.write().await;
        set_relay(&mut write, &row).await.unwrap();
        write.commit().await.unwrap();
    }

    /// Claims all that is due.
    async fn claims(&self) -> Vec<Claim> {
        self.w.take(OWNER, 100).await.iter().map(Taken::claim).copied().collect()
    }

    async fn end(&self, claim: Claim, state: State) {
        let waits = state == State::Deferred;
        let next =
            Next { state, reason: Some(WORDS), next_at: waits.then(|| self.w.now()), counts: true };
        assert!(self.w.settle(claim, &next).await);
    }
}

async fn the_metrics_are_openmetrics_with_a_line_for_every_state(w: &World) {
    let watched = watched(w).await;
    watched.office.metrics.attempt("accepted", "dot");
    let answer = watched.get("/metrics").await;
    let content_type = answer.header("content-type");
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((answer.status, content_type), (200, Some(expected)));
    assert!(answer.text().ends_with("# EOF\n"));
    for state in [
        "queued",
        "sending",
        "deferred",
        "in_doubt",
        "failed",
        "expired",
        "suppressed",
        "cancelled",
    ] {
        assert_eq!(watched.mails(state).await, 0, "{state}");
    }
    for state in ["draft", "awaiting_approval", "scheduled", "running", "paused", "finished"] {
        let series = format!("bulletin_campaigns{{state=\"{state}\"}}");
        assert_eq!(watched.number(&series).await, 0, "{state}");
    }
    let counted = "bulletin_attempts_total{outcome=\"accepted\",stage=\"dot\"}";
    assert_eq!(watched.number(counted).await, 1);
    assert_eq!(watched.number("bulletin_relay_open{relay=\"main\",state=\"open\"}").await, 1);
    watched.relay("held").await;
    assert_eq!(watched.number("bulletin_relay_open{relay=\"main\",state=\"held\"}").await, 0);
}

async fn mails_are_counted_by_state_until_their_campaign_is_over_and_in_doubt_always(w: &World) {
    let watched = watched(w).await;
    w.readers(6, "news").await;
    w.post("hello", "announcement").await;
    let campaign = w.announce("hello").await.id;
    assert_eq!(watched.mails("queued").await, 6);
    let ends = [State::Accepted, State::InDoubt, State::InDoubt, State::Failed, State::Deferred];
    let claims = watched.claims().await;
    for (claim, state) in claims.iter().zip(ends) {
        watched.end(*claim, state).await;
    }
    let expected = [("queued", 0), ("sending", 1), ("in_doubt", 2), ("failed", 1)];
    for (state, mails) in expected.into_iter().chain([("deferred", 1)]) {
        assert_eq!(watched.mails(state).await, mails, "{state}");
    }
    assert!(w.move_campaign(campaign, Campaign::Running, Campaign::Paused).await);
    assert_eq!(watched.mails("failed").await, 1, "a pause is not the end");
    assert!(w.move_campaign(campaign, Campaign::Paused, Campaign::Finished).await);
    assert_eq!(watched.mails("failed").await, 0);
    assert_eq!(watched.mails("in_doubt").await, 2, "they wait for a person");
    let finished = watched.number("bulletin_campaigns{state=\"finished\"}").await;
    assert_eq!(finished, 1);
}

async fn no_address_is_told_to_a_monitor(w: &World) {
    let watched = watched(w).await;
    w.readers(1, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let claim = w.take_one().await;
    let attempt = Attempt {
        delivery: claim.id,
        at: w.now(),
        relay: "main",
        outcome: "refused",
        stage: "rcpt".to_owned(),
        code: Some(550),
        enhanced: Some("5.1.1"),
        text: WORDS,
        bearing: Some("hard"),
        duration_ms: 1,
    };
    let mut write = w.write().await;
    append(&mut write, &attempt).await.unwrap();
    write.commit().await.unwrap();
    watched.end(claim, State::Failed).await;
    watched.relay("held").await;
    watched.office.metrics.attempt(WORDS, WORDS);
    for path in ["/metrics", "/readyz"] {
        let text = watched.get(path).await.text();
        assert!(!text.contains('@') && !text.contains("no such user"), "{path}: {text}");
    }
}

async fn being_watched_changes_nothing(w: &World) {
    let watched = watched(w).await;
    w.readers(2, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let row = "SELECT state || ' ' || fence || ' ' || COALESCE(owner, 0) FROM delivery ORDER BY id";
    let before = (w.everything().await, w.raw.words(row).await);
    for path in ["/metrics", "/readyz"] {
        for method in ["GET", "HEAD"] {
            let answer = ask(watched.pages.operator(), method, path, &[], b"").await;
            assert_eq!(answer.status, 200, "{method} {path}");
            assert_eq!(answer.body.is_empty(), method == "HEAD", "{method} {path}");
        }
        let answer = ask(watched.pages.operator(), "POST", path, &[], b"").await;
        assert_eq!(answer.status, 405, "{path}");
    }
    assert_eq!((w.everything().await, w.raw.words(row).await), before);
}

async fn the_oldest_mail_that_is_due_is_told(w: &World) {
    let watched = watched(w).await;
    let oldest = "bulletin_oldest_due_seconds";
    w.readers(2, "news").await;
    w.post("hello", "announcement").await;
    let campaign = w.announce("hello").await.id;
    assert_eq!(watched.number(oldest).await, 0);
    w.pass(700);
    assert_eq!(watched.number(oldest).await, 700);
    assert!(w.move_campaign(campaign, Campaign::Running, Campaign::Paused).await);
    assert_eq!(watched.number(oldest).await, 0, "it waits by somebody's word");
    assert!(w.move_campaign(campaign, Campaign::Paused, Campaign::Running).await);
    let [first, second] = watched.claims().await.try_into().unwrap();
    assert_eq!(watched.number(oldest).await, 0, "all are claimed");
    watched.end(first, State::Deferred).await;
    watched.end(second, State::Accepted).await;
    w.pass(5);
    assert_eq!(watched.number(oldest).await, 5, "due again");
}

async fn without_a_database_the_process_still_tells_what_it_counted(w: &World) {
    let watched = watched(w).await;
    watched.office.metrics.commit_failed();
    assert_eq!(watched.number("bulletin_database_up").await, 1);
    w.db.close().await;
    assert_eq!(watched.number("bulletin_database_up").await, 0);
    assert_eq!(watched.number("bulletin_commit_failures_total").await, 1);
    assert!(!watched.metrics().await.contains("bulletin_deliveries"));
}

async fn mails_can_go_out_while_one_relay_is_open(w: &World) {
    let watched = watched(w).await;
    let ready = (200, "ready\n".to_owned());
    assert_eq!(watched.ready().await, ready, "nobody has said anything about the relay");
    for state in ["paused", "held"] {
        watched.relay(state).await;
        let expected = format!(
            "no relay takes mails: main is {state}; `bulletin relay list` says why, \
             `bulletin relay resume NAME` opens one\n"
        );
        assert_eq!(watched.ready().await, (503, expected));
        assert_eq!(watched.get("/healthz").await.status, 200, "it is alive");
    }
    watched.relay("open").await;
    assert_eq!(watched.ready().await, ready);
}

async fn what_cannot_be_written_is_not_ready(w: &World) {
    let watched = watched(w).await;
    assert_eq!(watched.ready().await.0, 200);
    if w.url.starts_with("sqlite:") {
        let mut other = SqliteConnection::connect(&w.url).await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let (status, why) = watched.ready().await;
        assert_eq!(status, 503);
        assert!(why.contains("took no write within a second"), "{why}");
        other.execute("ROLLBACK").await.unwrap();
    } else {
        // as on a standby: it answers, begins transactions, and writes nothing
        read_only(w, "on").await;
        let (status, why) = watched.ready().await;
        assert_eq!(
            (status, why.as_str()),
            (503, "the database cannot be written; the log says why\n")
        );
        read_only(w, "off").await;
    }
    assert_eq!(watched.get("/healthz").await.status, 200);
    for _ in 0..100 {
        if watched.ready().await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it can be written again and is not ready");
}

/// For sessions from now on; all others end.
async fn read_only(w: &World, on: &str) {
    let sql = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {on}', \
         current_database()); END $$"
    );
    let others = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // one session, which may write whatever is said of new ones
    let mut session = PgConnection::connect(&w.url).await.unwrap();
    for statement in ["SET default_transaction_read_only = off", &sql, others] {
        session.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }
}
