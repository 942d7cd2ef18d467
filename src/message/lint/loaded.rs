//! What a mail would fetch when it is opened.

use scraper::{ElementRef, Html};

use super::elements;
use crate::message::Content;
use crate::post::lint::rule::{LOADED, NOT_ENCLOSED, Rule};

/// Attributes whose address is fetched without anybody asking.
const FETCHED: [&str; 5] = ["src", "background", "poster", "data", "srcset"];

pub(super) fn wrong(page: &Html, content: &Content, base_url: &str) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    for element in elements(page) {
        for address in addresses(element) {
            found.extend(judged(&address, content, base_url));
        }
    }
    found
}

fn judged(address: &str, content: &Content, base_url: &str) -> Option<(Rule, String)> {
    let address = address.trim();
    if let Some(cid) = address.strip_prefix("cid:") {
        let enclosed = content.parts.iter().any(|part| part.cid.as_deref() == Some(cid));
        let message = format!(
            "the picture {address} does not travel with the mail; put the file beside the post"
        );
        return (!enclosed).then_some((NOT_ENCLOSED, message));
    }
    // our own pages keep no record of who asks
    let ours = address.strip_prefix(base_url).is_some_and(|rest| rest.starts_with('/'));
    let remote = address.contains("//") && !address.starts_with("data:") && !ours;
    remote.then(|| {
        let message =
            format!("the mail fetches {address} when it is opened; put the file beside the post, or leave it out");
        (LOADED, message)
    })
}

fn addresses(element: ElementRef<'_>) -> Vec<String> {
    let mut found: Vec<String> =
        FETCHED.iter().filter_map(|name| element.attr(name)).map(str::to_owned).collect();
    match element.value().name() {
        "link" => found.extend(element.attr("href").map(str::to_owned)),
        "style" => found.extend(in_css(&element.text().collect::<String>())),
        _ => found.extend(in_css(element.attr("style").unwrap_or_default())),
    }
    found
}

/// `url(…)`, and `@import` of one in quotes.
fn in_css(css: &str) -> Vec<String> {
    let quotes = ['"', '\'', ' '];
    let urls = css.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
    let imports = css.split("@import").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        rest.starts_with(['"', '\'']).then(|| rest.split(['"', '\'']).nth(1)).flatten()
    });
    urls.chain(imports).map(|address| address.trim_matches(quotes).to_owned()).collect()
}
