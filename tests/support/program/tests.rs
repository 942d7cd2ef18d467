//! A script stands in for the program.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn script(text: &str) -> (Program, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("program");
    std::fs::write(&binary, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = Program { binary, ..Program::new(folder.path()) };
    (program, folder)
}

#[test]
fn a_run_tells_both_streams_and_the_code_apart() {
    let (program, _folder) = script("echo \"to $1\"; echo no >&2; exit 3");
    let ran = program.run(&["stdout"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (3, "to stdout\n", "no\n"));
}

#[test]
fn a_variable_is_set_for_the_program_only() {
    let (program, _folder) = script("echo \"$BULLETIN__RELAY__MAIN__HOST\"");
    let program = program.with_env("BULLETIN__RELAY__MAIN__HOST", "localhost");
    assert_eq!(program.run(&["status"]).stdout, "localhost\n");
}

#[test]
fn json_is_asked_for_and_read() {
    let (program, _folder) = script(r#"echo "{\"first\":\"$1\",\"second\":\"$2\"}"; echo 7"#);
    let expected = [json!({"first": "--json", "second": "status"}), json!(7)];
    assert_eq!(program.json_lines(&["status"]), expected);
    let (program, _folder) = script("echo '{\"id\": 1}'");
    assert_eq!(program.json(&["campaign", "show", "1"]), json!({"id": 1}));
}

#[test]
fn sigterm_lets_it_end_in_its_own_way() {
    let (program, folder) =
        script("trap 'echo drained; exit 5' TERM; echo started >&2; while :; do sleep 0.05; done");
    let mut running = program.start(&["run"]);
    assert_eq!(running.wait_for_line("start", PATIENCE), "started");
    assert_eq!(running.terminate(), 5);
    assert_eq!(running.wait_for_line("drained", PATIENCE), "drained");
    let logs = std::fs::read_dir(folder.path()).unwrap();
    assert!(logs.flatten().any(|entry| entry.path().extension().is_some_and(|it| it == "log")));
}

#[test]
fn sigkill_ends_its_children_too() {
    let (program, _folder) = script("sleep 1000 & echo \"child $!\"; wait");
    let mut running = program.start(&["run"]);
    let line = running.wait_for_line("child", PATIENCE);
    running.kill();
    assert_eq!(command_line(line.trim_start_matches("child ")), "");
}

/// Empty once the process has ended, also where nobody has reaped it yet.
pub(crate) fn command_line(process: &str) -> String {
    let file = Path::new("/proc").join(process).join("cmdline");
    std::fs::read(file)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
