use super::*;
use crate::config::Config;
use crate::message::slot::{self, Slot};
use crate::message::specimen::Specimen;
use crate::message::{Content, Frame, Occasion, Templates};
use crate::post::Kind;

#[test]
fn files_are_numbered_and_keep_their_kind_alone() {
    let specimen = Specimen::new().unwrap();
    let mut post = specimen.post(Kind::Report, true);
    post.attachments = vec!["plan.PDF".to_owned(), "no-ending".to_owned()];
    let name = |picture, name: &str| {
        let file = File {
            name: name.to_owned(),
            content_type: "application/octet-stream".to_owned(),
            bytes: Vec::new(),
        };
        file_name(&specimen.words, &post, picture, &file)
    };
    assert_eq!(name(0, "plan.PDF"), "document-1.pdf");
    assert_eq!(name(0, "no-ending"), "document-2");
    assert_eq!(name(0, "cover.png"), "document-3.png");
    assert_eq!(name(1, "map.jpeg"), "document-4.jpeg");
    for hostile in ["a.how to leave", "b.\r\nX", "c.", "d.éé", "e.toolong"] {
        assert_eq!(name(2, hostile), "document-5", "{hostile:?}");
    }
}

#[test]
fn the_first_line_of_the_text_is_neutral_and_alone() {
    let specimen = Specimen::new().unwrap();
    let text = text(&specimen.words, "Leaving safely\n");
    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(first, "An update is available.");
    let before = rest.split("Leaving").next().unwrap();
    assert!(before.chars().filter(|c| *c != '\n').count() > 400);
    assert!(before.lines().all(|line| line.chars().count() <= 72));
    assert!(text.ends_with("\nLeaving safely\n"));
}

/// The templates of a house that has these files, or why they are refused.
fn house(files: &[(&str, &str)]) -> Result<Templates, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let mut config = Config::default_in(folder.path());
    config.site.templates = Some(folder.path().to_owned());
    let here = format!("{}/", folder.path().display());
    Templates::of(&config).map_err(|error| format!("{error:#}").replace(&here, ""))
}

/// Every letter there is, with all that it may have, to somebody who asked for discretion.
fn every_content(templates: &Templates, notice_only: bool) -> Vec<Content> {
    let specimen = Specimen::new().unwrap();
    let words = Discreet { notice_only, ..specimen.words.clone() };
    let site_name = &words.sender_name;
    let frame = Frame { site_name, discreet: Some(&words), ..specimen.frame(false) };
    let render = |letter: &Letter<'_>| templates.render(letter, &frame).unwrap();
    let mut all = vec![render(&specimen.digest(true))];
    all.extend(specimen.requests().iter().map(render));
    for kind in Kind::ALL {
        let post = specimen.post(kind, true);
        all.extend(Occasion::ALL.map(|occasion| render(&specimen.letter(&post, occasion))));
    }
    all
}

/// A layout that says what the mail is about wherever it can, and leaves out every neutral word.
const TALKATIVE: &str = "<mjml><mj-head>\
    <mj-title>{{#if post}}{{post.title}}{{else}}A specimen{{/if}}</mj-title>\
    <mj-preview>{{#if post}}{{post.summary}}{{else}}A specimen{{/if}}</mj-preview>\
    <mj-raw><title>A specimen</title>A specimen<meta name=\"robots\" content=\"none\" /></mj-raw>\
    </mj-head><mj-body><mj-raw>A specimen</mj-raw>{{> @partial-block}}{{> footer}}</mj-body></mjml>";

#[test]
fn no_template_of_a_house_says_anything_before_the_neutral_words() {
    let text = "{{post.title}}\n{{slot.unsubscribe_url}}";
    let talkative = house(&[("base.mjml", TALKATIVE), ("report/body.txt", text)]).unwrap();
    let seen = format!(
        "{}</div>",
        slot::reference(&format!("An update is available. {}", NOTHING.repeat(PADDING)))
    );
    for templates in [Templates::embedded().unwrap(), talkative] {
        for notice_only in [false, true] {
            for content in every_content(&templates, notice_only) {
                let (before, after) = content.html.split_once(&seen).unwrap();
                assert_eq!(before.matches("<title>").count(), 1, "{before}");
                assert!(before.contains("<title>An update</title>"), "{before}");
                assert!(!before.to_lowercase().contains("specimen"), "{before}");
                let (between, _) = after.split_once("An update is available.").unwrap();
                assert!(!between.to_lowercase().contains("specimen"), "{between}");
                assert_eq!(content.subject.as_str(), "An update is available");
                assert!(
                    content.text.starts_with("An update is available.\n\n"),
                    "{}",
                    content.text
                );
            }
        }
    }
}

#[test]
fn a_mere_notice_tells_nothing_but_that_there_is_one() {
    let templates = Templates::embedded().unwrap();
    for content in every_content(&templates, true) {
        for body in [&content.html, &content.text] {
            // links to posts are numbers in earnest, and words in a specimen
            let body = body
                .to_lowercase()
                .replace("/archive/specimen", "")
                .replace("/confirm/specimen", "");
            assert!(!body.contains("specimen"), "{body}");
        }
        assert!(content.parts.is_empty());
    }
    let own =
        house(&[("discreet/body.txt", "{{slot.unsubscribe_url}}\n{{post.title}}")]).unwrap_err();
    assert_eq!(own, "discreet/body.txt:2: nothing is called post.title here");
}

#[test]
fn a_mere_notice_that_nobody_could_leave_is_refused() {
    let told = house(&[("discreet/body.txt", "Hello")]).unwrap_err();
    let why = "discreet/body.txt: no reader of this mail could act on it; write {{slot.unsubscribe_url}} into it";
    assert_eq!(told, why);
}

#[test]
fn a_mere_notice_of_several_things_leads_to_each_of_them() {
    let specimen = Specimen::new().unwrap();
    let words = Discreet { notice_only: true, ..specimen.words.clone() };
    let frame = Frame { discreet: Some(&words), ..specimen.frame(true) };
    let templates = Templates::embedded().unwrap();
    for (count, texts) in [(1, vec![""]), (3, vec![" (1)", " (2)", " (3)"])] {
        let mut digest = specimen.digest(true);
        let Letter::Digest { sections, .. } = &mut digest else { unreachable!() };
        sections[0].items.truncate(count);
        for (item, number) in sections[0].items.iter_mut().zip(1..) {
            item.archive_url = format!("https://plain.example/u/{number}");
        }
        let content = templates.render(&digest, &frame).unwrap();
        for (text, number) in texts.into_iter().zip(1..) {
            let (text, url) = (
                format!("Open this page on the web{text}"),
                format!("https://plain.example/u/{number}"),
            );
            assert!(content.text.contains(&format!("{text}:\n{url}\n")), "{}", content.text);
            assert!(content.html.contains(&format!("href=\"{url}\"")), "{}", content.html);
            assert!(content.html.contains(&format!(">{text}</a>")), "{}", content.html);
        }
        assert!(!content.text.contains("/archive") && !content.html.contains("/archive"));
    }
}

#[test]
fn whoever_gets_mere_notices_can_say_yes_and_choose_all_the_same() {
    let specimen = Specimen::new().unwrap();
    let templates = Templates::embedded().unwrap();
    for notice_only in [false, true] {
        let words = Discreet { notice_only, ..specimen.words.clone() };
        let site_name = &words.sender_name;
        let frame = Frame { site_name, discreet: Some(&words), ..specimen.frame(false) };
        for letter in specimen.requests() {
            let content = templates.render(&letter, &frame).unwrap();
            let url = "https://news.example.org/confirm/SPECIMEN";
            assert!(content.html.contains(&format!("href=\"{url}\"")), "{}", content.html);
            assert!(content.text.contains(url), "{}", content.text);
            for body in [&content.html, &content.text] {
                assert!(!body.contains("A specimen"), "the lists have their neutral name: {body}");
                assert!(!body.contains(&Slot::UnsubscribeUrl.mark()), "{body}");
            }
        }
    }
}
