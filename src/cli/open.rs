//! From the command line to an open house: configuration, keys, database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::Global;
use crate::audience::suppression;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::Home;
use crate::db::Db;
use crate::log;
use crate::metric::Metrics;
use crate::token::Keys;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Wrong usage or configuration: exit code 2.
    Usage(anyhow::Error),
    /// The action failed, or found a problem: exit code 1.
    Action(anyhow::Error),
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(message.into()))
    }

    pub(super) fn code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Action(_) => ExitCode::from(1),
        }
    }

    pub(super) fn error(&self) -> &anyhow::Error {
        match self {
            Self::Usage(error) | Self::Action(error) => error,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Action(error.into())
    }
}

/// Opens what a command needs.
pub(super) struct Opener {
    file: PathBuf,
    level: Option<&'static str>,
}

impl Opener {
    pub(super) fn new(global: &Global) -> Self {
        let level = match (global.quiet, global.verbose) {
            (true, _) => Some("error"),
            (_, true) => Some("bulletin=debug"),
            _ => None,
        };
        Self { file: global.config.clone(), level }
    }

    /// The path that was given, for commands that make it.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn config(&self) -> Result<Config, Failure> {
        if !self.file.exists() {
            let file = self.file.display();
            return Err(Failure::usage(format!(
                "{file}: there is no configuration; `bulletin init` writes one"
            )));
        }
        Config::load(&self.file, std::env::vars()).map_err(Failure::Usage)
    }

    /// For short commands: warnings only, unless asked.
    pub(super) async fn open(&self) -> Result<Home, Failure> {
        let config = self.config()?;
        log::start(self.level.unwrap_or("warn"), config.log.json);
        home(config).await
    }

    /// For the daemon: as the configuration says.
    pub(super) async fn open_daemon(&self) -> Result<Home, Failure> {
        let config = self.config()?;
        log::start(self.level.unwrap_or(&config.log.level), config.log.json);
        home(config).await
    }
}

/// Opens keys and database, making what is missing.
pub(super) async fn home(config: Config) -> Result<Home, Failure> {
    let secret = &config.site.secret_file;
    let keys = Keys::open(secret).map_err(Failure::Usage)?;
    let db = Db::open(config.database.url.reveal()).await?;
    if !suppression::check_keys(&db, &keys).await? {
        return Err(Failure::usage(format!(
            "{}: this is not the secret file that the database was made with; restore that one from \
             your backup, or opt-out links die and suppressed addresses are forgotten",
            secret.display()
        )));
    }
    Ok(Home { config: Arc::new(config), db, keys, clock: Clock::System, metrics: Metrics::new() })
}
