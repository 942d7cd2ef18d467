//! `bulletin init`: from an empty folder to a house that runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::open::{Failure, Opener, home};
use super::print::Printer;
use crate::config::{Config, MANUAL};

#[derive(Debug, Args)]
#[command(after_help = "Run again it changes nothing.\n\nExample:\n  bulletin init /srv/bulletin")]
pub(super) struct Init {
    /// The folder to set up; by default that of --config
    dir: Option<PathBuf>,
}

impl Init {
    pub(super) async fn run(self, opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
        let file = match &self.dir {
            Some(dir) => dir.join("config.toml"),
            None => opener.file().to_owned(),
        };
        let written = write_manual(&file)?;
        let config = Config::load(&file, std::env::vars()).map_err(Failure::Usage)?;
        let secret = config.site.secret_file.clone();
        let home = home(config).await?;
        home.db.close().await;
        printer.say(format!("{:<13} {}", if written { "written" } else { "kept" }, file.display()));
        printer.say(format!("{:<13} {}", "secret file", secret.display()));
        printer.say("The database is ready. Next: set your name, address and relay in the configuration, add a list, then `bulletin run`.");
        printer.object(&json!({ "config": file, "written": written }));
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the annotated configuration unless there is one; true when it was written.
fn write_manual(file: &Path) -> anyhow::Result<bool> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{}: the folder cannot be made", folder.display()))?;
    }
    let shown = file.display();
    match std::fs::File::create_new(file) {
        Ok(mut new) => {
            std::io::Write::write_all(&mut new, MANUAL.as_bytes())
                .with_context(|| format!("{shown}: cannot be written"))?;
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{shown}: cannot be written")),
    }
}
