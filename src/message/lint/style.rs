//! As much of style sheets as colours need: which rules hold in light, and which in dark.

use scraper::Selector;

/// A declaration: `color: #fff !important`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) property: String,
    pub(super) value: String,
    pub(super) important: bool,
}

/// A rule of a sheet: whom it is about, and what it says.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) selector: Selector,
    pub(super) declarations: Vec<Declaration>,
    /// Only where a reader asked for dark.
    pub(super) dark: bool,
}

/// `color: red; background: #fff`
pub(super) fn declarations(text: &str) -> Vec<Declaration> {
    let one = |text: &str| {
        let (property, value) = text.split_once(':')?;
        let (value, important) = match value.to_ascii_lowercase().find("!important") {
            Some(at) => (value.get(..at)?, true),
            None => (value, false),
        };
        let property = property.trim().to_ascii_lowercase();
        Some(Declaration { property, value: value.trim().to_owned(), important })
    };
    text.split(';').filter_map(one).collect()
}

/// The rules of a sheet in their order; those for narrow screens, print and the like stay out.
pub(super) fn rulings(css: &str) -> Vec<Ruling> {
    let mut found = Vec::new();
    read(&without_comments(css), false, &mut found);
    found
}

fn read(css: &str, dark: bool, found: &mut Vec<Ruling>) {
    for (prelude, block) in blocks(css) {
        let prelude = prelude.rsplit(';').next().unwrap_or_default().trim();
        match prelude.strip_prefix("@media") {
            Some(media) if !dark => {
                let media: String = media.chars().filter(|c| !c.is_whitespace()).collect();
                if media.contains("prefers-color-scheme:dark") {
                    read(block, true, found);
                }
            }
            Some(_) => {}
            None => {
                if let Ok(selector) = Selector::parse(prelude) {
                    found.push(Ruling { selector, declarations: declarations(block), dark });
                }
            }
        }
    }
}

/// What stands before each pair of braces, and what within; a brace that is not closed ends it.
fn blocks(css: &str) -> Vec<(&str, &str)> {
    let (mut found, mut depth, mut start, mut open) = (Vec::new(), 0_usize, 0, 0);
    for (at, c) in css.char_indices() {
        match c {
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    found.push((&css[start..open], &css[open + 1..at]));
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    found
}

pub(super) fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}
