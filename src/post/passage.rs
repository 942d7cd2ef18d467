//! A part of a body that has a heading of its own, taken out so that it can stand elsewhere.

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

use super::body;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The heading, as its author wrote it.
    pub title: String,
    /// Markdown, without the heading.
    pub body: String,
}

/// Takes out the first part whose heading is one of `names`, in whatever case; what is left is the
/// second. A body whose parts refer to each other, by footnotes or by names of links, stays whole.
pub fn take(body: &str, names: &[&str]) -> (Option<Passage>, String) {
    let whole = (None, body.to_owned());
    if body::parser(body).reference_definitions().iter().next().is_some() || body.contains("[^") {
        return whole;
    }
    let headings = headings(body);
    let is_named = |heading: &&Heading| {
        names.iter().any(|name| name.eq_ignore_ascii_case(heading.title.trim_end_matches(':')))
    };
    let Some(found) = headings.iter().find(is_named) else { return whole };
    let next = headings.iter().find(|it| it.start > found.start && it.level <= found.level);
    let end = next.map_or(body.len(), |next| next.start);
    let passage = body[found.end..end].trim().to_owned();
    let rest = format!("{}\n\n{}", body[..found.start].trim_end(), body[end..].trim_start());
    (Some(Passage { title: found.title.clone(), body: passage }), rest.trim().to_owned())
}

struct Heading {
    level: HeadingLevel,
    title: String,
    start: usize,
    end: usize,
}

/// Those that stand in no list, quotation or table.
fn headings(body: &str) -> Vec<Heading> {
    let (mut found, mut depth, mut open) = (Vec::new(), 0_usize, None);
    for (event, range) in body::parser(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                depth += 1;
                let (title, start, end) = (String::new(), range.start, range.end);
                open = Some(Heading { level, title, start, end });
            }
            Event::End(TagEnd::Heading(_)) if depth == 1 => {
                depth -= 1;
                found.extend(open.take());
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        "Before.\n\n# Key Findings:\n\n1. One\n\n## Of them\n\nTwo.\n\n# After\n\nThree.";

    #[test]
    fn a_part_is_taken_with_all_that_stands_below_its_heading() {
        let (passage, rest) = take(BODY, &["key findings"]);
        let passage = passage.unwrap();
        assert_eq!(passage.title, "Key Findings:");
        assert_eq!(passage.body, "1. One\n\n## Of them\n\nTwo.");
        assert_eq!(rest, "Before.\n\n# After\n\nThree.");
    }

    #[test]
    fn a_body_without_it_stays_as_it_is() {
        let quoted = "> # Key findings\n> none\n\n```\n# Key findings\n```";
        for body in ["", "No headings here.", quoted] {
            assert_eq!(take(body, &["key findings"]), (None, body.to_owned()));
        }
    }

    #[test]
    fn parts_that_refer_to_each_other_are_not_taken_apart() {
        for note in ["[a]: https://e.org", "[^1]: A note."] {
            let body = format!("{BODY}\n\n{note}");
            assert_eq!(take(&body, &["key findings"]), (None, body.clone()));
        }
    }

    #[test]
    fn an_underlined_heading_and_a_last_part_count_too() {
        let (passage, rest) =
            take("We met.\n\nNext *steps*\n---\n\nWe meet again.", &["next steps"]);
        let passage = passage.unwrap();
        assert_eq!(
            (passage.title.as_str(), passage.body.as_str()),
            ("Next steps", "We meet again.")
        );
        assert_eq!(rest, "We met.");
    }
}
