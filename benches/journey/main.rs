//! Measures the whole journey of a mailing against other senders, and writes what came of it into
//! `docs/proof.md`.
//!
//! One sink for all of them; the rounds of all subjects in turn, so that a machine that is busy for a
//! while is busy for everybody. The promise is about the ratios; the rates belong to this machine on
//! this day. A missed bar is marked in the table and fails nothing.
//!
//! `make bench MESSAGES=20000 ROUNDS=5 BIG=1000000`; `ONLY=rate,cpu` measures and shows these rows,
//! `--print-only` leaves the page alone.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table for a person to read")]
#![expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]

mod composing;
mod mailing;
mod measure;
mod orders;
mod planning;
mod proxy;
mod rivals;
mod rows;
mod sink;
mod subject;
#[allow(
    dead_code,
    unused_imports,
    clippy::wildcard_imports,
    reason = "made for the test binaries, with tests of its own"
)]
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use orders::Orders;
use subject::{Subject, Workshop};
use support::proof::Part;
use table::Results;

fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1).peekable();
    if words.next_if(|word| word == measure::WORD).is_some() {
        return measure::report(words);
    }
    let orders = Orders::parse(words)?;
    // before anything is measured: what is wrong with it is soon told
    let reasons = table::reasons()?;
    let started = Instant::now();
    let results = rounds(&orders)?;
    let text = table::text(&orders, &results, &reasons);
    println!("{text}");
    if orders.writes() {
        let (command, took) = (orders.command(), started.elapsed());
        let part = Part { name: "bench", command, took, text };
        println!("written to {}", part.write()?.display());
    }
    let broken = results.values().filter_map(|rounds| rounds.as_ref().err());
    let broken = broken.filter(|why| why.starts_with(BROKEN)).count();
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const BROKEN: &str = "not measured: ";

/// Every subject of the rows, round by round; what is large once, at the end.
fn rounds(orders: &Orders) -> anyhow::Result<Results> {
    let subjects = orders.rows().flat_map(|row| std::iter::once(row.ours).chain(row.theirs));
    let subjects: BTreeSet<_> = subjects.collect();
    let mut workshop = Workshop::open(orders)?;
    let start = |subject: &Subject| {
        let absent = workshop.absent(*subject).map(str::to_owned);
        (*subject, absent.map_or_else(|| Ok(Vec::new()), Err))
    };
    let mut results: Results = subjects.iter().map(start).collect();
    for round in 1..=orders.rounds {
        for (subject, rounds) in &mut results {
            if subject.is_large() && round < orders.rounds {
                continue;
            }
            let Ok(measured) = rounds else { continue };
            eprintln!("round {round} of {}: {subject:?}", orders.rounds);
            match workshop.measure(*subject) {
                Ok(one) => {
                    eprintln!("    {:.0}/s, {:.1} µs, {:.1} MiB", one.rate, one.cpu, one.memory);
                    measured.push(one);
                }
                Err(error) => {
                    eprintln!("    {error:#}");
                    *rounds = Err(format!("{BROKEN}{error:#}"));
                }
            }
        }
    }
    Ok(results)
}
