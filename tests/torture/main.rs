//! The promises under torture: what `make test` shows a few times is done here a thousand times, and
//! what came of it is a page: `docs/proof.md`.
//!
//! `make torture KILLS=1000 OPTOUTS=1000 DAEMONS=60 SEEDS=10000 LEDGERS=10000 ZONES=597 SEED=1`. With `--print-only` the page is not
//! written. A bound that is broken ends it with exit code 1, and then the page stays as it was.
//!
//! The databases are tortured side by side, each in houses of its own (`tests/support/torture`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a table for a person to read; what cannot go on stops it all"
)]

mod daemons;
mod kills;
mod ledgers;
mod optouts;
#[path = "../../src/clock/cron/tests/oracle.rs"]
mod oracle;
mod orders;
mod page;
mod seeds;
#[allow(
    dead_code,
    unused_imports,
    clippy::wildcard_imports,
    reason = "made for the other test binary, with tests of its own"
)]
#[path = "../support/mod.rs"]
mod support;
mod zones;

use std::process::ExitCode;
use std::time::Instant;

use orders::Orders;
use page::{Page, Section};
use support::house::Database;

const DATABASES: [Database; 2] = [Database::Sqlite, Database::Postgres];

fn main() -> ExitCode {
    let orders = match Orders::parse(std::env::args().skip(1)) {
        Ok(orders) => orders,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    if !cfg!(debug_assertions) {
        eprintln!("a release has no fail points; run it without --release");
        return ExitCode::from(2);
    }
    let started = Instant::now();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let page = Page { sections: sections(&orders, &runtime), took: started.elapsed(), orders };
    println!("{page}");
    for broken in page.broken() {
        eprintln!("broken: {broken}");
    }
    if page.broken().next().is_some() {
        return ExitCode::FAILURE;
    }
    if !page.orders.print_only {
        page.write();
    }
    ExitCode::SUCCESS
}

/// Every kind of torture, in the order of the page.
fn sections(orders: &Orders, runtime: &tokio::runtime::Runtime) -> Vec<Section> {
    let killed = beside(|database| runtime.block_on(kills::torture(orders, database)));
    let left = beside(|database| runtime.block_on(optouts::torture(orders, database)));
    let mut sections = kills::sections(killed);
    sections.push(daemons::section(&daemons::torture(orders, runtime)));
    sections.push(optouts::section(&left));
    sections.push(seeds::section(seeds::torture(orders)));
    sections.push(ledgers::section(ledgers::torture(orders)));
    sections.push(zones::section(zones::torture(orders)));
    sections
}

/// Does it to both databases at the same time.
fn beside<T: Send>(torture: impl Fn(Database) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let torture = &torture;
        let both = DATABASES.map(|database| scope.spawn(move || torture(database)));
        both.map(|one| one.join().unwrap()).into()
    })
}
