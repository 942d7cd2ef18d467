//! Front matter as a tree in which everything knows its line.
//!
//! Read from the parser's events, not through serde: so a wrong value in one field does not hide
//! the next, a title that looks like a number stays what was written, and every finding names a line.
//!
//! What always holds: at most [`DEEPEST`] levels, no aliases (an alias can swell a small file).

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError};

/// Front matter needs two levels; a fourth is a mistake or an attack.
const DEEPEST: usize = 4;

/// A value and the line it begins on, counted from 1.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    /// As it was written; a value left out is the empty text.
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) node: Node,
}

/// Where the text stops being YAML, and why.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) message: String,
}

/// The tree of one document; an empty one is an empty map.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault::scan(&error))?;
        builder.take(event, span.start.line())?;
    }
    Ok(builder.root.unwrap_or(Node { line: 1, value: Value::Map(Vec::new()) }))
}

impl Fault {
    fn new(line: usize, message: &str) -> Self {
        Self { line: line.max(1), message: message.to_owned() }
    }

    fn scan(error: &ScanError) -> Self {
        let why = format!(
            "is not YAML: {}; put a value that holds \": \" or \" #\", or that begins with a sign, in quotes, and indent with spaces",
            error.info()
        );
        Self::new(error.marker().line(), &why)
    }
}

/// The values that are still open, the innermost last.
#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Node>,
    /// For each open map, the key that waits for its value.
    keys: Vec<Option<(usize, String)>>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, ..) => self.put(Node {
                line,
                // the parser writes `~` for a value that is left out
                value: Value::Text(match (&*text, style) {
                    ("~", ScalarStyle::Plain) => String::new(),
                    (text, _) => text.to_owned(),
                }),
            }),
            Event::SequenceStart(..) => self.enter(line, Value::List(Vec::new())),
            Event::MappingStart(..) => self.enter(line, Value::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(..) => {
                Err(Fault::new(line, "uses an alias (*); write the value out, or put it in quotes"))
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, line: usize, value: Value) -> Result<(), Fault> {
        if self.open.len() >= DEEPEST {
            return Err(Fault::new(line, "is nested too deeply; write it flat"));
        }
        self.open.push(Node { line, value });
        self.keys.push(None);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        self.keys.pop();
        match self.open.pop() {
            Some(node) => self.put(node),
            None => Ok(()),
        }
    }

    /// Hands a finished value to the innermost open one: as an item, as a key, or as its value.
    fn put(&mut self, node: Node) -> Result<(), Fault> {
        let (Some(parent), Some(waiting)) = (self.open.last_mut(), self.keys.last_mut()) else {
            return self.finish(node);
        };
        match &mut parent.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match (waiting.take(), node.value) {
                (Some((line, key)), value) => {
                    entries.push(Entry { line, key, node: Node { line: node.line, value } });
                }
                (None, Value::Text(key)) => *waiting = Some((node.line, key)),
                (None, _) => {
                    return Err(Fault::new(
                        node.line,
                        "has a key that is no text; write key: value",
                    ));
                }
            },
            Value::Text(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, node: Node) -> Result<(), Fault> {
        if self.root.is_some() {
            return Err(Fault::new(node.line, "holds a second document; write one only"));
        }
        self.root = Some(node);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        match parse(text).unwrap().value {
            Value::Map(entries) => entries,
            other => panic!("no map: {other:?}"),
        }
    }

    #[test]
    fn every_key_and_value_knows_its_line_and_keeps_its_spelling() {
        let entries = entries("# a comment\ntitle: 1.10\nlists:\n  - a\n  - yes\n");
        assert_eq!((entries[0].line, entries[0].key.as_str()), (2, "title"));
        assert!(matches!(&entries[0].node.value, Value::Text(text) if text == "1.10"));
        let Value::List(items) = &entries[1].node.value else { panic!("no list") };
        assert_eq!(items[1].line, 5);
    }

    #[test]
    fn what_could_swell_or_nest_without_end_is_refused() {
        let alias = parse("a: &x [1]\nb: *x\n").unwrap_err();
        assert_eq!(alias.line, 2);
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse("a: [[[[1]]]]").unwrap_err().message.contains("deeply"));
    }

    #[test]
    fn a_colon_in_a_value_is_explained() {
        let fault = parse("title: a\nsummary: one: two\n").unwrap_err();
        assert_eq!(fault.line, 2);
        assert!(fault.message.contains("quotes"), "{}", fault.message);
    }
}
