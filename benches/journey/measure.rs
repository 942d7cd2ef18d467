//! What a command costs: CPU time and peak memory of it and of whatever it started.
//!
//! The kernel tells that about all children of a process together. So the command runs under a small
//! process of its own, this same program started again, which says what its one child used. That
//! process also sees to it that nothing goes on when the bench ends, in whatever way it does.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Cost {
    /// User and system time, in microseconds.
    pub(crate) cpu: i64,
    /// The largest resident set, in KiB.
    pub(crate) memory: i64,
}

/// A command that came to its end.
pub(crate) struct Done {
    pub(crate) cost: Cost,
    /// On standard output.
    pub(crate) said: String,
}

/// The word that makes this program the small process.
pub(crate) const WORD: &str = "--measure";

/// Runs a command to its end; one that fails is an error.
pub(crate) fn run<A: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: &[A],
) -> anyhow::Result<Done> {
    Running::start(folder, program, arguments)?.finish()
}

/// A command under way; dropped before its end, it is killed.
pub(crate) struct Running {
    line: String,
    keeper: Option<Child>,
    /// The pipe that keeps it alive.
    alive: Option<ChildStdin>,
}

impl Running {
    pub(crate) fn start<A: AsRef<OsStr>>(
        folder: &Path,
        program: &str,
        arguments: &[A],
    ) -> anyhow::Result<Self> {
        let words = arguments.iter().map(|word| word.as_ref().to_string_lossy());
        let line = format!("{program} {}", words.collect::<Vec<_>>().join(" "));
        let mut keeper = Command::new(std::env::current_exe()?)
            .args([WORD, program])
            .args(arguments)
            .current_dir(folder)
            // Ctrl-C is for the bench; the keeper sees its end
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| line.clone())?;
        let alive = keeper.stdin.take();
        Ok(Self { line, keeper: Some(keeper), alive })
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<Done> {
        let keeper = self.keeper.take().context("it has ended before")?;
        let output = keeper.wait_with_output()?;
        let line = &self.line;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim_end();
        ensure!(output.status.success(), "{line}: {}\n{said}", output.status);
        let last = said.lines().next_back().unwrap_or_default();
        let cost = serde_json::from_str(last);
        let cost = cost.with_context(|| format!("{line}: no measurement in {last:?}"))?;
        Ok(Done { cost, said: String::from_utf8_lossy(&output.stdout).into_owned() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(mut keeper) = self.keeper.take() {
            let _ = keeper.wait();
        }
    }
}

/// The small process: the command's cost is the last line on stderr, its exit code is ours.
pub(crate) fn report(mut words: impl Iterator<Item = String>) -> anyhow::Result<ExitCode> {
    let program = words.next().context("which program?")?;
    let command = Command::new(&program).args(words).stdin(Stdio::null()).spawn();
    let mut command = command.with_context(|| program.clone())?;
    std::thread::spawn(end_with_the_bench);
    let status = command.wait()?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cost = Cost {
        cpu: usage.user_time().num_microseconds() + usage.system_time().num_microseconds(),
        memory: usage.max_rss(),
    };
    eprintln!("{}", serde_json::to_string(&cost)?);
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// When the pipe is closed: kills our own process group, which is the command, what it started, and us.
fn end_with_the_bench() {
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ = kill(Pid::from_raw(0), Signal::SIGKILL);
}
