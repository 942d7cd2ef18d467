//! Who gets which post, history after history by seeds (`tests/support/ledgers`).

use std::panic::catch_unwind;

use crate::Orders;
use crate::kills::name;
use crate::page::Section;
use crate::support::house::Database;
use crate::support::ledgers::{Told, tell};

/// Of so many histories one is told to Postgres, whose databases take longer to make than to fill.
const ON_POSTGRES: u64 = 50;

/// What was told to one database, and what broke in it.
pub(crate) struct Histories {
    database: Database,
    all: Vec<Told>,
    broken: Vec<String>,
}

/// The even seeds, the odd ones, and some of both on Postgres, each in a thread.
pub(crate) fn torture(orders: &Orders) -> Vec<Histories> {
    eprintln!("{} histories", orders.ledgers);
    // a history that breaks a promise says so in the table, not as a backtrace
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let first = orders.seed * 1_000_000;
    let seeds = first..first + orders.ledgers as u64;
    let parts =
        [(Database::Sqlite, 0, 2), (Database::Sqlite, 1, 2), (Database::Postgres, 0, ON_POSTGRES)];
    let told = std::thread::scope(|scope| {
        let threads = parts.map(|(database, start, step)| {
            let seeds = seeds.clone().filter(move |seed| seed % step == start);
            scope.spawn(move || tell_all(seeds, database))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    std::panic::set_hook(loud);
    told.into()
}

fn tell_all(seeds: impl Iterator<Item = u64>, database: Database) -> Histories {
    let mut histories = Histories { database, all: Vec::new(), broken: Vec::new() };
    for seed in seeds {
        match catch_unwind(|| tell(seed, database)) {
            Ok(told) => histories.all.push(told),
            Err(why) => {
                let why = why.downcast_ref::<String>().cloned();
                histories.broken.push(why.unwrap_or_else(|| format!("seed {seed} broke off")));
            }
        }
    }
    histories
}

pub(crate) fn section(histories: Vec<Histories>) -> Section {
    let rows = [Database::Sqlite, Database::Postgres].map(|database| row(&histories, database));
    Section {
        title: "Who gets which post",
        sentence: "Histories of posts, new versions, corrections and withdrawals, of people who sign up, change their \
                   cadence, pause, leave and are suppressed, of mailings that are cancelled, told to the real stores and \
                   to a model of a few lines. Plans and freezes are given up somewhere and done again. After each \
                   mailing both say the same of everybody: which posts, in which version, by which list, in which order, \
                   who shares a rendition; and what the ledger holds after each step. So nobody misses a post, nobody has \
                   one twice, and nobody gets an empty digest."
            .to_owned(),
        columns: vec![
            "database", "histories", "steps", "announcements", "editions", "not made", "mails", "given up", "cancelled",
        ],
        rows: rows.into(),
        broken: histories.into_iter().flat_map(|part| part.broken).collect(),
    }
}

fn row(histories: &[Histories], database: Database) -> Vec<String> {
    let these: Vec<&Told> = histories
        .iter()
        .filter(|part| part.database == database)
        .flat_map(|part| &part.all)
        .collect();
    let sum = |of: fn(&Told) -> usize| these.iter().map(|told| of(told)).sum::<usize>().to_string();
    vec![
        name(database).to_owned(),
        these.len().to_string(),
        sum(|told| told.steps),
        sum(|told| told.announcements),
        sum(|told| told.editions),
        sum(|told| told.empty),
        sum(|told| told.mails),
        sum(|told| told.crashes),
        sum(|told| told.cancelled),
    ]
}
