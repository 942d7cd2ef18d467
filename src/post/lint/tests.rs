//! Each rule: a post that trips it, told with its line and in these words, and one that does not.

use std::path::Path;

use super::{Written, risk, rule, shouting};
use crate::clock::Timestamp;
use crate::config::{Config, Discreet};
use crate::line::Line;
use crate::post::{Finding, front};

fn discreet(words: &[&str]) -> Discreet {
    let line = |text: &str| Line::parse(text).unwrap();
    Discreet {
        risk_words: words.iter().map(|word| line(word)).collect(),
        ..Config::default_in(Path::new("/")).discreet
    }
}

/// Each finding as a person reads it, behind its level and rule.
fn told(found: &[Finding]) -> Vec<String> {
    let told = found.iter().map(|one| format!("{:?} {} {one}", one.level, one.rule));
    told.collect()
}

/// What is found in a post of this front matter and body; the body begins on line 7 and more.
fn found(front: &str, body: &str) -> Vec<String> {
    let text = format!("---\ntitle: A title\ndate: 2026-05-20\nsummary: S\n{front}---\n{body}\n");
    found_in(&text)
}

fn found_in(text: &str) -> Vec<String> {
    let file = Path::new("p.md");
    let post = front::parse(file, text, None).unwrap();
    // 2026-06-01 00:00 UTC
    let written = Written { file, text, post: &post, at: Timestamp(1_780_272_000_000) };
    told(&written.findings(&discreet(&["domestic", "violence", "drug", "safe house"])))
}

const NONE: [&str; 0] = [];
const KIND: &str = "kind: report\n";

#[test]
fn a_title_that_shouts_is_told() {
    let text = "---\ntitle: THE NEXT MEETING\nkind: report\ndate: 2026-05-20\nsummary: S\n\
                discreet_subject: Now!!\n---\nBody.\n";
    assert_eq!(
        found_in(text),
        [
            "Error shouting p.md:2: \"THE NEXT MEETING\" is all in capitals; write it as a sentence",
            "Error shouting p.md:6: \"Now!!\" has several exclamation marks; write one at most",
        ]
    );
}

#[test]
fn names_in_capitals_do_not_shout() {
    for subject in
        ["DASH and MARAC", "NHS UK", "DVIP", "COVID-19: what we know!", "ОТЧЁТ вышел", ""]
    {
        assert_eq!(shouting::wrong(subject), None, "{subject}");
    }
    assert!(shouting::wrong("ОТЧЁТ ОПУБЛИКОВАН").is_some());
}

#[test]
fn a_link_that_says_nothing_is_told_with_its_line() {
    let body = "A text.\n\nRead it [here](https://e.org/a), or [Read  more…](https://e.org/b).\n[ ](https://e.org/c)";
    assert_eq!(
        found(KIND, body),
        [
            "Error link-text p.md:9: the link \"here\" does not say where it leads; write it into the words, such as \"the report\"",
            "Error link-text p.md:9: the link \"Read  more…\" does not say where it leads; write it into the words, such as \"the report\"",
            "Error link-text p.md:10: the link https://e.org/c has no words; write where it leads",
        ]
    );
    assert_eq!(
        found(
            KIND,
            "See [the report](https://e.org/a) and <https://e.org/b>, [`x`](https://e.org)."
        ),
        NONE
    );
}

#[test]
fn a_link_that_leads_nowhere_is_told_unless_it_names_an_attachment() {
    let body = "[the minutes](minutes.html) [part two](#two) [run](javascript:alert(1)) [odd](https:///x) [call](tel:us)";
    let leads = |address: &str| {
        format!(
            "Error broken-link p.md:7: the link {address} leads nowhere in a mail; write one that begins with https://, or attach the file"
        )
    };
    assert_eq!(
        found(KIND, body),
        ["minutes.html", "#two", "javascript:alert(1)", "https:///x", "tel:us"].map(leads)
    );
    let front = "kind: report\nattachments: [the agenda.pdf]\n";
    assert_eq!(
        found(
            front,
            "[the agenda](the%20agenda.pdf), [Ann](mailto:ann@e.org), <ann@e.org>, [020 7946 0000](tel:+442079460000)"
        ),
        NONE
    );
}

#[test]
fn a_link_that_follows_people_is_told() {
    for (address, name) in [
        ("https://e.org/?a=1&utm_source=x", "utm_source"),
        ("https://e.org/?FBCLID=1", "FBCLID"),
        ("https://e.org/a?mc_eid=7#top", "mc_eid"),
        ("https://e.org/a#/page?gclid=7", "gclid"),
        ("https://e.org/?utm%5fid=7", "utm%5fid"),
    ] {
        let message = format!(
            "Error tracking p.md:7: the link {address} tells who follows it; remove {name} from it"
        );
        assert_eq!(found(KIND, &format!("[the page]({address})")), [message]);
    }
    for fine in
        ["https://e.org/?page=2&q=gclid", "https://e.org/utm_source", "https://e.org/?autm_x=1"]
    {
        assert_eq!(found(KIND, &format!("[the page]({fine})")), NONE, "{fine}");
    }
}

#[test]
fn a_link_with_somebodys_address_in_it_is_told() {
    for address in [
        "https://e.org/?who=ann.lee@mail.example",
        "https://e.org/u/ann.lee%40mail.example/x",
        "https://ann.lee@mail.example/",
        "https://e.org/#ann.lee@mail.example.",
        "https://e.org/19:x@thread.v2/?who=ann.lee@mail.example",
    ] {
        let message = format!(
            "Error address-in-link p.md:7: the link {address} holds the address ann.lee@mail.example; remove it, or write a mailto: link"
        );
        assert_eq!(found(KIND, &format!("[the page]({address})")), [message]);
    }
    for fine in [
        "mailto:ann@e.org",
        "https://social.example/@ann@e.org",
        "https://maps.example/@51.5,-0.1",
        "https://e.org/a@b",
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NzE%40thread.v2/0?context=%7b%7d",
        "https://teams.microsoft.com/l/chat/19:1f_2e@unq.gbl.spaces/0",
        "https://calendar.google.com/calendar/embed?src=abc123%40group.calendar.google.com",
        "https://cdn.jsdelivr.net/npm/pkg@5.3.0/dist/pkg.js",
    ] {
        assert_eq!(found(KIND, &format!("[the page]({fine})")), NONE, "{fine}");
    }
}

#[test]
fn a_post_that_is_only_a_picture_is_told() {
    assert_eq!(
        found(KIND, "Come!\n\n![The poster says when and where and who and why](poster.png)"),
        [
            "Error image-only p.md:9: the post is a picture without text; write below it what it says"
        ]
    );
    assert_eq!(found(KIND, "![A poster](poster.png)\n\nWe meet on Friday at two."), NONE);
    assert_eq!(found(KIND, "Short."), NONE);
}

#[test]
fn a_notice_of_a_meeting_that_has_begun_is_told() {
    let front = |kind: &str, day: &str| {
        format!(
            "kind: {kind}\nmeeting: {{starts: {day} 14:00, ends: {day} 15:00, timezone: Europe/London}}\n"
        )
    };
    assert_eq!(
        found(&front("meeting-notice", "2026-05-31"), "Body."),
        [
            "Error meeting-past p.md:6: the meeting begins on Sunday 31 May 2026 at 14:00, before this goes out; write the day of the next one, or make it a meeting-summary"
        ]
    );
    assert_eq!(found(&front("meeting-notice", "2026-06-01"), "Body."), NONE);
    assert_eq!(found(&front("meeting-summary", "2026-05-31"), "Body."), NONE);
}

#[test]
fn a_risky_word_blocks_in_the_discreet_subject_and_warns_elsewhere() {
    let front = "kind: report\ndiscreet_subject: About our Safe  House\nattachments: [DomesticNews.pdf]\n\
                 image: {src: cover.png, alt: A drug}\n";
    let says = |what: &str, word: &str| {
        format!("{what} says \"{word}\", which a discreet mail must not; write it neutrally")
    };
    assert_eq!(
        found(front, "Body and words of the whole post.\n\n![Drugs!](violence-2.png)"),
        [
            says(
                "Error risky-word p.md:6: discreet_subject \"About our Safe  House\"",
                "safe house"
            ),
            says("Warning risky-word p.md:8: the picture's description \"A drug\"", "drug"),
            says("Warning risky-word p.md:12: the picture's description \"Drugs!\"", "drug"),
        ],
        "files have neutral names"
    );
    let fine =
        "kind: report\ndiscreet_subject: Domestication of drugstores\nattachments: [agenda.pdf]\n";
    assert_eq!(found(fine, "Domestic violence and drugs, in the body."), NONE);
}

#[test]
fn a_meetings_place_and_link_warn_where_a_calendar_shows_them() {
    let front = "kind: meeting-notice\nmeeting:\n  starts: 2037-06-12 14:00\n  ends: 2037-06-12 16:00\n  \
                 timezone: Europe/London\n  place: The Safe House\n  join: https://meet.example/drug-panel\n";
    let text = format!("---\ntitle: A title\ndate: 2026-05-20\nsummary: S\n{front}---\nBody.\n");
    let file = Path::new("p.md");
    let post = front::parse(file, &text, None).unwrap();
    let written = Written { file, text: &text, post: &post, at: Timestamp(1_780_272_000_000) };
    let mut words = discreet(&["drug", "safe house"]);
    assert_eq!(
        told(&written.findings(&words)),
        [
            "Warning risky-word p.md:10: the meeting's place \"The Safe House\" says \"safe house\", which a discreet mail must not; write it neutrally",
            "Warning risky-word p.md:11: the meeting's link \"https://meet.example/drug-panel\" says \"drug\", which a discreet mail must not; write it neutrally",
        ]
    );
    words.notice_only = true;
    assert_eq!(told(&written.findings(&words)), NONE);
}

#[test]
fn the_neutral_words_of_the_configuration_are_neutral() {
    let file = Path::new("config.toml");
    let mut words = discreet(&["policy", "update"]);
    words.subject = Line::parse("Policies").unwrap();
    words.list_name = Line::parse("news").unwrap();
    for quiet in [&mut words.preheader, &mut words.title, &mut words.opening, &mut words.notice] {
        *quiet = Line::parse("Something new").unwrap();
    }
    assert_eq!(
        told(&risk::in_settings(file, &words)),
        [
            "Error risky-word config.toml: discreet.sender_name \"Updates\" says \"update\", which a discreet mail must not; write it neutrally",
            "Error risky-word config.toml: discreet.subject \"Policies\" says \"policy\", which a discreet mail must not; write it neutrally",
            "Error risky-word config.toml: discreet.list_id \"updates\" says \"update\", which a discreet mail must not; write it neutrally",
        ]
    );
    let all = discreet(&["update", "appointment", "document", "page"]);
    assert_eq!(
        told(&risk::in_settings(file, &all)).len(),
        11,
        "every word that a reader's inbox shows"
    );
    assert_eq!(told(&risk::in_settings(file, &discreet(&["drug"]))), NONE);
}

#[test]
fn lines_are_right_whatever_ends_them() {
    let text = "\u{feff}---\r\ntitle: A title\r\nkind: report\r\ndate: 2026-05-20\r\nsummary: S\r\n---\r\n\r\n\r\nOne.\r\n\r\n[here](https://e.org)\r\n\r\n";
    assert_eq!(found_in(text).len(), 1);
    assert!(found_in(text)[0].contains("p.md:11: "), "{:?}", found_in(text));
}

#[test]
fn the_manual_of_the_checks_is_the_table() {
    let written = include_str!("../../../docs/checks.md");
    if std::env::var_os("WRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/checks.md"), rule::manual())
            .unwrap();
    }
    assert_eq!(
        written,
        rule::manual(),
        "WRITE=1 cargo test --lib the_manual_of_the_checks writes it anew"
    );
}

#[test]
fn only_a_rule_of_the_table_can_be_allowed() {
    assert_eq!(rule::named("contrast"), Ok("contrast"));
    let told = rule::named("contrst").unwrap_err();
    assert!(
        told.starts_with(
            "\"contrst\" is not a rule that can be allowed; these are: shouting, image-only,"
        ),
        "{told}"
    );
    assert!(rule::named("bad-yaml").is_err());
}
