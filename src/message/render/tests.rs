use super::*;
use crate::message::slot::Slot;
use crate::message::specimen::Specimen;
use crate::post::Kind;

fn every_content() -> Vec<Content> {
    let templates = Templates::embedded().unwrap();
    let specimen = Specimen::new().unwrap();
    let frame = specimen.frame(true);
    let render = |letter: &Letter<'_>| templates.render(letter, &frame).unwrap();
    let mut all = vec![render(&specimen.digest(true))];
    for kind in Kind::ALL {
        let post = specimen.post(kind, true);
        all.extend(Occasion::ALL.map(|occasion| render(&specimen.letter(&post, occasion))));
    }
    all
}

fn rendered(change: impl Fn(&mut Post)) -> anyhow::Result<Content> {
    let specimen = Specimen::new().unwrap();
    let mut post = specimen.post(Kind::Report, true);
    change(&mut post);
    let frame = specimen.frame(true);
    Templates::embedded()?.render(&specimen.letter(&post, Occasion::News), &frame)
}

/// Everything between `<` and `>`, comments included.
fn tags(html: &str) -> Vec<&str> {
    let tag = |rest: &'_ str| rest.find('>').unwrap_or(rest.len());
    html.match_indices('<').map(|(at, _)| &html[at..at + tag(&html[at..])]).collect()
}

#[test]
fn everybody_can_read_every_mail() {
    for content in every_content() {
        let html = &content.html;
        assert!(html.contains("<html lang=\"en-GB\" dir=\"ltr\""));
        assert!(html.contains("<title>A specimen &amp; its &lt;words&gt;</title>"));
        assert!(html.contains("name=\"color-scheme\" content=\"light dark\""));
        assert_eq!(html.matches("<h1").count(), 1);
        for tag in tags(html) {
            if tag.starts_with("<table") {
                assert!(tag.contains("role=\"presentation\""), "{tag}");
            }
            if tag.starts_with("<img") {
                assert!(tag.contains(" alt=\"A specimen"), "{tag}");
            }
        }
    }
}

#[test]
fn a_language_read_from_the_right_is_set_from_the_right() {
    let specimen = Specimen::new().unwrap();
    let frame = Frame { language: "ar", ..specimen.frame(true) };
    let letter = specimen.digest(true);
    let templates = Templates::embedded().unwrap();
    let html = templates.render(&letter, &frame).unwrap().html;
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\""));
    assert!(html.contains("text-align:right"));
    for tag in tags(&html).iter().filter(|tag| tag.contains("mj-column")) {
        assert!(tag.contains("direction:rtl"), "{tag}");
    }
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for content in every_content() {
        let html = content.html.to_lowercase();
        for remote in ["<link", "<script", "<iframe", "@import", "@font-face", "url(", "srcset"] {
            assert!(!html.contains(remote), "{remote}");
        }
        for tag in tags(&html).iter().filter(|tag| tag.contains("src=")) {
            assert!(tag.contains(" src=\"cid:"), "{tag}");
        }
    }
}

#[test]
fn html_and_text_both_say_who_writes_why_and_how_to_leave() {
    for content in every_content() {
        for body in [&content.html, &content.text] {
            for slot in [Slot::Greeting, Slot::UnsubscribeUrl, Slot::Lists] {
                assert!(body.contains(&slot.mark()), "{slot:?} in {body}");
            }
            // what is withdrawn is no longer on the site
            let withdrawn = content.subject.as_str().starts_with("Cancelled");
            let linked = body.contains("https://news.example.org/archive/specimen");
            assert_eq!(linked, !withdrawn, "{body}");
            assert!(body.contains("A specimen"));
        }
        assert!(content.html.contains(&format!("href=\"{}\"", Slot::UnsubscribeUrl.mark())));
        assert!(content.text.lines().all(|line| line.chars().count() <= 72));
    }
}

#[test]
fn only_a_mail_that_asks_who_comes_has_a_link_to_answer_by() {
    let specimen = Specimen::new().unwrap();
    for full in [true, false] {
        let post = specimen.post(Kind::MeetingNotice, full);
        for occasion in Occasion::ALL {
            let letter = specimen.letter(&post, occasion);
            let templates = Templates::embedded().unwrap();
            let content = templates.render(&letter, &specimen.frame(full)).unwrap();
            let asks = full && occasion != Occasion::Cancellation;
            let link = Slot::RsvpUrl.mark();
            assert_eq!(content.text.contains(&link), asks, "{occasion:?}");
            for place in ["coming", "not-coming"] {
                let button = format!("href=\"{link}#{place}\"");
                assert_eq!(content.html.contains(&button), asks, "{occasion:?}");
            }
        }
    }
}

#[test]
fn a_notice_leads_with_when_and_where() {
    let content = &every_content()[3];
    for (body, time) in
        [(&content.html, "midnight to midnight, UTC"), (&content.text, "midnight to midnight, UTC")]
    {
        let at = |text: &str| body.find(text).unwrap_or_else(|| panic!("{text} in {body}"));
        assert!(at("Thursday 1 January 1970") < at(time));
        assert!(at(time) < at(&Slot::Greeting.mark()));
        assert!(at("https://meet.example.org/a?b") < at(&Slot::Greeting.mark()));
    }
}

#[test]
fn the_same_letter_gives_the_same_content() {
    assert_eq!(every_content(), every_content());
}

#[test]
fn words_of_people_are_never_markup_nor_template() {
    let hostile = "\\\" </title><script>alert('x')</script>\" onload=\"x {{site.url}} {{{x}}} <!--";
    let content = rendered(|post| {
        post.title = Line::parse(hostile).unwrap();
        post.summary = post.title.clone();
        post.image.as_mut().unwrap().alt = post.title.clone();
    })
    .unwrap();
    assert_eq!(content.subject.as_str(), hostile);
    assert!(!content.html.contains("<script"), "{}", content.html);
    for tag in tags(&content.html) {
        assert!(!tag.contains("onload=\""), "{tag}");
    }
    assert!(content.html.contains("{{{x}}}"));
    assert!(content.text.contains("<script>alert('x')</script>"));
}

#[test]
fn nobody_can_write_a_slot_into_a_post() {
    let content = rendered(|post| post.body = format!("{}x", Slot::UnsubscribeUrl.mark())).unwrap();
    let marks = |text: &str| text.matches(&Slot::UnsubscribeUrl.mark()).count();
    assert_eq!((marks(&content.html), marks(&content.text)), (1, 1));
}

#[test]
fn a_picture_that_is_not_there_is_refused_by_name() {
    let error = rendered(|post| post.body = "![A plan](plan.png)".to_owned()).unwrap_err();
    assert!(error.to_string().contains("\"plan.png\""), "{error}");
}

#[test]
fn a_picture_shown_twice_travels_once() {
    let content =
        rendered(|post| post.body = "![A](cover.png) ![B](cover.png)".to_owned()).unwrap();
    let pictures = content.parts.iter().filter(|part| part.cid.is_some());
    let cids: Vec<_> = pictures.map(|part| part.cid.clone().unwrap()).collect();
    assert_eq!(cids.len(), 1);
    assert_eq!(content.html.matches(&format!("cid:{}", cids[0])).count(), 3);
}

/// The names of what travels with a notice that has a picture and an attachment.
fn travelling(occasion: Occasion) -> Vec<String> {
    let specimen = Specimen::new().unwrap();
    let post = specimen.post(Kind::MeetingNotice, true);
    let templates = Templates::embedded().unwrap();
    let letter = specimen.letter(&post, occasion);
    let content = templates.render(&letter, &specimen.frame(true)).unwrap();
    content.parts.into_iter().map(|part| part.name).collect()
}

#[test]
fn a_mail_carries_the_pictures_that_it_shows_and_no_others() {
    assert_eq!(travelling(Occasion::News), ["cover.png", "agenda.pdf"]);
    assert_eq!(travelling(Occasion::Reminder), ["agenda.pdf"]);
}

#[test]
fn what_is_withdrawn_does_not_travel_with_its_cancellation() {
    assert!(travelling(Occasion::Cancellation).is_empty());
}

/// A report with a picture of 1068 × 801 pixels in its text.
fn with_a_picture(name: &str, content_type: &str, placing: Placing) -> Content {
    let mut specimen = Specimen::new().unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(1_068, 801)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    specimen.files.push(File {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        bytes: bytes.into_inner(),
    });
    let mut post = specimen.post(Kind::Report, true);
    post.body = format!("![A](<{name}>)");
    let frame = Frame { placing, ..specimen.frame(true) };
    let templates = Templates::embedded().unwrap();
    templates.render(&specimen.letter(&post, Occasion::News), &frame).unwrap()
}

#[test]
fn a_picture_says_how_large_it_is_and_travels_under_the_name_of_what_it_is() {
    let content = with_a_picture("my plan.webp", "image/png", Placing::Embedded);
    assert!(content.html.contains(" alt=\"A\" width=\"534\" height=\"400\""), "{}", content.html);
    let names: Vec<&str> = content.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["cover.png", "my plan.png", "agenda.pdf"]);
}

#[test]
fn a_small_picture_is_shown_no_larger_than_it_is() {
    let mut specimen = Specimen::new().unwrap();
    let templates = Templates::embedded().unwrap();
    for (pixels, cover, wide) in [(120, 120, 120), (300, 200, 300), (1_068, 200, 534)] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::DynamicImage::new_rgb8(pixels, 90);
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        specimen.files.iter_mut().find(|file| file.name == "cover.png").unwrap().bytes =
            bytes.into_inner();
        for (kind, width) in [(Kind::Report, cover), (Kind::Announcement, wide)] {
            let post = specimen.post(kind, true);
            let letter = specimen.letter(&post, Occasion::News);
            let html = templates.render(&letter, &specimen.frame(true)).unwrap().html;
            let shown = tags(&html).into_iter().find(|tag| tag.starts_with("<img")).unwrap();
            assert!(shown.contains(&format!(" width=\"{width}\"")), "{pixels}: {shown}");
        }
    }
}

#[test]
fn linked_pictures_are_those_of_the_archive_at_one_address_for_everybody() {
    let content = with_a_picture("my plan?.png", "image/png", Placing::Linked);
    let address = "https://news.example.org/archive/specimen/file/";
    for name in ["cover.png", "my%20plan%3F.png"] {
        assert!(content.html.contains(&format!("src=\"{address}{name}\"")), "{}", content.html);
    }
    for tag in tags(&content.html).iter().filter(|tag| tag.starts_with("<img")) {
        assert!(tag.contains(address) && Slot::ALL.iter().all(|slot| !tag.contains(&slot.mark())));
    }
    let names: Vec<&str> = content.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["agenda.pdf"]);
}

#[test]
fn a_mail_that_was_composed_before_finds_its_pictures_whatever_is_set_since() {
    let specimen = Specimen::new().unwrap();
    let post = specimen.post(Kind::Report, true);
    let letter = specimen.letter(&post, Occasion::News);
    let templates = Templates::embedded().unwrap();
    let before = templates.render(&letter, &specimen.frame(true)).unwrap();
    let linked = Frame {
        placing: Placing::Linked,
        base_url: "https://moved.example.org",
        ..specimen.frame(true)
    };
    assert_eq!(parts(&letter, &linked, &before.html).unwrap(), before.parts);
    let after = templates.render(&letter, &linked).unwrap();
    let names = |parts: &[Part]| parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
    let embedded = parts(&letter, &specimen.frame(true), &after.html).unwrap();
    assert_eq!(names(&embedded), ["agenda.pdf"], "what it links stays on the site");
}

#[test]
fn whoever_asked_for_discretion_fetches_nothing() {
    let mut config = Config::default_in(std::path::Path::new("/"));
    assert_eq!(placing(&config, false), Placing::Embedded);
    config.picture.placing = Placing::Linked;
    assert_eq!(placing(&config, false), Placing::Linked);
    assert_eq!(placing(&config, true), Placing::Embedded);
}

#[test]
fn a_post_without_words_still_has_a_text() {
    let content = rendered(|post| post.body = String::new()).unwrap();
    assert!(content.text.contains("A specimen & its <words>"));
}

#[test]
fn a_subject_is_never_longer_than_a_line() {
    let subject = subject(&"ö ".repeat(600)).unwrap();
    assert_eq!(subject.as_str().chars().count(), 500);
    assert!(subject.as_str().ends_with('…'));
}

/// Where these words are, each behind the last.
fn assert_in_order(body: &str, words: &[&str]) {
    let mut from = 0;
    for word in words {
        let found = body[from..].find(word);
        from += found.unwrap_or_else(|| panic!("{word} does not follow in {body}"));
    }
}

#[test]
fn a_report_leads_with_its_summary_the_download_and_what_it_found() {
    let content = rendered(|_| ()).unwrap();
    let greeting = Slot::Greeting.mark();
    let download = "https://news.example.org/archive/specimen/file/agenda.pdf";
    let shown = format!("href=\"{download}\"");
    let lead =
        ["<h1", "src=\"cid:", "A specimen", &shown, "Key findings", "<li>One</li>", &greeting];
    assert_in_order(&content.html, &lead);
    assert_in_order(
        &content.text,
        &[download, "Key findings\n====", "1. One", &greeting, "Some words"],
    );
    assert_eq!(content.html.matches("Key findings").count(), 1);
    assert!(content.mjml.contains("<li>One</li>") && content.mjml.contains("<em>words</em>"));
}

#[test]
fn a_summary_ends_with_what_comes_next() {
    let content = rendered(|post| post.kind = Kind::MeetingSummary).unwrap();
    let greeting = Slot::Greeting.mark();
    let order =
        [greeting.as_str(), "Key findings", "What comes next", "More.", "Read this on the web"];
    assert_in_order(&content.html, &order);
    assert_in_order(&content.text, &order);
}

#[test]
fn a_correction_of_a_report_keeps_its_words_in_their_order() {
    let specimen = Specimen::new().unwrap();
    let post = specimen.post(Kind::Report, true);
    let letter = specimen.letter(&post, Occasion::Update);
    let templates = Templates::embedded().unwrap();
    let content = templates.render(&letter, &specimen.frame(true)).unwrap();
    let order = [&Slot::Greeting.mark(), "Some", "Key findings", "What comes next"];
    assert_in_order(&content.html, &order);
}

#[test]
fn a_house_has_its_own_colours_and_logo() {
    let specimen = Specimen::new().unwrap();
    let manual = Brand::default();
    let logo = Logo {
        bytes: b"a logo".as_slice().into(),
        content_type: "image/png",
        alt: specimen.line.clone(),
        width: 120,
    };
    let brand = Brand { accent: manual.accent_dark, accent_dark: manual.accent, logo: Some(logo) };
    let frame = Frame { brand: &brand, ..specimen.frame(true) };
    let mut post = specimen.post(Kind::Announcement, true);
    post.body = "[Here](https://e.org)".to_owned();
    let letter = specimen.letter(&post, Occasion::News);
    let content = Templates::embedded().unwrap().render(&letter, &frame).unwrap();
    assert!(content.html.contains("<a style=\"color:#7fcad6\" href=\"https://e.org\""));
    assert_eq!(content.html.split_once("</head>").unwrap().1.matches("#0b5563").count(), 0);
    let part = content.parts.first().unwrap();
    let cid = part.cid.as_deref().unwrap();
    assert_eq!((part.name.as_str(), part.bytes.as_slice()), ("logo.png", b"a logo".as_slice()));
    assert!(content.html.contains(&format!("src=\"cid:{cid}\"")), "{cid}");
    assert!(
        tags(&content.html).iter().any(|tag| tag.contains(cid) && tag.contains("width=\"120\""))
    );
}

#[test]
fn a_mail_to_one_person_asks_one_thing_and_names_no_list_it_came_by() {
    let specimen = Specimen::new().unwrap();
    let templates = Templates::embedded().unwrap();
    for letter in specimen.requests() {
        let content = templates.render(&letter, &specimen.frame(true)).unwrap();
        for body in [&content.html, &content.text] {
            assert!(body.contains("https://news.example.org/confirm/SPECIMEN"), "{body}");
            assert!(!body.contains(&Slot::UnsubscribeUrl.mark()), "{body}");
            assert!(!body.contains(&Slot::Lists.mark()), "{body}");
            assert!(body.contains("We do not track"), "{body}");
        }
        let asks = matches!(letter, Letter::Confirm { .. });
        assert_eq!(content.text.contains("* A specimen & its <words>"), asks);
        assert!(content.text.lines().all(|line| line.chars().count() <= 72), "{}", content.text);
    }
}
