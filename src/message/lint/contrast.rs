//! Whether every word can be read on what lies behind it, in light and in dark (WCAG 2.2, 1.4.3).
//!
//! Colours come from attributes, from `style` and from style sheets, and are inherited as a browser
//! does it; only the weight of selectors is left out: the later rule of a sheet wins.

use std::collections::HashMap;

use csscolorparser::Color;
use ego_tree::{NodeId, NodeRef};
use scraper::{ElementRef, Html, Node};

use super::colour::{self, Said};
use super::lettering::Lettering;
use super::style::{self, Declaration, Ruling};
use super::{elements, words};
use crate::post::lint::rule::{CONTRAST, Rule};

const LEAST: f32 = 4.5;
const LEAST_OF_LARGE: f32 = 3.0;

/// What lies under a word.
#[derive(Clone, Debug)]
struct Ground {
    text: Color,
    /// Nothing when nobody can tell.
    back: Option<Color>,
    hidden: bool,
    letters: Lettering,
}

/// Text that is too faint: its colour, what lies behind it, and the contrast that it should have.
type Faint = (Color, Color, f32);

pub(super) fn wrong(page: &Html) -> Vec<(Rule, String)> {
    let sheets = elements(page).filter(|element| element.value().name() == "style");
    let rulings: Vec<Ruling> =
        sheets.flat_map(|sheet| style::rulings(&sheet.text().collect::<String>())).collect();
    let mut found = faint(page, &rulings, false);
    if knows_dark(page) || rulings.iter().any(|ruling| ruling.dark) {
        found.extend(faint(page, &rulings, true));
    }
    found
}

/// A page that says so is shown on black where its own colours say nothing.
fn knows_dark(page: &Html) -> bool {
    elements(page).any(|element| {
        element.attr("name") == Some("color-scheme")
            && element.attr("content").is_some_and(|content| content.contains("dark"))
    })
}

/// Text that is too faint, each pair of colours once.
fn faint(page: &Html, rulings: &[Ruling], dark: bool) -> Vec<(Rule, String)> {
    let mut grounds: HashMap<NodeId, Ground> = HashMap::new();
    let mut told: Vec<Faint> = Vec::new();
    let mut found = Vec::new();
    // a node comes after what it stands in
    for node in page.tree.root().descendants() {
        let around = node.parent().and_then(|parent| grounds.get(&parent.id()));
        let around = around.cloned().unwrap_or_else(|| canvas(dark && knows_dark(page)));
        if let Some(element) = ElementRef::wrap(node) {
            grounds.insert(node.id(), ground(element, around, rulings, dark));
        } else if let Some(faint) = too_faint(node, &around)
            && !told.contains(&faint)
        {
            found.push((CONTRAST, message(node, &faint, dark)));
            told.push(faint);
        }
    }
    found
}

fn too_faint(node: NodeRef<'_, Node>, around: &Ground) -> Option<Faint> {
    let text = node.value().as_text()?;
    let back = around.back?;
    if around.hidden || !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let seen = colour::over(&around.text, &back);
    let least = if around.letters.is_large() { LEAST_OF_LARGE } else { LEAST };
    (colour::ratio(&seen, &back) < least).then_some((seen, back, least))
}

fn message(node: NodeRef<'_, Node>, (text, back, least): &Faint, dark: bool) -> String {
    let said = node.value().as_text().map(|text| words(text)).unwrap_or_default();
    let mode = if dark { " in dark" } else { "" };
    // rounded down, so that 4.49 is not told as 4.5
    let ratio = (colour::ratio(text, back) * 10.0).floor() / 10.0;
    format!(
        "\"{said}\" is {} on {}{mode}, a contrast of {ratio:.1} to 1; take colours with at least {least}",
        text.to_css_hex(),
        back.to_css_hex()
    )
}

fn canvas(dark: bool) -> Ground {
    let (text, back) = if dark { (grey(1.0), grey(0.07)) } else { (grey(0.0), grey(1.0)) };
    Ground { text, back: Some(back), hidden: false, letters: Lettering::default() }
}

fn grey(light: f32) -> Color {
    Color::new(light, light, light, 1.0)
}

fn ground(element: ElementRef<'_>, mut ground: Ground, rulings: &[Ruling], dark: bool) -> Ground {
    let name = element.value().name();
    if matches!(name, "head" | "style" | "script" | "title" | "template") {
        ground.hidden = true;
    }
    if name == "a" {
        // what browsers take when nobody says
        let blue = if dark { "#9e9eff" } else { "#0000ee" };
        say(&mut ground.text, colour::said(blue));
    }
    let (below, around) = (ground.back, ground.letters);
    ground.letters = around.within(element);
    for Declaration { property, value, .. } in declared(element, rulings, dark) {
        ground.letters.say(&property, &value, around);
        match property.as_str() {
            "color" => say(&mut ground.text, colour::said(&value)),
            "background" | "background-color" => {
                ground.back = on(below, &value, ground.back);
            }
            "display" => ground.hidden |= value == "none",
            "visibility" => ground.hidden |= value == "hidden",
            "opacity" | "font-size" | "max-height" => ground.hidden |= is_zero(&value),
            _ => {}
        }
    }
    ground
}

fn say(text: &mut Color, said: Said) {
    if let Said::Colour(colour) = said {
        *text = colour;
    }
}

/// What lies behind the text of an element whose background is `value`.
fn on(below: Option<Color>, value: &str, before: Option<Color>) -> Option<Color> {
    match colour::said(value) {
        Said::Colour(colour) if colour.a >= 1.0 => Some(colour),
        Said::Colour(colour) => below.map(|below| colour::over(&colour, &below)),
        Said::Nothing => before,
        Said::Unknown => None,
    }
}

fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    number.parse::<f32>().is_ok_and(|number| number == 0.0)
}

/// The declarations about an element, the ones that count most last (CSS Cascade 4 §6.1).
fn declared(element: ElementRef<'_>, rulings: &[Ruling], dark: bool) -> Vec<Declaration> {
    let mut all: Vec<Declaration> = Vec::new();
    for (attribute, property) in [("bgcolor", "background-color"), ("color", "color")] {
        all.extend(element.attr(attribute).map(|value| Declaration {
            property: property.to_owned(),
            value: value.to_owned(),
            important: false,
        }));
    }
    let ours = rulings.iter().filter(|ruling| dark || !ruling.dark);
    for ruling in ours.filter(|ruling| ruling.selector.matches(&element)) {
        all.extend(ruling.declarations.iter().cloned());
    }
    all.extend(style::declarations(element.attr("style").unwrap_or_default()));
    // stable: among the important ones the order stays
    all.sort_by_key(|declaration| declaration.important);
    all
}
