//! A letter of every kind, with everything that templates can be asked to show and with nothing.

use std::path::Path;

use anyhow::Context;
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use super::compose::{Head, ListId, Rendition};
use super::render::Frame;
use super::template::Templates;
use super::{Item, Letter, Occasion, Section};
use crate::address::EmailAddress;
use crate::config::{Config, Discreet};
use crate::line::Line;
use crate::post::{File, Image, Kind, Meeting, Post};

/// Renders every template once, full and bare.
pub(super) fn prove(templates: &Templates) -> anyhow::Result<()> {
    let specimen = Specimen::new()?;
    for full in [true, false] {
        let frame = specimen.frame(full);
        for kind in Kind::ALL {
            let post = specimen.post(kind, full);
            for occasion in Occasion::ALL {
                specimen.compose(templates, &specimen.letter(&post, occasion), &frame)?;
            }
        }
        specimen.compose(templates, &specimen.digest(full), &frame)?;
    }
    specimen.prove_discreet(templates)
}

pub(super) struct Specimen {
    pub(super) line: Line,
    pub(super) address: EmailAddress,
    pub(super) files: Vec<File>,
    pub(super) words: Discreet,
}

impl Specimen {
    pub(super) fn new() -> anyhow::Result<Self> {
        let file = |name: &str, content_type: &str| File {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: b"specimen".to_vec(),
        };
        Ok(Self {
            line: Line::parse("A specimen & its <words>")?,
            address: EmailAddress::parse("specimen@example.org")?,
            words: Config::default_in(Path::new("/")).discreet,
            files: vec![file("cover.png", "image/png"), file("agenda.pdf", "application/pdf")],
        })
    }

    pub(super) fn frame(&self, full: bool) -> Frame<'_> {
        Frame {
            site_name: &self.line,
            base_url: "https://news.example.org",
            language: "en-GB",
            postal_address: full.then_some(&self.line),
            reply_to: full.then_some(&self.address),
            discreet: None,
        }
    }

    /// Discreet mails have the same templates, and one of their own for a mere notice.
    fn prove_discreet(&self, templates: &Templates) -> anyhow::Result<()> {
        let notice = Discreet { notice_only: true, ..self.words.clone() };
        let post = self.post(Kind::MeetingNotice, true);
        for words in [&self.words, &notice] {
            let frame = Frame { discreet: Some(words), ..self.frame(true) };
            self.compose(templates, &self.letter(&post, Occasion::News), &frame)?;
            self.compose(templates, &self.digest(true), &frame)?;
        }
        Ok(())
    }

    pub(super) fn head(&self) -> Head {
        Head {
            from_name: self.line.clone(),
            from: self.address.clone(),
            reply_to: Some(self.address.clone()),
            list_id: ListId { name: self.line.clone(), id: "specimen.news.example.org".to_owned() },
            help_url: "https://news.example.org/".to_owned(),
            archive_url: "https://news.example.org/archive".to_owned(),
            feedback_id: "1:specimen:post:bulletin".to_owned(),
            auto_submitted: false,
        }
    }

    pub(super) fn post(&self, kind: Kind, full: bool) -> Post {
        let picture = Image { src: "cover.png".to_owned(), alt: self.line.clone() };
        Post {
            slug: "specimen".to_owned(),
            kind,
            title: self.line.clone(),
            date: NaiveDate::default(),
            summary: self.line.clone(),
            lists: Vec::new(),
            discreet_subject: None,
            image: full.then_some(picture),
            attachments: if full { vec!["agenda.pdf".to_owned()] } else { Vec::new() },
            meeting: full.then(|| self.meeting(full)),
            urgent: false,
            body: "Some *words*.".to_owned(),
        }
    }

    fn meeting(&self, full: bool) -> Meeting {
        Meeting {
            starts: NaiveDateTime::default(),
            ends: NaiveDateTime::default(),
            timezone: Tz::UTC,
            place: full.then(|| self.line.clone()),
            join: full.then(|| "https://meet.example.org/a?b=c&d".to_owned()),
        }
    }

    pub(super) fn letter<'a>(&'a self, post: &'a Post, occasion: Occasion) -> Letter<'a> {
        Letter::Post {
            post,
            files: &self.files,
            archive_url: "https://news.example.org/archive/specimen".to_owned(),
            occasion,
        }
    }

    pub(super) fn digest(&self, full: bool) -> Letter<'_> {
        let items = Kind::ALL.map(|kind| Item {
            title: self.line.clone(),
            kind,
            date: NaiveDate::default(),
            summary: self.line.clone(),
            archive_url: "https://news.example.org/archive/specimen".to_owned(),
            meeting: Some(self.meeting(full)),
        });
        Letter::Digest {
            name: &self.line,
            sections: vec![Section {
                list: self.line.clone(),
                items: items.into_iter().take(if full { 4 } else { 1 }).collect(),
            }],
        }
    }

    fn compose(
        &self,
        templates: &Templates,
        letter: &Letter<'_>,
        frame: &Frame<'_>,
    ) -> anyhow::Result<()> {
        let content = templates.render(letter, frame)?;
        Rendition::prepare(&content, &self.head()).context("a specimen")?;
        Ok(())
    }
}
