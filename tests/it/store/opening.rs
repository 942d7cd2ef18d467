//! Opening a database, and what a transaction that is given up leaves.

use bulletin::audience::State;
use bulletin::audience::subscribe::add;
use bulletin::db::Db;

use super::people::{address, request};
use super::raw::Raw;
use super::{World, on_both};
use crate::support::postgres;

on_both!(
    opening_twice_migrates_once,
    a_transaction_that_is_given_up_leaves_nothing,
    a_reader_sees_what_was_committed_only,
);

async fn opening_twice_migrates_once(w: &World) {
    w.reader("ann", "news", "immediate").await;
    let again = Db::open(&w.url).await.unwrap();
    let migrations = w.raw.number("SELECT count(*) FROM _sqlx_migrations").await;
    let files = std::fs::read_dir("migrations/sqlite").unwrap().count();
    assert_eq!(usize::try_from(migrations), Ok(files));
    assert_eq!(w.person("ann").await.subscriptions.len(), 1);
    again.close().await;
}

async fn a_transaction_that_is_given_up_leaves_nothing(w: &World) {
    let before = w.everything().await;
    let mut write = w.write().await;
    let ann = request(&address("ann"), "news", "immediate", State::Active);
    add(&mut write, &w.keys, &ann, w.now()).await.unwrap();
    drop(write);
    // the next transaction begins at once, and finds nothing of it
    w.write().await.commit().await.unwrap();
    assert_eq!(w.everything().await, before);
}

async fn a_reader_sees_what_was_committed_only(w: &World) {
    let before = w.everything().await;
    let mut write = w.write().await;
    let ann = request(&address("ann"), "news", "immediate", State::Active);
    add(&mut write, &w.keys, &ann, w.now()).await.unwrap();
    assert_eq!(w.everything().await, before);
    write.commit().await.unwrap();
    assert_ne!(w.everything().await, before);
}

/// On one thread: whoever waits for the other must not keep it from working.
async fn two_at_once(url: &str) {
    let (one, other) = tokio::join!(Db::open(url), Db::open(url));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(Raw::open(url).await.tables().await.len() > 10);
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn two_who_open_one_new_database_at_once_both_succeed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("bulletin.db").display());
    two_at_once(&url).await;
}

#[tokio::test]
async fn two_who_open_one_new_database_at_once_both_succeed_on_postgres() {
    two_at_once(&postgres::database()).await;
}
