//! Holds the source tree to its design: which stage may know which, and how big a piece may be.
//!
//! Only what ships is read: comments, strings and test modules are blanked out beforehand. A rule is a
//! function from one [`Source`] to the places that break it.

mod fail_points;
#[expect(clippy::unwrap_used, reason = "an unreadable source fails the test")]
mod source;
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use source::Source;

/// Know nothing of the journey; anything may use them.
const LEAVES: [&str; 12] = [
    "address", "clock", "config", "fault", "id", "key", "line", "log", "metric", "octets",
    "secret", "token",
];

/// Each stage and the stages that it may use, in the order of the journey: arrows point backwards only.
const ARROWS: [(&str, &[&str]); 15] = [
    ("lib", &[]),
    ("main", &["cli"]),
    ("db", &[]),
    ("post", &["db"]),
    ("audience", &["db"]),
    ("source", &["db", "post"]),
    ("campaign", &["db", "post", "audience"]),
    ("message", &["db", "post", "audience", "campaign"]),
    ("transport", &[]),
    ("delivery", &["db", "post", "audience", "campaign", "message", "transport"]),
    ("receipt", &["db", "post", "audience", "campaign", "message", "delivery"]),
    ("alert", &["db", "audience", "source", "campaign", "message", "transport", "delivery"]),
    (
        "web",
        &[
            "db", "post", "audience", "source", "campaign", "message", "delivery", "receipt",
            "alert",
        ],
    ),
    (
        "daemon",
        &[
            "db",
            "post",
            "audience",
            "source",
            "campaign",
            "message",
            "transport",
            "delivery",
            "receipt",
            "alert",
            "web",
        ],
    ),
    (
        "cli",
        &[
            "db",
            "post",
            "audience",
            "source",
            "campaign",
            "message",
            "transport",
            "delivery",
            "receipt",
            "alert",
            "web",
            "daemon",
        ],
    ),
];

/// What is asked of the outside world, and the only places that ask. `store` stands for every stage's SQL.
const DOORS: [(&str, &[&str]); 20] = [
    ("sqlx", &["db", "store"]),
    ("lettre", &["address", "transport", "message"]),
    ("aws_lc_rs", &["key", "message", "transport"]),
    ("image", &["post"]),
    ("png", &["post"]),
    ("axum", &["web"]),
    ("tower_http", &["web"]),
    ("clap", &["cli", "main"]),
    ("feed_rs", &["source"]),
    ("ammonia", &["source"]),
    ("html5ever", &["source"]),
    ("hyper", &["source"]),
    ("flate2", &["source"]),
    ("prometheus_client", &["metric"]),
    ("SystemTime::now", &["clock"]),
    ("Utc::now", &["clock"]),
    ("Local::now", &["clock"]),
    ("getrandom", &["id", "token"]),
    ("rand", &["id", "token"]),
    ("rustix", &["alert"]),
];

const UNFINISHED: [&str; 4] = ["TODO", "FIXME", "unimplemented!", "todo!"];

const FILE_LINES: usize = 400;
const FILE_LINES_MEDIAN: usize = 120;
const FILE_LINES_95TH_PERCENTILE: usize = 300;
const FUNCTION_LINES: usize = 70;
const FUNCTION_LINES_MEDIAN: usize = 10;
const FUNCTION_LINES_95TH_PERCENTILE: usize = 45;

#[test]
fn arrows_between_the_stages_point_one_way() {
    hold(against_the_arrows);
}

#[test]
fn each_library_is_used_behind_its_own_door_only() {
    hold(beside_the_doors);
}

#[test]
fn no_file_and_no_function_is_too_big() {
    hold(too_big);
}

#[test]
fn most_files_are_small() {
    let sizes = sources().iter().map(Source::lines).collect();
    spread("file", sizes, FILE_LINES_MEDIAN, FILE_LINES_95TH_PERCENTILE);
}

#[test]
fn most_functions_are_small() {
    let sizes =
        sources().iter().flat_map(Source::functions).map(|function| function.lines).collect();
    spread("function", sizes, FUNCTION_LINES_MEDIAN, FUNCTION_LINES_95TH_PERCENTILE);
}

fn spread(what: &str, mut sizes: Vec<usize>, median: usize, percentile: usize) {
    sizes.sort_unstable();
    let at = |percent: usize| sizes[(sizes.len() - 1) * percent / 100];
    assert!(at(50) <= median, "the median {what} has {} lines", at(50));
    assert!(at(95) <= percentile, "the 95th percentile of a {what} is {} lines", at(95));
}

#[test]
fn nothing_is_left_for_later() {
    hold(unfinished);
}

#[test]
fn every_stage_opens_with_its_manual_page() {
    hold(without_header);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| -> BTreeSet<_> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|entry| entry.file_name()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

fn hold(rule: fn(&Source) -> Vec<String>) {
    let broken: Vec<_> = sources().iter().flat_map(rule).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn sources() -> Vec<Source> {
    source::under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn against_the_arrows(source: &Source) -> Vec<String> {
    let from = source.stage();
    let Some((_, allowed)) = ARROWS.iter().find(|(stage, _)| *stage == from) else {
        let rule = format!("{from} is neither a leaf nor a stage of tests/it/architecture.rs");
        return if LEAVES.contains(&from) {
            arrows_out(source, &[])
        } else {
            vec![source.at(1, &rule)]
        };
    };
    arrows_out(source, allowed)
}

fn arrows_out(source: &Source, allowed: &[&str]) -> Vec<String> {
    let from = source.stage();
    // Leaves are open to all; `super::` in a module within a file may name anything.
    let stages = ARROWS.map(|(stage, _)| stage);
    let closed = |to: &str| to != from && stages.contains(&to) && !allowed.contains(&to);
    let uses = source.uses().into_iter().filter(|(_, to)| closed(to));
    uses.map(|(line, to)| source.at(line, &format!("{from} may not use {to}"))).collect()
}

fn beside_the_doors(source: &Source) -> Vec<String> {
    let here =
        |place: &&str| **place == *source.stage() || (**place == *"store" && source.is_store());
    let closed = DOORS.iter().filter(|(_, places)| !places.iter().any(here));
    closed
        .flat_map(|(name, places)| {
            let rule = format!("{name} only in {}", places.join(", "));
            let lines = source.mentions(name).into_iter();
            lines.map(move |line| source.at(line, &rule)).collect::<Vec<_>>()
        })
        .collect()
}

fn too_big(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    if source.lines() > FILE_LINES {
        let rule = format!("{} lines; at most {FILE_LINES} without tests", source.lines());
        broken.push(source.at(1, &rule));
    }
    for function in source.functions() {
        if function.lines > FUNCTION_LINES {
            let rule =
                format!("{} has {} lines; at most {FUNCTION_LINES}", function.name, function.lines);
            broken.push(source.at(function.line, &rule));
        }
    }
    broken
}

fn unfinished(source: &Source) -> Vec<String> {
    let lines = source.text.lines().zip(1..);
    lines
        .filter_map(|(text, line)| {
            let word = UNFINISHED.iter().find(|word| text.contains(**word))?;
            Some(source.at(line, &format!("{word}: finish it or leave it out")))
        })
        .collect()
}

fn without_header(source: &Source) -> Vec<String> {
    if source.path.ends_with("/mod.rs") && !source.text.starts_with("//!") {
        return vec![source.at(1, "a stage opens with its manual page, `//! …`")];
    }
    Vec::new()
}
