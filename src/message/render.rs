//! From a letter to its content: handlebars, then MJML, then HTML; and text.

use std::cell::RefCell;

use anyhow::{Context, anyhow, bail};
use mrml::prelude::render::RenderOptions;
use sha2::{Digest, Sha256};

use super::template::Templates;
use super::{Content, Letter, Occasion, Part, discreet, slot, view};
use crate::address::EmailAddress;
use crate::config::{Config, Discreet};
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
    /// Neutral words, in mails to whoever asked for discretion; all above is neutral then too.
    pub discreet: Option<&'a Discreet>,
}

impl<'a> Frame<'a> {
    pub fn of(config: &'a Config) -> Self {
        Self {
            site_name: &config.site.name,
            base_url: &config.site.base_url,
            language: &config.site.language,
            postal_address: config.sender.postal_address.as_ref(),
            reply_to: config.sender.reply_to.as_ref(),
            discreet: None,
        }
    }

    /// Of a mail whose body is complete the postal address is a part.
    pub fn discreet(config: &'a Config) -> Self {
        let words = &config.discreet;
        Self {
            site_name: &words.sender_name,
            base_url: config.base_url(true),
            postal_address: config.sender.postal_address.as_ref().filter(|_| !words.notice_only),
            reply_to: words.reply_to.as_ref(),
            discreet: Some(words),
            ..Self::of(config)
        }
    }

    /// Whether the mail says only that there is something.
    fn is_notice(&self) -> bool {
        self.discreet.is_some_and(|words| words.notice_only)
    }
}

impl Templates {
    /// The same letter always gives the same content.
    pub fn render(&self, letter: &Letter<'_>, frame: &Frame<'_>) -> anyhow::Result<Content> {
        let pictures = Pictures::new(frame.base_url);
        let data = view::data(letter, frame, &|name| pictures.place(name))?;
        let body = match letter {
            Letter::Post { post, .. } if !frame.is_notice() => {
                inlined(&markdown::html(&post.body, &|src| pictures.place(src)))
            }
            Letter::Post { .. } | Letter::Digest { .. } => String::new(),
        };
        let kind = if frame.is_notice() { "discreet" } else { kind(letter) };
        let mjml = self.markup(kind, &data)?;
        let text = tidy(&self.plain(kind, "body.txt", &data)?);
        Ok(Content {
            subject: match frame.discreet {
                Some(words) => discreet::subject(words, letter),
                None => subject(&self.plain(kind, "subject.txt", &data)?)?,
            },
            html: page(&mjml, kind)?.replace(&slot::mark(view::BODY), &body),
            text: match frame.discreet {
                Some(words) => discreet::text(words, &text),
                None => text,
            },
            parts: parts(letter, frame, &pictures)?,
            mjml: mjml.replace(&slot::mark(view::BODY), &body),
        })
    }
}

/// The folder of a letter's templates.
fn kind(letter: &Letter<'_>) -> &'static str {
    match letter {
        Letter::Post { post, occasion, .. } => match occasion {
            Occasion::News => post.kind.as_str(),
            Occasion::Reminder => "reminder",
            Occasion::Update => "update",
            Occasion::Cancellation => "cancellation",
        },
        Letter::Digest { .. } => "digest",
    }
}

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
fn inlined(html: &str) -> String {
    html.chars()
        .filter(|c| !slot::is_mark(*c))
        .collect::<String>()
        .replace("<img ", "<img style=\"max-width:100%;height:auto\" ")
        .replace("<a ", "<a style=\"color:#0b5563\" ")
}

/// White space as one line has it, and no longer than a line may be.
fn subject(text: &str) -> anyhow::Result<Line> {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > SUBJECT {
        line = line.chars().take(SUBJECT - 1).chain(['…']).collect();
    }
    Line::parse(&line).context("the subject")
}

/// No fonts and no icons from anywhere: a mail that loads something tells who reads it.
fn page(mjml: &str, kind: &str) -> anyhow::Result<String> {
    let options =
        RenderOptions { fonts: std::collections::HashMap::default(), ..RenderOptions::default() };
    let root = mrml::parse(mjml)
        .map_err(|error| anyhow!("the MJML of templates/mail/{kind}/body.mjml: {error}"))?;
    root.element
        .render(&options)
        .map(|html| slot::dereference(&html))
        .map_err(|error| anyhow!("the MJML of templates/mail/{kind}/body.mjml: {error}"))
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

/// The pictures shown, then the attachments; with a mere notice comes neither.
fn parts(
    letter: &Letter<'_>,
    frame: &Frame<'_>,
    pictures: &Pictures<'_>,
) -> anyhow::Result<Vec<Part>> {
    let Letter::Post { post, files, .. } = letter else {
        return Ok(Vec::new());
    };
    if frame.is_notice() {
        return Ok(Vec::new());
    }
    let shown = pictures.shown.borrow();
    let called = |picture: usize, name: &str| match frame.discreet {
        Some(words) => discreet::file_name(words, post, picture, name),
        None => name.to_owned(),
    };
    let pictures = shown.iter().enumerate().map(|(place, name)| {
        let file = find(post, files, name)?;
        Ok(part(file, called(place, name), Some(pictures.cid(name))))
    });
    let attachments = post.attachments.iter();
    let attachments =
        attachments.map(|name| Ok(part(find(post, files, name)?, called(0, name), None)));
    pictures.chain(attachments).collect()
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

fn part(file: &File, name: String, cid: Option<String>) -> Part {
    Part { name, content_type: file.content_type.clone(), cid, bytes: file.bytes.clone() }
}

#[cfg(test)]
mod tests;
