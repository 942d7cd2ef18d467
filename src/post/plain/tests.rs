use proptest::prelude::*;

use super::*;

#[test]
fn a_whole_body_reads_well() {
    let body = "# Outcomes\n\nThe *report* is [here](https://a.example/report) and **there**: see [it again](https://a.example/report) or <https://b.example>, or write to <c@d.example> or [Eve](mailto:e@d.example).\n\n1. 87% of men started treatment and this item is long enough to be wrapped\n2. two\n   - inner\n\n> Quoted words that go on for long enough to be wrapped too.\n>\n> - in a quote\n\n## Smaller\n\n![A cover](cover.png)\n\n    code  stays\n\n---\n\nEnd ~~gone~~.[^n]\n\n[^n]: A note.\n";
    let expected = "\
Outcomes
========

The report is here [1] and there: see it
again [1] or https://b.example, or write
to c@d.example or Eve (e@d.example).

1. 87% of men started treatment and this
   item is long enough to be wrapped
2. two
   - inner

> Quoted words that go on for long
> enough to be wrapped too.
>
> - in a quote

Smaller
-------

[Picture: A cover]

    code  stays

------------------------

End ~~gone~~. (1)

------------------------

1. A note.

[1] https://a.example/report";
    assert_eq!(text(body, 40), expected);
}

#[test]
fn a_table_stands_in_columns_or_row_by_row() {
    let body = "| Day | Room |\n|---|---|\n| One | The large hall |\n| Two | 3 |\n";
    assert_eq!(text(body, 40), "Day  Room\n---  --------------\nOne  The large hall\nTwo  3");
    assert_eq!(text(body, 16), "Day: One\nRoom: The large\nhall\n\nDay: Two\nRoom: 3");
}

#[test]
fn an_address_that_is_its_own_label_is_written_once() {
    let body = "https://a.example/b and www.c.example and d@e.example and [f](https://a.example/b)";
    assert_eq!(
        text(body, 72),
        "https://a.example/b and www.c.example and d@e.example and f [1]\n\n[1] https://a.example/b"
    );
}

#[test]
fn loose_items_keep_their_distance() {
    assert_eq!(text("- a\n\n  b\n\n- c\n\nd", 40), "- a\n\n  b\n\n- c\n\nd");
}

#[test]
fn a_body_that_is_not_empty_has_a_text() {
    for body in [
        "---",
        "<!-- x -->",
        "![](a.png)",
        "[a]: https://a.example",
        "|a|\n|-|",
        "- ",
        "#",
        "[](https://a.example)",
    ] {
        assert!(!text(body, 72).trim().is_empty(), "{body}");
    }
    assert_eq!(text("![](a.png)", 72), "[Picture]");
}

#[test]
fn hostile_text_is_only_text() {
    let body = "<script>x</script>\n\n[a](javascript:b) \u{202e}c <b>d</b>";
    assert_eq!(text(body, 72), "<script>x</script>\n\na c <b>d</b>");
    for unit in ["> ", "- ", "1. ", "*a **b "] {
        let text = text(&format!("{}x y z", unit.repeat(20_000)), 72);
        assert!(text.contains('x'));
    }
}

#[test]
fn right_to_left_text_and_emoji_are_wrapped_between_words() {
    let body = "مرحبا بكم في التحالف 👩‍👩‍👧 ‏שלום לכולם";
    assert_eq!(text(body, 12).replace('\n', " "), body);
}

#[test]
fn the_first_paragraph_is_one_line_without_marks() {
    let body = "# Title\n\n![p](p.png)\n\nOne *two*\n[three](https://a.example) `four`.\n\nFive.";
    assert_eq!(first_paragraph(body), "One two three four.");
    assert_eq!(first_paragraph("- a\n- b"), "a b");
    assert_eq!(first_paragraph("# Only this"), "Only this");
    assert_eq!(first_paragraph("![p](p.png)"), "");
}

/// A line without the marks of quotes and lists before it.
fn unmarked(line: &str) -> &str {
    let is_mark = |word: &str| {
        matches!(word, ">" | "-" | "")
            || word.starts_with('[')
            || word.trim_end_matches('.').chars().all(|c| c.is_ascii_digit())
    };
    let mut rest = line;
    while let Some((word, after)) = rest.split_once(' ') {
        if !is_mark(word) {
            break;
        }
        rest = after;
    }
    rest
}

proptest! {
    #[test]
    fn no_line_is_too_wide_unless_one_word_is(body in "([ \\n>*#|~\\[\\]()a-z1.-]|https://|\\PC|[a-z]{1,9} |\\n\\n|\\|-\\|){0,120}", width in 20_usize..80) {
        let text = text(&body, width);
        for line in text.lines() {
            let words = unmarked(line);
            prop_assert!(line.chars().count() <= width || !words.contains(' '), "{line:?}");
        }
        prop_assert!(body.trim().is_empty() || !text.is_empty());
    }
}
