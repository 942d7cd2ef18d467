//! A shell that keeps a server for the tests: it starts it, says `ready`, and waits until the pipe
//! that the test process holds is closed, which happens in whatever way that process ends, even by
//! SIGKILL. Then it stops the server and removes its folder. Statics are never dropped, so nothing
//! in this process could do that.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Its standard input is the pipe that keeps the server alive; dropped, it waits for the end.
pub(crate) struct Keeper(Child);

impl Keeper {
    /// Begins with `command`, which may change the user, and gives the paths to the script as `$1` and on.
    pub(crate) fn start(mut command: Command, server: &str, script: &str, paths: &[&Path]) -> Self {
        let mut child = command
            .args(["sh", "-c", script, &format!("{server}-keeper")])
            .args(paths)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the tests; the keeper sees their end.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut answer = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        if line != "ready\n" {
            answer.read_to_string(&mut line).unwrap();
            panic!("{server} did not start: {line}");
        }
        Self(child)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
