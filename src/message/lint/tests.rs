//! Each rule: HTML that trips it, told in these words, and HTML that does not.

use std::path::Path;

use super::{Composed, specimens};
use crate::line::Line;
use crate::message::slot::Slot;
use crate::message::specimen::Specimen;
use crate::message::{Content, Part, Templates};
use crate::post::Level;

const NONE: [&str; 0] = [];
const HEAD: &str = "<!doctype html><html lang=\"en-GB\" dir=\"ltr\"><head><title>T</title>";

fn content(html: String) -> Content {
    Content {
        subject: Line::parse("A subject").unwrap(),
        html,
        text: "Text.\n".to_owned(),
        parts: vec![Part {
            name: "cover.png".to_owned(),
            content_type: "image/png".to_owned(),
            cid: Some("cover@bulletin".to_owned()),
            bytes: Vec::new(),
        }],
        invitation: None,
        mjml: String::new(),
    }
}

/// What is found in a mail, each behind its rule.
fn found_in(content: &Content) -> Vec<String> {
    let file = Path::new("p.md");
    let composed = Composed { file, content, base_url: "https://news.example.org" };
    composed.findings().iter().map(|one| format!("{} {one}", one.rule)).collect()
}

fn page(html: &str) -> Vec<String> {
    found_in(&content(html.to_owned()))
}

/// With a whole head.
fn body(html: &str) -> Vec<String> {
    page(&format!("{HEAD}</head><body>{html}</body></html>"))
}

/// With a style sheet and this meta.
fn styled(css: &str, html: &str) -> Vec<String> {
    page(&format!("{HEAD}<style>{css}</style></head><body>{html}</body></html>"))
}

#[test]
fn our_own_templates_have_nothing_to_mend() {
    let specimen = Specimen::new().unwrap();
    let found = specimens(&Templates::embedded().unwrap(), &specimen.frame(true)).unwrap();
    assert_eq!(found, []);
}

#[test]
fn html_without_language_direction_and_title_is_told() {
    assert_eq!(
        page("<html dir=\"sideways\"><head><title> </title></head><body>Hello</body></html>"),
        [
            "lang p.md: the HTML does not say its language; write <mjml lang=\"en-GB\">",
            "dir p.md: the HTML does not say which way it runs; write <mjml dir=\"ltr\">",
            "title p.md: the HTML has no title; write <mj-title> into the head",
        ]
    );
    assert_eq!(body("Hello"), NONE);
}

#[test]
fn a_table_of_the_layout_needs_a_role_and_one_of_data_none() {
    assert_eq!(
        body("<table><tr><td>The first words of it</td></tr></table>"),
        [
            "role p.md: the table around \"The first words of it\" has no role; write role=\"presentation\""
        ]
    );
    assert_eq!(body("<table role=\"presentation\"><tr><td>a</td></tr></table>"), NONE);
    assert_eq!(body("<table><tr><th>Year</th></tr><tr><td>2026</td></tr></table>"), NONE);
}

#[test]
fn a_picture_needs_an_alt_text_which_may_be_empty() {
    assert_eq!(
        body("<img src=\"cid:cover@bulletin\">"),
        [
            "image-alt p.md: the picture cid:cover@bulletin has no alt text; write alt=\"what it shows\", or alt=\"\" for decoration"
        ]
    );
    assert_eq!(body("<img src=\"cid:cover@bulletin\" alt=\"\">"), NONE);
}

#[test]
fn a_link_of_a_template_is_held_to_the_rules_too() {
    assert_eq!(
        body(
            "<a href=\"/archive\">All posts</a> <a href=\"https://e.org\"><img alt=\"Here\" src=\"cid:cover@bulletin\"></a>"
        ),
        [
            "broken-link p.md: the link /archive leads nowhere in a mail; write one that begins with https://, or attach the file",
            "link-text p.md: the link \"Here\" does not say where it leads; write it into the words, such as \"the report\"",
        ]
    );
    let fine = "<a href=\"https://e.org\" aria-label=\"Our pages\">→</a> <a name=\"top\"></a>";
    assert_eq!(body(fine), NONE);
}

#[test]
fn whatever_is_fetched_when_a_mail_is_opened_is_told() {
    let told = |address: &str| {
        format!(
            "remote-image p.md: the mail fetches {address} when it is opened; put the file beside the post, or leave it out"
        )
    };
    for html in [
        "<img alt=\"\" src=\"https://e.org/a.png\">",
        "<td background=\"https://e.org/a.png\">",
        "<table role=\"none\"><tr><td background=\"https://e.org/a.png\"></td></tr></table>",
        "<div style=\"background:url('https://e.org/a.png')\">x</div>",
        "<link rel=\"stylesheet\" href=\"https://e.org/a.png\">",
        "<style>@import \"https://e.org/a.png\";</style>",
        "<style>.a { background: url( https://e.org/a.png ) }</style>",
    ] {
        let found = body(html);
        // a cell outside a table is no element of a page
        let expected =
            if html.starts_with("<td") { vec![] } else { vec![told("https://e.org/a.png")] };
        assert_eq!(found, expected, "{html}");
    }
    assert_eq!(body("<img alt=\"\" src=\"//e.org/a.png\">"), [told("//e.org/a.png")]);
    let fine = "<img alt=\"\" src=\"data:image/png;base64,AA//\"><img alt=\"\" src=\"https://news.example.org/a.png\">";
    assert_eq!(body(fine), NONE);
    let own = format!("https://news.example.org/{}", Slot::Greeting.mark());
    assert_eq!(
        body(&format!("<img alt=\"\" src=\"{own}\">")),
        [told("https://news.example.org/{{slot.greeting}}")]
    );
    let link = Slot::UnsubscribeUrl.mark();
    assert_eq!(body(&format!("<img alt=\"\" src=\"{link}\">")), [told("{{slot.unsubscribe_url}}")]);
    assert_eq!(
        body("<p>x</p><!--[if gte mso 9]><v:fill src=\"https://e.org/a.png\" /><![endif]-->"),
        [told("https://e.org/a.png")]
    );
    let near = "https://news.example.org.evil.example/a.png";
    assert_eq!(body(&format!("<img alt=\"\" src=\"{near}\">")), [told(near)]);
}

#[test]
fn a_picture_that_stays_behind_is_told() {
    assert_eq!(
        body("<img alt=\"\" src=\"cid:other@bulletin\">"),
        [
            "attachment-missing p.md: the picture cid:other@bulletin does not travel with the mail; put the file beside the post"
        ]
    );
}

#[test]
fn a_photo_that_is_attached_as_the_camera_wrote_it_is_told() {
    let attached = |content_type: &str, bytes: &[u8]| {
        let mut content = content(format!("{HEAD}</head><body></body></html>"));
        content.parts = vec![Part {
            name: "garden".to_owned(),
            content_type: content_type.to_owned(),
            cid: None,
            bytes: bytes.to_vec(),
        }];
        found_in(&content)
    };
    for (kind, bytes) in [
        ("image/jpeg", &b"\xff\xd8\xff\xe1\0\x20Exif\0\0II*"[..]),
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\x08eXIfII*\0"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8XEXIF"),
    ] {
        assert_eq!(
            attached(kind, bytes),
            [
                "photo-place p.md: garden holds what the camera wrote, perhaps where it was taken; show it as a picture of the post, or save it without that"
            ]
        );
    }
    assert_eq!(attached("image/jpeg", b"\xff\xd8\xff\xe0 no camera"), NONE);
    assert_eq!(attached("application/pdf", b"%PDF Exif\0\0"), NONE);
}

#[test]
fn html_that_would_be_cut_off_warns_and_then_blocks() {
    let sized = |size: usize| {
        let empty = format!("{HEAD}</head><body></body></html>");
        let content =
            content(empty.replace("<body>", &format!("<body>{}", "x".repeat(size - empty.len()))));
        let composed = Composed { file: Path::new("p.md"), content: &content, base_url: "" };
        composed.findings().iter().map(|one| (one.level, one.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(sized(80_000), []);
    assert_eq!(
        sized(80_001),
        [(Level::Warning, "p.md: the HTML has 80001 bytes; above 100000 Gmail cuts it off; shorten the post, or attach what is long".to_owned())]
    );
    assert_eq!(sized(100_000)[0].0, Level::Warning);
    assert_eq!(
        sized(100_001),
        [(Level::Error, "p.md: the HTML has 100001 bytes; Gmail cuts off what is above 100000, and the opt-out link with it; shorten the post, or attach what is long".to_owned())]
    );
}

#[test]
fn a_subject_of_a_template_that_shouts_is_told() {
    let mut content = content(format!("{HEAD}</head><body>Hello</body></html>"));
    content.subject = Line::parse("READ THIS NOW").unwrap();
    assert_eq!(
        found_in(&content),
        ["shouting p.md: \"READ THIS NOW\" is all in capitals; write it as a sentence"]
    );
}

#[test]
fn faint_text_is_told_once_with_both_colours_and_the_ratio() {
    assert_eq!(
        body(
            "<div style=\"background:#fff\"><p style=\"color:#777777\">Some words</p><p style=\"color:#777\">More</p></div>"
        ),
        [
            "contrast p.md: \"Some words\" is #777777 on #ffffff, a contrast of 4.4 to 1; take colours with at least 4.5"
        ]
    );
    assert_eq!(body("<p style=\"color:#767676\">Some words</p>"), NONE);
}

#[test]
fn large_text_may_be_fainter() {
    // 3.03 to 1, and 2.99
    let text =
        |colour: &str, style: &str| body(&format!("<p style=\"{style};color:{colour}\">Words</p>"));
    for style in [
        "font-size:24px",
        "font-size:18pt",
        "font-size:150%",
        "font: 24px/30px Arial",
        "font-size:18.66px;font-weight:bold",
        "font:700 14pt Arial",
    ] {
        assert_eq!(text("#949494", style), NONE, "{style}");
        assert_eq!(
            text("#959595", style),
            [
                "contrast p.md: \"Words\" is #959595 on #ffffff, a contrast of 2.9 to 1; take colours with at least 3"
            ]
        );
    }
    for style in [
        "font-size:23.9px",
        "font-size:18.65px;font-weight:700",
        "font-size:18.66px",
        "font-size:1.5em;font-size:1em",
        "font-weight:600;font-size:20px",
    ] {
        assert_eq!(text("#949494", style).len(), 1, "{style}");
    }
    for large in ["<h1>Words</h1>", "<div style=\"font-size:19px\"><b>Words</b></div>"] {
        assert_eq!(styled("* { color: #949494 }", large), NONE, "{large}");
    }
    for small in [
        "<h3>Words</h3>",
        "<h1 style=\"font-size:16px\">Words</h1>",
        "<div style=\"font-size:24px\"><i style=\"font-size:.9em\">Words</i></div>",
    ] {
        let expected = usize::from(!small.starts_with("<h3>"));
        assert_eq!(styled("* { color: #949494 }", small).len(), expected, "{small}");
    }
}

#[test]
fn colours_are_inherited_laid_over_and_overruled_as_in_a_browser() {
    for faint in [
        "<div style=\"background-color:#333\">Words</div>",
        "<table role=\"none\" bgcolor=\"#444444\"><tr><td><b>Words</b></td></tr></table>",
        "<div style=\"background:navy\"><div style=\"background:transparent\">Words</div></div>",
        "<font color=\"silver\">Words</font>",
        "<div style=\"background:#000\"><a href=\"https://e.org\">A page</a></div>",
        "<div style=\"background:rgba(0,0,0,0.7)\">Words</div>",
    ] {
        assert_eq!(body(faint).len(), 1, "{faint}: {:?}", body(faint));
    }
    for clear in [
        "<div style=\"background:#333;color:white\">Words</div>",
        "<div style=\"background:url(cid:cover@bulletin)\"><p style=\"color:#eee\">Words</p></div>",
        "<div style=\"display:none;color:#fff\">Words</div>",
        "<div style=\"font-size:0px;color:#fff\">Words</div>",
        "<p style=\"color:#fff\">&#8199;&#847; </p>",
    ] {
        assert_eq!(body(clear), NONE, "{clear}");
    }
}

#[test]
fn style_sheets_count_and_what_is_important_counts_more() {
    let html = "<p class=\"a\" style=\"color:#000\">Words</p>";
    assert_eq!(styled(".a { color: #ccc }", html), NONE);
    assert_eq!(styled("/* .a{} */ .a { color: #ccc !important }", html).len(), 1);
    assert_eq!(styled("@media print { .a { color: #ccc !important } }", html), NONE);
    assert_eq!(styled(".a { color: #ccc !important } .a { color: #111 !important", html).len(), 1);
}

#[test]
fn what_is_faint_only_in_dark_is_told_too() {
    let html = "<p class=\"a\" style=\"color:#333\">Words</p>";
    let dark = "@media (prefers-color-scheme: dark) { body { background: #111 !important } }";
    assert_eq!(
        styled(dark, html),
        [
            "contrast p.md: \"Words\" is #333333 on #111111 in dark, a contrast of 1.4 to 1; take colours with at least 4.5"
        ]
    );
    let both =
        format!("{dark} @media (prefers-color-scheme:dark) {{ .a {{ color: #eee !important }} }}");
    assert_eq!(styled(&both, html), NONE);
    // a page that is fit for dark is shown on black where it says nothing
    let meta =
        "<meta name=\"color-scheme\" content=\"light dark\"><p style=\"background:#fff\">Words</p>";
    assert_eq!(body(meta).len(), 1);
}

#[test]
fn hostile_html_is_read_to_its_end() {
    let deep = "<div>".repeat(4_000);
    assert_eq!(body(&format!("{deep}Words")), NONE);
    assert_eq!(styled(&"@media (prefers-color-scheme: dark) {".repeat(2_000), "Words"), NONE);
    assert_eq!(body("<a href=\"\0\">\u{202e}</a>").len(), 2);
}
