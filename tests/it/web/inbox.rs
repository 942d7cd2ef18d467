//! The captured mails, on loopback and under our own name only.

use super::{Answer, Site, ask};

const MAIL: &str = concat!(
    "Return-Path: <b@example.org>\r\nFrom: Alliance <news@example.org>\r\nTo: Ann <ann@example.org>\r\n",
    "Subject: =?utf-8?q?Caf=C3=A9_<b>?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n",
    "--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n",
    "--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
    "<!doctype html><html><head><title>t</title></head><body><img src=\"cid:pic@x\"><a href=\"https://example.org/\">go</a></body></html>\r\n",
    "--r\r\nContent-Type: image/png; name=pic.png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline\r\n",
    "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n",
    "--m\r\nContent-Type: text/html; name=page.html\r\nContent-Disposition: attachment; filename=page.html\r\n\r\n",
    "<script>alert(1)</script>\r\n--m--\r\n",
);
const ID: &str = "1780000000000000-abc.eml";

/// A relay of kind "file" is the default: its folder is `outbox`.
async fn with_a_mail() -> Site {
    let site = Site::start().await;
    let outbox = site.path().join("outbox");
    std::fs::create_dir_all(&outbox).unwrap();
    std::fs::write(outbox.join(ID), MAIL).unwrap();
    std::fs::write(outbox.join(".1780000000000001-half.eml.new"), "half").unwrap();
    std::fs::write(outbox.join("notes.txt"), "not a mail").unwrap();
    site
}

#[tokio::test]
async fn an_empty_inbox_says_so_kindly() {
    let answer = Site::start().await.inbox("/inbox").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("No mails yet"), "{}", answer.text());
}

#[tokio::test]
async fn the_list_tells_what_each_mail_is() {
    let text = with_a_mail().await.inbox("/inbox").await.text();
    for part in
        ["Café &lt;b&gt;", "Ann &lt;ann@example.org&gt;", "attachment", &format!("/inbox/{ID}")]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("half") && !text.contains("notes"), "{text}");
}

#[tokio::test]
async fn the_html_is_framed_without_rights_and_shows_its_own_pictures() {
    let site = with_a_mail().await;
    let page = site.inbox(&format!("/inbox/{ID}")).await.text();
    assert!(page.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""), "{page}");
    let framed = site.inbox(&format!("/inbox/{ID}/html")).await;
    let policy = framed.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox allow-popups"),
        "{policy}"
    );
    let html = framed.text();
    assert!(html.starts_with("<!doctype html><html><head><base target=\"_blank\">"), "{html}");
    let at = html.find("/part/").unwrap() + "/part/".len();
    let picture = site.inbox(&format!("/inbox/{ID}/part/{}", &html[at..=at])).await;
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(picture.body, b"\x89PNG\r\n\x1a\n");
}

#[tokio::test]
async fn other_views_show_the_words_the_header_and_the_source() {
    let site = with_a_mail().await;
    let view = async |name: &str| site.inbox(&format!("/inbox/{ID}?view={name}")).await.text();
    assert!(view("headers").await.contains("Return-Path: &lt;b@example.org&gt;"));
    assert!(!view("headers").await.contains("boundary=r"));
    assert!(view("source").await.contains("iVBORw0KGgo&#x3D;"));
    assert!(view("text").await.contains("<pre"));
    assert!(view("unheard-of").await.contains("<iframe"));
}

#[tokio::test]
async fn attachments_are_downloaded_and_never_shown() {
    let site = with_a_mail().await;
    let page = site.inbox(&format!("/inbox/{ID}")).await.text();
    let link = page.split("href=\"").find(|rest| rest.contains(">page.html<")).unwrap();
    let file: Answer = site.inbox(link.split('"').next().unwrap()).await;
    assert_eq!(file.text(), "<script>alert(1)</script>");
    assert!(file.header("content-disposition").unwrap().starts_with("attachment;"));
}

#[tokio::test]
async fn no_id_leads_out_of_the_folder() {
    let site = with_a_mail().await;
    std::fs::write(site.path().join("outside.eml"), MAIL).unwrap();
    for id in [
        "..%2Foutside.eml",
        "../outside.eml",
        "..%5Coutside.eml",
        "%2Fetc%2Fpasswd",
        ".1780000000000001-half.eml.new",
        "notes.txt",
        "none.eml",
        "outside.eml",
        "a%00.eml",
    ] {
        for rest in ["", "/html", "/part/0", "/file"] {
            let answer = site.inbox(&format!("/inbox/{id}{rest}")).await;
            assert_eq!(answer.status, 404, "{id}{rest}");
        }
    }
    for number in ["999", "99999999999999999999999", "-1", "x"] {
        let status = site.inbox(&format!("/inbox/{ID}/part/{number}")).await.status;
        assert!(matches!(status, 400 | 404), "{number}: {status}");
    }
}

#[tokio::test]
async fn a_page_that_calls_us_by_another_name_reads_nothing() {
    let site = with_a_mail().await;
    let operator = site.pages.operator();
    for (host, status) in [
        ("evil.example", 403),
        ("127.0.0.1.evil.example:9090", 403),
        ("localhost.evil.example", 403),
        ("", 403),
        ("localhost:9090", 200),
        ("127.0.0.1", 200),
        ("[::1]:9090", 200),
    ] {
        let host = format!("Host: {host}");
        let answer = ask(operator, "GET", &format!("/inbox/{ID}"), &[&host], b"").await;
        assert_eq!(answer.status, status, "{host}");
    }
}
