//! What it takes to send a million mails a day, ten, a hundred: computed from what one mail was measured
//! to cost. `cargo test --test it growth -- --nocapture` prints the table of `docs/adr/0021-growth.md`.
//!
//! How the costs were measured (2026-11-24, AMD EPYC, 2 cores shared with other work, Linux 6.18, ext4 on a
//! virtual disk; Postgres 15.18 as it comes, but `max_wal_size = 4GB`, so that no checkpoint falls in): a
//! campaign to 20,000 readers, a mail of 30 KB, 10 connections to the sink of `benches/journey`, the default
//! window, by `bulletin run --until-idle` of a release build under `time`; before and after it
//! `pg_current_wal_insert_lsn()`, `pg_stat_wal`, `pg_stat_database.xact_commit`, and the CPU of all of the
//! server's processes. Medians of three.

/// CPU of the daemon for each mail without a signature: 46 to 50 µs, by `time`.
const DAEMON_CPU: f64 = 48e-6;
/// CPU of an RSA-2048 signature, for mails are to be signed here: `openssl speed`, one core.
const SIGNATURE_CPU: f64 = 208e-6;
/// CPU of all of Postgres's processes for each mail: 115 to 123 µs.
const POSTGRES_CPU: f64 = 117.5e-6;
/// What one daemon sent in a second, all in all: 4,424, 5,162 and 5,370; the machine was as busy.
const DAEMON_RATE: f64 = 5_162.0;
/// Octets of log for each mail: 2,296 to 2,303 with the freeze, the claim, the result.
const WAL: f64 = 2_299.0;
/// Index pages that a mail touches at random: `ledger_pkey` and `delivery_subscriber` begin with the person.
const RANDOM_PAGES: f64 = 2.0;
const PAGE: f64 = 8_192.0;
/// Transactions for each mail, reading ones too: 2,882 to 3,016 for 20,000 mails.
const COMMITS: f64 = 2_944.0 / 20_000.0;
/// Flushes of the log for each mail: `wal_sync`, 1,307 to 1,315 for 20,000 mails.
const FLUSHES: f64 = 1_315.0 / 20_000.0;
/// `fdatasync` of a page in a second: `pg_test_fsync`, on the same busy disk.
const FLUSH_RATE: f64 = 362.0;
/// Rows that each mail leaves for autovacuum: claimed and recorded, and both change an indexed column.
/// Of 40,000 updates none was heap-only.
const DEAD_ROWS: f64 = 2.0;
/// `pg_total_relation_size` of 1,000,000 accepted deliveries, their attempts and their ledger rows, made
/// by SQL as a campaign makes them: inserted, claimed by 250, recorded by 25; autovacuum as it comes; with
/// the indexes before migration 0004, which are no smaller.
const DELIVERY: f64 = 610.4;
const ATTEMPT: f64 = 206.1;
const LEDGER: f64 = 144.2;

/// Not measured here: a relay 20 ms away, with `delivery.window` as it comes, and the pool of
/// `src/db/open.rs` with the session of the lock.
const ROUND_TRIP: f64 = 0.020;
const WINDOW: f64 = 32.0;
const SESSIONS: f64 = 17.0;
/// Two cores for each daemon, as here.
const CORES: f64 = 2.0;
/// Messages an hour of one node, by its makers' advice for `KumoMTA` (4 to 6 million).
const MTA_NODE: f64 = 4e6;

/// The busiest hour, as a multiple of the mean.
const PEAK: f64 = 4.0;

/// What so many mails a day take.
struct Needs {
    /// Mails a second in the busiest hour.
    peak: f64,
}

impl Needs {
    fn of(mails_a_day: f64) -> Self {
        Self { peak: mails_a_day / 86_400.0 * PEAK }
    }

    /// The dearest of CPU, of what was measured, and of the window: a slot is taken for a round trip and a
    /// commit (Little's law).
    fn daemons(&self) -> f64 {
        let by_cpu = self.peak * (DAEMON_CPU + SIGNATURE_CPU) / CORES;
        let by_rate = self.peak / DAEMON_RATE;
        let by_window = self.peak * (ROUND_TRIP + 1.0 / FLUSH_RATE) / WINDOW;
        by_cpu.max(by_rate).max(by_window).ceil()
    }

    /// To relays: one round trip for each mail (RFC 2920).
    fn connections(&self) -> f64 {
        (self.peak * ROUND_TRIP).ceil()
    }

    fn wal(&self) -> f64 {
        self.peak * WAL
    }

    /// When the indexes no longer fit in memory, each random page is the first since a checkpoint, and
    /// is logged whole.
    fn wal_at_worst(&self) -> f64 {
        self.peak * (WAL + RANDOM_PAGES * PAGE)
    }

    fn a_day(&self, octets: f64) -> f64 {
        self.peak / PEAK * 86_400.0 * octets
    }

    fn nodes(&self) -> f64 {
        (self.peak * 3_600.0 / MTA_NODE).ceil()
    }
}

/// What is asked, and the number in its unit.
type Line = (&'static str, fn(&Needs) -> f64);

const LINES: [Line; 13] = [
    ("mails a second at the peak", |it| it.peak),
    ("daemons of two cores", Needs::daemons),
    ("connections to relays, 20 ms away", Needs::connections),
    ("nodes of a fast MTA behind them", Needs::nodes),
    ("sessions of Postgres", |it| it.daemons() * SESSIONS),
    ("cores that Postgres uses", |it| it.peak * POSTGRES_CPU),
    ("its transactions a second", |it| it.peak * COMMITS),
    ("of its flushes, % of 362 a second", |it| it.peak * FLUSHES / FLUSH_RATE * 100.0),
    ("log, MB a second", |it| it.wal() / 1e6),
    ("the same, indexes beyond memory", |it| it.wal_at_worst() / 1e6),
    ("dead rows a second", |it| it.peak * DEAD_ROWS),
    ("`delivery` and `ledger`, GB a day", |it| it.a_day(DELIVERY + LEDGER) / 1e9),
    ("`attempt`, GB a day", |it| it.a_day(ATTEMPT) / 1e9),
];

fn table() -> String {
    let volumes = [1e6, 10e6, 100e6].map(Needs::of);
    let row = |[name, one, ten, hundred]: [&str; 4]| {
        format!("| {name:<34} | {one:>9} | {ten:>10} | {hundred:>11} |\n")
    };
    let heads = ["a day", "1 million", "10 million", "100 million"];
    let rule = [34, 8, 9, 10].map(|width| "-".repeat(width));
    let rule = format!("| {} | {}: | {}: | {}: |\n", rule[0], rule[1], rule[2], rule[3]);
    let lines = LINES.iter().map(|(name, of)| {
        let [one, ten, hundred] = volumes.each_ref().map(|volume| told(of(volume)));
        row([name, &one, &ten, &hundred])
    });
    [row(heads), rule].into_iter().chain(lines).collect()
}

/// Two digits are as much as anybody knows.
fn told(number: f64) -> String {
    if number < 10.0 && number.fract() > 0.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a table for a person to read")]
fn the_table_of_growth_is_what_the_costs_come_to() {
    let table = table();
    println!("{table}");
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adr/0021-growth.md"));
    let page = page.unwrap();
    assert!(page.contains(&table), "write this into docs/adr/0021-growth.md:\n{table}");
}
