//! What becomes of HTML, from its own words to those of the post that the one parser reads.

use url::Url;

use super::super::html::clean;
use super::from;
use crate::post::{markdown, plain};

fn base() -> Url {
    Url::parse("https://charity.example/news/").unwrap()
}

fn markdown_of(html: &str) -> String {
    from(&clean(html, &base()).unwrap())
}

#[test]
fn what_people_write_in_feeds_is_markdown_again() {
    let html = "<h2>Findings</h2><p>We met <b>ten services</b> and <em>listened</em>.<br>Then:</p>\
        <ul><li>One</li><li><p>Two</p><ol start=3><li>Three<li>Four</ol></li></ul>\
        <blockquote><p>It helped.</p><p>A lot.</p></blockquote>\
        <p>See <a href='/report?utm_source=rss&amp;id=7'>the report</a>.</p>\
        <pre><code>a\n  b</code></pre><hr>\
        <table><caption>Who came</caption><tr><th>Who<th>When</tr><tr><td>A|B<td><p>May</p></tr></table>";
    let want = "## Findings\n\nWe met **ten services** and *listened*.\\\nThen:\n\n- One\n- Two\n  3. Three\n  4. Four\n\
        \n> It helped.\n>\n> A lot.\n\nSee [the report](<https://charity.example/report?id=7>).\n\n```\na\n  b\n```\n\
        \n***\n\nWho came\n\n| Who | When |\n| --- | --- |\n| A\\|B | May |\n";
    assert_eq!(markdown_of(html), want);
}

#[test]
fn text_stays_text_whatever_signs_it_holds() {
    for text in [
        "1. not a list",
        "# not a heading",
        "- no item",
        "+ no item",
        "*no* _stress_ `no code` ~~no~~",
        "[no](https://link.example)",
        "<b>no tag</b>",
        "&lt; no entity &#60;",
        "a \\ b \\* c",
        "---",
        "=== x",
        "![no](picture.png)",
        "{{no}} {{{slot}}} {% no %}",
        "> no quote",
        "a | b",
        "1) no",
        "[^1]: no note",
        "https://plain.example/a_b_c",
    ] {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let read = plain::text(&markdown_of(&format!("<p>{escaped}</p>")), 1000);
        assert_eq!(read.trim(), text);
    }
}

#[test]
fn script_style_and_form_are_gone_with_all_that_is_in_them() {
    let html = "<p onclick='x()' style='position:fixed'>Before</p><script>alert(1)</script>\
        <style>p{display:none}</style><form action='https://evil.example'>Name <input name=n>\
        <button>Send</button></form><iframe src='https://evil.example'>frame</iframe>\
        <svg><script>x</script></svg><object data=x>object</object><p>After<!-- secret --></p>";
    assert_eq!(markdown_of(html), "Before\n\nAfter\n");
}

#[test]
fn a_link_that_would_run_is_its_words_and_a_picture_its_description() {
    let html = "<p><a href='javascript:alert(1)'>run</a> <a href='data:text/html,x'>data</a> \
        <a href='JaVaScRiPt&#10;:x'>odd</a> <a href='mailto:ann@charity.example'>write</a> \
        <a href='//other.example/a(b)'>other</a> \
        <img src='https://tracker.example/p.gif' width=1><img src=x onerror=y alt='A [garden]'></p>";
    assert_eq!(
        markdown_of(html),
        "run data odd [write](<mailto:ann@charity.example>) [other](<https://other.example/a(b)>) \
         (Picture: A \\[garden\\])\n"
    );
}

#[test]
fn words_that_do_not_say_where_a_link_leads_are_followed_by_its_host() {
    for (html, want) in [
        ("<a href='/a'>here</a>", "[here (charity.example)](<https://charity.example/a>)"),
        (
            "<a href='https://e.org/a_b'>Read <b>more</b>\u{a0}…</a>",
            "[Read **more**\u{a0}… (e.org)](<https://e.org/a_b>)",
        ),
        ("<a href='https://e.org/'>»</a>", "[» (e.org)](<https://e.org/>)"),
        ("<a href='mailto:a_b@e.org'>Here</a>", "[Here (a\\_b@e.org)](<mailto:a_b@e.org>)"),
        ("<a href='tel:+442079'>020 79</a>", "[020 79](<tel:+442079>)"),
        ("<a href='/a'>here are they</a>", "[here are they](<https://charity.example/a>)"),
    ] {
        let text = markdown_of(html);
        assert_eq!(text.trim_end(), want);
        let words = plain::text(&text, 1000);
        assert!(!words.contains('\\'), "{words}");
    }
}

#[test]
fn a_link_of_a_feed_is_one_that_the_rules_let_go() {
    for html in [
        "<a href='https://e.org/?utm_id=1;mkt_tok=2#?gclid=3'>click here!</a>",
        "<a href='https://e.org/'>Read<br>more</a>",
        "<a href='https://e.org/'><p>Read</p><p>more</p></a>",
        "<a href='https://e.org/'><i>details</i></a>",
    ] {
        let html = markdown::html(&markdown_of(html), &|_| String::new());
        let page = scraper::Html::parse_fragment(&html);
        let links = scraper::Selector::parse("a").unwrap();
        assert!(page.select(&links).count() > 0);
        for link in page.select(&links) {
            let words: String = link.text().collect();
            let wrong = crate::post::lint::link::wrong(link.attr("href").unwrap(), &words);
            assert!(wrong.is_empty(), "{wrong:?}");
        }
    }
}

#[test]
fn characters_that_turn_reading_around_or_mark_our_slots_are_left_out() {
    let html = "<p>safe\u{202e}gnp.exe\u{2066} \u{e000}slot\u{f8ff}\0 <code>a\u{202e}b</code></p>";
    assert_eq!(markdown_of(html), "safegnp.exe slot ` ab `\n");
}

#[test]
fn signs_stand_close_to_words_and_like_within_like_is_one() {
    for (html, want) in [
        ("<p>a<b> b </b>c</p>", "a **b** c\n"),
        ("<b><b>x</b> y</b>", "**x y**\n"),
        ("<b></b><i> </i>x", "x\n"),
        ("<b><p>one</p><p>two</p></b>", "**one**\n\n**two**\n"),
        ("<b>one<br></b>two", "**one**\\\ntwo\n"),
        ("one<br><br>two<br>", "one\n\ntwo\n"),
        ("<div>one</div><div>two</div>", "one\n\ntwo\n"),
        ("<code>a`b</code>", "`` a`b ``\n"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````\n"),
        ("<table><tr><td>only</td></tr><tr><td>- column</td></tr></table>", "only\n\n\\- column\n"),
        ("<a href='https://x.example'></a>", ""),
        (
            "<a href='https://x.example'><img src=a alt=Map></a>",
            "[(Picture: Map)](<https://x.example/>)\n",
        ),
    ] {
        assert_eq!(markdown_of(html), want, "{html}");
    }
}

#[test]
fn however_deep_it_nests_it_is_flat_and_quick() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<blockquote>", "</blockquote>"),
        ("<ul><li>", "</li></ul>"),
        ("<b>", ""),
        ("<a href='/x'><table><tr><td>", ""),
    ] {
        let many = 4_700 / open.matches('<').count();
        let deep = format!("{}deep{}", open.repeat(many), close.repeat(many / 30));
        let text = markdown_of(&deep);
        assert!(text.contains("deep"), "{open}");
        assert!(markdown::html(&text, &|_| String::new()).contains("deep"));
    }
    assert_eq!(clean(&"<div>".repeat(5_001), &base()), None);
    assert_eq!(clean(&"x".repeat(300_001), &base()), None);
}

#[test]
fn what_opens_anew_in_each_paragraph_is_too_much() {
    let open = |distinct: usize| {
        let tags: Vec<String> = (0..distinct).map(|n| format!("<b id={n}>")).collect();
        tags.concat()
    };
    for hidden in ["", "</style>", "<style><!--</style>", "<svg><style></svg>"] {
        let bomb = format!("{hidden}<p>{}{}", open(2_400), "<p>x".repeat(2_400));
        assert!(clean(&bomb, &base()).is_none(), "{hidden}");
    }
    let old = format!("<p>{}{}", "<font size=2>".repeat(300), "<p>words".repeat(300));
    assert!(clean(&old, &base()).is_some(), "left open as people do");
    assert!(clean(&format!("<p>{}{}", open(20), "<p>words".repeat(100)), &base()).is_some());
}

#[test]
fn what_comes_out_is_read_without_a_tag_or_an_address_that_was_not_allowed() {
    let html = "<p>&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:y) ![p](https://t.example/p.gif) \
        <a href='https://a.example/&gt;)<b'>a</a></p>";
    let read = markdown::html(&markdown_of(html), &|_| String::new());
    assert!(!read.contains("<script"), "{read}");
    assert!(!read.contains("href=\"javascript"), "{read}");
    assert!(!read.contains("<img"), "{read}");
}
