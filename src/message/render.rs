//! From a letter to its content: handlebars, then MJML, then HTML; and text.

use std::cell::RefCell;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::template::Templates;
use super::{Content, Letter, Occasion, Part, slot, view};
use crate::address::EmailAddress;
use crate::config::{Brand, Config, Logo};
use crate::line::Line;
use crate::post::{File, Post, markdown};

/// The longest subject: what a [`Line`] holds.
const SUBJECT: usize = 500;

/// What every mail of this site says about it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub site_name: &'a Line,
    /// Without a slash at the end.
    pub base_url: &'a str,
    /// A language tag: `en-GB`.
    pub language: &'a str,
    pub postal_address: Option<&'a Line>,
    /// Whom readers can write to.
    pub reply_to: Option<&'a EmailAddress>,
    pub brand: &'a Brand,
}

impl<'a> Frame<'a> {
    pub fn of(config: &'a Config) -> Self {
        Self {
            site_name: &config.site.name,
            base_url: &config.site.base_url,
            language: &config.site.language,
            postal_address: config.sender.postal_address.as_ref(),
            reply_to: config.sender.reply_to.as_ref(),
            brand: &config.brand,
        }
    }
}

impl Templates {
    /// The same letter always gives the same content.
    pub fn render(&self, letter: &Letter<'_>, frame: &Frame<'_>) -> anyhow::Result<Content> {
        self.render_as(letter, frame, false)
    }

    /// As [`render`](Templates::render); what mail apps do not show, or should not load, is refused too.
    pub(super) fn prove(&self, letter: &Letter<'_>, frame: &Frame<'_>) -> anyhow::Result<Content> {
        self.render_as(letter, frame, true)
    }

    fn render_as(
        &self,
        letter: &Letter<'_>,
        frame: &Frame<'_>,
        strict: bool,
    ) -> anyhow::Result<Content> {
        let pictures = Pictures::new(frame.base_url);
        let parts = view::Parts::of(letter);
        let data = view::data(letter, &parts, frame, &|name| pictures.place(name))?;
        let kind = kind(letter);
        let (mut mjml, mut html) = self.markup(kind, &data, strict)?;
        for (name, markdown) in parts.named() {
            let words = inlined(&markdown::html(markdown, &|src| pictures.place(src)), frame.brand);
            mjml = mjml.replace(&slot::reference(&slot::mark(name)), &words);
            html = html.replace(&slot::mark(name), &words);
        }
        let line = subject(&self.plain(kind, "subject.txt", &data)?);
        Ok(Content {
            subject: line.with_context(|| self.file(&format!("{kind}/subject.txt")))?,
            html,
            text: tidy(&self.plain(kind, "body.txt", &data)?),
            parts: files(letter, frame, &pictures)?,
            mjml,
        })
    }
}

/// The folder of a letter's templates.
pub(super) fn kind(letter: &Letter<'_>) -> &'static str {
    match letter {
        Letter::Post { post, occasion, .. } => match occasion {
            Occasion::News => post.kind.as_str(),
            Occasion::Reminder => "reminder",
            Occasion::Update => "update",
            Occasion::Cancellation => "cancellation",
        },
        Letter::Digest { .. } => "digest",
        Letter::Confirm { .. } => "confirm",
        Letter::PreferencesLink { .. } => "preferences-link",
    }
}

/// Stands for the logo among the names of pictures; no file has a slash in its name.
pub(super) const LOGO: &str = "/logo";

/// The pictures that the HTML shows, each with its Content-ID, in the order they are met.
struct Pictures<'a> {
    base_url: &'a str,
    shown: RefCell<Vec<String>>,
}

impl<'a> Pictures<'a> {
    fn new(base_url: &'a str) -> Self {
        Self { base_url, shown: RefCell::default() }
    }

    /// Where HTML finds a picture in its own mail (RFC 2392).
    fn place(&self, name: &str) -> String {
        let mut shown = self.shown.borrow_mut();
        if !shown.iter().any(|other| other == name) {
            shown.push(name.to_owned());
        }
        format!("cid:{}", self.cid(name))
    }

    /// Of letters that need no encoding, and without the words of the name: those may say too much.
    fn cid(&self, name: &str) -> String {
        let hash = Sha256::digest(format!("{} {name}", self.base_url));
        format!("{}@bulletin", data_encoding::HEXLOWER.encode(&hash[..10]))
    }
}

/// Some apps drop a page's styles, so what must not break stands on the elements themselves.
fn inlined(html: &str, brand: &Brand) -> String {
    html.chars()
        .filter(|c| !slot::is_mark(*c))
        .collect::<String>()
        .replace("<img ", "<img style=\"max-width:100%;height:auto\" ")
        .replace("<a ", &format!("<a style=\"color:{}\" ", brand.accent))
}

/// White space as one line has it, and no longer than a line may be.
fn subject(text: &str) -> anyhow::Result<Line> {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > SUBJECT {
        line = line.chars().take(SUBJECT - 1).chain(['…']).collect();
    }
    Line::parse(&line).context("the subject")
}

/// One blank line at most where templates left several, and one line break at the end.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && blank) {
            out.push_str(line);
            out.push('\n');
        }
        blank = line.is_empty();
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The logo, the pictures shown, then the attachments.
fn files(
    letter: &Letter<'_>,
    frame: &Frame<'_>,
    pictures: &Pictures<'_>,
) -> anyhow::Result<Vec<Part>> {
    let logo = frame.brand.logo.iter().map(|logo| Ok(logo_part(logo, pictures.cid(LOGO))));
    let Letter::Post { post, files, .. } = letter else {
        return logo.collect();
    };
    let shown = pictures.shown.borrow();
    let pictures = shown.iter().filter(|name| *name != LOGO).map(|name| {
        let file = find(post, files, name)?;
        Ok(part(file, Some(pictures.cid(name))))
    });
    let attachments = post.attachments.iter().map(|name| Ok(part(find(post, files, name)?, None)));
    logo.chain(pictures).chain(attachments).collect()
}

fn logo_part(logo: &Logo, cid: String) -> Part {
    let ending = logo.content_type.rsplit('/').next().unwrap_or_default();
    Part {
        name: format!("logo.{ending}"),
        content_type: logo.content_type.to_owned(),
        cid: Some(cid),
        bytes: logo.bytes.to_vec(),
    }
}

fn find<'f>(post: &Post, files: &'f [File], name: &str) -> anyhow::Result<&'f File> {
    match files.iter().find(|file| file.name == name) {
        Some(file) => Ok(file),
        None => bail!(
            "the post \"{}\" names \"{name}\", which is not in its folder; add the file or remove the name",
            post.slug
        ),
    }
}

fn part(file: &File, cid: Option<String>) -> Part {
    Part {
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        cid,
        bytes: file.bytes.clone(),
    }
}

#[cfg(test)]
mod tests;
