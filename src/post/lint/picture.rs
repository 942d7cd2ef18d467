//! Posts that are a picture and nothing else.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Written;
use super::rule::IMAGE_ONLY;
use crate::post::Finding;

/// Fewer are a caption.
const WORDS: usize = 5;

/// A post whose words are those of its pictures.
pub(super) fn only(written: &Written<'_>) -> Option<Finding> {
    let (mut first, mut inside, mut words) = (None, 0_usize, 0);
    let parser = Parser::new_ext(&written.post.body, Options::ENABLE_TABLES);
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Image { .. }) => {
                first = first.or(Some(range.start));
                inside += 1;
            }
            Event::End(TagEnd::Image) => inside -= 1,
            Event::Text(text) | Event::Code(text) if inside == 0 => {
                words += text.split_whitespace().count();
            }
            _ => {}
        }
    }
    let line = written.line_at(first.filter(|_| words < WORDS)?);
    let message = "the post is a picture without text; write below it what it says".to_owned();
    Some(written.finding(line, &IMAGE_ONLY, message))
}

/// The description of each picture, with where it stands in the body.
pub(super) fn descriptions(body: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = 0_usize;
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Image { .. }) => {
                found.push((range.start, String::new()));
                inside += 1;
            }
            Event::End(TagEnd::Image) => inside -= 1,
            Event::Text(text) | Event::Code(text) if inside > 0 => {
                if let Some((_, alt)) = found.last_mut() {
                    alt.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}
