//! MJML to HTML, once it is sure that it can be: not too deep, of elements that exist, and nothing in
//! it that would be fetched from anywhere.

use std::collections::HashMap;
use std::ops::Range;

use mrml::prelude::parser::Error;
use mrml::prelude::render::RenderOptions;

use super::scan::DEEPEST;
use crate::config::near;
use crate::message::lint::loaded;
use crate::message::slot;

/// What is wrong with MJML, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) why: String,
}

/// The elements for mails, and what each may stand in; whatever shows something stands in a column.
/// The rest of MJML fetches pictures, fonts or files, or needs what few mail apps have.
const ELEMENTS: [(&str, &[&str]); 22] = [
    ("mj-all", &["mj-attributes"]),
    ("mj-attributes", &["mj-head"]),
    ("mj-body", &["mjml"]),
    ("mj-breakpoint", &["mj-head"]),
    ("mj-button", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-class", &["mj-attributes"]),
    ("mj-column", &["mj-section", "mj-group", "mj-attributes"]),
    ("mj-divider", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-group", &["mj-section", "mj-attributes"]),
    ("mj-head", &["mjml"]),
    ("mj-hero", &["mj-body", "mj-wrapper", "mj-attributes"]),
    ("mj-image", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-preview", &["mj-head"]),
    ("mj-raw", &["mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column"]),
    ("mj-section", &["mj-body", "mj-wrapper", "mj-attributes"]),
    ("mj-spacer", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-style", &["mj-head"]),
    ("mj-table", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-text", &["mj-column", "mj-hero", "mj-attributes"]),
    ("mj-title", &["mj-head"]),
    ("mj-wrapper", &["mj-body", "mj-attributes"]),
    ("mjml", &[]),
];

/// In HTML: what runs, asks for data, or loads something.
const REFUSED: [&str; 11] = [
    "audio", "base", "embed", "form", "iframe", "input", "link", "object", "script", "svg", "video",
];

/// The HTML of a mail. `strict` refuses also what mrml passes over in silence.
pub(super) fn html(mjml: &str, strict: bool) -> Result<String, Fault> {
    nesting(mjml)?;
    if strict {
        lint(mjml)?;
    }
    let root = mrml::parse(mjml).map_err(|error| malformed(mjml, &error))?;
    // No fonts from anywhere: a mail that loads something tells who reads it.
    let options = RenderOptions { fonts: HashMap::default(), ..RenderOptions::default() };
    let html = root.element.render(&options);
    let html = html.map_err(|error| Fault { at: 0, why: error.to_string() })?;
    Ok(slot::dereference(&html))
}

/// Only what travels with the mail is shown. `html` is what became of the MJML.
pub(super) fn loads_nothing(mjml: &str, html: &str) -> Result<(), Fault> {
    let addresses = loaded::fetched(html);
    let Some(address) = addresses.iter().find(|address| !travels(address)) else { return Ok(()) };
    let written = slot::reference(address);
    // the same may stand in a link before it
    let places = mjml.match_indices(&written).map(|(at, _)| at);
    let at = places.filter(|at| !mjml[..*at].ends_with("href=\"")).min().unwrap_or_default();
    let why = format!(
        "{} would be loaded from elsewhere, and whoever is there learns who reads this; \
         show pictures of the post, and the logo of the configuration",
        slot::shown(address)
    );
    Err(Fault { at, why })
}

fn travels(address: &str) -> bool {
    address.starts_with("cid:") && !address.contains(slot::is_mark)
}

fn lint(mjml: &str) -> Result<(), Fault> {
    let mut around = Vec::new();
    for Tag { range, name, body } in tags(mjml) {
        let fault = |why: String| Err(Fault { at: range.start, why });
        if name.starts_with('/') {
            around.pop();
        } else if name.starts_with("mj") {
            place(name, around.last()).or_else(fault)?;
        }
        if !(name.starts_with('/') || body.ends_with('/') || VOID.contains(&name)) {
            around.push(name);
        }
        if REFUSED.contains(&name) {
            return fault(format!(
                "<{name}> is not for mails: no mail app shows it, or it loads something"
            ));
        }
    }
    match ["url(", "@import", "@font-face"].iter().find_map(|what| mjml.find(what)) {
        Some(at) => {
            let why =
                "styles may load nothing, and whoever it is loaded from learns who reads this";
            Err(Fault { at, why: why.to_owned() })
        }
        None => Ok(()),
    }
}

/// Whether an element may stand in this one.
fn place(name: &str, around: Option<&&str>) -> Result<(), String> {
    let Some((_, places)) = ELEMENTS.iter().find(|(known, _)| *known == name) else {
        let near = near(name, &ELEMENTS.map(|(name, _)| name));
        let near = near.map(|near| format!("; perhaps <{near}>?")).unwrap_or_default();
        return Err(format!("<{name}> is not for mails{near}"));
    };
    match around {
        None if places.is_empty() => Ok(()),
        Some(around) if places.contains(around) => Ok(()),
        _ if places.is_empty() => Err(format!("<{name}> stands around everything else")),
        _ => Err(format!("<{name}> cannot stand here; put it into <{}>", places[0])),
    }
}

/// In HTML: what is never closed.
const VOID: [&str; 6] = ["br", "col", "hr", "img", "meta", "wbr"];

/// Each element is closed in its turn, and none lies too deep: the parser and the renderer recurse.
fn nesting(mjml: &str) -> Result<(), Fault> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    for Tag { range, name, body } in tags(mjml) {
        if let Some(name) = name.strip_prefix('/') {
            match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some(opened) => return Err(unclosed(opened)),
                None => {
                    let why = format!("</{name}> closes what was never opened; leave it out");
                    return Err(Fault { at: range.start, why });
                }
            }
        } else if !body.ends_with('/') && !VOID.contains(&name) {
            open.push((range.start, name));
        }
        if open.len() > DEEPEST {
            let why = format!("more than {DEEPEST} elements stand within each other");
            return Err(Fault { at: range.start, why });
        }
    }
    open.pop().map_or(Ok(()), |opened| Err(unclosed(opened)))
}

fn unclosed((at, name): (usize, &str)) -> Fault {
    Fault { at, why: format!("<{name}> is opened and never closed; write </{name}>") }
}

fn malformed(mjml: &str, error: &Error) -> Fault {
    let (at, why) = match error {
        Error::UnexpectedElement { position, .. } => {
            (position.start, "this element cannot stand here")
        }
        Error::UnexpectedToken { position, .. } => {
            (position.start, "this cannot stand here; is an element left open before it?")
        }
        Error::InvalidAttribute { position, .. } => (position.start, "this attribute is not right"),
        Error::MissingAttribute { position, .. } => (position.start, "an attribute is missing"),
        Error::EndOfStream { .. } => (mjml.len(), "an element is left open up to the end"),
        Error::ParserError { source, .. } => {
            (offset(mjml, source.pos().row), "this is not well-formed; is a quote, < or > missing?")
        }
        Error::NoRootNode => (0, "there is no <mjml> element"),
        _ => (0, "this is not MJML"),
    };
    Fault { at, why: why.to_owned() }
}

/// Where a line begins, counted from 1.
fn offset(text: &str, line: u32) -> usize {
    let before = line.saturating_sub(1) as usize;
    text.split_inclusive('\n').take(before).map(str::len).sum()
}

/// An element's opening or closing; its range ends before the `>`.
pub(super) struct Tag<'m> {
    pub(super) range: Range<usize>,
    pub(super) name: &'m str,
    pub(super) body: &'m str,
}

/// Comments are none.
pub(super) fn tags(mjml: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + mjml[at..].find('<')?;
            let end = start + mjml[start..].find('>').unwrap_or(mjml.len() - start);
            let body = &mjml[start + 1..end];
            at = if body.starts_with("!--") {
                start + mjml[start..].find("-->").unwrap_or(mjml.len() - start)
            } else {
                end
            };
            if !body.starts_with('!') {
                let name = body.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
                let name = if name.len() > 1 { name.trim_end_matches('/') } else { name };
                return Some(Tag { range: start..end, name, body });
            }
        }
    })
}
