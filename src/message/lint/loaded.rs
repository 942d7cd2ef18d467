//! What a mail would fetch when it is opened.

use scraper::{ElementRef, Html};

use super::{elements, style};
use crate::message::{Content, slot};
use crate::post::lint::rule::{LOADED, NOT_ENCLOSED, Rule};

/// Attributes whose address is fetched without anybody asking.
const FETCHED: [&str; 7] =
    ["src", "background", "poster", "data", "lowsrc", "dynsrc", "xlink:href"];

pub(super) fn wrong(content: &Content, base_url: &str) -> Vec<(Rule, String)> {
    let addresses = fetched(&content.html);
    addresses.iter().filter_map(|address| judged(address, content, base_url)).collect()
}

/// Every address that a page fetches when it is opened, each once; slots may stand in them.
pub(in crate::message) fn fetched(html: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for page in [Html::parse_document(html), Html::parse_document(&opened(html))] {
        for address in elements(&page).flat_map(addresses) {
            if !(address.is_empty() || found.contains(&address)) {
                found.push(address);
            }
        }
    }
    found
}

fn judged(address: &str, content: &Content, base_url: &str) -> Option<(Rule, String)> {
    // what each reader fetches from an address of their own is told whoever is there
    let own = address.contains(slot::is_mark);
    if let Some(cid) = address.strip_prefix("cid:").filter(|_| !own) {
        let enclosed = content.parts.iter().any(|part| part.cid.as_deref() == Some(cid));
        let message = format!(
            "the picture {address} does not travel with the mail; put the file beside the post"
        );
        return (!enclosed).then_some((NOT_ENCLOSED, message));
    }
    // our own pages keep no record of who asks
    let ours = address.strip_prefix(base_url).is_some_and(|rest| rest.starts_with('/'));
    let remote = address.contains("//") && !address.starts_with("data:") && !ours;
    (own || remote).then(|| {
        let address = slot::shown(address);
        let message =
            format!("the mail fetches {address} when it is opened; put the file beside the post, or leave it out");
        (LOADED, message)
    })
}

fn addresses(element: ElementRef<'_>) -> Vec<String> {
    let mut found: Vec<String> =
        FETCHED.iter().filter_map(|name| element.attr(name)).map(str::to_owned).collect();
    // each with its width or density
    let several = element.attr("srcset").unwrap_or_default().split(',');
    found.extend(several.filter_map(|one| one.split_whitespace().next()).map(str::to_owned));
    match element.value().name() {
        "link" | "image" => found.extend(element.attr("href").map(str::to_owned)),
        "style" => found.extend(in_css(&element.text().collect::<String>())),
        _ => found.extend(in_css(element.attr("style").unwrap_or_default())),
    }
    found.iter().map(|address| address.trim().to_owned()).collect()
}

/// `url(…)`, and what looks like an address in quotes: of `@import`, of `image-set(…)`.
fn in_css(css: &str) -> Vec<String> {
    let css = style::without_comments(css);
    let low = css.to_ascii_lowercase();
    let urls = low.match_indices("url(").filter_map(|(at, url)| {
        let address = css.get(at + url.len()..)?.split(')').next()?;
        Some(address.trim_matches(['"', '\'', ' ']))
    });
    let quoted = css.split(['"', '\'']).skip(1).step_by(2);
    urls.chain(quoted.filter(|text| text.contains("//"))).map(str::to_owned).collect()
}

/// The page as Outlook has it: what stands in a comment for it is a part, other comments are none.
fn opened(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        let asks = after.trim_start().get(..3).is_some_and(|word| word.eq_ignore_ascii_case("[if"));
        let end = if asks { "]>" } else { "-->" };
        // `<!-->` ends where it begins
        let inner = after.strip_prefix('>').or_else(|| Some(after.split_once(end)?.1));
        rest = inner.unwrap_or_default();
    }
    out.push_str(rest);
    out
}
