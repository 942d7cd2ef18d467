//! What the templates of digests see.

use serde::Serialize;

use super::{MeetingView, date, label, meeting_view};
use crate::config::Discreet;
use crate::line::Line;
use crate::message::template::WIDTH;
use crate::message::{Item, Section};

#[derive(Serialize)]
pub(super) struct DigestView<'a> {
    name: &'a str,
    subject: String,
    opening: String,
    sections: Vec<SectionView<'a>>,
}

#[derive(Serialize)]
struct SectionView<'a> {
    list: &'a str,
    /// Underlines the list in text.
    rule: String,
    items: Vec<ItemView<'a>>,
}

#[derive(Serialize)]
struct ItemView<'a> {
    label: &'static str,
    title: &'a str,
    date: Option<String>,
    summary: &'a str,
    archive_url: &'a str,
    /// Of a discreet digest alone, whose titles are no links.
    link_text: Option<&'a str>,
    meeting: Option<MeetingView<'a>>,
}

pub(super) fn digest_view<'a>(
    name: &'a Line,
    sections: &'a [Section],
    words: Option<&'a Discreet>,
) -> DigestView<'a> {
    let titles = titles(sections);
    let first = titles.first().copied().unwrap_or_default();
    DigestView {
        name: name.as_str(),
        subject: match titles.len() {
            0 | 1 => first.to_owned(),
            count => format!("{first} and {} more", count - 1),
        },
        opening: match titles.len() {
            1 => "There is one thing new for you.".to_owned(),
            count => format!("There are {count} things new for you."),
        },
        sections: sections.iter().map(|section| section_view(section, words)).collect(),
    }
}

pub(super) fn titles(sections: &[Section]) -> Vec<&str> {
    let items = sections.iter().flat_map(|section| &section.items);
    items.map(|item| item.title.as_str()).collect()
}

fn section_view<'a>(section: &'a Section, words: Option<&'a Discreet>) -> SectionView<'a> {
    SectionView {
        list: section.list.as_str(),
        rule: "-".repeat(section.list.as_str().chars().count().min(WIDTH)),
        items: section.items.iter().map(|item| item_view(item, words)).collect(),
    }
}

fn item_view<'a>(item: &'a Item, words: Option<&'a Discreet>) -> ItemView<'a> {
    ItemView {
        label: label(item.kind),
        title: item.title.as_str(),
        date: date(item.kind, item.date, item.meeting.as_ref()),
        summary: item.summary.as_str(),
        archive_url: &item.archive_url,
        link_text: words.map(|words| words.link_text.as_str()),
        meeting: item.meeting.as_ref().map(meeting_view),
    }
}
