//! The links of a mail, those of its template too.

use scraper::{ElementRef, Html};

use super::elements;
use crate::post::lint::link;
use crate::post::lint::rule::Rule;

pub(super) fn wrong(page: &Html) -> Vec<(Rule, String)> {
    let links = elements(page).filter(|element| element.value().name() == "a");
    links
        .filter_map(|element| Some(link::wrong(element.attr("href")?, &name(element))))
        .flatten()
        .collect()
}

/// What a screen reader calls a link: its label, or its words and the alt texts of its pictures.
fn name(element: ElementRef<'_>) -> String {
    if let Some(label) = element.attr("aria-label") {
        return label.to_owned();
    }
    let pictures = element.descendent_elements().filter_map(|inner| inner.attr("alt"));
    let text: String = element.text().collect();
    std::iter::once(text.as_str()).chain(pictures).collect::<Vec<_>>().join(" ")
}
