//! What was written, and where: the file's tables with a line for each key, under the environment.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// Where a value was written, in the order in which problems are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Nobody wrote it.
    Default,
    Line(usize),
    Variable(String),
}

pub(super) type Table = BTreeMap<String, Node>;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A string of the file.
    Text(String),
    /// A number, a boolean or a date of the file, as written.
    Bare(String),
    /// From the environment, or a default: the key's type says how to read it.
    Untyped(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// As an error message shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Untyped(text) => {
                // One line each, whatever the text holds.
                let text: String = text.chars().take(80).collect();
                format!("\"{}\"", text.escape_debug().to_string().replace("\\'", "'"))
            }
            Self::Bare(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.value.shown()).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// The tables of `text`, or what is not TOML in it: a line and a reason each.
pub(super) fn parse(text: &str) -> Result<Table, Vec<(Place, String)>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(document.into_inner(), text));
    }
    let mut problems: Vec<_> = errors
        .iter()
        .map(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let why = format!("not valid TOML: {}", error.message().replace('\n', " "));
            (line(text, start), why)
        })
        .collect();
    // What follows a mistake on its line is mostly caused by it.
    problems.sort_by(|a: &(Place, _), b| a.0.cmp(&b.0));
    problems.dedup_by(|next, first| next.0 == first.0);
    Err(problems)
}

fn table(entries: DeTable<'_>, text: &str) -> Table {
    entries
        .into_iter()
        .map(|(key, value)| {
            let place = line(text, key.span().start);
            let value = read(value.into_inner(), text);
            (key.into_inner().into_owned(), Node { place, value })
        })
        .collect()
}

fn read(value: DeValue<'_>, text: &str) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.into_owned()),
        DeValue::Integer(number) => Value::Bare(number.to_string()),
        DeValue::Float(number) => Value::Bare(number.to_string()),
        DeValue::Boolean(flag) => Value::Bare(flag.to_string()),
        DeValue::Datetime(time) => Value::Bare(time.to_string()),
        DeValue::Table(entries) => Value::Table(table(entries, text)),
        DeValue::Array(items) => {
            let node = |item: toml::Spanned<DeValue<'_>>| Node {
                place: line(text, item.span().start),
                value: read(item.into_inner(), text),
            };
            Value::List(items.into_iter().map(node).collect())
        }
    }
}

fn line(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    Place::Line(1 + before.matches('\n').count())
}

/// Lays the variables `BULLETIN__TABLE__KEY` over the file. Says which ones name no key.
pub(super) fn overlay(
    root: &mut Table,
    env: impl Iterator<Item = (String, String)>,
) -> Vec<(Place, String)> {
    let mut variables: Vec<_> = env.filter(|(name, _)| name.starts_with("BULLETIN__")).collect();
    variables.sort();
    variables
        .into_iter()
        .filter_map(|(name, value)| {
            let path = name["BULLETIN__".len()..].to_lowercase();
            let path: Vec<_> = path.split("__").collect();
            let place = Place::Variable(name.clone());
            if is_of_the_file(&path) {
                return Some((place, format!("{} {OF_THE_FILE}", path.join("."))));
            }
            set(root, &path, &place, value).err().map(|why| (place, why))
        })
        .collect()
}

const OF_THE_FILE: &str = "must stand in the file: whoever runs Bulletin sets the environment";

/// Who may send, and where a second person must agree: no word of the one who asks.
fn is_of_the_file(path: &[&str]) -> bool {
    matches!(path, ["coordinator", ..] | ["list", _, "approval", ..])
}

fn set(table: &mut Table, path: &[&str], place: &Place, value: String) -> Result<(), String> {
    const REMEDY: &str = "write it like BULLETIN__SITE__NAME or BULLETIN__RELAY__MAIN__HOST";
    let (name, rest) = path.split_first().ok_or("names no key")?;
    let name = written(table, name);
    if name.is_empty() {
        return Err(format!("names no key; {REMEDY}"));
    }
    if rest.is_empty() {
        let value = Value::Untyped(value);
        let place = place.clone();
        table.insert(name, Node { place, value });
        return Ok(());
    }
    let inner = table
        .entry(name.clone())
        .or_insert_with(|| Node { place: place.clone(), value: Value::Table(Table::new()) });
    match &mut inner.value {
        Value::Table(inner) => set(inner, rest, place, value),
        _ => Err(format!("{name} is not a table; {REMEDY}")),
    }
}

/// The name as the file writes it: a variable cannot hold the hyphens that a slug may.
fn written(table: &Table, name: &str) -> String {
    table.keys().find(|key| key.replace('-', "_") == name).map_or(name, String::as_str).to_owned()
}
