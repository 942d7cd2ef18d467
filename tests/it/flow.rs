//! The promises, seen from outside: the real program, a real database of each kind, a relay that
//! misbehaves as told. One file for each promise or story; every story is told on both databases.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails its test")]

use crate::support::{house, mail, outside};

/// Makes two tests of each story, one on SQLite and one on Postgres, so that they run in parallel.
/// A scripted relay answers on the runtime's own thread while the story waits for the program.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => { $(
        mod $story {
            use crate::support::house::Database;

            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn on_sqlite() {
                super::$story(Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn on_postgres() {
                super::$story(Database::Postgres).await;
            }
        }
    )+ };
}

mod a_digest_breaks_off;
mod a_fault_of_ours;
mod a_real_mail_server;
mod a_test_copy;
mod bad_input;
mod calendar;
mod correction;
mod crash;
mod database_trouble;
mod digest;
mod discreet;
mod doubt;
mod due_time;
mod fail_points;
mod hours;
mod it_says_what_happened;
mod json;
mod lint;
mod no_mail_after_no;
mod nobody_is_missed;
mod nobody_is_tracked;
mod nobody_leads;
mod nothing_twice;
mod one_daemon;
mod operators;
mod own_templates;
mod pace;
mod picture;
mod preview;
mod privacy;
mod refusal;
mod reminder;
mod retry;
mod schedule;
mod several_daemons;
mod several_relays;
mod shutdown;
mod signed;
mod sources;
mod steering;
mod two_pairs_of_eyes;
mod watched;
mod who_did_what;
mod withdrawal;
