use std::path::Path;

use super::*;

const LISTS: [&str; 3] = ["meetings", "reports", "news"];
const GOOD: &str = "title: A\nkind: report\ndate: 2026-05-20\n";

fn read(text: &str) -> Result<Post, Vec<Finding>> {
    parse(Path::new("posts/My-Post.md"), text, Some(&LISTS))
}

fn post(front: &str) -> Result<Post, Vec<Finding>> {
    read(&format!("---\n{front}---\nSome text.\n"))
}

/// Line and rule of every finding.
fn rules(result: Result<Post, Vec<Finding>>) -> Vec<(usize, &'static str)> {
    let findings = result.expect_err("no finding");
    findings.iter().map(|finding| (finding.line, finding.rule)).collect()
}

#[test]
fn the_post_of_the_contract_is_read_whole() {
    let post = read(concat!(
        "\u{feff}---\r\n",
        "title: Next Learning Alliance meeting\r\n",
        "slug: next-meeting\r\n",
        "kind: meeting-notice          # meeting-summary | report\r\n",
        "date: 2026-05-20\r\n",
        "lists: [meetings]\r\n",
        "summary: One or two sentences for previews and digests.\r\n",
        "discreet_subject: An update is available\r\n",
        "image: {src: front-cover.jpg, alt: Front cover of the report}\r\n",
        "attachments: [agenda.pdf]\r\n",
        "meeting: {starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, timezone: Europe/London, ",
        "place: \"Room 2, King's College London\", join: \"https://meet.example.org/a\"}\r\n",
        "urgent: true\r\n",
        "---\r\n\r\nMarkdown body.\r\nMore.\r\n",
    ))
    .unwrap();
    let meeting = post.meeting.unwrap();
    assert_eq!(meeting.starts.to_string(), "2026-06-12 14:00:00");
    assert_eq!(meeting.timezone, chrono_tz::Europe::London);
    assert_eq!(meeting.place.unwrap().as_str(), "Room 2, King's College London");
    assert_eq!((post.slug.as_str(), post.kind), ("next-meeting", Kind::MeetingNotice));
    assert_eq!(
        (post.lists, post.attachments),
        (vec!["meetings".to_owned()], vec!["agenda.pdf".to_owned()])
    );
    assert_eq!(post.image.unwrap().src, "front-cover.jpg");
    assert!(post.urgent);
    assert_eq!(post.body, "Markdown body.\nMore.");
}

#[test]
fn what_is_left_out_has_its_default() {
    let post = post(GOOD).unwrap();
    assert_eq!(post.slug, "my-post");
    assert_eq!(post.summary.as_str(), "Some text.");
    assert!(post.lists.is_empty() && post.meeting.is_none() && !post.urgent);
}

#[test]
fn every_mistake_is_found_at_once_and_on_its_own_line() {
    let text = concat!(
        "---\n# a comment\ntitle: \"one\\nBcc: two\"\nkind: repport\ndate: 2026-02-30\n",
        "lists:\n  - meetings\n  - meeting\nurgent: yes\nsumary: x\nattachments: [../secret]\n---\n\n",
        "Text ![](a.png)\n\n\u{e000}\n",
    );
    let expected = [
        (3, "line-break"),
        (4, "unknown-kind"),
        (5, "bad-date"),
        (8, "unknown-list"),
        (9, "bad-value"),
        (10, "unknown-key"),
        (11, "bad-file-name"),
        (14, "image-alt"),
        (16, "private-use"),
    ];
    assert_eq!(rules(read(text)), expected);
    let messages: Vec<String> =
        read(text).unwrap_err().into_iter().map(|finding| finding.message).collect();
    assert!(
        messages[3].contains("perhaps \"meetings\"") && messages[3].contains("reports, news"),
        "{}",
        messages[3]
    );
    assert!(messages[5].contains("perhaps \"summary\""), "{}", messages[5]);
}

#[test]
fn a_file_without_whole_front_matter_is_refused() {
    assert_eq!(rules(read("Just text.\n")), [(1, "no-front-matter")]);
    assert_eq!(rules(read("")), [(1, "no-front-matter")]);
    assert_eq!(rules(read("---\ntitle: a\n")), [(1, "front-matter-open")]);
    assert_eq!(rules(read("---\ntitle: a\nkind: [\n---\nText\n"))[0].1, "bad-yaml");
    assert_eq!(rules(read("---\ntitle: a\nsummary: b: c\n---\nText\n")), [(3, "bad-yaml")]);
    assert_eq!(rules(read("---\n- a\n---\nText\n")), [(2, "bad-yaml")]);
    let swollen = format!("---\n{}---\nText\n", "a: b\n".repeat(20_000));
    assert_eq!(rules(read(&swollen)), [(1, "too-large")]);
    assert_eq!(rules(read(&"x".repeat(LONGEST + 1))), [(0, "too-large")]);
}

#[test]
fn a_rule_in_the_body_does_not_end_it() {
    let post = read(&format!("---\n{GOOD}---\nOne.\n\n---\n\nTwo.\n")).unwrap();
    assert_eq!(post.body, "One.\n\n---\n\nTwo.");
}

#[test]
fn title_kind_date_and_text_must_be_there() {
    let missing = rules(read("---\nslug: a\n---\n\n"));
    assert_eq!(
        missing,
        [(2, "missing-title"), (2, "missing-kind"), (2, "missing-date"), (4, "empty-body")]
    );
    assert_eq!(rules(post("title:\nkind: report\ndate: 2026-05-20\n")), [(2, "empty")]);
    assert_eq!(rules(post(&format!("{GOOD}title: B\n"))), [(5, "duplicate-key")]);
}

#[test]
fn a_title_is_one_short_line() {
    let title = |title: &str| post(&format!("title: {title}\nkind: report\ndate: 2026-05-20\n"));
    assert_eq!(rules(title("\"a\\rb\"")), [(2, "line-break")]);
    assert_eq!(rules(title("\"a\\u202Eb\"")), [(2, "control-character")]);
    assert_eq!(rules(title(&"x".repeat(201))), [(2, "too-long")]);
    assert_eq!(rules(title("[a]")), [(2, "bad-value")]);
    assert_eq!(title("2026").unwrap().title.as_str(), "2026");
    assert_eq!(title(">\n  folded\n  text").unwrap().title.as_str(), "folded text");
    assert_eq!(rules(title("|\n  two\n  lines"))[0].1, "line-break");
}

#[test]
fn a_hostile_title_is_refused_in_these_words() {
    let told = |title: &str| {
        let found = post(&format!("title: {title}\nkind: report\ndate: 2026-05-20\n")).unwrap_err();
        assert_eq!(found.len(), 1);
        found[0].to_string()
    };
    for (title, message) in [
        ("\"News\\r\\nBcc: x@y.example\"", "title holds a line break; write it on one line"),
        ("\"News\\u202Egnp.exe\"", "title holds the control character U+202E; remove it"),
        ("\"News\\0\"", "title holds the control character U+0000; remove it"),
        (&"x".repeat(10_000), "title is longer than 500 characters; shorten it"),
        (
            &"x".repeat(300),
            "title is longer than 200 characters; shorten it, it becomes a subject line",
        ),
    ] {
        assert_eq!(told(title), format!("posts/My-Post.md:2: {message}"));
    }
}

#[test]
fn every_field_takes_emoji_and_right_to_left_text_as_it_is() {
    let words = "👩‍👩‍👧 مرحبا بكم، שלום";
    let text = format!(
        "---\ntitle: {words}\nkind: meeting-notice\ndate: 2026-05-20\nsummary: {words}\ndiscreet_subject: {words}\n\
         image: {{src: {words}.png, alt: {words}}}\nattachments: [{words}.pdf]\n\
         meeting: {{starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, timezone: Europe/London, place: {words}}}\n---\n{words}\n"
    );
    let post = read(&text).unwrap();
    let image = post.image.unwrap();
    let place = post.meeting.unwrap().place.unwrap();
    for line in [&post.title, &post.summary, &post.discreet_subject.unwrap(), &image.alt, &place] {
        assert_eq!(line.as_str(), words);
    }
    assert_eq!(
        (image.src, &post.attachments[0]),
        (format!("{words}.png"), &format!("{words}.pdf"))
    );
    assert_eq!(post.body, words);
    assert_eq!(crate::post::plain::text(&post.body, 72), words);
}

#[test]
fn a_slug_fits_an_address() {
    assert_eq!(rules(post(&format!("{GOOD}slug: A b\n"))), [(5, "bad-slug")]);
    let unfit =
        parse(Path::new("Zwei Wörter.md"), &format!("---\n{GOOD}---\nText\n"), Some(&LISTS));
    assert_eq!(rules(unfit), [(0, "bad-slug")]);
}

#[test]
fn a_file_name_stays_in_the_posts_folder() {
    for name in ["../a.pdf", "/etc/passwd", "b/a.pdf", "'b\\a.pdf'", "..", ".hidden", "'C:a.pdf'"] {
        assert_eq!(
            rules(post(&format!("{GOOD}attachments: [{name}]\n"))),
            [(5, "bad-file-name")],
            "{name}"
        );
        let image = format!("{GOOD}image: {{src: {name}, alt: A}}\n");
        assert_eq!(rules(post(&image)), [(5, "bad-file-name")], "{name}");
    }
    let body = |body: &str| rules(read(&format!("---\n{GOOD}---\n{body}\n")));
    assert_eq!(body("A ![a](../a.png)"), [(6, "bad-file-name")]);
    assert_eq!(body("A ![a](https://tracker.example/p.png)"), [(6, "remote-image")]);
}

#[test]
fn an_image_has_a_description() {
    assert_eq!(rules(post(&format!("{GOOD}image: {{src: a.png}}\n"))), [(5, "image-alt")]);
    assert_eq!(rules(post(&format!("{GOOD}image: {{src: a.png, alt: \"\"}}\n"))), [(5, "empty")]);
    assert_eq!(rules(post(&format!("{GOOD}image: a.png\n"))), [(5, "bad-value")]);
}

fn meeting(fields: &str) -> Result<Post, Vec<Finding>> {
    post(&format!("title: A\nkind: meeting-notice\ndate: 2026-01-01\nmeeting:\n{fields}"))
}

#[test]
fn a_notice_says_when_and_where() {
    assert_eq!(
        rules(post("title: A\nkind: meeting-notice\ndate: 2026-01-01\n")),
        [(2, "missing-meeting")]
    );
    let backwards =
        "  starts: 2026-06-12 14:00\n  ends: 2026-06-12 13:00\n  timezone: Europe/London\n";
    assert_eq!(rules(meeting(backwards)), [(7, "ends-before-start")]);
    let wrong = "  starts: 2pm\n  ends: 2026-06-12 13:00\n  timezone: Europe/Londn\n  join: http://a.example\n  room: 2\n";
    let expected = [(6, "bad-time"), (8, "unknown-timezone"), (9, "bad-join"), (10, "unknown-key")];
    assert_eq!(rules(meeting(wrong)), expected);
    assert!(meeting(wrong).unwrap_err()[1].message.contains("perhaps \"Europe/London\""));
}

#[test]
fn readers_are_asked_whether_they_come_when_the_notice_says_so() {
    let when = "  starts: 2026-06-12 14:00\n  ends: 2026-06-12 16:30\n  timezone: Europe/London\n";
    let asks =
        |line: &str| meeting(&format!("{when}{line}")).map(|post| post.meeting.unwrap().rsvp);
    assert_eq!(asks(""), Ok(false));
    assert_eq!(asks("  rsvp: false\n"), Ok(false));
    assert_eq!(asks("  rsvp: true\n"), Ok(true));
    let unsure = asks("  rsvp: perhaps\n").unwrap_err();
    assert_eq!((unsure[0].line, unsure[0].rule), (9, "bad-value"));
    assert_eq!(
        unsure[0].message,
        "meeting.rsvp \"perhaps\" is neither true nor false; write one of the two"
    );
}

#[test]
fn a_notice_has_a_ladder_of_reminders_of_its_own_or_none_or_that_of_its_kind() {
    let when = "  starts: 2026-06-12 14:00\n  ends: 2026-06-12 16:30\n  timezone: Europe/London\n";
    let ladder = |line: &str| -> Result<Option<Vec<String>>, Vec<Finding>> {
        let post = meeting(&format!("{when}{line}"))?;
        let steps = post.meeting.unwrap().reminders;
        Ok(steps.map(|steps| steps.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    let has = |steps: &[&str]| Ok(Some(steps.iter().map(|step| (*step).to_owned()).collect()));
    assert_eq!(ladder(""), Ok(None));
    assert_eq!(ladder("  reminders: []\n"), has(&[]));
    assert_eq!(ladder("  reminders: [1d, 2w, 2h]\n"), has(&["14d", "1d", "2h"]));
    assert_eq!(ladder("  reminders: 1d\n"), has(&["1d"]));
    for (line, message) in [
        (
            "[soon, 1d]",
            "meeting.reminders: \"soon\" is not a duration; write a whole number and a unit",
        ),
        ("[9m]", "meeting.reminders: \"9m\" is shorter than ten minutes; write a longer one"),
        ("[1d, 2d, 1d]", "meeting.reminders has 1d twice; keep one"),
        (
            "[1d,2d,3d,4d,5d,6d,7d,8d,9d,10d,11d]",
            "meeting.reminders has 11 steps; write at most 10",
        ),
    ] {
        let refused: Vec<Finding> = ladder(&format!("  reminders: {line}\n")).unwrap_err();
        assert_eq!((refused.len(), refused[0].line, refused[0].rule), (1, 9, "bad-reminder"));
        assert!(refused[0].message.starts_with(message), "{}", refused[0].message);
    }
}

#[test]
fn a_year_has_four_digits() {
    for year in ["-0001", "0000", "+10000", "+262142"] {
        let far = format!(
            "  starts: {year}-06-12 14:00\n  ends: 2026-06-12 16:30\n  timezone: Europe/London\n"
        );
        assert_eq!(rules(meeting(&far)), [(6, "bad-time")], "{year}");
    }
}

#[test]
fn an_hour_that_the_clocks_leave_out_is_refused() {
    let skipped =
        "  starts: 2026-03-29 01:30\n  ends: 2026-03-29 03:00\n  timezone: Europe/London\n";
    assert_eq!(rules(meeting(skipped)), [(6, "no-such-time")]);
    let repeated =
        "  starts: 2026-10-25 01:30\n  ends: 2026-10-25 03:00\n  timezone: Europe/London\n";
    assert!(meeting(repeated).is_ok());
}

#[test]
fn a_summary_is_taken_from_the_first_paragraph_and_cut_at_a_word() {
    let words = "seven77 ".repeat(60);
    let post =
        read(&format!("---\n{GOOD}---\n# Heading\n\n**{}**\n\nMore.\n", words.trim())).unwrap();
    let summary = post.summary.as_str();
    assert!(summary.ends_with("seven77…") && summary.chars().count() <= 300, "{summary}");
    let picture = rules(read(&format!("---\n{GOOD}---\n![a](a.png)\n")));
    assert_eq!(picture, [(2, "missing-summary")]);
}

#[test]
fn a_body_nested_without_end_is_refused_with_its_line() {
    for deep in [">".repeat(2_000), "- ".repeat(2_000)] {
        let text = format!("---\n{GOOD}---\nText.\n\n{deep}x\n");
        assert_eq!(rules(read(&text)), [(8, "too-deep")]);
    }
}

#[test]
fn a_character_that_not_every_database_keeps_is_refused_but_read_where_it_is_kept() {
    let text = format!("---\n{GOOD}---\nText.\nWo\0rds.\n");
    assert_eq!(rules(read(&text)), [(7, "control-character")]);
    assert!(parse(Path::new("kept.md"), &text, None).is_ok());
}
