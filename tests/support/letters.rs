//! A letter of every kind, composed from the posts of `samples/` as the program composes them.

use std::path::Path;

use bulletin::address::EmailAddress;
use bulletin::clock::Timestamp;
use bulletin::config::Config;
use bulletin::line::Line;
use bulletin::message::compose::{Copy, Head, ListId, Rendition};
use bulletin::message::{Content, Frame, Item, Letter, Occasion, Section, Templates};
use bulletin::octets::Octets;
use bulletin::post::read::{Source, read};
use bulletin::post::{File, Kind};
use data_encoding::BASE64;

/// A letter as all its readers share it.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) content: Content,
    list: &'static str,
}

const BASE_URL: &str = "https://news.example.org";
const UNSUBSCRIBE: &str = "https://news.example.org/unsubscribe/1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const RSVP: &str = "https://news.example.org/rsvp/1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CONFIRM: &str = "https://news.example.org/confirm/1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
/// Friday 20 November 2026, 09:00 UTC.
const DATE: Timestamp = Timestamp(1_795_165_200_000);

/// Every kind and every occasion, by the configuration of the samples.
pub(crate) fn samples() -> Vec<Sample> {
    let config = config();
    let [report, summary, notice] = ["dvip-report", "launch-meeting", "next-meeting"].map(post);
    let download = with_everything(&report, Kind::Report);
    let announcement = with_everything(&summary, Kind::Announcement);
    let shop = Shop { templates: Templates::of(&config).unwrap(), config: &config };
    vec![
        shop.post("meeting-notice", &notice, Occasion::News),
        shop.post("meeting-summary", &summary, Occasion::News),
        shop.post("report", &report, Occasion::News),
        shop.post("report-with-download", &download, Occasion::News),
        shop.post("announcement", &announcement, Occasion::News),
        shop.digest("digest", &[&notice, &summary, &report]),
        shop.post("reminder", &notice, Occasion::Reminder),
        shop.post("update", &notice, Occasion::Update),
        shop.post("correction", &report, Occasion::Update),
        shop.post("cancellation", &notice, Occasion::Cancellation),
        shop.post("withdrawal", &report, Occasion::Cancellation),
        shop.discreet("meeting-notice-discreet", &notice, Occasion::News),
        shop.discreet("report-discreet", &report, Occasion::News),
        shop.discreet("update-discreet", &notice, Occasion::Update),
        shop.discreet("cancellation-discreet", &notice, Occasion::Cancellation),
        shop.one(
            "confirm",
            &Letter::Confirm { lists: vec![line("Meetings"), line("Reports")], url: CONFIRM },
        ),
        shop.one("preferences-link", &Letter::PreferencesLink { url: CONFIRM }),
    ]
}

/// That of the samples, at a public address.
pub(crate) fn config() -> Config {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/config.toml");
    let url = ("BULLETIN__SITE__BASE_URL".to_owned(), BASE_URL.to_owned());
    Config::load(&file, std::iter::once(url)).unwrap()
}

pub(crate) fn post(slug: &str) -> Source {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/posts/{slug}.md"));
    read(&file, &["meetings", "reports", "news"], &config().picture).unwrap()
}

/// A post with an attachment and a meeting that can be joined from elsewhere.
fn with_everything(source: &Source, kind: Kind) -> Source {
    let mut source = source.clone();
    let (name, content_type) = ("outcomes.pdf".to_owned(), "application/pdf".to_owned());
    source.files.push(File { name: name.clone(), content_type, bytes: vec![b'%'; 1_260_000] });
    source.post.kind = kind;
    source.post.attachments = vec![name];
    source.post.meeting = post("next-meeting").post.meeting;
    source.post.meeting.as_mut().unwrap().join =
        Some("https://meet.example.org/room?a=b&c=d".to_owned());
    source
}

fn line(text: &str) -> Line {
    Line::parse(text).unwrap()
}

struct Shop<'a> {
    templates: Templates,
    config: &'a Config,
}

impl Shop<'_> {
    fn post(&self, name: &'static str, source: &Source, occasion: Occasion) -> Sample {
        let archive_url = format!("{BASE_URL}/archive/{}", source.post.slug);
        self.one(
            name,
            &Letter::Post { post: &source.post, files: &source.files, archive_url, occasion },
        )
    }

    fn digest(&self, name: &'static str, posts: &[&Source]) -> Sample {
        let mut sections: Vec<Section> = Vec::new();
        for source in posts {
            let list = if source.post.kind == Kind::Report { "Reports" } else { "Meetings" };
            let post = source.post.clone();
            let item = Item {
                archive_url: format!("{BASE_URL}/archive/{}", post.slug),
                title: post.title,
                kind: post.kind,
                date: post.date,
                summary: post.summary,
                meeting: post.meeting,
            };
            match sections.iter_mut().find(|section| section.list.as_str() == list) {
                Some(section) => section.items.push(item),
                None => sections.push(Section { list: line(list), items: vec![item] }),
            }
        }
        self.one(name, &Letter::Digest { name: &line("Weekly digest"), sections })
    }

    /// For somebody who asked for discretion.
    fn discreet(&self, name: &'static str, source: &Source, occasion: Occasion) -> Sample {
        let archive_url = format!("{BASE_URL}/u/1");
        let (post, files) = (&source.post, source.files.as_slice());
        let letter = Letter::Post { post, files, archive_url, occasion };
        let frame = Frame::discreet(self.config);
        let content = self.templates.render(&letter, &frame).unwrap();
        Sample { name, content, list: "updates" }
    }

    fn one(&self, name: &'static str, letter: &Letter<'_>) -> Sample {
        let content = self.templates.render(letter, &Frame::of(self.config)).unwrap();
        let list = match letter {
            Letter::Digest { .. } => "Meetings and Reports",
            Letter::Post { post, .. } if post.kind == Kind::Report => "Reports",
            _ => "Meetings",
        };
        Sample { name, content, list }
    }
}

impl Sample {
    /// What a reader sees, with its pictures inside.
    pub(crate) fn html(&self) -> String {
        let to = EmailAddress::parse("sam@example.org").unwrap();
        let name = line("Sam Reader");
        let mut html = self.content.html_for(&self.copy(&to, &name)).unwrap();
        for part in &self.content.parts {
            if let Some(cid) = &part.cid {
                let data =
                    format!("data:{};base64,{}", part.content_type, BASE64.encode(&part.bytes));
                html = html.replace(&format!("cid:{cid}"), &data);
            }
        }
        html
    }

    /// The whole message.
    pub(crate) fn message(&self) -> Octets {
        let (to, name) = (EmailAddress::parse("sam@example.org").unwrap(), line("Sam Reader"));
        let rendition = Rendition::prepare(&self.content, &self.head()).unwrap();
        rendition.message(&self.copy(&to, &name))
    }

    fn copy<'a>(&'a self, to: &'a EmailAddress, name: &'a Line) -> Copy<'a> {
        Copy {
            to,
            name: Some(name),
            message_id: "0123456789abcdef0123456789abcdef@news.example.org",
            date: DATE,
            unsubscribe_url: UNSUBSCRIBE,
            lists: self.list,
            rsvp_url: RSVP,
        }
    }

    fn head(&self) -> Head {
        let sender = config().sender;
        Head {
            from_name: sender.name,
            from: sender.address,
            reply_to: sender.reply_to,
            list_id: ListId { name: line("Meetings"), id: "meetings.news.example.org".to_owned() },
            help_url: format!("{BASE_URL}/"),
            archive_url: format!("{BASE_URL}/archive"),
            feedback_id: "1:meetings:announcement:news.example.org".to_owned(),
            auto_submitted: matches!(self.name, "digest" | "reminder"),
        }
    }
}
