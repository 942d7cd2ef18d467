//! What the links of discreet mails lead to: numbers, and neutral words around what a post says.

use super::{NOW, Site};

const PLAIN: &str = "---\ntitle: Plain\nkind: report\ndate: 2026-05-21\nlists: [meetings]\nsummary: Short.\n---\nWords.\n";

const NOTICE: &str = r#"---
title: Leaving safely
kind: meeting-notice
date: 2026-05-20
lists: [meetings]
summary: Call the helpline.
image: {src: hostel.png, alt: A house}
attachments: [escape plan.pdf, "second.pdf"]
meeting: {starts: 2036-06-12 14:00, ends: 2036-06-12 16:30, timezone: Europe/London, place: Room 2}
---
Words and ![a door](door.png).
"#;

async fn with_a_notice() -> Site {
    let site = Site::start().await;
    for picture in ["hostel.png", "door.png"] {
        image::RgbImage::new(20, 10).save(site.path().join(picture)).unwrap();
    }
    for document in ["escape plan.pdf", "second.pdf"] {
        std::fs::write(site.path().join(document), format!("%PDF-1.4 {document}")).unwrap();
    }
    site.publish("leaving-safely", NOTICE).await;
    site
}

async fn withdraw(site: &Site, slug: &str) {
    let mut write = site.office.db.write().await.unwrap();
    let post = bulletin::post::store::newest(&mut write, slug).await.unwrap().unwrap();
    bulletin::post::store::withdraw(&mut write, post.id, NOW).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test]
async fn every_link_of_a_neutral_page_is_a_number() {
    let site = with_a_notice().await;
    let page = site.get("/u/1").await.text();
    for link in ["href=\"/u/1/event.ics\"", "href=\"/u/1/file/1\"", "href=\"/u/1/file/2\""] {
        assert!(page.contains(link), "{link} in {page}");
    }
    for picture in ["src=\"/u/1/file/3\"", "src=\"/u/1/file/4\""] {
        assert!(page.contains(picture), "{picture} in {page}");
    }
    let links = page.split(['"', '\'']).filter(|part| part.starts_with('/'));
    for link in links {
        assert!(!link.contains("leaving") && !link.contains("plan"), "{link}");
    }
}

#[tokio::test]
async fn a_meeting_goes_into_a_calendar_under_a_neutral_title() {
    let site = with_a_notice().await;
    let event = site.get("/u/1/event.ics").await;
    assert_eq!(event.status, 200);
    assert_eq!(
        event.header("content-disposition"),
        Some("attachment; filename*=UTF-8''document.ics")
    );
    let text = event.text().replace("\r\n ", "");
    assert!(text.contains("\r\nSUMMARY:Appointment\r\n"), "{text}");
    assert!(text.contains("/u/1\r\n"), "{text}");
    for telling in ["Leaving", "leaving", "helpline", "Alliance"] {
        assert!(!text.contains(telling), "{telling} in {text}");
    }
    site.publish("plain", PLAIN).await;
    for nothing in ["/u/2/event.ics", "/u/3/event.ics", "/u/x/event.ics"] {
        assert_eq!(site.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn files_have_numbers_and_neutral_names() {
    let site = with_a_notice().await;
    for (number, how, name, octets) in [
        (1, "attachment", "document-1.pdf", &b"%PDF-1.4 escape plan.pdf"[..]),
        (2, "attachment", "document-2.pdf", b"%PDF-1.4 second.pdf"),
        (3, "inline", "document-3.png", b"\x89PNG"),
        (4, "inline", "document-4.png", b"\x89PNG"),
    ] {
        let file = site.get(&format!("/u/1/file/{number}")).await;
        assert_eq!(file.status, 200, "{number}");
        let disposition = format!("{how}; filename*=UTF-8''{name}");
        assert_eq!(file.header("content-disposition"), Some(disposition.as_str()));
        assert!(file.body.starts_with(octets), "{number}");
    }
    for nothing in ["0", "5", "-1", "x", "escape%20plan.pdf", "99999999999999999999"] {
        assert_eq!(site.get(&format!("/u/1/file/{nothing}")).await.status, 404, "{nothing}");
    }
    assert_eq!(site.get("/u/2/file/1").await.status, 404);
}

#[tokio::test]
async fn what_was_withdrawn_is_no_longer_handed_out() {
    let site = with_a_notice().await;
    withdraw(&site, "leaving-safely").await;
    for gone in ["/u/1/event.ics", "/u/1/file/1", "/u/1/file/3"] {
        assert_eq!(site.get(gone).await.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn no_title_of_a_page_that_a_mail_leads_to_says_whose_it_is() {
    let site = with_a_notice().await;
    let link = site.link(&["meetings"]).await;
    for path in [&link, "/u/1", "/unsubscribe/wrong", "/rsvp/wrong", "/u/99", "/u/1/file/9"] {
        let page = site.get(path).await.text();
        let title = page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
        assert!(!title.contains("Alliance") && !title.is_empty(), "{path}: {title}");
    }
    let done = site.ask("POST", &link, &[], b"").await.text();
    assert!(done.contains("<title>Unsubscribe</title>"), "{done}");
}

/// What a discreet mail links to.
#[tokio::test]
async fn a_post_is_found_by_its_number_under_a_neutral_title() {
    let site = Site::start().await;
    site.publish("plain", PLAIN).await;
    site.add("draft", PLAIN).await;
    let page = site.get("/u/1").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<h1>Plain</h1>"), "{}", page.text());
    assert!(page.text().contains("<title>An update</title>"), "{}", page.text());
    assert!(page.text().contains("noindex"), "{}", page.text());
    for nothing in ["/u/2", "/u/3", "/u/plain", "/u/-1", "/u/99999999999999999999"] {
        assert_eq!(site.get(nothing).await.status, 404, "{nothing}");
    }
    assert_eq!(site.ask("POST", "/u/1", &[], b"").await.status, 405);
    let mut write = site.office.db.write().await.unwrap();
    let plain = bulletin::post::store::newest(&mut write, "plain").await.unwrap().unwrap();
    bulletin::post::store::withdraw(&mut write, plain.id, NOW).await.unwrap();
    write.commit().await.unwrap();
    let page = site.get("/u/1").await.text();
    assert!(page.contains("<title>An update</title>"), "{page}");
    assert!(page.contains("that meeting will not take place"), "{page}");
    assert!(!page.contains("Plain") && !page.contains("Words"), "{page}");
}
