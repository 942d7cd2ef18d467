//! Who gets which post, by seeds. `make torture` tells many more; a seed that fails is told again by
//! `tell(SEED, DATABASE)`.

use crate::support::house::Database;
use crate::support::ledgers::{Told, tell};

#[test]
fn on_sqlite_everybody_gets_what_the_model_says() {
    let all: Vec<_> = (0..200).map(|seed| tell(seed, Database::Sqlite)).collect();
    // histories in which nothing happens would prove nothing
    let sum = |of: fn(&Told) -> usize| all.iter().map(of).sum::<usize>();
    assert!(sum(|told| told.editions) > 400 && sum(|told| told.empty) > 100);
    assert!(sum(|told| told.announcements) > 400 && sum(|told| told.mails) > 2_000);
    assert!(sum(|told| told.crashes) > 200 && sum(|told| told.cancelled) > 100);
}

#[test]
fn on_postgres_everybody_gets_what_the_model_says() {
    for seed in 0..20 {
        tell(seed, Database::Postgres);
    }
}
