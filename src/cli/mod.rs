//! The command line: what coordinators type, and what they read.
//!
//! One file for each noun. A command opens what it needs, calls a stage, and prints: a table or a
//! sentence for people, with `--json` one object (one a line for lists) and nothing else on stdout.
//!
//! Exit codes: 0 done; 1 a problem was found or the action failed; 2 wrong usage or configuration.

mod allow;
mod browse;
mod campaign;
mod check;
mod delivery;
mod demo;
mod digest;
mod dkim;
mod fit;
mod init;
mod list;
mod open;
mod post;
mod preview;
mod print;
mod proof;
mod queue;
mod relay;
mod run;
mod schedule;
mod source;
mod status;
mod subscriber;
mod suppression;
mod who;

use std::ffi::OsString;
use std::io;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::message::STACK;
use open::{Failure, Opener};
use print::Printer;

/// How long a command that has ended waits for what is still under way on its threads.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends newsletters and announcements: nobody missed, nothing twice, no mail after no, nobody tracked.
#[derive(Debug, Parser)]
#[command(
    name = "bulletin",
    version,
    max_term_width = 100,
    after_help = "\
A first mailing:
  bulletin init
  bulletin subscriber add ann@example.org --list news --confirmed
  bulletin post add hello.md
  bulletin queue hello --dry-run
  bulletin queue hello
  bulletin run"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The configuration to use
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BULLETIN_CONFIG",
        default_value = "config.toml"
    )]
    config: PathBuf,
    /// Print JSON for scripts: one object, or one object a line
    #[arg(long, global = true)]
    json: bool,
    /// Print less: only what was asked for, and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print more: what happens on the way
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write an annotated config.toml, the secret file and the database
    Init(init::Init),
    /// Try everything at once: a sample alliance, its mails in an inbox page, its archive
    Demo(demo::Demo),
    /// Run the daemon: send what is due, plan digests, serve the pages
    Run(run::Run),
    /// Look over posts before anyone queues them
    Check(check::Check),
    /// Add, show and withdraw posts
    #[command(subcommand)]
    Post(post::Post),
    /// Show what a person would get
    Preview(preview::Preview),
    /// Prove that two readers' copies differ in nothing that could track them
    TrackingProof(proof::TrackingProof),
    /// Publish a post and send it to those who are due it
    Queue(queue::Queue),
    /// See and steer mailings
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    /// See single mails and what became of them
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// See, pause and resume the next hops
    #[command(subcommand)]
    Relay(relay::Relay),
    /// See, preview and plan digests
    #[command(subcommand)]
    Digest(digest::Digest),
    /// Make keys that sign mails, and show their DNS records
    #[command(subcommand)]
    Dkim(dkim::Dkim),
    /// See where posts come from by themselves, and look there now
    #[command(subcommand)]
    Source(source::Source),
    /// Show every firing to come
    Schedule(schedule::Schedule),
    /// See the lists of the configuration and who reads them
    #[command(subcommand)]
    List(list::List),
    /// Add, import, show and unsubscribe people
    #[command(subcommand)]
    Subscriber(subscriber::Subscriber),
    /// Keep addresses that must never be mailed
    #[command(subcommand)]
    Suppression(suppression::Suppression),
    /// Show the queue, the relays and what needs a person
    Status(status::Status),
}

/// Runs one command line to its exit code.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers (0), everything else is wrong usage (2).
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let printer = Printer::new(cli.global.json);
    let command = move || run(|| dispatch(cli.global, cli.command, printer));
    match with_room(command).unwrap_or_else(|error| Err(no_thread(&error))) {
        Ok(code) => code,
        Err(failure) => {
            printer.failure(&failure);
            failure.code()
        }
    }
}

/// Runs `work` on a thread with as much stack as every other that fills templates.
fn with_room<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work)?;
    thread.join().map_or_else(|panic| resume_unwind(panic), Ok)
}

/// Runs a command to its end, and does not wait for long for what it has left behind.
fn run<F>(command: impl FnOnce() -> F) -> Result<ExitCode, Failure>
where
    F: Future<Output = Result<ExitCode, Failure>>,
{
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let threads = threads.enable_all().thread_stack_size(STACK).build();
    let runtime = threads.map_err(|error| no_thread(&error))?;
    let ended = runtime.block_on(command());
    // a disk that does not answer is asked by a thread that nothing can stop
    runtime.shutdown_timeout(PATIENCE);
    ended
}

fn no_thread(error: &io::Error) -> Failure {
    Failure::Action(anyhow::anyhow!("no thread can be started: {error}"))
}

async fn dispatch(global: Global, command: Command, printer: Printer) -> Result<ExitCode, Failure> {
    let opener = Opener::new(&global);
    match command {
        Command::Init(init) => init.run(&opener, printer).await,
        Command::Demo(demo) => demo.run(printer).await,
        Command::Run(run) => run.run(&opener).await,
        Command::Check(check) => check.run(&opener, printer).await,
        Command::Post(post) => post.run(&opener.open().await?, printer).await,
        Command::Preview(preview) => preview.run(&opener.open().await?, printer).await,
        Command::TrackingProof(proof) => proof.run(&opener.open().await?, printer).await,
        Command::Queue(queue) => queue.run(&opener.open().await?, printer).await,
        Command::Campaign(campaign) => campaign.run(&opener.open().await?, printer).await,
        Command::Delivery(delivery) => delivery.run(&opener.open().await?, printer).await,
        Command::Relay(relay) => relay.run(&opener.open().await?, printer).await,
        Command::Digest(digest) => digest.run(&opener.open().await?, printer).await,
        Command::Dkim(dkim) => dkim.run(&opener, printer),
        Command::Source(source) => source.run(&opener.open().await?, printer).await,
        Command::Schedule(schedule) => schedule.run(&opener.open().await?, printer).await,
        Command::List(list) => list.run(&opener.open().await?, printer).await,
        Command::Subscriber(subscriber) => subscriber.run(&opener.open().await?, printer).await,
        Command::Suppression(suppression) => suppression.run(&opener.open().await?, printer).await,
        Command::Status(status) => status.run(&opener.open().await?, printer).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_ends_though_a_disk_does_not_answer() {
        let (_never, answer) = std::sync::mpsc::channel::<()>();
        let ended = run(|| async {
            tokio::task::spawn_blocking(move || answer.recv());
            Ok(ExitCode::SUCCESS)
        });
        assert_eq!(ended.ok(), Some(ExitCode::SUCCESS));
    }

    /// Takes more room than threads have by themselves.
    #[expect(clippy::large_stack_arrays, reason = "it is there to take room")]
    fn deep(level: usize) -> u8 {
        let room = std::hint::black_box([1_u8; 1 << 16]);
        if level == 0 { room[7] } else { room[9] + deep(level - 1) - 1 }
    }

    #[test]
    fn every_thread_has_the_room_that_templates_are_tried_in() {
        let levels = STACK / (1 << 16) * 3 / 8;
        let ended = with_room(move || {
            run(|| async move {
                let there = tokio::spawn(async move { deep(levels) }).await;
                assert_eq!((deep(levels), there.ok()), (1, Some(1)));
                Ok(ExitCode::SUCCESS)
            })
        });
        assert_eq!(ended.ok().and_then(Result::ok), Some(ExitCode::SUCCESS));
    }
}
