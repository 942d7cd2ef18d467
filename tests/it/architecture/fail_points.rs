//! No fail point vanishes, moves away unseen, or is passed under a name that nobody lists.

use std::collections::BTreeSet;

use bulletin::fault::all;

use super::{Source, sources};

#[test]
fn each_fail_point_is_passed_where_it_is_listed_and_nowhere_else() {
    let passed: BTreeSet<_> = sources().iter().flat_map(passings).collect();
    let mut wrong = Vec::new();
    for (name, path) in &passed {
        match all().find(|point| point.name == name) {
            None => wrong.push(format!("{path}: {name} is not listed in src/fault.rs")),
            Some(point) if !path.starts_with(point.place) => {
                wrong.push(format!("{path}: {name} belongs to {}", point.place));
            }
            Some(_) => {}
        }
    }
    for point in all() {
        if !passed.iter().any(|(name, path)| name == point.name && path.starts_with(point.place)) {
            wrong.push(format!("{}: nothing passes {}", point.place, point.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_manual_page_of_the_fail_points_lists_them_all() {
    let sources = sources();
    let page = &sources.iter().find(|source| source.path == "src/fault.rs").unwrap().text;
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let names: Vec<_> = rows.filter_map(|row| Some(row.split_once('`')?.0)).collect();
    assert_eq!(names, all().map(|point| point.name).collect::<Vec<_>>());
}

/// The names that a source passes, each with the source's path.
fn passings(source: &Source) -> Vec<(String, String)> {
    let calls = source.text.split("fault::point(\"").skip(1);
    let names = calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
    names.map(|name| (name, source.path.clone())).collect()
}
