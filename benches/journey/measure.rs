//! What a command costs: CPU time and peak memory of it and of whatever it started.
//!
//! The kernel tells that about all children of a process together. So the command runs under a small
//! process of its own, this same program started again, which says what its one child used.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Cost {
    /// User and system time, in microseconds.
    pub(crate) cpu: i64,
    /// The largest resident set, in KB.
    pub(crate) memory: i64,
}

/// The word that makes this program the small process.
pub(crate) const WORD: &str = "--measure";

/// Runs a command to its end; one that fails is an error.
pub(crate) fn run<A: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: &[A],
) -> anyhow::Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .args([WORD, program])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim_end();
    if !output.status.success() {
        let words: Vec<_> = arguments.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        bail!("{program} {}: {}\n{said}", words.join(" "), output.status);
    }
    let last = said.lines().next_back().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{program}: no measurement in {last:?}"))
}

/// The small process: the command's cost is the last line on stderr, its exit code is ours.
pub(crate) fn report(mut words: impl Iterator<Item = String>) -> anyhow::Result<ExitCode> {
    let program = words.next().context("which program?")?;
    let status = Command::new(&program).args(words).status().with_context(|| program.clone())?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cost = Cost {
        cpu: usage.user_time().num_microseconds() + usage.system_time().num_microseconds(),
        memory: usage.max_rss(),
    };
    eprintln!("{}", serde_json::to_string(&cost)?);
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
