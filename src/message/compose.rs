//! From a rendition to the bytes that one person gets.
//!
//! [`Rendition::prepare`] does once what is equal for everybody; [`Rendition::message`] then only
//! joins octets and encodes one person's slots. Only these are looked through.

use anyhow::Context;

use super::mime::{self, Calendar, Chunk};
use super::proof::Own;
use super::slot::{Fragments, Slot, Values};
use super::{Content, header};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::line::Line;
use crate::octets::Octets;

/// About how many octets a person's own header fields have, and those of two signatures that may be
/// put before them.
const OWN_FIELDS: usize = 1000;
const SIGNATURES: usize = 3000;

/// What the headers of a rendition share.
#[derive(Clone, Debug)]
pub struct Head {
    pub from_name: Line,
    pub from: EmailAddress,
    pub reply_to: Option<EmailAddress>,
    pub list_id: ListId,
    pub help_url: String,
    pub archive_url: String,
    /// `campaign:customer:type:sender`, by which Gmail groups complaints.
    pub feedback_id: String,
    /// True for what no person pressed a button for: digests and reminders (RFC 3834 §5).
    pub auto_submitted: bool,
}

/// The list a mail came by (RFC 2919). Its id never changes.
#[derive(Clone, Debug)]
pub struct ListId {
    pub name: Line,
    /// `meetings.example.org`: a label and a domain of ours.
    pub id: String,
}

/// What is one recipient's own.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    pub to: &'a EmailAddress,
    pub name: Option<&'a Line>,
    /// Without its angle brackets; the same on every try.
    pub message_id: &'a str,
    pub date: Timestamp,
    pub unsubscribe_url: &'a str,
    /// The names of the lists this mail came by: "Meetings and Reports".
    pub lists: &'a str,
    /// Empty when the mail asks nobody ([`Rendition::asks_who_comes`]).
    pub rsvp_url: &'a str,
}

/// A content ready to be addressed.
#[derive(Clone, Debug)]
pub struct Rendition {
    subject: Line,
    /// The fields before a person's own.
    opening: Octets,
    /// The fields after them, and the blank line.
    closing: Octets,
    body: Vec<Chunk>,
    asks_who_comes: bool,
}

impl Copy<'_> {
    /// What is this recipient's own in every part, and what to call it (promise 5). The lists that a
    /// mail came by are not: whoever gets the same mail by the same lists reads the same.
    pub fn own(&self) -> Vec<Own> {
        let values = self.values();
        let slots = Slot::ALL.into_iter().filter(|slot| *slot != Slot::Lists);
        let mut own: Vec<Own> =
            slots.map(|slot| (slot.name(), values.text(slot).into_owned())).collect();
        own.push(("address", self.to.wire()));
        own
    }

    fn values(&self) -> Values<'_> {
        let Copy { to, name, unsubscribe_url, lists, rsvp_url, .. } = *self;
        Values { to, name, unsubscribe_url, lists, rsvp_url }
    }
}

impl Content {
    /// The HTML of one person's mail, as they see it; pictures are still named by their Content-ID.
    pub fn html_for(&self, copy: &Copy<'_>) -> anyhow::Result<String> {
        let mut html = String::new();
        Fragments::parse(&self.html)?.fill_html(&copy.values(), &mut html);
        Ok(html)
    }

    /// The text of one person's mail.
    pub fn text_for(&self, copy: &Copy<'_>) -> anyhow::Result<String> {
        let mut text = String::new();
        Fragments::parse(&self.text)?.fill_text(&copy.values(), &mut text);
        Ok(text)
    }
}

impl Rendition {
    pub fn prepare(content: &Content, head: &Head) -> anyhow::Result<Self> {
        let text = Fragments::parse(&content.text).context("in the text of the mail")?;
        let html = Fragments::parse(&content.html).context("in the HTML of the mail")?;
        let invitation = content.invitation.as_ref().map(Calendar::of).transpose()?;
        let asks_who_comes = text.has(Slot::RsvpUrl) || html.has(Slot::RsvpUrl);
        let mut closing = list_fields(head);
        let body = mime::write(&text, &html, invitation.as_ref(), &content.parts, &mut closing);
        Ok(Self {
            asks_who_comes,
            subject: content.subject.clone(),
            opening: shared_fields(content, head).into(),
            closing: closing.into(),
            body,
        })
    }

    pub fn subject(&self) -> &str {
        self.subject.as_str()
    }

    /// Whether its copies need a link of their own to answer by.
    pub fn asks_who_comes(&self) -> bool {
        self.asks_who_comes
    }

    /// The whole message, header and body, with room for signatures before it.
    pub fn message(&self, copy: &Copy<'_>) -> Octets {
        let mut out = Octets::with_capacity(self.size());
        let mut own = own_fields(copy);
        out.join(&self.opening);
        out.push(&own);
        out.join(&self.closing);
        let values = copy.values();
        for chunk in &self.body {
            chunk.write(&values, &mut own, &mut out);
        }
        out
    }

    /// About how many octets a message has.
    fn size(&self) -> usize {
        let body: usize = self
            .body
            .iter()
            .map(|chunk| match chunk {
                Chunk::Fixed(octets) => octets.len(),
                Chunk::Slot(..) => 200,
            })
            .sum();
        SIGNATURES + self.opening.len() + OWN_FIELDS + self.closing.len() + body
    }
}

fn shared_fields(content: &Content, head: &Head) -> Vec<u8> {
    let mut out = Vec::new();
    header::mailbox(&mut out, "From", Some(head.from_name.as_str()), &head.from);
    if let Some(reply_to) = &head.reply_to {
        header::mailbox(&mut out, "Reply-To", None, reply_to);
    }
    header::unstructured(&mut out, "Subject", content.subject.as_str());
    out
}

/// One recipient in `To` and nobody anywhere else: who else gets a mail is nobody's business.
fn own_fields(copy: &Copy<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(OWN_FIELDS);
    header::mailbox(&mut out, "To", copy.name.map(Line::as_str), copy.to);
    header::date(&mut out, copy.date);
    header::verbatim(&mut out, "Message-ID", &format!("<{}>", copy.message_id));
    header::verbatim(&mut out, "List-Unsubscribe", &format!("<{}>", copy.unsubscribe_url));
    out
}

fn list_fields(head: &Head) -> Vec<u8> {
    let mut out = Vec::new();
    let list = &head.list_id;
    // RFC 8058 §3.1 gives these words exactly
    header::verbatim(&mut out, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    header::named(&mut out, "List-Id", Some(list.name.as_str()), &list.id);
    // an announcement list takes no posts from its readers (RFC 2369 §3.4)
    header::verbatim(&mut out, "List-Post", "NO");
    header::verbatim(&mut out, "List-Help", &format!("<{}>", head.help_url));
    header::verbatim(&mut out, "List-Archive", &format!("<{}>", head.archive_url));
    header::verbatim(&mut out, "Feedback-ID", &head.feedback_id);
    if head.auto_submitted {
        header::verbatim(&mut out, "Auto-Submitted", "auto-generated");
    }
    header::verbatim(&mut out, "MIME-Version", "1.0");
    out
}

#[cfg(test)]
mod tests;
