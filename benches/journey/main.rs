//! Measures the whole journey of a mailing against the fastest plain sender there is.
//!
//! Two senders, one sink, rounds in turn, so that a machine that is busy for a while is busy for both:
//! * `bulletin run --until-idle`: database, composing, sending, recording;
//! * Postfix's `smtp-source -d`: the same octets again and again, no database, no record.
//!
//! The promise is about the ratios; the rates belong to this machine on this day.
//! `cargo bench --bench journey -- 2000` measures 2,000 messages a round.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table for a person to read")]
#![expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]

mod mailing;
mod measure;
mod sink;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use mailing::Mailing;
use measure::Cost;
use sink::{Counts, Sink};

const ROUNDS: usize = 3;
const MESSAGES: u64 = 20_000;
const CONNECTIONS: u64 = 10;
/// Of the messages, over one connection: a sender without `TCP_NODELAY` waits 40 ms for each.
const ALONE: u64 = 10;
const SMTP_SOURCE: &str = "/usr/sbin/smtp-source";

fn main() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args().skip(1).peekable();
    if words.next_if(|word| word == measure::WORD).is_some() {
        return measure::report(words);
    }
    // Cargo adds `--bench` of its own.
    let messages = words.find(|word| !word.starts_with('-'));
    let messages = messages.map_or(Ok(MESSAGES), |word| word.parse().context(word))?;
    compare(messages)
}

fn compare(messages: u64) -> anyhow::Result<ExitCode> {
    let sink = Sink::start()?;
    let (mut bulletin, mut source) = (Vec::new(), Vec::new());
    let mut failure = None;
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: smtp-source");
        source.push(smtp_source(messages, &sink)?);
        eprintln!("round {round} of {ROUNDS}: bulletin");
        match send_mailing(messages, &sink, CONNECTIONS) {
            Ok(measured) => bulletin.push(measured),
            Err(error) => failure = Some(error),
        }
    }
    print_table(messages, &bulletin, &source)?;
    print_alone(messages / ALONE, &sink)?;
    let Some(error) = failure else {
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!("bulletin: {error:#}");
    Ok(ExitCode::FAILURE)
}

fn smtp_source(messages: u64, sink: &Sink) -> anyhow::Result<Measured> {
    let fixed =
        ["-d", "-l", "30000", "-f", "a@example.com", "-t", "b@example.com", "-M", "localhost"];
    let mut arguments: Vec<String> = fixed.map(String::from).into();
    arguments.extend(["-s".into(), CONNECTIONS.to_string()]);
    arguments.extend(["-m".into(), messages.to_string(), sink.address().to_string()]);
    let cost = measure::run(Path::new("/"), SMTP_SOURCE, &arguments)?;
    Measured::new(messages, sink.take(), cost)
}

fn send_mailing(messages: u64, sink: &Sink, connections: u64) -> anyhow::Result<Measured> {
    let mailing = Mailing::prepare(messages, sink.address(), connections)?;
    let cost = mailing.send()?;
    Measured::new(messages, sink.take(), cost)
}

/// One round of one sender.
struct Measured {
    /// Messages a second.
    rate: f64,
    /// Microseconds a message.
    cpu: f64,
    /// MB.
    memory: f64,
    /// KB a message.
    size: f64,
}

impl Measured {
    fn new(expected: u64, counts: Counts, cost: Cost) -> anyhow::Result<Self> {
        let got = counts.messages;
        anyhow::ensure!(got == expected, "{got} messages came instead of {expected}");
        Ok(Self {
            rate: counts.rate(),
            cpu: cost.cpu as f64 / got as f64,
            memory: cost.memory as f64 / 1024.0,
            size: counts.bytes as f64 / got as f64 / 1000.0,
        })
    }
}

/// One of the numbers of a round.
type Value = fn(&Measured) -> f64;

fn print_table(messages: u64, bulletin: &[Measured], source: &[Measured]) -> anyhow::Result<()> {
    println!("{}, {}", date()?, machine()?);
    println!(
        "{messages} messages, {CONNECTIONS} connections, medians of {ROUNDS} rounds in turn\n"
    );
    println!("{:<22}{:>12}{:>14}{:>9}", "", "bulletin", "smtp-source", "ratio");
    let rows: [(&str, Value); 4] = [
        ("messages/s", |it| it.rate),
        ("CPU, µs/message", |it| it.cpu),
        ("peak memory, MB", |it| it.memory),
        ("size, KB/message", |it| it.size),
    ];
    for (name, of) in rows {
        let (ours, theirs) = (median(bulletin, of), median(source, of));
        println!("{name:<22}{ours:>12.1}{theirs:>14.1}{:>9.2}", ours / theirs);
    }
    Ok(())
}

/// One connection, which has nobody to make up for its waiting.
fn print_alone(messages: u64, sink: &Sink) -> anyhow::Result<()> {
    eprintln!("one connection: bulletin");
    let measured = send_mailing(messages.max(1), sink, 1)?;
    println!("\none connection, {messages} messages: {:.0} messages/s", measured.rate);
    Ok(())
}

/// Not a number where there was nothing to measure.
fn median(rounds: &[Measured], of: Value) -> f64 {
    let mut values: Vec<_> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn date() -> anyhow::Result<String> {
    let output = std::process::Command::new("date").arg("+%F").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn machine() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processors = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = processors.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    Ok(format!("{model}, {cores} cores"))
}
