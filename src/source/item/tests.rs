//! From an entry to a post, whatever the entry says.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use super::super::feed::Entry;
use super::{Piece, piece};
use crate::clock::Timestamp;
use crate::config::{Feed, Kind};
use crate::post::read::Source;

fn feed() -> Feed {
    Feed {
        url: "https://charity.example/feed".to_owned(),
        post_kind: Kind::Announcement,
        lists: vec!["news".to_owned()],
        kinds: BTreeMap::from([("research".to_owned(), Kind::Report)]),
        category_lists: BTreeMap::from([("research".to_owned(), vec!["reports".to_owned()])]),
    }
}

fn entry(title: &str, content: &str) -> Entry {
    Entry {
        id: "1".to_owned(),
        title: title.to_owned(),
        content: content.to_owned(),
        summary: String::new(),
        link: Url::parse("https://charity.example/a").ok(),
        date: "2026-05-11T23:30:00Z".parse::<DateTime<Utc>>().ok(),
        categories: Vec::new(),
    }
}

fn read(entry: &Entry) -> Piece {
    let url = Url::parse("https://charity.example/feed").unwrap();
    piece(entry, &feed(), &url, chrono_tz::Europe::London, Timestamp(0)).unwrap()
}

fn source(entry: &Entry) -> Source {
    let piece = read(entry);
    piece.source(&piece.slug("1")).unwrap()
}

#[test]
fn an_entry_is_a_file_as_a_person_would_write_it() {
    let mut entry = entry("Ann &amp; Bea: \"what\" we #learnt", "<p>All of it.</p>");
    entry.summary = "<p>In  short</p>".to_owned();
    entry.categories = vec!["other".to_owned(), "research".to_owned()];
    let source = source(&entry);
    assert_eq!(
        source.text,
        "---\ntitle: \"Ann & Bea: \\\"what\\\" we #learnt\"\nslug: ann-bea-what-we-learnt\nkind: report\n\
         date: 2026-05-12\nlists: [reports]\nsummary: \"In short\"\n---\n\nAll of it.\n\n\
         Read the original: <https://charity.example/a>\n"
    );
    assert_eq!(source.post.title.as_str(), "Ann & Bea: \"what\" we #learnt");
}

#[test]
fn a_hostile_title_is_a_line_of_text_and_nothing_else() {
    for (title, want) in [
        ("News\r\nBcc: all@readers.example", "News Bcc: all@readers.example"),
        ("---\nkind: report", "--- kind: report"),
        ("{{title}} {{{slot}}}", "{{title}} {{{slot}}}"),
        ("&lt;script>x&lt;/script>", "<script>x</script>"),
        ("<script>x</script>Safe <b>bold</b>", "Safe bold"),
        ("*a: &b !c %d @e `f`", "*a: &b !c %d @e `f`"),
        ("\u{202e}txt.exe\u{2067}", "txt.exe"),
        ("\\\" \\n \\u0000 \u{feff}x \u{1f600} שלום", "\\\" \\n \\u0000 \u{feff}x \u{1f600} שלום"),
        ("~", "~"),
        ("null", "null"),
        ("'", "'"),
    ] {
        assert_eq!(source(&entry(title, "<p>x</p>")).post.title.as_str(), want);
    }
    let long = source(&entry(&"x".repeat(10_000), "<p>x</p>")).post.title;
    assert_eq!(long.as_str().chars().count(), 200);
}

#[test]
fn a_slug_comes_from_the_title_or_else_from_the_id() {
    let slug = |title: &str| read(&entry(title, "<p>x</p>")).slug("1");
    assert_eq!(slug("  What’s new? 50% off -- really!"), "whats-new-50-off-really");
    let (arabic, other) = (slug("أخبار"), read(&entry("أخبار", "")).slug("2"));
    assert!(arabic.starts_with("news-") && arabic != other, "{arabic}");
    assert!(slug(&"long ".repeat(100)).len() <= 60);
}

#[test]
fn an_entry_without_a_title_is_called_by_its_words_or_its_address() {
    assert_eq!(source(&entry("", "<p>Hello <b>all</b></p>")).post.title.as_str(), "Hello all");
    assert_eq!(source(&entry(" ", "")).post.title.as_str(), "News from charity.example");
}

#[test]
fn an_entry_with_more_than_a_mail_can_carry_is_its_link() {
    let source = source(&entry("Long", &"<p>long</p>".repeat(40_000)));
    assert_eq!(source.post.body, "Read the original: <https://charity.example/a>");
}

#[test]
fn an_entry_with_neither_words_nor_a_link_cannot_be_a_post() {
    let mut entry = entry("Nothing", "<script>x</script>");
    entry.link = None;
    let why = read(&entry).source("nothing").unwrap_err();
    assert_eq!(
        why,
        "\"Nothing\" cannot be a post: the post has no text; write it below the front matter"
    );
}

#[test]
fn the_same_news_is_known_by_its_words_under_any_id_or_address() {
    let one = entry("Title", "<p>Words</p>");
    let mut moved = entry("Title", "<div>Words</div>");
    moved.id = "2".to_owned();
    moved.link = Url::parse("https://other.example/b").ok();
    assert_eq!(read(&one).hash, read(&moved).hash);
    assert_ne!(read(&one).hash, read(&entry("Title", "<p>Other words</p>")).hash);
    // without words of their own, two entries of one name are told apart by where they lead
    let (here, mut there) = (entry("Newsletter", ""), entry("Newsletter", ""));
    there.link = Url::parse("https://charity.example/b").ok();
    assert_ne!(read(&here).hash, read(&there).hash);
}
