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
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use open::{Failure, Opener};
use print::Printer;

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
    match runtime()
        .and_then(|runtime| runtime.block_on(dispatch(&cli.global, cli.command, printer)))
    {
        Ok(code) => code,
        Err(failure) => {
            printer.failure(&failure);
            failure.code()
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Action(anyhow::anyhow!("no thread can be started: {error}")))
}

async fn dispatch(
    global: &Global,
    command: Command,
    printer: Printer,
) -> Result<ExitCode, Failure> {
    let opener = Opener::new(global);
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
}
