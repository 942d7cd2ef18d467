use super::*;
use serde_json::json;

/// What is said of a folder with these files, without the folder's own name.
fn told(files: &[(&str, &str)]) -> String {
    match overridden(files) {
        Ok(_) => panic!("nobody refused {files:?}"),
        Err(error) => error,
    }
}

fn overridden(files: &[(&str, &str)]) -> Result<Templates, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let here = format!("{}/", folder.path().display());
    Templates::load(Some(folder.path())).map_err(|error| format!("{error:#}").replace(&here, ""))
}

/// A mail of its own layout, with `middle` on its sixth line.
fn report(middle: &str) -> String {
    format!(
        "<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n\
         <mj-text><a href=\"{{{{slot.unsubscribe_url}}}}\">Leave</a></mj-text>\n{middle}\n\
         </mj-column>\n</mj-section>\n</mj-body>\n</mjml>\n"
    )
}

#[test]
fn the_templates_of_the_program_are_whole() {
    Templates::embedded().unwrap();
}

#[test]
fn no_template_of_the_program_has_a_colour_of_the_brand_in_it() {
    let brand = crate::config::Brand::default();
    for source in &Templates::embedded().unwrap().sources {
        for colour in [brand.accent, brand.accent_dark] {
            assert!(!source.text.contains(&colour.to_string()), "{source}: {colour}");
        }
    }
}

#[test]
fn the_templates_of_the_program_hold_whatever_a_post_leaves_out() {
    specimen::prove(&Templates::embedded().unwrap()).unwrap();
}

#[test]
fn files_of_a_folder_stand_in_for_those_of_the_program() {
    let templates = overridden(&[
        ("report/subject.txt", "Our report: {{post.title}}"),
        ("partials/web.txt", "See {{post.archive_url}}"),
        (".DS_Store", "\u{0}"),
    ])
    .unwrap();
    let data = json!({"post": {"title": "Ours", "archive_url": "https://e.org/a"}});
    assert_eq!(templates.plain("report", "subject.txt", &data).unwrap(), "Our report: Ours");
    assert!(templates.file("report/subject.txt").ends_with("/report/subject.txt"));
    assert_eq!(templates.file("report/body.txt"), "templates/mail/report/body.txt");
}

#[test]
fn a_file_that_is_no_template_is_refused_by_name() {
    for (path, why) in [
        ("report/bdy.mjml", "no template is called report/bdy.mjml; perhaps report/body.mjml?"),
        (
            "newsletter.html",
            "no template is called newsletter.html; this folder holds files such as report/body.mjml \
             and partials/footer.txt",
        ),
    ] {
        assert_eq!(told(&[(path, "")]), format!("{path}: {why}"));
    }
    let none = Templates::load(Some(Path::new("/nonexistent"))).unwrap_err();
    let why = "/nonexistent: this folder of templates cannot be read: No such file or directory (os error 2)";
    assert_eq!(format!("{none:#}"), why);
}

#[test]
fn a_file_that_is_too_long_or_no_text_is_refused() {
    let long = "x".repeat(100_001);
    let why = "base.mjml: this template is longer than 100 KB; make it shorter";
    assert_eq!(told(&[("base.mjml", &long)]), why);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.mjml"), b"<mjml>\xff").unwrap();
    let error = Templates::load(Some(folder.path())).unwrap_err().to_string();
    assert!(
        error.ends_with("/base.mjml: this template is not UTF-8 text; save it as that"),
        "{error}"
    );
}

#[test]
fn malformed_handlebars_is_refused_with_its_line() {
    for (text, why) in [
        ("Hello\n{{#if post}}\nbye", "2: {{#if}} is opened and never closed; write {{/if}}"),
        ("Hello\n{{/with}}", "2: {{/with}} closes what was never opened; leave it out"),
        ("Hello\n{{post title=}}", "2: invalid handlebars syntax: expected helper_parameter"),
        ("Hello\n{{post.title", "2: {{ is opened and never closed; write }} after it"),
        ("Hello\n{{nmae}}", "2: nothing is called nmae here"),
        (
            "{{slot.unsubscribe_url}}\n\n{{#each post.attachments}}{{titel}}{{/each}}",
            "3: nothing is called titel here",
        ),
        ("Hello\n{{upper post.title}}", "2: there is no helper called upper"),
        ("Hello\n{{> foter}}", "2: there is no partial called foter; perhaps {{> footer}}?"),
        (
            "Hello\n{{> (lookup post 'kind')}}",
            "2: a partial is held by its plain name; write one such as {{> footer}}",
        ),
        (
            "Hello\n{{{post.title}}}",
            "2: {{{…}}} would let people's words become markup; write {{…}}",
        ),
        (
            "\n\n{{#*inline \"x\"}}{{/inline}}",
            "3: {{#*…}} is not for templates of mails; put the words into a partial",
        ),
    ] {
        assert_eq!(told(&[("report/body.txt", text)]), format!("report/body.txt:{why}"));
    }
}

#[test]
fn a_name_that_only_some_posts_lack_is_met_all_the_same() {
    let text = "{{slot.unsubscribe_url}}\n{{#if post.meeting}}\n{{post.image.src}}\n{{/if}}";
    assert_eq!(
        told(&[("announcement/body.txt", text)]),
        "announcement/body.txt:3: nothing is called post.image.src here"
    );
}

#[test]
fn malformed_mjml_is_refused_with_its_line_and_file() {
    for (middle, why) in [
        ("<mj-text>Hello", "6: <mj-text> is opened and never closed; write </mj-text>"),
        (
            "</mj-column></mj-text>",
            "3: <mj-section> is opened and never closed; write </mj-section>",
        ),
        ("<mjml></mjml>", "6: <mjml> stands around everything else"),
        ("<mj-column></mj-column>", "6: <mj-column> cannot stand here; put it into <mj-section>"),
        (
            "<mj-text color=\"red>Hello</mj-text>",
            "6: this is not well-formed; is a quote, < or > missing?",
        ),
        ("<mj-txt>Hello</mj-txt>", "6: <mj-txt> is not for mails; perhaps <mj-text>?"),
        ("<mj-social>Hello</mj-social>", "6: <mj-social> is not for mails"),
        (
            "<mj-image src=\"https://e.org/pixel.gif\" />",
            "6: https://e.org/pixel.gif would be loaded from elsewhere, and whoever is there learns who reads this; \
             show pictures of the post, and the logo of the configuration",
        ),
        (
            "<mj-raw><script>x</script></mj-raw>",
            "6: <script> is not for mails: no mail app shows it, or it loads something",
        ),
        (
            "<mj-text><p style=\"background:url(https://e.org)\">x</p></mj-text>",
            "6: styles may load nothing, and whoever it is loaded from learns who reads this",
        ),
    ] {
        assert_eq!(
            told(&[("report/body.mjml", &report(middle))]),
            format!("report/body.mjml:{why}")
        );
    }
}

#[test]
fn whatever_a_reader_would_fetch_is_refused_however_it_is_written() {
    for (middle, shown) in [
        ("<mj-raw><img src='https://e.org/a' /></mj-raw>", "https://e.org/a"),
        ("<mj-raw><img SRC = \"https://e.org/a\" /></mj-raw>", "https://e.org/a"),
        ("<mj-raw><img srcset=\"cid:a 1x, https://e.org/a 2x\" /></mj-raw>", "https://e.org/a"),
        ("<mj-image src=\"{{slot.unsubscribe_url}}\" />", "{{slot.unsubscribe_url}}"),
        (
            "<mj-image src=\"{{site.url}}/p?{{slot.lists}}\" />",
            "https://news.example.org/p?{{slot.lists}}",
        ),
        ("<mj-image src=\"cid:{{slot.lists}}\" />", "cid:{{slot.lists}}"),
        (
            "<mj-raw><!--[if mso]><td background=\"https://e.org/a\"></td><![endif]--></mj-raw>",
            "https://e.org/a",
        ),
        (
            "<mj-text><p style=\"background:URL(https://e.org/a)\">x</p></mj-text>",
            "https://e.org/a",
        ),
    ] {
        let why = format!(
            "report/body.mjml:6: {shown} would be loaded from elsewhere, and whoever is there learns who \
             reads this; show pictures of the post, and the logo of the configuration"
        );
        assert_eq!(told(&[("report/body.mjml", &report(middle))]), why, "{middle}");
    }
}

#[test]
fn a_fault_in_a_partial_is_told_of_the_partial() {
    assert_eq!(
        told(&[("partials/web.mjml", "<mj-section>\n<mj-column>\n</mj-section>")]),
        "partials/web.mjml:2: <mj-column> is opened and never closed; write </mj-column>"
    );
}

#[test]
fn a_mail_that_nobody_could_leave_is_refused() {
    let footer = "<mj-section><mj-column><mj-text>Bye</mj-text></mj-column></mj-section>";
    assert_eq!(
        told(&[("partials/footer.mjml", footer)]),
        "templates/mail/meeting-summary/body.mjml: no reader of this mail could act on it; \
         write a link to {{slot.unsubscribe_url}} into it"
    );
    assert_eq!(
        told(&[("confirm/body.txt", "Hello")]),
        "confirm/body.txt: no reader of this mail could act on it; write {{request.url}} into it"
    );
}

#[test]
fn a_subject_without_words_is_refused() {
    let error = told(&[("digest/subject.txt", "\n")]);
    assert!(error.starts_with("digest/subject.txt: the subject"), "{error}");
}

#[test]
fn a_template_that_holds_itself_is_refused() {
    assert_eq!(
        told(&[("partials/web.txt", "a\n{{> web}}")]),
        "partials/web.txt:2: a template cannot hold itself: web holds web"
    );
    assert_eq!(
        told(&[
            ("partials/web.mjml", "{{> letter}}"),
            ("partials/letter.mjml", "{{#if post}}\n{{> picture}}{{/if}}"),
            ("partials/picture.mjml", "\n\n{{> web}}"),
        ]),
        "partials/letter.mjml:2: a template cannot hold itself: picture holds web holds letter holds picture"
    );
}

#[test]
fn a_layout_that_holds_its_own_layout_is_refused() {
    assert_eq!(
        told(&[("base.mjml", "{{#> base}}x{{/base}}")]),
        "base.mjml:1: a template cannot hold itself: base holds base"
    );
}

#[test]
fn what_nests_too_deep_is_refused_before_a_stack_ends() {
    let blocks = format!("\n{}{}", "{{#if post}}".repeat(1000), "{{/if}}".repeat(1000));
    let chain = format!("\n{{{{#if post}}}}{}{{{{/if}}}}", "{{else if post}}".repeat(1000));
    let brackets = format!("\n{{{{wrap {}post{}}}}}", "(".repeat(9000), ")".repeat(9000));
    for (text, why) in [
        (blocks, "2: more than 32 blocks stand within each other"),
        (chain, "2: more than 32 blocks stand within each other"),
        (brackets, "2: more than 32 brackets stand within each other"),
    ] {
        assert_eq!(told(&[("report/body.txt", &text)]), format!("report/body.txt:{why}"));
    }
    let deep = format!("<mj-text>{}x{}</mj-text>", "<b>".repeat(5000), "</b>".repeat(5000));
    assert_eq!(
        told(&[("report/body.mjml", &report(&deep))]),
        "report/body.mjml:6: more than 32 elements stand within each other"
    );
}

#[test]
fn what_grows_without_an_end_is_refused() {
    let loops =
        format!("{}{}{}", "{{#each digest.sections}}".repeat(8), "words", "{{/each}}".repeat(8));
    let why = "1: it writes more than 1 MB with its loops and partials; leave some out";
    assert_eq!(told(&[("digest/body.txt", &loops)]), format!("digest/body.txt:{why}"));
    // each holds the next eight times
    let chain = ["web", "letter", "meeting", "findings", "next", "attachments", "headline", "when"];
    let doubling: Vec<_> = chain
        .windows(2)
        .map(|two| (format!("partials/{}.txt", two[0]), format!("{{{{> {}}}}}", two[1]).repeat(8)))
        .collect();
    let files: Vec<_> =
        doubling.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let error = told(&files);
    assert!(error.ends_with(why), "{error}");
}

#[test]
fn a_mail_that_grows_by_what_it_tells_is_ended() {
    let templates = Templates::embedded().unwrap();
    let data = json!({"post": {"title": "x".repeat(LONGEST + 1)}});
    let error = templates.plain("report", "subject.txt", &data).unwrap_err().to_string();
    assert_eq!(error, "templates/mail/report/subject.txt:1: the mail is longer than 8 MB");
}

#[test]
fn markup_is_escaped_and_text_is_not() {
    let templates = overridden(&[
        ("report/body.mjml", &report("<mj-text>{{post.title}}</mj-text>")),
        ("report/body.txt", "{{post.title}}{{slot.unsubscribe_url}}"),
    ])
    .unwrap();
    let data = json!({"post": {"title": "<b> & \"c\""}, "slot": {"unsubscribe_url": ""}});
    let (mjml, html) = templates.markup("report", &data, None, true).unwrap();
    for text in [mjml, html] {
        assert!(text.contains("&lt;b&gt; &amp; &quot;c&quot;"), "{text}");
    }
    assert_eq!(templates.plain("report", "body.txt", &data).unwrap(), "<b> & \"c\"");
}
