//! Whatever is wrong with what we are given is told in a line: where, what, and what to write
//! instead; and nothing is half done. The database has no part in it, so one is enough.

use serde_json::Value;

use super::house::{Database, House, house};
use crate::support::program::Ran;

const GOOD: &str = "---\ntitle: Good\nkind: report\ndate: 2026-05-20\nsummary: S\n---\nBody.\n";

/// A post whose front matter goes wrong on one line.
fn post(title: &str, kind: &str, more: &str) -> String {
    format!("---\n{title}\n{kind}\ndate: 2026-05-20\nsummary: S\n{more}\n---\nBody.\n")
}

/// Failed with this code, nothing but JSON on stdout, and this on stderr.
fn told(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    for line in ran.stdout.lines() {
        let parsed: Result<Value, _> = serde_json::from_str(line);
        assert!(parsed.is_ok(), "not JSON: {line}");
    }
    for word in words {
        assert!(ran.stderr.contains(word), "no {word:?} in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_bad_post_is_refused_with_its_line_and_no_other_is_added_with_it() {
    let house = house(Database::Sqlite).open();
    house.write("good.md", GOOD);
    let (title, kind) = ("title: T", "kind: report");
    for (bad, line, rule, words) in [
        (post("title: \"T", kind, ""), 2, "bad-yaml", "in quotes"),
        (post(title, "kind: reprot", ""), 3, "unknown-kind", "write meeting-summary, report"),
        (post(title, kind, "lists: [metings]"), 6, "unknown-list", "perhaps \"meetings\""),
        (
            post(title, kind, "attachments: [agenda.pdf]"),
            6,
            "attachment-missing",
            "put the file beside the post",
        ),
        (
            post("title: \"T\\r\\nBcc: x@y.example\"", kind, ""),
            2,
            "line-break",
            "write it on one line",
        ),
        (post(title, kind, "colour: red"), 6, "unknown-key", "colour"),
    ] {
        house.write("bad.md", &bad);
        let people = house.program.run(&["post", "add", "good.md", "bad.md"]);
        assert_eq!(people.code, 1);
        let place = format!("bad.md:{line}: ");
        assert!(people.stdout.starts_with(&place), "{place}{}", people.stdout);
        assert!(people.stdout.contains(words), "{}", people.stdout);
        finding(&house, line, rule, words);
        assert!(house.program.json_lines(&["post", "list"]).is_empty());
    }
    house.must(&["post", "add", "good.md"]);
}

/// The same for scripts, in both commands that read posts.
fn finding(house: &House, line: u64, rule: &str, words: &str) {
    for arguments in
        [&["--json", "post", "add", "good.md", "bad.md"][..], &["--json", "check", "bad.md"]]
    {
        let ran = house.program.run(arguments);
        told(&ran, 1, &[]);
        let found: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&found["file"], &found["line"], &found["level"], &found["rule"]),
            (&"bad.md".into(), &line.into(), &"error".into(), &rule.into())
        );
        assert!(found["message"].as_str().unwrap().contains(words), "{found}");
    }
}

#[test]
fn a_post_that_is_not_there_is_named() {
    let house = house(Database::Sqlite).open();
    let ran = house.program.run(&["post", "add", "nothing.md"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("nothing.md: "), "{}", ran.stdout);
    let words = ["\"nothing\"", "bulletin post list"];
    told(&house.program.run(&["--json", "queue", "nothing"]), 1, &words);
}

#[test]
fn a_broken_row_is_set_aside_and_the_others_go_in() {
    let house = house(Database::Sqlite).open();
    house.write(
        "people.csv",
        "email,name,list\nok@readers.example,Ok,meetings\nbroken,B,meetings\n\
         x@readers.example,X,meetings,more\ny@readers.example,Y,metings\n\
         \"z@readers.example\",\"Z\nBcc: all\",meetings\n",
    );
    let ran =
        house.program.run(&["--json", "subscriber", "import", "people.csv", "--basis", "a test"]);
    let words = [
        "people.csv:3: \"broken\" is not an e-mail address",
        "people.csv:4: the row has 4 fields",
        "people.csv.refused.csv",
    ];
    told(&ran, 0, &words);
    let refused = std::fs::read_to_string(house.path("people.csv.refused.csv")).unwrap();
    let lines: Vec<_> =
        refused.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    let starts: Vec<_> = lines.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(starts, ["3", "4", "5", "6"], "{refused}");
    assert!(
        refused.contains("metings") && refused.contains("the lists are meetings, news, reports")
    );
    let [only] = house.program.json_lines(&["subscriber", "list"]).try_into().unwrap();
    assert_eq!(only["email"], "ok@readers.example");
}

/// What is typed, the exit code, and what must be said.
const WRONG: [(&str, i32, &str); 13] = [
    ("nonsense", 2, "nonsense"),
    ("subscriber add ann", 2, "is not an e-mail address: it has no @"),
    ("subscriber add a@b.example --list metings", 2, LISTS),
    (
        "subscriber add a@b.example --list meetings:wekly",
        2,
        "write immediate or the name of a digest (weekly)",
    ),
    ("subscriber import none.csv --basis b", 1, "none.csv: the file cannot be read"),
    ("subscriber import none.csv", 2, "--basis"),
    ("queue good --at soonish", 2, "--at: \"soonish\" is not a time; write now"),
    ("queue good --expires +1parsec", 2, "--expires: \"1parsec\" is not a duration"),
    ("queue good --list metings", 1, LISTS),
    ("campaign show 99", 1, "there is no campaign 99; `bulletin campaign list` shows them"),
    ("delivery list --state sent", 2, "write one of queued, sending"),
    ("digest run wekly", 1, "the digests are weekly"),
    ("relay pause other", 1, "the relays are main"),
];
const LISTS: &str = "the lists are meetings, news, reports";

#[test]
fn wrong_words_on_the_command_line_are_usage_and_wrong_things_are_failures() {
    let house = house(Database::Sqlite).open();
    house.write("good.md", GOOD);
    house.must(&["post", "add", "good.md"]);
    for (line, code, words) in WRONG {
        let arguments: Vec<_> = ["--json"].into_iter().chain(line.split(' ')).collect();
        told(&house.program.run(&arguments), code, &[words]);
    }
    for noun in ["subscriber", "campaign"] {
        assert!(house.program.json_lines(&[noun, "list"]).is_empty());
    }
}

#[test]
fn a_line_break_is_refused_at_the_edge() {
    let house = house(Database::Sqlite).open();
    let add = ["--json", "subscriber", "add"];
    for (arguments, words) in [
        (&["a@b.example\r\nBcc: x@y.example"][..], "is not an e-mail address"),
        (&["a@b.example", "--name", "A\r\nBcc: x@y.example"], "line"),
    ] {
        told(&house.program.run(&[&add, arguments].concat()), 2, &[words]);
    }
    assert!(house.program.json_lines(&["subscriber", "list"]).is_empty());
}

#[test]
fn a_wrong_configuration_is_told_with_its_line_and_nothing_is_made() {
    let house = house(Database::Sqlite).open();
    for (config, words) in [
        (
            "[site]\nnam = \"x\"\n",
            "bad.toml:2: site.nam is not a key of Bulletin; did you mean name?",
        ),
        ("sitee = 1\n", "bad.toml:1: sitee is not a key of Bulletin; did you mean site?"),
        ("[site\n", "bad.toml:1: not valid TOML"),
        (
            "[delivery]\nwindow = \"many\"\n",
            "bad.toml:2: delivery.window = \"many\" is not a number from 1 to 10000",
        ),
        (
            "[delivery]\nwindow = 0\n",
            "bad.toml:2: delivery.window = 0 is not a number from 1 to 10000",
        ),
        ("[digest.weekly]\ncron = \"0 8 * * Mun\"\n", "bad.toml:2: "),
        (
            "[relay.main]\nhost = \"mail.example.org\"\ntls = \"none\"\n",
            "bad.toml:3: relay.main.tls",
        ),
    ] {
        let config = format!("{config}[database]\nurl = \"sqlite:bad.db\"\n");
        house.write("bad.toml", &config);
        let run = |command| house.program.run(&["--config", "bad.toml", "--json", command]);
        for command in ["status", "run"] {
            let ran = run(command);
            told(&ran, 2, &[words]);
            assert_eq!(ran.stdout, "");
        }
        assert!(!house.path("bad.db").exists());
    }
    let ran = house.program.run(&["--config", "none.toml", "--json", "status"]);
    told(&ran, 2, &["none.toml: there is no configuration; `bulletin init` writes one"]);
}

#[test]
fn a_lost_secret_file_is_not_replaced_in_silence() {
    let house = house(Database::Sqlite).open();
    house.subscriber("ann@readers.example", &["meetings"]);
    std::fs::remove_file(house.path("bulletin.secret")).unwrap();
    let ran = house.program.run(&["subscriber", "list"]);
    told(&ran, 2, &["bulletin.secret", "restore"]);
}

#[test]
fn a_slip_in_a_lists_name_does_not_pass_for_a_no() {
    let house = house(Database::Sqlite).open();
    house.subscriber("ann@readers.example", &["meetings"]);
    let ran = house.program.run(&[
        "subscriber",
        "unsubscribe",
        "ann@readers.example",
        "--list",
        "meetngs",
    ]);
    told(&ran, 2, &["\"meetngs\" is not a list", "meetings"]);
}

#[test]
fn a_demo_leaves_a_folder_of_somebodys_alone() {
    let house = house(Database::Sqlite).open();
    let before = std::fs::read(house.path("config.toml")).unwrap();
    let folder = house.path("");
    let ran = house.program.run(&["demo", "--once", "--dir", folder.to_str().unwrap()]);
    told(&ran, 2, &["is not empty"]);
    assert_eq!(std::fs::read(house.path("config.toml")).unwrap(), before);
}

#[test]
fn what_is_past_cannot_be_queued() {
    let house = house(Database::Sqlite).open();
    house.post("hello", "announcement", &["news"]);
    let ran = house.program.run(&["queue", "hello", "--at", "2020-01-01 09:00"]);
    told(&ran, 2, &["--at", "is past"]);
}
