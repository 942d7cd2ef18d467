//! A letter of every kind, with everything that templates can be asked to show and with nothing.

use std::path::Path;

use anyhow::{Context, bail};
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use super::compose::{Head, ListId, Rendition};
use super::render::{Frame, kind};
use super::slot::Slot;
use super::template::Templates;
use super::{Content, Item, Letter, Occasion, Section};
use crate::address::EmailAddress;
use crate::config::{Brand, Config, Discreet, Logo, Placing};
use crate::line::Line;
use crate::post::{File, Image, Kind, Meeting, Post};

/// Renders every template, full and bare, for everybody and for discreet readers, with each choice of what
/// may be left out.
pub(super) fn prove(templates: &Templates) -> anyhow::Result<()> {
    let specimen = Specimen::new()?;
    for full in [true, false] {
        let brand = specimen.brand(full);
        let frame = Frame { brand: &brand, ..specimen.frame(full) };
        specimen.prove_in(templates, &frame, full, Has::choices(full))?;
        let discreet = Frame { discreet: Some(&specimen.words), ..frame };
        specimen.prove_in(templates, &discreet, full, Has::choices(full))?;
    }
    specimen.prove_notice(templates)
}

/// What a post has of all that it may be without.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, whatever the others are")]
struct Has {
    image: bool,
    attachment: bool,
    passages: bool,
    meeting: bool,
    place: bool,
    join: bool,
}

impl Has {
    fn all(full: bool) -> Self {
        Self {
            image: full,
            attachment: full,
            passages: full,
            meeting: full,
            place: full,
            join: full,
        }
    }

    /// Every choice: half of them each time.
    fn choices(full: bool) -> Vec<Self> {
        let choice = |bits: u8| {
            let has = |bit: u8| bits & (1 << bit) != 0;
            let [meeting, place, join] = [has(3), has(4), has(5)];
            Self { image: has(0), attachment: has(1), passages: has(2), meeting, place, join }
        };
        // without a meeting there is no place
        let all = (0..64).map(choice).filter(|has| has.meeting || !(has.place || has.join));
        all.skip(usize::from(full)).step_by(2).collect()
    }
}

/// The words of a post that has passages for a report and for a summary.
const PASSAGES: &str = "Some *words*.\n\n# Key findings\n\n1. One\n\n# What comes next\n\nMore.";

/// Where the mails to one person lead.
const REQUEST: &str = "https://news.example.org/confirm/SPECIMEN";

pub(super) struct Specimen {
    pub(super) line: Line,
    pub(super) address: EmailAddress,
    pub(super) files: Vec<File>,
    brand: Brand,
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
            brand: Brand::default(),
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
            brand: &self.brand,
            placing: Placing::Embedded,
            discreet: None,
        }
    }

    fn brand(&self, full: bool) -> Brand {
        let logo = Logo {
            bytes: b"specimen".as_slice().into(),
            content_type: "image/png",
            alt: self.line.clone(),
            width: 160,
        };
        Brand { logo: full.then_some(logo), ..Brand::default() }
    }

    /// Every kind, every occasion, a digest and what one person is asked.
    fn prove_in(
        &self,
        templates: &Templates,
        frame: &Frame<'_>,
        full: bool,
        choices: Vec<Has>,
    ) -> anyhow::Result<()> {
        for has in choices {
            for kind in Kind::ALL {
                let post = self.post_with(kind, has);
                self.compose(templates, &self.letter(&post, Occasion::News), frame)?;
            }
            // these have one template each, whatever the kind
            let post = self.post_with(Kind::MeetingNotice, has);
            for occasion in [Occasion::Reminder, Occasion::Update, Occasion::Cancellation] {
                self.compose(templates, &self.letter(&post, occasion), frame)?;
            }
        }
        self.compose(templates, &self.digest(full), frame)?;
        self.requests().iter().try_for_each(|letter| self.compose(templates, letter, frame))
    }

    /// A mere notice has one template, which knows nothing of the post: one stands for all.
    fn prove_notice(&self, templates: &Templates) -> anyhow::Result<()> {
        let words = Discreet { notice_only: true, ..self.words.clone() };
        let post = self.post(Kind::MeetingNotice, true);
        for full in [true, false] {
            let frame = Frame { discreet: Some(&words), ..self.frame(full) };
            self.compose(templates, &self.letter(&post, Occasion::News), &frame)?;
            self.compose(templates, &self.digest(full), &frame)?;
            for letter in self.requests() {
                self.compose(templates, &letter, &frame)?;
            }
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
        self.post_with(kind, Has::all(full))
    }

    fn post_with(&self, kind: Kind, has: Has) -> Post {
        let picture = Image { src: "cover.png".to_owned(), alt: self.line.clone() };
        let body = if has.passages { PASSAGES } else { "Some *words*." };
        Post {
            slug: "specimen".to_owned(),
            kind,
            title: self.line.clone(),
            date: NaiveDate::default(),
            summary: self.line.clone(),
            lists: Vec::new(),
            discreet_subject: None,
            image: has.image.then_some(picture),
            attachments: if has.attachment { vec!["agenda.pdf".to_owned()] } else { Vec::new() },
            meeting: has.meeting.then(|| self.meeting(has.place, has.join)),
            urgent: false,
            body: body.to_owned(),
        }
    }

    fn meeting(&self, place: bool, join: bool) -> Meeting {
        Meeting {
            starts: NaiveDateTime::default(),
            ends: NaiveDateTime::default(),
            timezone: Tz::UTC,
            place: place.then(|| self.line.clone()),
            join: join.then(|| "https://meet.example.org/a?b=c&d".to_owned()),
            rsvp: place && join,
            reminders: None,
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
            meeting: Some(self.meeting(full, full)),
        });
        Letter::Digest {
            name: &self.line,
            sections: vec![Section {
                list: self.line.clone(),
                items: items.into_iter().take(if full { 4 } else { 1 }).collect(),
            }],
        }
    }

    pub(super) fn requests(&self) -> [Letter<'_>; 2] {
        let lists = vec![self.line.clone(), self.line.clone()];
        [Letter::Confirm { lists, url: REQUEST }, Letter::PreferencesLink { url: REQUEST }]
    }

    fn compose(
        &self,
        templates: &Templates,
        letter: &Letter<'_>,
        frame: &Frame<'_>,
    ) -> anyhow::Result<()> {
        let content = templates.prove(letter, frame)?;
        check_link(templates, letter, frame, &content)?;
        Rendition::prepare(&content, &self.head()).context("a specimen")?;
        Ok(())
    }
}

/// Whoever cannot leave reports a mail as spam, and whoever cannot confirm never joins.
fn check_link(
    templates: &Templates,
    letter: &Letter<'_>,
    frame: &Frame<'_>,
    content: &Content,
) -> anyhow::Result<()> {
    let (link, name) = match letter {
        Letter::Post { .. } | Letter::Digest { .. } => {
            (Slot::UnsubscribeUrl.mark(), "slot.unsubscribe_url")
        }
        Letter::Confirm { .. } | Letter::PreferencesLink { .. } => {
            (REQUEST.to_owned(), "request.url")
        }
    };
    for (body, ending, wanted) in
        [(&content.html, "mjml", format!("href=\"{link}\"")), (&content.text, "txt", link.clone())]
    {
        if !body.contains(&wanted) {
            let file = templates.file(&format!("{}/body.{ending}", kind(letter, frame)));
            let how = if ending == "mjml" { "a link to " } else { "" };
            bail!(
                "{file}: no reader of this mail could act on it; write {how}{{{{{name}}}}} into it"
            );
        }
    }
    Ok(())
}
