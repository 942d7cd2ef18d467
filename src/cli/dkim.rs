//! `bulletin dkim`: the keys that sign mails, and what the DNS says of them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::open::{Failure, Opener};
use super::print::Printer;
use crate::config::{self, domain_name, selector_name};
use crate::key::SigningKey;
use crate::message::dkim::record::Record;

#[derive(Debug, Subcommand)]
pub(super) enum Dkim {
    /// Make a key, and say what to put into the DNS and the configuration
    Generate(Generate),
    /// Show the DNS records of all keys in the configuration
    Record,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A file that is there already is kept. Make one key of each kind: everybody can verify RSA, and
Ed25519 stands beside it.

Example:
  bulletin dkim generate --algorithm rsa --domain news.example.org --selector r1 --out dkim-r1.pem")]
pub(super) struct Generate {
    #[arg(long, value_enum)]
    algorithm: Algorithm,
    /// The domain of the sender's address, or one above it
    #[arg(long, value_parser = domain)]
    domain: String,
    /// What tells this key from others of the domain, such as r1
    #[arg(long, value_parser = selector)]
    selector: String,
    /// The file to make, readable by its owner alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Algorithm {
    Rsa,
    Ed25519,
}

impl From<Algorithm> for crate::key::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rsa => Self::Rsa,
            Algorithm::Ed25519 => Self::Ed25519,
        }
    }
}

fn domain(text: &str) -> Result<String, String> {
    domain_name(text).map_err(|why| format!("it {why}"))
}

fn selector(text: &str) -> Result<String, String> {
    selector_name(text).map_err(|why| format!("it {why}"))
}

impl Dkim {
    pub(super) fn run(self, opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::Generate(generate) => generate.run(opener, printer),
            Self::Record => record(opener, printer),
        }
    }
}

impl Generate {
    fn run(self, opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
        let (key, pem) = SigningKey::generate(self.algorithm.into())?;
        write_new(&self.out, &pem)?;
        let (domain, selector) = (self.domain, self.selector);
        let record = Record::of(&config::Dkim {
            domain: domain.clone(),
            selector: selector.clone(),
            key: Arc::new(key),
        })?;
        printer.object(&object(&record));
        printer.say(format!(
            "The key is in {}. Keep it with your backups, and show it to nobody.\n\n\
             1. Put this record into the DNS of {domain}:\n\n{}\n\n\
             2. When the DNS has it, add to {}:\n\n\
             [dkim.{}]\ndomain = \"{domain}\"\nselector = \"{selector}\"\nkey_file = {}\n\n\
             and start the daemon anew.",
            self.out.display(),
            record.zone_line(),
            opener.file().display(),
            selector.replace('.', "-"),
            toml::Value::from(as_configured(&self.out, opener.file())?),
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn record(opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
    let config = opener.config()?;
    for key in config.dkim.values() {
        let record = Record::of(key)?;
        printer.object(&object(&record));
        printer.say(record.zone_line());
    }
    if config.dkim.is_empty() {
        printer.say("There is no key yet: `bulletin dkim generate --help` says how to make one.");
    }
    Ok(ExitCode::SUCCESS)
}

fn object(record: &Record) -> Value {
    json!({ "name": record.name, "type": "TXT", "value": record.value })
}

/// Made for its owner alone from the start; a key that is there is never lost.
fn write_new(path: &Path, pem: &str) -> anyhow::Result<()> {
    let shown = path.display();
    let mut options = std::fs::OpenOptions::new();
    let mut file = match options.write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(anyhow!("{shown}: there is a file already, and it is kept; name another"));
        }
        file => file.with_context(|| format!("{shown}: the key file cannot be made"))?,
    };
    let written = file.write_all(pem.as_bytes()).and_then(|()| file.sync_all());
    written.with_context(|| format!("{shown}: the key file cannot be written"))
}

/// The path as the configuration beside it would name it.
fn as_configured(key: &Path, config: &Path) -> anyhow::Result<String> {
    let absolute = |path: &Path| {
        std::path::absolute(path).with_context(|| format!("{}: has no folder", path.display()))
    };
    let (key, config) = (absolute(key)?, absolute(config)?);
    let beside = config.parent().and_then(|folder| key.strip_prefix(folder).ok());
    Ok(beside.unwrap_or(&key).display().to_string())
}
