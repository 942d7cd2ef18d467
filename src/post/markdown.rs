//! Markdown to HTML that may be put into a mail.
//!
//! What always holds: the result is well-formed XML (it becomes part of an MJML document), holds
//! no markup but what Markdown itself makes, and links only to `http`, `https`, `mailto` and `tel`.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, Tag, TagEnd, html};

use super::body;

/// Where a picture is found, and how large it is shown, in CSS pixels: then nothing jumps when it
/// comes, and Outlook, which knows no `max-width`, does not show it at its full size.
#[derive(Clone, Debug)]
pub struct Placed {
    pub src: String,
    pub size: Option<(u32, u32)>,
}

impl From<String> for Placed {
    fn from(src: String) -> Self {
        Self { src, size: None }
    }
}

/// The body as HTML. `image` says where a picture that the body names is found.
pub fn html<P: Into<Placed>>(body: &str, image: &dyn Fn(&str) -> P) -> String {
    let mut shown = None;
    let events = body::events(body).into_iter().flat_map(|event| match event {
        Event::Text(text) => match &mut shown {
            Some((_, alt)) => {
                String::push_str(alt, &text);
                Vec::new()
            }
            None => vec![Event::Text(text)],
        },
        Event::FootnoteReference(number) => superscript(number),
        Event::Start(Tag::Image { dest_url, .. }) => {
            shown = Some((image(&dest_url).into(), String::new()));
            Vec::new()
        }
        Event::End(TagEnd::Image) => shown.take().map(element).into_iter().collect(),
        other => vec![other],
    });
    let mut out = String::with_capacity(body.len() * 3 / 2);
    html::push_html(&mut out, events);
    out
}

fn element<'a>((placed, alt): (Placed, String)) -> Event<'a> {
    let mut out = format!("<img src=\"{}\" alt=\"{}\"", escaped(&placed.src), escaped(&alt));
    if let Some((width, height)) = placed.size {
        _ = write!(out, " width=\"{width}\" height=\"{height}\"");
    }
    out.push_str(" />");
    Event::InlineHtml(out.into())
}

/// For the value of an attribute in XML and HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace(['\n', '\t'], " ")
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

#[cfg(test)]
mod tests;
