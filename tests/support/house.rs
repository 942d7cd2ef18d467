//! A house to tell a story in: a folder with a configuration, a database of its own, and the program.
//!
//! What always holds: whenever a campaign is looked at, the counts of all its states add up to its
//! audience; and whatever the program said with `-v`, no reader's address and no key was in it.

pub(crate) mod coordinator;
mod plan;
mod record;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tempfile::TempDir;

pub(crate) use plan::{Database, Plan, house};
pub(crate) use record::Row;
pub(crate) use watch::{accepted, finished, keys, named, recipients, until};

use super::mail::{Mail, raw_in_folder};
use crate::support::program::{Program, Ran, Running};

/// Every reader lives here, so that a log can be searched for them.
pub(crate) const READERS: &str = "readers.example";
pub(crate) const PASSWORD: &str = "correct-horse-battery";
/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

const STATES: [&str; 9] = [
    "queued",
    "sending",
    "accepted",
    "deferred",
    "in_doubt",
    "failed",
    "expired",
    "suppressed",
    "cancelled",
];

pub(crate) struct House {
    folder: TempDir,
    /// The database's address, as the configuration has it.
    url: String,
    pub(crate) program: Program,
}

impl House {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Where its database is, for whoever looks into it beside the program.
    pub(crate) fn database_url(&self) -> String {
        let config = std::fs::read_to_string(self.path("config.toml")).unwrap();
        let url = config.split('"').nth(1).unwrap();
        match url.strip_prefix("sqlite:") {
            Some(file) => format!("sqlite:{}", self.path(file).display()),
            None => url.to_owned(),
        }
    }

    /// Runs a command that must succeed.
    pub(crate) fn must(&self, arguments: &[&str]) -> Ran {
        let ran = self.program.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Subscribes somebody, to one list or several: `meetings`, `reports:weekly`.
    pub(crate) fn subscriber(&self, email: &str, lists: &[&str]) {
        let mut arguments = vec!["subscriber", "add", email, "--confirmed"];
        for list in lists {
            arguments.extend(["--list", list]);
        }
        self.must(&arguments);
    }

    /// Subscribes many to a list at once.
    pub(crate) fn readers(&self, count: usize, list: &str) -> Vec<String> {
        let emails: Vec<_> =
            (1..=count).map(|number| format!("reader-{number:04}@{READERS}")).collect();
        self.write("people.csv", &format!("email\n{}\n", emails.join("\n")));
        self.must(&["subscriber", "import", "people.csv", "--basis", "a test", "--list", list]);
        emails
    }

    /// Adds a post whose title is its slug; with no lists it goes to those that take its kind.
    pub(crate) fn post(&self, slug: &str, kind: &str, lists: &[&str]) {
        self.post_with(slug, kind, lists, "");
    }

    /// With one more line in its front matter.
    pub(crate) fn post_with(&self, slug: &str, kind: &str, lists: &[&str], line: &str) {
        let lists = if lists.is_empty() {
            String::new()
        } else {
            format!("lists: [{}]\n", lists.join(", "))
        };
        let file = format!("{slug}.md");
        self.write(
            &file,
            &format!("---\ntitle: {slug}\nkind: {kind}\ndate: 2026-05-20\n{lists}summary: About {slug}.\n{line}\n---\nAll about {slug}.\n"),
        );
        self.must(&["post", "add", &file]);
    }

    /// Queues a post for now; the campaign's id.
    pub(crate) fn queue(&self, slug: &str) -> i64 {
        self.program.json(&["queue", slug])["campaign"].as_i64().unwrap()
    }

    /// Does all that is due.
    pub(crate) fn send(&self) {
        let ran = self.must(&["-v", "run", "--until-idle"]);
        self.check_log(&ran.stderr);
    }

    /// Starts the daemon and waits until it works.
    pub(crate) fn daemon(&self) -> Running {
        let running = self.program.start(&["-v", "run"]);
        running.wait_for_line("running", PATIENCE);
        running
    }

    /// A campaign as it stands; its counts add up.
    pub(crate) fn campaign(&self, id: i64) -> Value {
        let shown = self.program.json(&["campaign", "show", id.to_string().as_str()]);
        let counts = shown["counts"].as_object().unwrap();
        let states: Vec<_> = counts.keys().map(String::as_str).collect();
        assert_eq!(states, STATES);
        let sum: i64 = counts.values().map(|count| count.as_i64().unwrap()).sum();
        // until it is frozen the audience is a forecast
        if shown["state"] != "scheduled" && shown["state"] != "awaiting_approval" {
            assert_eq!(shown["audience"], sum, "{shown}");
        }
        shown
    }

    /// How many are in which state, without the states that nobody is in.
    pub(crate) fn counts(&self, id: i64) -> Value {
        let shown = self.campaign(id);
        let counts = shown["counts"].as_object().unwrap().iter();
        let some = counts.filter(|(_, count)| **count != 0);
        Value::Object(
            some.map(|(state, count)| (state.clone(), count.clone())).collect::<Map<_, _>>(),
        )
    }

    /// It ended, with everybody in exactly these states.
    pub(crate) fn ended(&self, id: i64, counts: &Value) {
        assert_eq!(self.counts(id), *counts);
        assert_eq!(self.campaign(id)["state"], "finished");
    }

    pub(crate) fn has_ended(&self, id: i64) -> bool {
        self.campaign(id)["state"] == "finished"
    }

    pub(crate) fn deliveries(&self, id: i64) -> Vec<Value> {
        self.program.json_lines(&["delivery", "list", "--campaign", id.to_string().as_str()])
    }

    /// The one delivery of a campaign to this person.
    pub(crate) fn delivery(&self, id: i64, email: &str) -> Value {
        let mut all = self.deliveries(id);
        all.retain(|delivery| delivery["email"] == email);
        assert_eq!(all.len(), 1, "{email}: {all:?}");
        all.remove(0)
    }

    /// How often a person was tried; nothing before the audience is frozen.
    pub(crate) fn attempts(&self, id: i64, email: &str) -> i64 {
        let all = self.deliveries(id);
        let theirs = all.iter().find(|delivery| delivery["email"] == email);
        theirs.map_or(0, |delivery| delivery["attempts"].as_i64().unwrap())
    }

    /// Every try of a delivery, the oldest first.
    pub(crate) fn tries(&self, delivery: &Value) -> Vec<Value> {
        let shown = self.program.json(&["delivery", "show", delivery["id"].to_string().as_str()]);
        shown["tries"].as_array().unwrap().clone()
    }

    /// What the folder relay has written.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        Mail::in_folder(&self.path("outbox"))
    }

    /// The same, octet for octet.
    pub(crate) fn raw_mails(&self) -> Vec<Vec<u8>> {
        raw_in_folder(&self.path("outbox"))
    }

    fn check_log(&self, log: &str) {
        assert!(!log.contains(READERS), "a reader's address is in: {log}");
        assert!(!log.contains('\u{1b}'), "colours are for terminals: {log}");
        let secrets = std::fs::read_to_string(self.path("bulletin.secret")).unwrap();
        let secrets = secrets.split('"').skip(1).step_by(2).chain([PASSWORD]);
        for secret in secrets {
            assert!(!log.contains(secret), "a key is in: {log}");
        }
    }

    /// What every daemon of this house has said.
    pub(crate) fn logs(&self) -> Vec<String> {
        let files = self.folder.path().read_dir().unwrap();
        files
            .map(|entry| entry.unwrap().path())
            .filter(|file| file.extension().is_some_and(|it| it == "log"))
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.logs().iter().for_each(|log| self.check_log(log));
        }
    }
}
