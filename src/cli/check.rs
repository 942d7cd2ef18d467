//! `bulletin check`: what is wrong with a post, before anybody queues it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::open::{Failure, Opener};
use super::print::Printer;
use crate::config::Config;
use crate::post::Finding;
use crate::post::read::{Source, folder, read};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bulletin check posts/*.md")]
pub(super) struct Check {
    /// Posts, or folders of posts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(self, opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
        let config = opener.config()?;
        let files = posts(&self.files)?;
        let findings: Vec<Finding> =
            files.iter().filter_map(|file| source(file, &config).err()).flatten().collect();
        show(&findings, printer);
        if findings.is_empty() {
            printer.say(format!("{} checked, nothing to mend", count(files.len(), "post")));
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ExitCode::FAILURE)
    }
}

/// The files named, and those in the folders named.
pub(super) fn posts(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            files.extend(folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

pub(super) fn source(file: &std::path::Path, config: &Config) -> Result<Source, Vec<Finding>> {
    let lists: Vec<&str> = config.list.keys().map(String::as_str).collect();
    read(file, &lists, &config.picture)
}

pub(super) fn show(findings: &[Finding], printer: Printer) {
    for finding in findings {
        printer.say(finding.to_string());
        printer.object(&json!(finding));
    }
}

/// "1 post", "2 posts"
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
