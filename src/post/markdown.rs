//! Markdown to HTML that may be put into a mail.
//!
//! What always holds: the result is well-formed XML (it becomes part of an MJML document), holds
//! no markup but what Markdown itself makes, and links only to `http`, `https` and `mailto`.

use pulldown_cmark::{CowStr, Event, Tag, html};

use super::body;

/// The body as HTML. `image` says where a picture that the body names is found.
pub fn html(body: &str, image: &dyn Fn(&str) -> String) -> String {
    let events = body::events(body).into_iter().flat_map(|event| match event {
        Event::FootnoteReference(number) => superscript(number),
        Event::Start(tag) => vec![Event::Start(placed(tag, image))],
        other => vec![other],
    });
    let mut out = String::with_capacity(body.len() * 3 / 2);
    html::push_html(&mut out, events);
    out
}

/// The pictures that the body names, with their lines in the body, counted from 1.
pub fn images(body: &str) -> Vec<(usize, String)> {
    let pictures = body::pictures(body).into_iter();
    pictures.map(|picture| (picture.line, picture.src)).collect()
}

/// A number only: mail programs do not follow links inside a message.
fn superscript(number: CowStr<'_>) -> Vec<Event<'_>> {
    let tag = Tag::Superscript;
    let end = tag.to_end();
    vec![Event::Start(tag), Event::Text(number), Event::End(end)]
}

fn placed<'a>(tag: Tag<'a>, image: &dyn Fn(&str) -> String) -> Tag<'a> {
    match tag {
        Tag::Image { link_type, dest_url, title, id } => {
            Tag::Image { link_type, dest_url: image(&dest_url).into(), title, id }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
