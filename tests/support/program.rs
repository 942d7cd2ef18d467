//! The built program, run in a folder as a person or a service manager would run it.

pub(crate) mod tests;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

/// Longer than any test waits when all is well.
const PATIENCE: Duration = Duration::from_mins(3);

/// `bulletin` in a folder with its `config.toml`.
#[derive(Clone)]
pub(crate) struct Program {
    binary: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a run ended. A signal counts as 128 and its number, as in a shell.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            binary: env!("CARGO_BIN_EXE_bulletin").into(),
            folder: folder.into(),
            environment: Vec::new(),
        }
    }

    /// Sets a variable for every command; those of whoever runs the tests do not count.
    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Takes a variable away that was set.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: code(output.status),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command answers with `--json`.
    pub(crate) fn json<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Value {
        let stdout = self.run_json(arguments);
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    /// What a command answers with `--json` where it lists one object a line.
    pub(crate) fn json_lines<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Vec<Value> {
        let stdout = self.run_json(arguments);
        let lines = stdout.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    fn run_json<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let mut with_json = vec![OsStr::new("--json")];
        with_json.extend(arguments.iter().map(AsRef::as_ref));
        let ran = self.run(&with_json);
        assert_eq!(ran.code, 0, "{with_json:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Starts it and comes back at once.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Running {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = self.command(arguments);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.process_group(0).spawn().unwrap();
        // The command holds the pipe's other end: without it the reader sees the child's end.
        drop(command);
        Running { child, said: Said::listen(reader, log_file(&self.folder)) }
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BULLETIN_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Kept in the folder, so that a person can read what a failed test's program said.
fn log_file(folder: &Path) -> File {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    File::create(folder.join(format!("program-{number}.log"))).unwrap()
}

fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap()
}

/// A program at work; killed with its children when dropped.
pub(crate) struct Running {
    child: Child,
    said: Arc<Said>,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line so far or to come, on stdout or stderr, that contains `pattern`.
    pub(crate) fn wait_for_line(&self, pattern: &str, timeout: Duration) -> String {
        self.said
            .wait(timeout, |lines| lines.iter().find(|line| line.contains(pattern)).cloned())
            .unwrap_or_else(|said| {
                panic!("no line with {pattern:?} within {timeout:?} in:\n{said}")
            })
    }

    /// SIGTERM, as a service manager sends it; the exit code.
    pub(crate) fn terminate(&mut self) -> i32 {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// SIGINT, as Ctrl-C sends it; the exit code.
    pub(crate) fn interrupt(&mut self) -> i32 {
        self.signal(Signal::SIGINT);
        self.wait()
    }

    /// SIGKILL, as a crash or the kernel's memory killer would.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.wait();
    }

    /// SIGSTOP: it stands still, as in a machine that is suspended, until it goes on.
    pub(crate) fn stop(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT, after [`stop`](Self::stop).
    pub(crate) fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// How many lines so far contain `pattern`.
    pub(crate) fn said(&self, pattern: &str) -> usize {
        self.said.state.lock().unwrap().0.iter().filter(|line| line.contains(pattern)).count()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.said.state.lock().unwrap().1
    }

    /// Waits until it ends by itself; the exit code.
    pub(crate) fn wait(&mut self) -> i32 {
        self.said.wait_for_end();
        code(self.child.wait().unwrap())
    }

    /// To the whole group, which has the child's number. One that has ended is no error.
    fn signal(&self, signal: Signal) {
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A number that has been waited for may belong to somebody else by now.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGKILL);
            drop(self.child.wait());
        }
    }
}

/// What the program has said, line by line, and whether there is more to come.
#[derive(Default)]
struct Said {
    state: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

impl Said {
    fn listen(from: PipeReader, mut log: File) -> Arc<Self> {
        let said = Arc::new(Self::default());
        let mine = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                drop(writeln!(log, "{line}"));
                mine.state.lock().unwrap().0.push(line);
                mine.changed.notify_all();
            }
            mine.state.lock().unwrap().1 = true;
            mine.changed.notify_all();
        });
        said
    }

    /// Waits until `find` finds something; else all that was said.
    fn wait(
        &self,
        timeout: Duration,
        find: impl Fn(&[String]) -> Option<String>,
    ) -> Result<String, String> {
        let state = self.state.lock().unwrap();
        let waiting = |(lines, ended): &mut (Vec<String>, bool)| find(lines).is_none() && !*ended;
        let (state, _) = self.changed.wait_timeout_while(state, timeout, waiting).unwrap();
        find(&state.0).ok_or_else(|| state.0.join("\n"))
    }

    fn wait_for_end(&self) {
        let state = self.state.lock().unwrap();
        let (state, timeout) =
            self.changed.wait_timeout_while(state, PATIENCE, |(_, ended)| !*ended).unwrap();
        assert!(!timeout.timed_out(), "no end within {PATIENCE:?}:\n{}", state.0.join("\n"));
    }
}
