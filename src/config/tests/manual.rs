//! `config.toml`, the manual, and the reader say the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::load;
use crate::config::section::Reader;
use crate::config::{Config, Kind, MANUAL, document, reader};

/// Table, key, the default that is told, and the line that sets it.
type Setting = (String, String, Option<String>, String);

/// The settings of the manual, also those that are switched off.
fn manual() -> Vec<Setting> {
    let (mut table, mut told, mut settings) = (String::new(), None, Vec::new());
    for line in MANUAL.lines() {
        let setting = line.strip_prefix('#').unwrap_or(line);
        if let Some(default) = setting.strip_prefix(" Default: ") {
            told = Some(default.to_owned());
        } else if setting == " Required." {
            told = Some("required".to_owned());
        } else if setting.starts_with('[') {
            table = setting.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = setting.split_once(" = ")
            && !setting.starts_with(' ')
        {
            settings.push((table.clone(), key.to_owned(), told.take(), setting.to_owned()));
        }
    }
    settings
}

/// A default as the reader has it: the text of a variable.
fn as_variable(told: &str) -> String {
    let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
    match told.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(items) => items.split(',').map(unquoted).collect::<Vec<_>>().join(", "),
        None if told.matches('"').count() == 2 => unquoted(told),
        None => told.to_owned(),
    }
}

#[test]
fn the_manual_tells_every_key_with_its_default_and_no_other() {
    let mut told = BTreeMap::new();
    for (table, key, default, _) in manual() {
        let table = match table.split_once('.') {
            Some((parent, _)) => format!("{parent}.NAME"),
            None => table,
        };
        if let Some(default) = default {
            told.insert((table, key), as_variable(&default));
        } else {
            assert!(told.contains_key(&(table, key.clone())), "{key} has no default");
        }
    }
    let text = "[relay.a]\nhost = \"localhost\"\n[relay.b]\n[list.a]\nname = \"A\"\n\
                [dkim.a]\n[domain.a]\n[digest.a]\ncron = \"@daily\"\n[coordinator.a]\n[source.a]\nkind = \"folder\"\npath = \"p\"\n\
                [source.b]\nkind = \"feed\"\nurl = \"https://example.org\"";
    let reader = Reader::new(PathBuf::from("/"));
    // every key is asked for, also where a required one is missing
    let _ = reader::config(&reader, &mut document::parse(text).unwrap());
    let known: BTreeMap<_, _> = reader
        .keys
        .into_inner()
        .into_iter()
        .map(|((table, key), default)| ((table.to_owned(), key.to_owned()), default))
        .collect();
    assert_eq!(told, known);
    assert!(MANUAL.contains("BULLETIN__RELAY__MAIN__PASSWORD"));
}

#[test]
fn the_manual_as_it_stands_sets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, MANUAL).unwrap();
    let config = Config::load(&path, std::iter::empty()).unwrap();
    let defaults = Config::default_in(folder.path());
    assert_eq!(format!("{config:#?}"), format!("{defaults:#?}"));
    // the URL is a secret, which Debug does not show
    assert_eq!(config.database.url.reveal(), defaults.database.url.reveal());
}

#[test]
fn a_default_that_is_switched_on_changes_nothing() {
    let mut text = String::new();
    for (table, _, told, setting) in manual() {
        let value = setting.split_once(" = ").map(|(_, value)| value.to_owned());
        if !table.contains('.') && told == value {
            text.extend([&table, ".", &setting, "\n"]);
        }
    }
    assert_eq!(text.lines().count(), 39, "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path, std::iter::empty()).unwrap();
    let defaults = Config::default_in(folder.path());
    assert_eq!(format!("{config:#?}"), format!("{defaults:#?}"));
}

#[test]
fn every_example_of_the_manual_works() {
    let switched_on: Vec<_> = MANUAL
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        .collect();
    let config = load(&switched_on.join("\n"), &[]).unwrap();
    assert_eq!(config.relay.len(), 2);
    assert_eq!(config.source.len(), 2);
    let ladder: Vec<_> =
        config.reminder[&Kind::MeetingNotice].iter().map(ToString::to_string).collect();
    assert_eq!(ladder, ["14d", "1d"]);
    assert_eq!(config.list["meetings"].kinds.len(), 2);
    assert_eq!(config.domain["gmail"].domains, ["gmail.com", "googlemail.com"]);
    assert_eq!(config.relay["main"].pace.warm_up.as_ref().unwrap().gaps.len(), 5);
    assert_eq!(config.operator.disk_free, 500_000_000);
    assert_eq!(config.operator.address.unwrap().to_string(), "coordinator@example.org");
    assert_eq!(config.list["meetings"].canary.as_ref().unwrap().domain(), "example.org");
    assert_eq!(config.dkim["main"].selector, "r1");
    assert_eq!(config.brand.logo.unwrap().width, 160);
    assert_eq!(config.relay["main"].dkim_exclude, ["message-id", "date"]);
}
