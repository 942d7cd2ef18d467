//! What people might write: names, posts and addresses of every kind, and what composers trip over.

use std::sync::LazyLock;

use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Copy, Head, ListId};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::config::{Brand, Placing};
use crate::line::Line;
use crate::message::calendar::Method;
use crate::message::slot::Slot;
use crate::message::{Content, Frame, Invitation, Item, Letter, Occasion, Part, Section};
use crate::post::{File, Image, Kind, Meeting, Post};

static BRAND: LazyLock<Brand> = LazyLock::new(Brand::default);

/// Words of many scripts, written from either side, and what HTML, Markdown, MIME, SMTP and
/// mailboxes take for something else.
const WORDS: [&str; 48] = [
    "meeting",
    "report",
    "we",
    "learned",
    "Zoë",
    "façade",
    "naïve",
    "Łódź",
    "встреча",
    "отчёт",
    "Ολυμπία",
    "اجتماع",
    "أحمد",
    "פגישה",
    "שָׁלוֹם",
    "การประชุม",
    "ที่",
    "会议",
    "王小明",
    "ミーティング",
    "회의",
    "नमस्ते",
    "🎉",
    "👩🏽‍⚕️",
    "🇮🇪",
    "e\u{301}",
    "a\u{200d}b",
    "\u{a0}",
    "\u{200f}",
    "\u{feff}",
    ".",
    "..",
    ".hidden",
    "From",
    "From:",
    "=3D",
    "=",
    "=E9=",
    "&",
    "&amp;",
    "<b>",
    "</td>",
    "\"quoted\"",
    "'",
    "\\",
    "{{site}}",
    "--",
    "a@b.example",
];

pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        24 => select(WORDS.to_vec()).prop_map(str::to_owned),
        4 => "[a-z]{1,12}",
        3 => "\\PC{1,8}",
        1 => "[a-z]{60,200}",
        1 => "[й-я]{40,120}",
        1 => "\\.{60,160}",
    ]
    .prop_map(|word| word.chars().filter(|c| !('\u{e000}'..='\u{f8ff}').contains(c)).collect())
}

pub(super) fn words(most: usize) -> impl Strategy<Value = String> {
    vec(word(), 1..most).prop_map(|words| words.join(" "))
}

/// A name, a title. Of two spaces in a row, and of what looks encoded, the plain builder makes
/// something else; `header` is tried with those.
pub(super) fn line() -> impl Strategy<Value = Line> {
    let long = prop_oneof![words(40), "[ -~]{1,90}", "[!-~]{61,120}", "\\PC{1,60}"];
    prop_oneof![3 => words(4), 1 => long].prop_filter_map("a line", |text| {
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let text: String = words.join(" ").chars().take(500).collect();
        Line::parse(&text).ok().filter(|line| !line.as_str().contains("=?"))
    })
}

/// A line of a text, with whatever Markdown or a mail program makes of its start and its end.
fn text_line() -> impl Strategy<Value = String> {
    let start = prop_oneof![
        6 => Just(""),
        6 => select(vec![".", "..", "From ", ">From ", "=2E", "- ", "> ", "# ", "    ", "1. ", "\t", "--"]),
    ];
    let end =
        prop_oneof![6 => Just(""), 3 => select(vec![" ", "  ", "\t", " \t ", "=", "\\", "."])];
    let middle = prop_oneof![8 => words(14), 1 => Just(String::new())];
    (start, middle, end).prop_map(|(start, middle, end)| format!("{start}{middle}{end}"))
}

fn body() -> impl Strategy<Value = String> {
    let end = select(vec!["\n", "\n\n", "\n\n\n"]);
    vec((text_line(), end), 0..10)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

/// A letter of any kind, with pictures and attachments or without.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) files: Vec<File>,
    words: Vec<Line>,
    body: String,
    kind: Option<Kind>,
    occasion: Occasion,
    pictures: usize,
    attached: bool,
    meets: bool,
}

pub(super) fn written() -> impl Strategy<Value = Written> {
    let file = |name, content_type: &'static str| {
        (name, vec(any::<u8>(), 0..200)).prop_map(move |(name, bytes)| File {
            name,
            content_type: content_type.to_owned(),
            bytes,
        })
    };
    let files = (
        file(Just("cover.png".to_owned()).boxed(), "image/png"),
        file(Just("plan.jpg".to_owned()).boxed(), "image/jpeg"),
        file("(\\PC{1,20}|[a-z ]{1,30})\\.pdf".boxed(), "application/pdf"),
    );
    let kind = prop_oneof![5 => select(Kind::ALL.to_vec()).prop_map(Some), 1 => Just(None)];
    let occasion = select(Occasion::ALL.to_vec());
    (files, vec(line(), 8), body(), kind, occasion, 0..3_usize, any::<bool>(), any::<bool>())
        .prop_map(
            |(
                (cover, plan, attachment),
                words,
                mut body,
                kind,
                occasion,
                pictures,
                attached,
                meets,
            )| {
                if pictures == 2 {
                    body.push_str("\n\n![A plan](plan.jpg)\n");
                }
                let files = vec![cover, plan, attachment];
                Written { files, words, body, kind, occasion, pictures, attached, meets }
            },
        )
}

impl Written {
    pub(super) fn post(&self) -> Post {
        let picture = Image { src: "cover.png".to_owned(), alt: self.words[0].clone() };
        let attachment = self.files[2].name.clone();
        Post {
            slug: "post".to_owned(),
            kind: self.kind.unwrap_or(Kind::Report),
            title: self.words[1].clone(),
            date: NaiveDate::default(),
            summary: self.words[2].clone(),
            lists: Vec::new(),
            discreet_subject: None,
            image: (self.pictures > 0).then_some(picture),
            attachments: if self.attached { vec![attachment] } else { Vec::new() },
            meeting: self.meets.then(|| self.meeting()),
            urgent: false,
            body: self.body.clone(),
        }
    }

    fn meeting(&self) -> Meeting {
        Meeting {
            starts: NaiveDate::default().into(),
            ends: NaiveDate::default().into(),
            timezone: chrono_tz::Tz::Europe__London,
            place: Some(self.words[3].clone()),
            join: Some("https://meet.example.org/a?b=c&d".to_owned()),
            rsvp: self.attached,
            reminders: None,
        }
    }

    pub(super) fn letter<'a>(&'a self, post: &'a Post) -> Letter<'a> {
        let archive_url = "https://news.example.org/archive/post".to_owned();
        if self.kind.is_some() {
            return Letter::Post { post, files: &self.files, archive_url, occasion: self.occasion };
        }
        let item = |title: &Line| Item {
            title: title.clone(),
            kind: post.kind,
            date: post.date,
            summary: post.summary.clone(),
            archive_url: archive_url.clone(),
            meeting: post.meeting.clone(),
        };
        let items = self.words[..3].iter().map(item).collect();
        Letter::Digest {
            name: &self.words[4],
            sections: vec![Section { list: self.words[5].clone(), items }],
        }
    }

    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            site_name: &self.words[6],
            base_url: "https://news.example.org",
            language: if self.meets { "en-GB" } else { "ar" },
            postal_address: self.attached.then_some(&self.words[7]),
            reply_to: None,
            brand: &BRAND,
            placing: Placing::default(),
            discreet: None,
        }
    }
}

/// A content put together by hand, with slots in places where no template has them.
pub(super) fn by_hand() -> impl Strategy<Value = Content> {
    let text = || {
        let slot = select(Slot::ALL.to_vec()).prop_map(Slot::mark);
        let piece = prop_oneof![
            6 => slot,
            6 => text_line(),
            5 => select(vec!["\n", "\r\n", "\n\n"]).prop_map(str::to_owned),
            4 => select(vec![".", "From ", "From", " ", "\t", "=", "<a href=\"", "\">"]).prop_map(str::to_owned),
        ];
        vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    };
    (line(), text(), text(), vec(part(), 0..3), option::of(invitation())).prop_map(
        |(subject, text, html, parts, invitation)| Content {
            subject,
            html,
            text,
            parts,
            invitation,
            mjml: String::new(),
        },
    )
}

/// Lines of any kind, with or without people in them.
fn invitation() -> impl Strategy<Value = Invitation> {
    let line = prop_oneof![3 => text_line(), 1 => Just(Slot::Attendee.mark())];
    let method = select(vec![Method::Publish, Method::Request, Method::Cancel]);
    (vec(line, 0..8), method).prop_map(|(lines, method)| Invitation {
        method,
        file_name: "invite.ics".to_owned(),
        object: lines.concat().split(['\r', '\n']).collect::<Vec<_>>().join("\r\n") + "\r\n",
    })
}

fn part() -> impl Strategy<Value = Part> {
    ("(\\PC{1,20}|[a-z. ]{1,40})", vec(any::<u8>(), 0..200), any::<bool>()).prop_map(
        |(name, bytes, shown)| Part {
            name,
            content_type: if shown { "image/png" } else { "application/pdf" }.to_owned(),
            cid: shown.then(|| "0123456789abcdef@bulletin".to_owned()),
            bytes,
        },
    )
}

/// Who gets it, by which list, from whom.
#[derive(Clone, Debug)]
pub(super) struct Addressed {
    pub(super) head: Head,
    to: EmailAddress,
    name: Option<Line>,
    url: String,
    lists: String,
    date: Timestamp,
}

pub(super) fn addressed() -> impl Strategy<Value = Addressed> {
    let lines = (line(), line(), option::of(line()), vec(line(), 0..3));
    let url = "https://news\\.example\\.org/u/[A-Za-z0-9_.-]{1,300}(\\?a=[a-z]{1,9}&amp='\")?";
    // whole seconds, as a header has them
    let date = (0..4_000_000_000_i64).prop_map(|seconds| Timestamp(seconds * 1000));
    (lines, address(), option::of(address()), any::<bool>(), url, date).prop_map(
        |((from_name, list, name, lists), to, reply_to, auto_submitted, url, date)| {
            let head = Head {
                from_name,
                from: EmailAddress::parse("news@news.example.org").unwrap(),
                reply_to,
                list_id: ListId { name: list, id: "meetings.news.example.org".to_owned() },
                help_url: "https://news.example.org/".to_owned(),
                archive_url: "https://news.example.org/archive".to_owned(),
                feedback_id: "1:meetings:announcement:news.example.org".to_owned(),
                auto_submitted,
            };
            let lists: Vec<_> = lists.iter().map(Line::as_str).collect();
            Addressed { head, to, name, url, lists: lists.join(" and "), date }
        },
    )
}

fn address() -> impl Strategy<Value = EmailAddress> {
    let local = "[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,40}";
    let domain = "([a-z]{1,20}|[a-z]{30,50}\\.[a-z]{30,50}|bücher|пример)\\.(org|example)";
    (local, domain).prop_filter_map("an address", |(local, domain)| {
        EmailAddress::parse(&format!("{local}@{domain}")).ok()
    })
}

impl Addressed {
    pub(super) fn copy(&self) -> Copy<'_> {
        Copy {
            to: &self.to,
            name: self.name.as_ref(),
            message_id: "d1.c1@news.example.org",
            date: self.date,
            unsubscribe_url: &self.url,
            lists: &self.lists,
            rsvp_url: super::RSVP,
        }
    }
}
