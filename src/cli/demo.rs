//! `bulletin demo`: everything at once.

use std::process::ExitCode;

use clap::Args;

use super::open::Failure;
use super::print::Printer;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End when the queue is empty
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) async fn run(self, _printer: Printer) -> Result<ExitCode, Failure> {
        let _ = self.once;
        Ok(ExitCode::SUCCESS)
    }
}
