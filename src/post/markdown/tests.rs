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
        assert_attributes_known(tag);
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} in {html}");
    assert_headings_in_order(html);
}

/// No handler, no style but where a column stands, no address that runs.
fn assert_attributes_known(tag: &str) {
    let mut parts = tag.split('"');
    while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
        let name = before.rsplit(' ').next().unwrap_or_default();
        let fine = match name {
            "href=" => ["http://", "https://", "mailto:", "tel:"]
                .iter()
                .any(|scheme| value.to_lowercase().starts_with(scheme)),
            "src=" => value.starts_with("cid:") || value.starts_with('/'),
            "style=" => value.starts_with("text-align: "),
            "alt=" | "title=" | "width=" | "height=" | "start=" => true,
            _ => false,
        };
        assert!(fine, "{name}{value} in <{tag}>");
    }
}

fn assert_headings_in_order(html: &str) {
    let mut above = 1;
    for (at, _) in html.match_indices("<h") {
        if let Some(level) = html[at + 2..].chars().next().and_then(|c| c.to_digit(10)) {
            assert!((2..=above + 1).contains(&level), "h{level} below h{above} in {html}");
            above = level;
        }
    }
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
fn headings_leave_no_level_out() {
    for (body, expected) in [
        ("## a\n\n## b\n\n#### c\n", "<h2>a</h2>\n<h2>b</h2>\n<h3>c</h3>\n"),
        ("# a\n\n###### b\n\n### c\n", "<h2>a</h2>\n<h3>b</h3>\n<h3>c</h3>\n"),
        ("### a\n\n# b\n\n## c\n", "<h2>a</h2>\n<h2>b</h2>\n<h3>c</h3>\n"),
        ("a\n===\n\nb\n---\n", "<h2>a</h2>\n<h3>b</h3>\n"),
    ] {
        assert_eq!(plain(body), expected);
    }
}

#[test]
fn an_address_that_is_spelt_out_becomes_a_link() {
    for (body, expected) in [
        (
            "See https://a.example/b_c_d?e=1&f=2, now",
            "See <a href=\"https://a.example/b_c_d?e=1&amp;f=2\">https://a.example/b_c_d?e=1&amp;f=2</a>, now",
        ),
        ("(www.a.example)", "(<a href=\"https://www.a.example\">www.a.example</a>)"),
        ("HTTP://a.example.", "<a href=\"HTTP://a.example\">HTTP://a.example</a>."),
        ("*http://a.example/*", "<em><a href=\"http://a.example/\">http://a.example/</a></em>"),
        ("write to c.d@e.example!", "write to <a href=\"mailto:c.d@e.example\">c.d@e.example</a>!"),
        (
            "[https://a.example](https://b.example)",
            "<a href=\"https://b.example\">https://a.example</a>",
        ),
        ("`https://a.example`", "<code>https://a.example</code>"),
        ("javascript://a.example", "javascript://a.example"),
        ("ftp://a.example a.example e.g. this@here", "ftp://a.example a.example e.g. this@here"),
        ("![www.a.example](b.png)", "<img src=\"cid:b.png\" alt=\"www.a.example\" />"),
    ] {
        assert_eq!(plain(body), format!("<p>{expected}</p>\n"));
    }
    assert!(!plain("    https://a.example\n").contains("<a"));
    assert!(!plain("a <form action=\"https://a.example\"> b").contains("<a"));
}

#[test]
fn a_picture_says_how_large_it_is_shown() {
    let placed = |src: &str| Placed { src: format!("/{src}"), size: Some((534, 300)) };
    let html = html("![A](a.png)", &placed);
    assert_eq!(html, "<p><img src=\"/a.png\" alt=\"A\" width=\"534\" height=\"300\" /></p>\n");
    assert_mail_safe(&html);
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
fn hostile_markdown_gives_exactly_this() {
    for (body, html, text) in [
        (
            "<script>alert(1)</script>",
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
            "<script>alert(1)</script>",
        ),
        (
            "<style>p{display:none}</style>",
            "<p>&lt;style&gt;p{display:none}&lt;/style&gt;</p>",
            "<style>p{display:none}</style>",
        ),
        (
            "a <form action=\"https://evil.example\"><input name=\"pin\"></form>",
            "<p>a &lt;form action=\"https://evil.example\"&gt;&lt;input name=\"pin\"&gt;&lt;/form&gt;</p>",
            "a <form action=\"https://evil.example\"><input name=\"pin\"></form>",
        ),
        ("[Read](javascript:alert(1))", "<p>Read</p>", "Read"),
        ("![Read](javascript:alert(1))", "<p>Read</p>", "Read"),
        ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>", "javascript:alert(1)"),
        ("invoice\u{202e}gpj.exe \u{2066}x\u{2069}", "<p>invoicegpj.exe x</p>", "invoicegpj.exe x"),
        (
            "</mj-text><mj-include path=\"/etc/passwd\" />",
            "<p>&lt;/mj-text&gt;&lt;mj-include path=\"/etc/passwd\" /&gt;</p>",
            "</mj-text><mj-include path=\"/etc/passwd\" />",
        ),
        (
            "{{slot.greeting}} {{{x}}}",
            "<p>{{slot.greeting}} {{{x}}}</p>",
            "{{slot.greeting}} {{{x}}}",
        ),
    ] {
        assert_eq!(plain(body).trim_end(), html);
        assert_eq!(crate::post::plain::text(body, 100), text);
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
    fn whatever_is_written_stays_well_formed(body in "([ \\n>*_`#|~!\\[\\]()<&:^=a-z1.\"'@-]|https?://|www\\.|javascript:|<script>|<style>|<form action=x>|<img onerror=x>|\\]\\(javascript:|\\PC|\\n\\n|\\n#+ |\\|-\\|){0,120}") {
        assert_mail_safe(&plain(&body));
    }
}

#[test]
fn a_telephone_number_is_a_link_and_stands_in_the_text() {
    let body = "[Ring us](tel:+442079460000)";
    assert_eq!(plain(body).trim_end(), "<p><a href=\"tel:+442079460000\">Ring us</a></p>");
    assert_eq!(crate::post::plain::text(body, 100).trim_end(), "Ring us (+442079460000)");
}
