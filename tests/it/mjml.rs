//! Every kind of mail as the reference compiler of MJML makes it (npm `mjml`), and as we do: the same
//! elements in the same places with the same attributes, but for what stands in [`DIFFERENCES`].

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::support::letters::{Sample, samples};
use crate::support::npm;

/// How ours may differ from the reference: what of which element, and why that is all right.
const DIFFERENCES: [(&str, Part, &str); 6] = [
    ("body", Part::Word("class", "page"), "a class for the body stands on the div within it"),
    ("div", Part::Word("class", "page"), "the same"),
    ("div", Part::Style("word-spacing"), "it stands on the body, from which the div inherits it"),
    (
        "td",
        Part::Attribute("vertical-align"),
        "beside valign, which says the same and is what apps read",
    ),
    (
        "table",
        Part::DividerWidth,
        "for old Outlooks a divider is as wide as its column, not less by its padding",
    ),
    (
        "td",
        Part::Word("class", "panel"),
        "of two classes for old Outlooks, the first lacks its ending; nothing asks for either",
    ),
];

#[derive(Clone, Copy, Debug)]
enum Part {
    Attribute(&'static str),
    Style(&'static str),
    /// One word of an attribute.
    Word(&'static str, &'static str),
    /// Of a table that is drawn as a line.
    DividerWidth,
}

/// An element's opening or closing, also one that only old Outlooks see.
#[derive(Debug, Eq, PartialEq)]
struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
    styles: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Compiled {
    html: String,
    errors: Vec<String>,
}

#[test]
fn the_reference_compiler_makes_the_same_of_every_kind_of_mail() {
    let samples = samples();
    let sources: Vec<_> = samples.iter().map(|sample| sample.content.mjml.as_str()).collect();
    for (sample, theirs) in samples.iter().zip(compile(&sources)) {
        assert_eq!(theirs.errors, [""; 0], "{}", sample.name);
        assert_same(sample, &theirs.html);
    }
}

#[test]
fn a_difference_that_nobody_listed_is_seen() {
    let tag = |html: &str| tags(html).remove(0);
    for other in [
        "<td class=\"a\" style=\"color:red\">",
        "<td class=\"b\" style=\"color:blue\">",
        "<th class=\"a\" style=\"color:blue\">",
        "<td class=\"a\" style=\"color:blue\" width=\"1\">",
    ] {
        assert_ne!(tag("<td class=\"a\" style=\"color:blue\">"), tag(other));
    }
    assert_eq!(
        tag("<td style='x: y; a:b ' class=\"\">"),
        tag("<td style=\"a:b;x:y\" vertical-align=\"top\">")
    );
}

fn assert_same(sample: &Sample, theirs: &str) {
    let (ours, theirs) = (tags(&sample.content.html), tags(theirs));
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "element {at} of {}", sample.name);
    }
    assert_eq!(ours.len(), theirs.len(), "{}", sample.name);
}

fn compile(sources: &[&str]) -> Vec<Compiled> {
    let mut node = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mjml/compile.mjs"))
        .arg(npm::folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is not installed: run .ci/packages");
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(serde_json::to_string(sources).unwrap().as_bytes()).unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "the reference compiler failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// All tags of a body, in their order, without what is listed. Comments for old Outlooks are read as
/// if they were none: the reference puts several in a row into one.
fn tags(html: &str) -> Vec<Tag> {
    let body = html.find("<body").map_or(html, |start| &html[start..]);
    let pieces = body.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces
        .filter(|(tag, _)| !tag.starts_with('!'))
        .map(|(tag, _)| without_listed(read(tag)))
        .collect()
}

fn read(tag: &str) -> Tag {
    let tag = tag.trim_end_matches('/').trim();
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = BTreeMap::new();
    while let Some((attribute, after)) = rest.split_once('=') {
        let quote = after.chars().next().unwrap();
        let (value, after) = after[1..].split_once(quote).unwrap();
        // slots are references in what the reference compiler is given and leaves
        let value = value.replace("&#xE000;", "\u{e000}").replace("&#xE001;", "\u{e001}");
        attributes.insert(attribute.trim().to_owned(), value);
        rest = after;
    }
    let style = attributes.remove("style").unwrap_or_default();
    let pairs = style.split(';').filter_map(|pair| pair.split_once(':'));
    let styles = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    Tag { name: name.to_owned(), attributes, styles: styles.collect() }
}

fn without_listed(mut tag: Tag) -> Tag {
    for (element, part, _) in DIFFERENCES {
        if tag.name == element {
            tag.forget(part);
        }
    }
    if let Some(class) = tag.attributes.get_mut("class") {
        let mut words: Vec<_> = class.split_whitespace().collect();
        words.sort_unstable();
        *class = words.join(" ");
    }
    // one that is empty says nothing
    tag.attributes.retain(|name, value| name != "class" || !value.is_empty());
    tag
}

impl Tag {
    fn forget(&mut self, part: Part) {
        match part {
            Part::Attribute(name) => _ = self.attributes.remove(name),
            Part::Style(name) => _ = self.styles.remove(name),
            Part::Word(name, word) => {
                if let Some(value) = self.attributes.get_mut(name) {
                    // with the ending that the reference gives it for old Outlooks
                    let other = |one: &&str| one.trim_end_matches("-outlook") != word;
                    *value = value.split_whitespace().filter(other).collect::<Vec<_>>().join(" ");
                }
            }
            Part::DividerWidth if self.styles.contains_key("border-top") => {
                self.attributes.remove("width");
                self.styles.remove("width");
            }
            Part::DividerWidth => {}
        }
    }
}
