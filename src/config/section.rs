//! One table of the configuration being read: keys are taken out one by one, what is left over is
//! nobody's. Every problem is kept, so that a person meets them all at once.

use std::cell::RefCell;
use std::path::PathBuf;

use super::document::{Node, Place, Table, Value};
use super::near::near;

/// Reads a value, or says what is wrong with it: the words that follow `key = value`.
pub(super) type Parsed<T> = Result<T, String>;

/// What all tables share while they are read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) folder: PathBuf,
    problems: RefCell<Vec<(Place, String)>>,
    /// Table, key and default of every key that was asked for.
    #[cfg(test)]
    pub(super) keys: RefCell<std::collections::BTreeMap<(&'static str, &'static str), String>>,
}

impl Reader {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    pub(super) fn problem(&self, place: Place, what: String) {
        self.problems.borrow_mut().push((place, what));
    }

    /// All problems, in the order of the file and then of the variables.
    pub(super) fn into_problems(self) -> Vec<(Place, String)> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| a.0.cmp(&b.0));
        problems
    }
}

/// One table.
pub(super) struct Section<'a> {
    reader: &'a Reader,
    /// As the manual calls it: `relay.NAME`.
    kind: &'static str,
    /// As the file calls it: `relay.main`.
    name: String,
    place: Place,
    left: Table,
    known: Vec<&'static str>,
    taken: Vec<(&'static str, Place)>,
}

impl<'a> Section<'a> {
    /// Takes the table `name` out of `parent`; one that nobody wrote is empty.
    pub(super) fn take(reader: &'a Reader, parent: &mut Table, name: &'static str) -> Self {
        let node = parent.remove(name);
        let place = node.as_ref().map_or(Place::Default, |node| node.place.clone());
        let left = tables(reader, name, node);
        Self::new(reader, name, name.to_owned(), place, left)
    }

    pub(super) fn new(
        reader: &'a Reader,
        kind: &'static str,
        name: String,
        place: Place,
        left: Table,
    ) -> Self {
        Self { reader, kind, name, place, left, known: Vec::new(), taken: Vec::new() }
    }

    /// A key with a default, which is written like a variable of the environment.
    pub(super) fn key<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        let node = self.given(key, default);
        self.parsed(key, &node, parse)
    }

    /// A key that may be left out; `default` says what happens then.
    #[expect(clippy::option_option, reason = "outside: is it right? inside: is it there?")]
    pub(super) fn maybe<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<Option<T>> {
        match self.node(key, default) {
            Some(node) => self.parsed(key, &node, parse).map(Some),
            None => Some(None),
        }
    }

    /// A key that must be there.
    pub(super) fn must<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        if let Some(node) = self.node(key, "required") {
            return self.parsed(key, &node, parse);
        }
        self.missing(key, example);
        None
    }

    /// A list; a variable separates its items by commas.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let node = self.given(key, default);
        self.listed(key, &node, parse)
    }

    /// A list that must be there, and not empty.
    pub(super) fn must_list<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let node = self.node(key, "required");
        if let Some(node) = node.filter(|node| items(node).is_none_or(|items| !items.is_empty())) {
            return self.listed(key, &node, parse);
        }
        self.missing(key, example);
        None
    }

    fn listed<T>(
        &self,
        key: &'static str,
        node: &Node,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let Some(items) = items(node) else {
            let why = "is not a list; write it in square brackets, such as [\"…\", \"…\"]";
            self.wrong(node.place.clone(), key, &node.value, why);
            return None;
        };
        let parsed: Vec<_> = items.iter().map(|item| self.parsed(key, item, &parse)).collect();
        parsed.into_iter().collect()
    }

    /// Whether somebody wrote this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Passes over a key that means nothing beside the others.
    pub(super) fn unused(&mut self, key: &'static str) {
        self.known.push(key);
        self.left.remove(key);
    }

    /// Refuses a key that has no business here, and says why.
    pub(super) fn refuse(&mut self, key: &'static str, why: &str) {
        self.known.push(key);
        if let Some(node) = self.left.remove(key) {
            self.reader.problem(node.place, format!("{}.{key} {why}", self.name));
        }
    }

    /// A value that is right by itself and impossible beside the others.
    pub(super) fn impossible(&self, key: &str, what: &str) {
        let written = self.taken.iter().find(|(taken, _)| *taken == key);
        let place = written.map_or(&self.place, |(_, place)| place);
        self.reader.problem(place.clone(), format!("{}.{key} {what}", self.name));
    }

    /// A problem with the table itself.
    pub(super) fn fault(&self, what: &str) {
        self.reader.problem(self.place.clone(), format!("{} {what}", self.name));
    }

    pub(super) fn reader(&self) -> &'a Reader {
        self.reader
    }

    /// Takes a secret that only the environment may hold.
    pub(super) fn variable(&mut self, key: &'static str, remedy: &str) -> Option<String> {
        match self.left.remove(key)? {
            Node { value: Value::Untyped(text), .. } => Some(text),
            node => {
                let what = format!("{}.{key} must not stand in this file; {remedy}", self.name);
                self.reader.problem(node.place, what);
                None
            }
        }
    }

    /// Ends the table: what nobody took is not a key.
    pub(super) fn end(self) {
        for (key, node) in &self.left {
            let remedy = near(key, &self.known).map_or_else(
                || format!("the keys of [{}] are {}", self.kind, self.known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            let what = format!("{}.{key} is not a key of Bulletin; {remedy}", self.name);
            self.reader.problem(node.place.clone(), what);
        }
    }

    /// What is written, or else the default.
    fn given(&mut self, key: &'static str, default: &str) -> Node {
        self.node(key, default).unwrap_or_else(|| Node {
            place: Place::Default,
            value: Value::Untyped(default.to_owned()),
        })
    }

    fn missing(&self, key: &str, example: &str) {
        let what = format!("{}.{key} is missing; write {key} = {example}", self.name);
        self.reader.problem(self.place.clone(), what);
    }

    fn node(&mut self, key: &'static str, default: &str) -> Option<Node> {
        self.known.push(key);
        #[cfg(test)]
        self.reader.keys.borrow_mut().insert((self.kind, key), default.to_owned());
        // The test alone wants it: it holds the manual against what is asked for here.
        #[cfg(not(test))]
        let _ = default;
        let node = self.left.remove(key)?;
        self.taken.push((key, node.place.clone()));
        Some(node)
    }

    fn parsed<T>(&self, key: &str, node: &Node, parse: impl Fn(&Value) -> Parsed<T>) -> Option<T> {
        parse(&node.value)
            .map_err(|why| self.wrong(node.place.clone(), key, &node.value, &why))
            .ok()
    }

    fn wrong(&self, place: Place, key: &str, value: &Value, why: &str) {
        // The URL of a database or a feed may hold a password; where a hash belongs, some write the token.
        let shown = match (self.kind, key) {
            ("database", "url") | ("coordinator.NAME", "token_sha256") => "…".to_owned(),
            ("source.NAME", "url") if value.shown().contains('@') => "…".to_owned(),
            _ => value.shown(),
        };
        self.reader.problem(place, format!("{}.{key} = {shown} {why}", self.name));
    }
}

/// The entries of a table that a node should be.
pub(super) fn tables(reader: &Reader, name: &str, node: Option<Node>) -> Table {
    match node {
        None => Table::new(),
        Some(Node { value: Value::Table(table), .. }) => table,
        Some(Node { place, .. }) => {
            reader.problem(place, format!("{name} is a table; write [{name}] and its keys below"));
            Table::new()
        }
    }
}

fn items(node: &Node) -> Option<Vec<Node>> {
    match &node.value {
        Value::List(items) => Some(items.clone()),
        Value::Untyped(text) => Some(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Node {
                    place: node.place.clone(),
                    value: Value::Untyped(item.to_owned()),
                })
                .collect(),
        ),
        _ => None,
    }
}
