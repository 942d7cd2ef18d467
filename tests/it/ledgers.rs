//! Who gets which post, by seeds. `make torture` tells many more; a seed that fails is told again by
//! `tell(SEED, DATABASE)`.

use std::panic::resume_unwind;

use crate::support::house::Database;
use crate::support::ledgers::{Told, tell};

/// Histories wait for their database more than they compute.
const AT_ONCE: usize = 4;

#[test]
fn on_sqlite_everybody_gets_what_the_model_says() {
    let all = told(200, Database::Sqlite);
    // histories in which nothing happens would prove nothing
    let sum = |of: fn(&Told) -> usize| all.iter().map(of).sum::<usize>();
    assert!(sum(|told| told.editions) > 400 && sum(|told| told.empty) > 100);
    assert!(sum(|told| told.announcements) > 400 && sum(|told| told.mails) > 2_000);
    assert!(sum(|told| told.crashes) > 200 && sum(|told| told.cancelled) > 100);
}

/// The same rules in another dialect; its databases take longer to make than to fill.
#[test]
fn on_postgres_everybody_gets_what_the_model_says() {
    assert_eq!(told(20, Database::Postgres).len(), 20);
}

fn told(seeds: u64, database: Database) -> Vec<Told> {
    std::thread::scope(|scope| {
        let tell_some = |first| {
            let seeds = (0..seeds).skip(first).step_by(AT_ONCE);
            scope.spawn(move || seeds.map(|seed| tell(seed, database)).collect::<Vec<_>>())
        };
        let threads: Vec<_> = (0..AT_ONCE).map(tell_some).collect();
        let parts =
            threads.into_iter().map(|it| it.join().unwrap_or_else(|why| resume_unwind(why)));
        parts.flatten().collect()
    })
}
