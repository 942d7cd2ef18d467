//! What screen readers need of HTML: a language, a direction, a title, roles, descriptions.

use scraper::{ElementRef, Html};

use super::{elements, words};
use crate::post::lint::rule::{DIR, IMAGE_ALT, LANG, ROLE, Rule, TITLE};

pub(super) fn wrong(page: &Html) -> Vec<(Rule, String)> {
    let mut found = root(page);
    for element in elements(page) {
        match element.value().name() {
            "table" if is_layout(element) => found.push((
                ROLE,
                format!(
                    "the table around \"{}\" has no role; write role=\"presentation\"",
                    words(&element.text().collect::<String>())
                ),
            )),
            "img" if element.attr("alt").is_none() => found.push((
                IMAGE_ALT,
                format!(
                    "the picture {} has no alt text; write alt=\"what it shows\", or alt=\"\" for decoration",
                    element.attr("src").unwrap_or_default()
                ),
            )),
            _ => {}
        }
    }
    found
}

fn root(page: &Html) -> Vec<(Rule, String)> {
    let root = page.root_element();
    let said = |name: &str| root.attr(name).is_some_and(|value| !value.trim().is_empty());
    let mut found = Vec::new();
    if !said("lang") {
        found.push((
            LANG,
            "the HTML does not say its language; write <mjml lang=\"en-GB\">".to_owned(),
        ));
    }
    if !matches!(root.attr("dir"), Some("ltr" | "rtl" | "auto")) {
        found.push((
            DIR,
            "the HTML does not say which way it runs; write <mjml dir=\"ltr\">".to_owned(),
        ));
    }
    let title = elements(page).find(|element| element.value().name() == "title");
    let title = title.map(|title| title.text().collect::<String>());
    if title.is_none_or(|title| title.trim().is_empty()) {
        found.push((TITLE, "the HTML has no title; write <mj-title> into the head".to_owned()));
    }
    found
}

/// A table without a role that holds no heading cells is no table of data.
fn is_layout(table: ElementRef<'_>) -> bool {
    let heads = table.descendent_elements().any(|element| element.value().name() == "th");
    table.attr("role").is_none() && !heads
}
