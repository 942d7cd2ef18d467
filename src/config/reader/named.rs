//! The tables whose names a person chose, and those that nobody knows.

use std::collections::BTreeMap;

use crate::config::document::{Node, Table, Value};
use crate::config::host;
use crate::config::near::near;
use crate::config::section::{Reader, Section, tables};

const TABLES: [&str; 17] = [
    "site",
    "sender",
    "operator",
    "database",
    "relay",
    "domain",
    "delivery",
    "dkim",
    "list",
    "digest",
    "coordinator",
    "reminder",
    "source",
    "picture",
    "brand",
    "discreet",
    "log",
];

/// The tables `[parent.NAME]`, in the order of their names.
pub(super) fn named<'a>(
    reader: &'a Reader,
    root: &mut Table,
    parent: &'static str,
    kind: &'static str,
) -> Vec<(String, Section<'a>)> {
    let entries = tables(reader, &format!("{parent}.NAME"), root.remove(parent));
    let section = |(name, node): (String, Node)| {
        let full = format!("{parent}.{name}");
        let place = node.place.clone();
        let table = tables(reader, &full, Some(node));
        let section = Section::new(reader, kind, full, place, table);
        if !host::is_slug(&name) {
            section.fault("is not a name; write a–z, 0–9 and hyphens, at most 63, no hyphen first");
        }
        (name, section)
    };
    entries.into_iter().map(section).collect()
}

/// Reads every table before any is missed.
pub(super) fn each<'a, T>(
    sections: Vec<(String, Section<'a>)>,
    mut read: impl FnMut(&str, Section<'a>) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let read: Vec<_> = sections
        .into_iter()
        .map(|(name, section)| read(&name, section).map(|value| (name, value)))
        .collect();
    read.into_iter().collect()
}

pub(super) fn unknown_tables(reader: &Reader, root: &Table) {
    for (name, node) in root {
        let remedy = near(name, &TABLES).map_or_else(
            || format!("the tables are {}", TABLES.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        let noun = match node.value {
            Value::Table(_) => "table",
            _ => "key",
        };
        let what = format!("{name} is not a {noun} of Bulletin; {remedy}");
        reader.problem(node.place.clone(), what);
    }
}
