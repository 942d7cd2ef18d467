//! Addresses that a text spells out become links, as people who write them expect (GFM §6.9).

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::may_link;

/// A text with its addresses as links.
pub(super) fn linked(text: CowStr<'_>) -> Vec<Event<'_>> {
    // no address is without one of these
    if !text.contains(['@', ':']) && !text.contains("www.") {
        return vec![Event::Text(text)];
    }
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    let mut events = Vec::new();
    for span in finder.spans(&text) {
        let words = Event::Text(span.as_str().to_owned().into());
        match span.kind().and_then(|kind| address(span.as_str(), kind)) {
            Some(address) => {
                events.extend([Event::Start(link(address)), words, Event::End(TagEnd::Link)]);
            }
            None => events.push(words),
        }
    }
    events
}

fn address(words: &str, kind: &LinkKind) -> Option<String> {
    let www = words.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    let address = match kind {
        LinkKind::Email => format!("mailto:{words}"),
        // whoever watches the network learns less than by http
        LinkKind::Url if www => format!("https://{words}"),
        LinkKind::Url if words.contains("://") => words.to_owned(),
        _ => return None,
    };
    may_link(&address).then_some(address)
}

fn link<'a>(address: String) -> Tag<'a> {
    Tag::Link {
        link_type: LinkType::Inline,
        dest_url: address.into(),
        title: "".into(),
        id: "".into(),
    }
}
