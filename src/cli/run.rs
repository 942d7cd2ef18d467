//! `bulletin run`: the daemon.

use std::process::ExitCode;

use clap::Args;

use super::open::{Failure, Opener};
use crate::daemon::{self, Until};

#[derive(Debug, Args)]
#[command(
    after_help = "SIGTERM and Ctrl-C finish the mails that are under way, record them, and end.\n\n\
Example:\n  bulletin run --until-idle"
)]
pub(super) struct Run {
    /// Do all that is due, wait for deferred mails due within two minutes, and end
    #[arg(long)]
    until_idle: bool,
}

impl Run {
    pub(super) async fn run(self, opener: &Opener) -> Result<ExitCode, Failure> {
        let home = opener.open_daemon().await?;
        let until = if self.until_idle { Until::Idle } else { Until::Stopped };
        let result = daemon::run(&home, until, &|_| {}).await;
        home.db.close().await;
        result?;
        Ok(ExitCode::SUCCESS)
    }
}
