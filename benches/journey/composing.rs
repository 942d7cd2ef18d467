//! What composing costs, in this process: MJML made into HTML, posts made into a rendition, a
//! rendition made into one person's mail.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bulletin::address::EmailAddress;
use bulletin::clock::Timestamp;
use bulletin::config::Config;
use bulletin::line::Line;
use bulletin::message::compose::{Copy, Head, ListId, Rendition};
use bulletin::message::{Content, Frame, Item, Letter, Occasion, Section, Templates};
use bulletin::post::{Kind, Post};
use lettre::message::{Mailbox, MultiPart};
use mrml::prelude::render::RenderOptions;

use crate::rivals::mjml;
use crate::subject::{Measured, Subject};
use crate::support::letters;

/// How long a round goes on.
const ROUND: Duration = Duration::from_millis(500);
const PARAGRAPH: &str = "The alliance met again, heard from three services about what has changed since \
    the spring, and agreed who does what before the next meeting in London.";
const URL: &str =
    "https://news.example.org/unsubscribe/1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Posts and templates, ready to be composed.
pub(crate) struct Desk {
    config: Config,
    templates: Templates,
    post: Post,
}

impl Desk {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let config = letters::config();
        let mut post = letters::post("launch-meeting").post;
        // the mail holds it twice, as HTML and as text: about 30 KB in all
        post.body = [PARAGRAPH; 50].join("\n\n");
        (post.kind, post.image) = (Kind::Announcement, None);
        Ok(Self { templates: Templates::of(&config)?, config, post })
    }

    pub(crate) fn measure(&self, subject: Subject) -> anyhow::Result<Measured> {
        let digest = self.digest()?;
        let mjml = self.render(&digest)?.mjml;
        Ok(match subject {
            Subject::Mjml => told(mjml::rate(&mjml)?),
            Subject::Mrml => timed(|| html(&mjml))?,
            Subject::Compose => {
                timed(|| Rendition::prepare(&self.render(&digest)?, &self.head()?))?
            }
            Subject::Copy => {
                let content = self.render(&self.letter())?;
                let rendition = Rendition::prepare(&content, &self.head()?)?;
                let (to, name) = reader()?;
                let message = || rendition.message(&copy(&to, &name));
                let size = message().len();
                ensure!((28_000..34_000).contains(&size), "a mail has {size} octets");
                timed(|| Ok(message()))?
            }
            Subject::Builder => {
                let content = self.render(&self.letter())?;
                let (to, name) = reader()?;
                let own = copy(&to, &name);
                let parts = (content.text_for(&own)?, content.html_for(&own)?);
                timed(|| self.built(&content, &parts))?
            }
            _ => anyhow::bail!("{subject:?} is not composed"),
        })
    }

    fn render(&self, letter: &Letter<'_>) -> anyhow::Result<Content> {
        self.templates.render(letter, &Frame::of(&self.config))
    }

    /// Of twenty posts on four lists.
    fn digest(&self) -> anyhow::Result<Letter<'_>> {
        let item = |number: usize| -> anyhow::Result<Item> {
            let meeting =
                number.is_multiple_of(3).then(|| letters::post("next-meeting").post.meeting);
            Ok(Item {
                title: Line::parse(&format!("What came of the meeting number {number}"))?,
                kind: Kind::ALL[number % 4],
                date: self.post.date,
                summary: Line::parse(PARAGRAPH)?,
                archive_url: format!("https://news.example.org/archive/meeting-{number}"),
                meeting: meeting.flatten(),
            })
        };
        let items = (0..20).map(item).collect::<anyhow::Result<Vec<_>>>()?;
        let sections = items.chunks(5).zip(["Meetings", "Reports", "News", "Training"]);
        let sections = sections
            .map(|(items, list)| Ok(Section { list: Line::parse(list)?, items: items.to_vec() }))
            .collect::<anyhow::Result<_>>()?;
        Ok(Letter::Digest { name: &self.config.site.name, sections })
    }

    fn letter(&self) -> Letter<'_> {
        let archive_url = "https://news.example.org/archive/long-read".to_owned();
        Letter::Post { post: &self.post, files: &[], archive_url, occasion: Occasion::News }
    }

    fn head(&self) -> anyhow::Result<Head> {
        let sender = self.config.sender.clone();
        Ok(Head {
            from_name: sender.name,
            from: sender.address,
            reply_to: sender.reply_to,
            list_id: ListId { name: Line::parse("News")?, id: "news.news.example.org".to_owned() },
            help_url: format!("{}/", self.config.site.base_url),
            archive_url: format!("{}/archive", self.config.site.base_url),
            feedback_id: "1:news:announcement:news.example.org".to_owned(),
            auto_submitted: false,
        })
    }

    /// As a program would make it with lettre: the words are filled in already.
    fn built(&self, content: &Content, parts: &(String, String)) -> anyhow::Result<Vec<u8>> {
        let sender = &self.config.sender;
        let mailbox = |name: &str, address: &EmailAddress| -> anyhow::Result<Mailbox> {
            Ok(Mailbox::new(Some(name.to_owned()), address.wire().parse()?))
        };
        let (to, name) = reader()?;
        let message = lettre::Message::builder()
            .from(mailbox(sender.name.as_str(), &sender.address)?)
            .to(mailbox(name.as_str(), &to)?)
            .reply_to(sender.reply_to.as_ref().context("a sender")?.wire().parse()?)
            .subject(content.subject.as_str())
            .message_id(Some("<0123456789abcdef@news.example.org>".to_owned()))
            .multipart(MultiPart::alternative_plain_html(parts.0.clone(), parts.1.clone()))?;
        Ok(message.formatted())
    }
}

fn html(mjml: &str) -> anyhow::Result<String> {
    let options =
        RenderOptions { fonts: std::collections::HashMap::new(), ..RenderOptions::default() };
    Ok(mrml::parse(mjml)?.element.render(&options)?)
}

fn reader() -> anyhow::Result<(EmailAddress, Line)> {
    Ok((EmailAddress::parse("reader1@example.com")?, Line::parse("Reader 1")?))
}

fn copy<'a>(to: &'a EmailAddress, name: &'a Line) -> Copy<'a> {
    Copy {
        to,
        name: Some(name),
        message_id: "0123456789abcdef@news.example.org",
        date: Timestamp(1_795_165_200_000),
        unsubscribe_url: URL,
        lists: "News",
        rsvp_url: URL,
    }
}

/// Does it again and again for a while, once it is warm.
fn timed<T>(work: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<Measured> {
    repeated(ROUND / 10, &work)?;
    Ok(told(repeated(ROUND, &work)?))
}

/// How many times a second.
fn repeated<T>(time: Duration, work: &impl Fn() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let (started, mut count) = (Instant::now(), 0_u32);
    while started.elapsed() < time {
        black_box(work()?);
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

fn told(rate: f64) -> Measured {
    Measured { rate, cpu: 1e6 / rate, memory: 0.0, size: 0.0, sink: 0.0 }
}
