//! The levels of headings: below the title, which is the page's first, and without a gap, for
//! whoever listens jumps from one to the next by them (WCAG 1.3.1).

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

/// Nobody follows more, and the look of a mail has no more.
const LEVELS: [HeadingLevel; 3] = [HeadingLevel::H2, HeadingLevel::H3, HeadingLevel::H4];

/// Gives every heading the level that it has among those before it.
pub(super) fn order(events: &mut [Event<'_>]) {
    let mut above: Vec<HeadingLevel> = Vec::new();
    let mut given = HeadingLevel::H2;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                above.retain(|other| *other < *level);
                above.push(*level);
                given = LEVELS[above.len().min(LEVELS.len()) - 1];
                *level = given;
            }
            Event::End(TagEnd::Heading(level)) => *level = given,
            _ => {}
        }
    }
}
