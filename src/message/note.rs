//! A note to whoever runs this: one text, to one address, of no list.
//!
//! What always holds: a note is no mailing. It has none of the fields of a list, and says of itself that
//! nobody wrote it (RFC 3834 §5), so that an absence notice does not answer it.

use anyhow::Context;
use handlebars::Handlebars;
use include_dir::{Dir, include_dir};
use serde::Serialize;

use super::render::{subject, tidy};
use super::template::plain_registry;
use super::{header, quoted};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::line::Line;
use crate::octets::Octets;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/operator");

/// A note that is filled and not addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub subject: Line,
    pub text: String,
}

/// Whom a note comes from and goes to.
#[derive(Clone, Copy, Debug)]
pub struct Addressed<'a> {
    pub from_name: &'a Line,
    pub from: &'a EmailAddress,
    pub to: &'a EmailAddress,
    /// Without its angle brackets.
    pub message_id: &'a str,
    pub date: Timestamp,
}

impl Note {
    /// Fills the two templates of this name in `templates/operator`.
    pub fn of(name: &str, data: &impl Serialize) -> anyhow::Result<Self> {
        let registry = plain_registry();
        let text = fill(&registry, &format!("{name}/body.txt"), data)?;
        let line = fill(&registry, &format!("{name}/subject.txt"), data)?;
        Ok(Self { subject: subject(&line)?, text: tidy(&text) })
    }

    /// The whole message, ready to be signed.
    pub fn message(&self, to: &Addressed<'_>) -> Octets {
        let mut out = Vec::new();
        header::mailbox(&mut out, "From", Some(to.from_name.as_str()), to.from);
        header::mailbox(&mut out, "To", None, to.to);
        header::unstructured(&mut out, "Subject", self.subject.as_str());
        header::date(&mut out, to.date);
        header::verbatim(&mut out, "Message-ID", &format!("<{}>", to.message_id));
        for (name, value) in FIELDS {
            header::unstructured(&mut out, name, value);
        }
        out.extend_from_slice(b"\r\n");
        quoted::encode(&self.text, &mut out);
        out.into()
    }
}

const FIELDS: [(&str, &str); 4] = [
    ("Auto-Submitted", "auto-generated"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "quoted-printable"),
];

fn fill(registry: &Handlebars<'_>, file: &str, data: &impl Serialize) -> anyhow::Result<String> {
    let template = BUILT_IN.get_file(file).and_then(|file| file.contents_utf8());
    let template = template.with_context(|| format!("templates/operator/{file} is missing"))?;
    registry.render_template(template, data).with_context(|| format!("templates/operator/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_text_of_no_list_that_nobody_answers() {
        let line = |text| Line::parse(text).unwrap();
        let note = Note {
            subject: line("Something is broken"),
            text: "Dün – and a line.\n".to_owned(),
        };
        let (from, to) = ("news@example.org", "ops@example.org");
        let message = note.message(&Addressed {
            from_name: &line("London Learning Alliance"),
            from: &EmailAddress::parse(from).unwrap(),
            to: &EmailAddress::parse(to).unwrap(),
            message_id: "1@example.org",
            date: Timestamp(0),
        });
        let text = String::from_utf8(message.to_vec()).unwrap();
        assert_eq!(
            text,
            "From: London Learning Alliance <news@example.org>\r\nTo: <ops@example.org>\r\n\
             Subject: Something is broken\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\
             Message-ID: <1@example.org>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nD=C3=BCn =E2=80=93 and a line.\r\n"
        );
    }
}
