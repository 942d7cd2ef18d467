//! The places in a rendition where a person's own words go.
//!
//! A slot is marked by two private-use characters around its name. No person's text can hold them:
//! a `Line` refuses them and the data of every template loses them (`view`). So whatever is between
//! the marks was put there by a template of ours.

use std::borrow::Cow;
use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::calendar;
use crate::address::EmailAddress;
use crate::line::Line;

const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Something that differs from one recipient to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// "Hello Ann," or, for somebody whose name nobody told us, "Hello,".
    Greeting,
    UnsubscribeUrl,
    /// The lists this mail came by: "Meetings and Reports".
    Lists,
    /// Where they say whether they come to the meeting.
    RsvpUrl,
    /// The recipient as the one attendee, in a calendar's words.
    Attendee,
}

impl Slot {
    pub const ALL: [Self; 5] =
        [Self::Greeting, Self::UnsubscribeUrl, Self::Lists, Self::RsvpUrl, Self::Attendee];

    pub fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::UnsubscribeUrl => "unsubscribe_url",
            Self::Lists => "lists",
            Self::RsvpUrl => "rsvp_url",
            Self::Attendee => "attendee",
        }
    }

    /// What stands in a rendition for the slot.
    pub fn mark(self) -> String {
        mark(self.name())
    }
}

/// A place to be filled later.
pub(super) fn mark(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// True for what only a mark is made of.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, OPEN | CLOSE)
}

/// A text with its slots as whoever writes templates knows them: `{{slot.greeting}}`.
pub(super) fn shown(text: &str) -> String {
    text.replace(OPEN, "{{slot.").replace(CLOSE, "}}")
}

/// What one person's slots are filled with.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    pub to: &'a EmailAddress,
    pub name: Option<&'a Line>,
    pub unsubscribe_url: &'a str,
    pub lists: &'a str,
    pub rsvp_url: &'a str,
}

impl<'a> Values<'a> {
    pub fn text(&self, slot: Slot) -> Cow<'a, str> {
        match (slot, self.name) {
            (Slot::Greeting, Some(name)) => Cow::Owned(format!("Hello {name},")),
            (Slot::Greeting, None) => Cow::Borrowed("Hello,"),
            (Slot::UnsubscribeUrl, _) => Cow::Borrowed(self.unsubscribe_url),
            (Slot::Lists, _) => Cow::Borrowed(self.lists),
            (Slot::RsvpUrl, _) => Cow::Borrowed(self.rsvp_url),
            (Slot::Attendee, name) => Cow::Owned(calendar::attendee(self.to, name)),
        }
    }

    /// Safe as an element's text and inside a quoted attribute.
    pub fn html(&self, slot: Slot) -> String {
        let text = self.text(slot);
        let mut out = String::with_capacity(text.len());
        escape(&text, &mut out);
        out
    }
}

/// A text cut at its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragments(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Fixed(String),
    Slot(Slot),
}

impl Fragments {
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, marked)) = rest.split_once(OPEN) {
            let (name, after) =
                marked.split_once(CLOSE).context("a slot is opened and never closed")?;
            pieces.extend(fixed(before)?);
            pieces.push(Piece::Slot(known(name)?));
            rest = after;
        }
        pieces.extend(fixed(rest)?);
        Ok(Self(pieces))
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub fn has(&self, slot: Slot) -> bool {
        self.0.contains(&Piece::Slot(slot))
    }

    /// Appends the HTML that this person gets.
    pub fn fill_html(&self, values: &Values<'_>, out: &mut String) {
        self.fill(out, |slot, out| escape(&values.text(slot), out));
    }

    /// Appends the plain text that this person gets.
    pub fn fill_text(&self, values: &Values<'_>, out: &mut String) {
        self.fill(out, |slot, out| out.push_str(&values.text(slot)));
    }

    fn fill(&self, out: &mut String, value: impl Fn(Slot, &mut String)) {
        for piece in &self.0 {
            match piece {
                Piece::Fixed(text) => out.push_str(text),
                Piece::Slot(slot) => value(*slot, out),
            }
        }
    }
}

fn fixed(text: &str) -> anyhow::Result<Option<Piece>> {
    if text.contains(CLOSE) {
        bail!("a slot is closed that was never opened");
    }
    Ok((!text.is_empty()).then(|| Piece::Fixed(text.to_owned())))
}

fn known(name: &str) -> anyhow::Result<Slot> {
    Slot::ALL.into_iter().find(|slot| slot.name() == name).with_context(|| {
        format!("\"{name}\" is not a slot; there are greeting, unsubscribe_url, lists and rsvp_url")
    })
}

/// Text for MJML. mrml writes attributes as Rust would write a string, so whatever Rust would escape
/// goes in as a character reference; that includes the marks of a slot.
pub(super) fn reference(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text, &mut escaped);
    let mut out = String::with_capacity(escaped.len());
    for c in escaped.chars() {
        if c.escape_debug().len() > 1 {
            _ = write!(out, "&#x{:X};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Makes the marks of slots themselves again, once MJML is HTML. Nobody else's words can hold such a
/// reference: their `&` is escaped.
pub(super) fn dereference(html: &str) -> String {
    [OPEN, CLOSE].iter().fold(html.to_owned(), |html, mark| {
        html.replace(&reference(&mark.to_string()), &mark.to_string())
    })
}

pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, name: Option<&str>) -> (String, String) {
        let name = name.map(|name| Line::parse(name).unwrap());
        let values = Values {
            to: &EmailAddress::parse("ann@example.org").unwrap(),
            name: name.as_ref(),
            unsubscribe_url: "https://e.org/u/a?b=1&c=2",
            lists: "Meetings and Reports",
            rsvp_url: "https://e.org/rsvp/a",
        };
        let fragments = Fragments::parse(template).unwrap();
        let (mut html, mut text) = (String::new(), String::new());
        fragments.fill_html(&values, &mut html);
        fragments.fill_text(&values, &mut text);
        (html, text)
    }

    #[test]
    fn every_slot_is_filled_where_it_is_marked() {
        let template = format!(
            "{}|{}|{}|{}",
            Slot::Greeting.mark(),
            Slot::Lists.mark(),
            Slot::UnsubscribeUrl.mark(),
            Slot::RsvpUrl.mark(),
        );
        let (html, text) = filled(&template, Some("Ann"));
        assert_eq!(
            text,
            "Hello Ann,|Meetings and Reports|https://e.org/u/a?b=1&c=2|https://e.org/rsvp/a"
        );
        assert_eq!(
            html,
            "Hello Ann,|Meetings and Reports|https://e.org/u/a?b=1&amp;c=2|https://e.org/rsvp/a"
        );
    }

    #[test]
    fn somebody_without_a_name_is_greeted_without_one() {
        assert_eq!(filled(&Slot::Greeting.mark(), None).1, "Hello,");
    }

    #[test]
    fn a_hostile_name_is_only_text_in_html() {
        let name = r#"<img src=x onerror="alert('1')">&amp;{{site}}"#;
        let (html, text) = filled(&Slot::Greeting.mark(), Some(name));
        assert_eq!(
            html,
            "Hello &lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;{{site}},"
        );
        assert_eq!(text, format!("Hello {name},"));
    }

    #[test]
    fn what_mrml_would_mangle_in_an_attribute_is_a_reference() {
        assert_eq!(reference("a\\b \u{a0}\u{200d}é’王"), "a&#x5C;b &#xA0;&#x200D;é’王");
        assert_eq!(dereference(&reference(&Slot::Lists.mark())), Slot::Lists.mark());
        assert_eq!(dereference(&reference("&#xE000;")), "&amp;#xE000;");
    }

    #[test]
    fn a_mark_that_is_no_slot_is_refused() {
        for broken in ["\u{e000}password\u{e001}", "\u{e000}lists", "lists\u{e001}"] {
            assert!(Fragments::parse(broken).is_err(), "{broken:?}");
        }
    }
}
