use proptest::prelude::*;

use super::*;

fn plain(body: &str) -> String {
    html(body, &|name| format!("cid:{name}"))
}

/// The reader's own parser takes it, and no tag is there that Markdown does not make.
fn assert_mail_safe(html: &str) {
    let mail = format!(
        "<mjml><mj-body><mj-section><mj-column><mj-text>{html}</mj-text></mj-column></mj-section></mj-body></mjml>"
    );
    if let Err(error) = mrml::parse(&mail) {
        panic!("{error}: {html}");
    }
    assert_balanced(html);
}

fn assert_balanced(html: &str) {
    const KNOWN: &str = " p h2 h3 h4 em strong del a img br hr ul ol li blockquote pre code sup table thead tbody tr th td ";
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag that does not end");
        assert!(!text.contains('>'), "a bare > in {html}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(KNOWN.contains(&format!(" {name} ")), "<{tag}> in {html}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} in {html}");
}

#[test]
fn markdown_becomes_well_formed_html() {
    let body = "# One & two\n\nA **b** *c* ~~d~~ `e<f>`  \nnext\n\n- [x] done\n- [ ] open\n\n3. three\n\n> quote\n\n---\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```rust\nlet a = 1;\n```\n";
    let html = plain(body);
    assert_mail_safe(&html);
    for expected in [
        "<h2>One &amp; two</h2>",
        "<del>d</del>",
        "<code>e&lt;f&gt;</code>",
        "<br />",
        "<li>[x] done</li>",
        "<ol start=\"3\">",
        "<hr />",
        "<td style=\"text-align: right\">2</td>",
        "<pre><code>let a = 1;\n</code></pre>",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
}

#[test]
fn headings_stand_below_the_title() {
    let html = plain("# a\n\n## b\n\n### c\n\n###### d\n");
    assert_eq!(html, "<h2>a</h2>\n<h3>b</h3>\n<h4>c</h4>\n<h4>d</h4>\n");
}

#[test]
fn raw_html_is_seen_and_never_runs() {
    for body in [
        "<script>alert(1)</script>",
        "a <script>alert(1)</script> b",
        "<style>p{display:none}</style>",
        "<form action=\"https://evil.example\"><input></form>",
        "<!-- hidden --> <![CDATA[x]]> <?php ?>",
        "</mj-text><mj-raw>x</mj-raw>",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
    ] {
        let html = plain(body);
        assert_mail_safe(&html);
        assert!(html.contains("&lt;"), "{html}");
    }
}

#[test]
fn a_link_leads_to_the_web_or_a_mailbox_only() {
    for address in [
        "javascript:alert(1)",
        "JaVaScript:x",
        "data:text/html,x",
        "file:///etc/passwd",
        "next.html",
        "//evil.example",
        "&#106;avascript:x",
        "java&#10;script:x",
    ] {
        let html = plain(&format!("[the text]({address})"));
        assert_eq!(html, "<p>the text</p>\n", "{address}");
        assert!(!plain(&format!("[r]\n\n[r]: {address}")).contains("href"));
    }
    let kept =
        plain("[a](https://a.example/?b=1&c=\"2\" \"T<i>t\") <b@c.example> <HTTP://d.example>");
    assert_mail_safe(&kept);
    assert!(
        kept.contains("href=\"https://a.example/?b=1&amp;c=%222%22\" title=\"T&lt;i&gt;t\""),
        "{kept}"
    );
    assert!(kept.contains("href=\"mailto:b@c.example\""), "{kept}");
}

#[test]
fn a_picture_is_placed_by_the_caller_or_becomes_its_description() {
    let html = plain("![A \"b\" & *c*](front.png)");
    assert_eq!(html, "<p><img src=\"cid:front.png\" alt=\"A &quot;b&quot; &amp; c\" /></p>\n");
    assert_mail_safe(&html);
    assert_eq!(plain("![alt](javascript:x)"), "<p>alt</p>\n");
    assert_eq!(plain("![alt](data:image/png;base64,AA)"), "<p>alt</p>\n");
    assert_eq!(plain("![alt](../../secret.png)"), "<p>alt</p>\n");
}

#[test]
fn pictures_are_found_with_their_lines() {
    let body = "One ![a](1.png)\n\n- two\n- ![b](<2 b.png>)\n\n![c][ref]\n\n[ref]: 3.png\n";
    let expected = [(1, "1.png"), (4, "2 b.png"), (6, "3.png")];
    assert_eq!(images(body), expected.map(|(line, name)| (line, name.to_owned())));
}

#[test]
fn characters_that_turn_the_text_or_mark_slots_are_gone() {
    let html =
        plain("a\u{202e}b\u{2066}c `d\u{202a}e` &#x202E;f &#xE000;g\u{1}h ![i\u{2069}](j.png)");
    assert_eq!(html, "<p>abc <code>de</code> f gh <img src=\"cid:j.png\" alt=\"i\" /></p>\n");
}

#[test]
fn every_script_passes_unchanged() {
    let text = "👩‍👩‍👧 Zoë, 王小明, نص من اليمين, ‏עברית";
    assert_eq!(plain(text), format!("<p>{text}</p>\n"));
}

#[test]
fn footnotes_come_last_in_the_order_of_their_numbers() {
    let html = plain("[^b]: Second.\n\n[^a]: First.\n\nOne[^a] two[^b] none[^c].\n");
    assert_mail_safe(&html);
    let body = "<p>One<sup>1</sup> two<sup>2</sup> none[^c].</p>";
    assert!(html.starts_with(body), "{html}");
    assert!(html.find("First.") < html.find("Second."), "{html}");
}

#[test]
fn endless_nesting_is_flattened_and_overflows_nothing() {
    for unit in ["> ", "- ", "1. ", "*a **b ", "[", "![", "<div>", "~~a *b "] {
        for times in [2_000, 20_000] {
            let html = plain(&format!("{}x", unit.repeat(times)));
            assert_mail_safe(&html);
            assert!(html.contains('x'));
        }
    }
    let steps: Vec<String> = (0..300).map(|step| format!("{}- a", "  ".repeat(step))).collect();
    let steps = steps.join("\n");
    assert_mail_safe(&plain(&steps));
    let table =
        format!("{}| a |\n{}|---|\n{}| b |\n", "> ".repeat(49), "> ".repeat(49), "> ".repeat(49));
    assert_mail_safe(&plain(&table));
}

proptest! {
    #[test]
    fn whatever_is_written_stays_well_formed(body in "([ \\n>*_`#|~!\\[\\]()<&:^=a-z1.\"'-]|https://|\\PC|\\n\\n|\\|-\\|){0,120}") {
        assert_mail_safe(&plain(&body));
    }
}
