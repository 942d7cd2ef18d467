//! From a letter to its content: handlebars, then MJML, then HTML; and text.

use std::cell::RefCell;

use anyhow::{Context, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::template::Templates;
use super::{Content, Letter, Occasion, Part, discreet, slot, view, wording};
use crate::address::EmailAddress;
use crate::config::{Brand, Config, Discreet, Logo, Placing};
use crate::line::Line;
use crate::post::markdown::{self, Placed};
use crate::post::{File, Post};

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
    /// Where its pictures are, see [`placing`].
    pub placing: Placing,
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
            brand: &config.brand,
            placing: placing(config, false),
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
            placing: placing(config, true),
            discreet: Some(words),
            ..Self::of(config)
        }
    }

    /// None in a mail to whoever asked for discretion: it says who writes.
    pub(super) fn logo(&self) -> Option<&'a Logo> {
        self.brand.logo.as_ref().filter(|_| self.discreet.is_none())
    }

    /// The words of a mail that says only that there is something.
    pub(super) fn notice(&self) -> Option<&'a Discreet> {
        self.discreet.filter(|words| words.notice_only)
    }
}

/// Where a mail's pictures are: for somebody who asked for discretion always in it, because whoever
/// watches the network sees what is fetched.
pub fn placing(config: &Config, discreet: bool) -> Placing {
    if discreet { Placing::Embedded } else { config.picture.placing }
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
        let pictures = Pictures::of(letter, frame);
        let passages =
            frame.notice().map_or_else(|| view::Parts::of(letter), |_| view::Parts::default());
        let data = view::data(letter, &passages, frame, &|name| pictures.place(name))?;
        let kind = kind(letter, frame);
        let cover = frame.discreet.map(discreet::cover);
        let (mut mjml, mut html) = self.markup(kind, &data, cover.as_ref(), strict)?;
        for (name, markdown) in passages.named() {
            let words = inlined(&markdown::html(markdown, &|src| pictures.sized(src)), frame.brand);
            mjml = mjml.replace(&slot::reference(&slot::mark(name)), &words);
            html = html.replace(&slot::mark(name), &words);
        }
        pictures.check(letter)?;
        let parts = parts(letter, frame, &html)?;
        let text = tidy(&self.plain(kind, "body.txt", &data)?);
        Ok(Content {
            subject: self.subject(kind, &data, letter, frame)?,
            html,
            text: match frame.discreet {
                Some(words) => discreet::text(words, &text),
                None => text,
            },
            parts,
            invitation: None,
            mjml,
        })
    }
}

impl Templates {
    fn subject(
        &self,
        kind: &str,
        data: &Value,
        letter: &Letter<'_>,
        frame: &Frame<'_>,
    ) -> anyhow::Result<Line> {
        if let Some(words) = frame.discreet {
            return Ok(discreet::subject(words, letter));
        }
        let line = subject(&self.plain(kind, "subject.txt", data)?);
        line.with_context(|| self.file(&format!("{kind}/subject.txt")))
    }
}

/// The folder of a letter's templates. Who is asked something must read what, also in a mere notice.
pub(super) fn kind(letter: &Letter<'_>, frame: &Frame<'_>) -> &'static str {
    match letter {
        Letter::Post { .. } | Letter::Digest { .. } if frame.notice().is_some() => "discreet",
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

/// The pictures that the HTML shows, and the names of those that travel with it.
struct Pictures<'a> {
    files: &'a [File],
    /// The folder on the site, when pictures are linked.
    folder: Option<String>,
    shown: RefCell<Vec<String>>,
}

impl<'a> Pictures<'a> {
    fn of(letter: &Letter<'a>, frame: &Frame<'a>) -> Self {
        let (files, archive_url) = match letter {
            Letter::Post { files, archive_url, .. } => (*files, archive_url.as_str()),
            _ => (&[][..], ""),
        };
        let linked = frame.placing == Placing::Linked;
        let folder = linked.then(|| format!("{archive_url}/file"));
        Self { files, folder, shown: RefCell::default() }
    }

    fn sized(&self, name: &str) -> Placed {
        let file = self.files.iter().find(|file| file.name == name);
        Placed { src: self.place(name), size: file.and_then(File::shown) }
    }

    /// On the site, or where HTML finds a picture in its own mail (RFC 2392).
    fn place(&self, name: &str) -> String {
        // what is no file of the post is not in its archive
        let ours = self.files.iter().any(|file| file.name == name);
        if let Some(folder) = self.folder.as_ref().filter(|_| ours) {
            return format!("{folder}/{}", wording::encode(name));
        }
        let mut shown = self.shown.borrow_mut();
        if !shown.iter().any(|other| other == name) {
            shown.push(name.to_owned());
        }
        format!("cid:{}", cid(name))
    }

    /// Fails when a picture that is shown is not there.
    fn check(&self, letter: &Letter<'_>) -> anyhow::Result<()> {
        let Letter::Post { post, files, .. } = letter else { return Ok(()) };
        let shown = self.shown.borrow();
        shown
            .iter()
            .filter(|name| *name != LOGO)
            .try_for_each(|name| find(post, files, name).map(drop))
    }
}

/// Of letters that need no encoding, and without the words of the name: those may say too much. It hangs on
/// the name alone, so that mails which were composed before find their pictures whatever was set since.
fn cid(name: &str) -> String {
    let hash = Sha256::digest(name);
    format!("{}@bulletin", data_encoding::HEXLOWER.encode(&hash[..10]))
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
pub(super) fn subject(text: &str) -> anyhow::Result<Line> {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > SUBJECT {
        line = line.chars().take(SUBJECT - 1).chain(['…']).collect();
    }
    Line::parse(&line).context("the subject")
}

/// One blank line at most where templates left several, and one line break at the end.
pub(super) fn tidy(text: &str) -> String {
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

/// What travels with this HTML of a letter: the logo, the pictures as it shows them, then the attachments;
/// with a mere notice comes nothing.
pub(super) fn parts(
    letter: &Letter<'_>,
    frame: &Frame<'_>,
    html: &str,
) -> anyhow::Result<Vec<Part>> {
    let shown = |name: &str| html.find(&format!("cid:{}", cid(name)));
    let logo = frame.logo().filter(|_| shown(LOGO).is_some());
    let logo = logo.into_iter().map(|logo| Ok(logo_part(logo, cid(LOGO))));
    let Letter::Post { post, files, occasion, .. } = letter else {
        return logo.collect();
    };
    // what is withdrawn does not go out once more
    if frame.notice().is_some() || *occasion == Occasion::Cancellation {
        return logo.collect();
    }
    let mut pictures: Vec<(usize, &File)> =
        files.iter().filter_map(|file| Some((shown(&file.name)?, file))).collect();
    pictures.sort_by_key(|(at, _)| *at);
    let called = |picture: usize, file: &File| match frame.discreet {
        Some(words) => discreet::file_name(words, post, picture, file),
        None => file.travelling_name(),
    };
    let pictures = pictures
        .iter()
        .enumerate()
        .map(|(place, (_, file))| Ok(part(file, called(place, file), Some(cid(&file.name)))));
    let attachments = post.attachments.iter().map(|name| {
        let file = find(post, files, name)?;
        Ok(part(file, called(0, file), None))
    });
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

fn part(file: &File, name: String, cid: Option<String>) -> Part {
    Part { name, content_type: file.content_type.clone(), cid, bytes: file.bytes.clone() }
}

#[cfg(test)]
mod tests;
