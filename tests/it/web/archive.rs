//! What was published, and only that.

use super::{NOW, Site};

const POST: &str = r#"---
title: "<script>alert(1)</script> & more"
kind: announcement
date: 2026-05-20
lists: [meetings]
summary: "<b>bold</b>"
image: {src: front cover.png, alt: "A \"cover\" <here>"}
attachments: [page.html]
---
Some *words* and <script>alert(2)</script>.
"#;

const PLAIN: &str = "---\ntitle: Plain\nkind: report\ndate: 2026-05-21\nlists: [meetings]\nsummary: Short.\n---\nWords.\n";

async fn with_a_post() -> Site {
    let site = Site::start().await;
    image::RgbImage::new(2_000, 1_000).save(site.path().join("front cover.png")).unwrap();
    std::fs::write(site.path().join("page.html"), "<script>alert(3)</script>").unwrap();
    site.publish("loud", POST).await;
    site
}

#[tokio::test]
async fn only_what_was_announced_and_not_withdrawn_is_shown() {
    let site = with_a_post().await;
    site.add("draft", PLAIN).await;
    site.publish("pulled", PLAIN).await;
    let mut write = site.office.db.write().await.unwrap();
    let pulled = bulletin::post::store::newest(&mut write, "pulled").await.unwrap().unwrap();
    bulletin::post::store::withdraw(&mut write, pulled.id, NOW).await.unwrap();
    write.commit().await.unwrap();

    let list = site.get("/archive").await.text();
    assert!(list.contains("/archive/loud"), "{list}");
    for hidden in ["draft", "pulled", "nobody"] {
        assert!(!list.contains(hidden), "{hidden}");
        assert_eq!(site.get(&format!("/archive/{hidden}")).await.status, 404, "{hidden}");
        assert_eq!(
            site.get(&format!("/archive/{hidden}/file/page.html")).await.status,
            404,
            "{hidden}"
        );
    }
}

#[tokio::test]
async fn a_later_version_shows_once_it_is_announced() {
    let site = Site::start().await;
    site.publish("plain", PLAIN).await;
    site.add("plain", &PLAIN.replace("Words.", "Other words.")).await;
    assert!(!site.get("/archive/plain").await.text().contains("Other words."));
    site.publish("plain", &PLAIN.replace("Words.", "Other words.")).await;
    assert!(site.get("/archive/plain").await.text().contains("Other words."));
}

#[tokio::test]
async fn what_people_wrote_is_never_markup() {
    let site = with_a_post().await;
    for page in ["/archive", "/archive/loud"] {
        let text = site.get(page).await.text();
        assert!(!text.contains("<script"), "{page}: {text}");
        assert!(
            text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"),
            "{page}: {text}"
        );
    }
    let post = site.get("/archive/loud").await.text();
    assert!(post.contains("<em>words</em>"));
    assert!(post.contains("alt=\"A &quot;cover&quot; &lt;here&gt;\""), "{post}");
}

#[tokio::test]
async fn pictures_are_shown_and_everything_else_is_downloaded() {
    let site = with_a_post().await;
    let post = site.get("/archive/loud").await.text();
    assert!(post.contains("src=\"/archive/loud/file/front%20cover.png\""), "{post}");
    assert!(post.contains(" width=\"534\" height=\"267\">"), "{post}");
    let picture = site.get("/archive/loud/file/front%20cover.png").await;
    assert_eq!(picture.status, 200);
    let shown = image::load_from_memory(&picture.body).unwrap();
    assert_eq!((shown.width(), shown.height()), (1_068, 534));
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert!(picture.header("content-disposition").unwrap().starts_with("inline;"));
    let page = site.get("/archive/loud/file/page.html").await;
    let disposition = page.header("content-disposition");
    assert_eq!(disposition, Some("attachment; filename*=UTF-8''page.html"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn no_name_leads_out_of_the_post() {
    let site = with_a_post().await;
    for name in [
        "../../bulletin.secret",
        "..%2F..%2Fbulletin.secret",
        "bulletin.secret",
        "loud.md",
        "%FF",
        "%00",
        "",
    ] {
        let answer = site.get(&format!("/archive/loud/file/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
}

#[tokio::test]
async fn the_front_page_tells_the_open_lists_and_how_to_join() {
    let text = Site::start().await.get("/").await.text();
    assert!(text.contains("Reports &lt;new&gt;") && !text.contains("Retired"), "{text}");
    assert!(text.contains("href=\"mailto:") && !text.contains("<form"), "{text}");
}
