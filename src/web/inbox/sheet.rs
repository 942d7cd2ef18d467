//! One mail on one page: as a large screen, a phone and a dark screen show it, its text, its source,
//! its headers and its calendar part, side by side.
//!
//! What always holds: the page is one file that fetches nothing and runs nothing; the mail is shown in
//! frames without scripts, forms or an origin.

use data_encoding::BASE64;
use handlebars::Handlebars;
use mail_parser::{Message, PartType};
use serde::Serialize;
use serde_json::json;

use super::folder::{person, subject};
use super::mail::{
    Attachment, attachments, end_of_head_tag, headers, html_of, parsed, pictures, source,
};
use crate::message::mime::is_calendar;

const PAGE: &str = include_str!("../../../templates/page/preview.html");
const STYLE: &str = include_str!("../../../templates/page/preview.css");

/// A frame with the mail in it.
#[derive(Serialize)]
struct Frame {
    name: &'static str,
    /// What it shows, for whoever hears the page.
    title: &'static str,
    class: &'static str,
    html: String,
}

/// Something to be read as it stands.
#[derive(Serialize)]
struct Text {
    name: &'static str,
    text: String,
}

/// The page of a mail, from the bytes that would be sent.
pub fn sheet(bytes: &[u8]) -> anyhow::Result<String> {
    let message = parsed(bytes);
    let enclosed: Vec<Attachment> = attachments(&message);
    let data = json!({
        "style": STYLE,
        "subject": subject(&message),
        "from": person(message.from()),
        "to": person(message.to()),
        "attachments": enclosed,
        "frames": frames(&message),
        "texts": texts(&message, bytes),
    });
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.set_prevent_indent(true);
    Ok(templates.render_template(PAGE, &data)?)
}

fn frames(message: &Message<'_>) -> Vec<Frame> {
    let Some(html) = html_of(message) else {
        return Vec::new();
    };
    let html = enclosed(html, message);
    let frame = |name, title, class, dark| Frame { name, title, class, html: lit(&html, dark) };
    vec![
        frame("Desktop", "The mail on a large screen", "desktop", false),
        frame("Phone", "The mail on a phone", "phone", false),
        frame("Dark", "The mail on a phone in dark mode", "phone dark", true),
    ]
}

fn texts(message: &Message<'_>, bytes: &[u8]) -> Vec<Text> {
    let mut texts = vec![
        Text { name: "Plain text", text: message.body_text(0).unwrap_or_default().into_owned() },
        Text { name: "Headers", text: headers(bytes) },
        Text { name: "Source", text: source(bytes) },
    ];
    let calendar = message.parts.iter().find(|part| is_calendar(part));
    if let Some(PartType::Text(text)) = calendar.map(|part| &part.body) {
        texts.insert(1, Text { name: "Calendar", text: text.clone().into_owned() });
    }
    texts
}

/// The HTML with its pictures in it; links open beside the page.
fn enclosed(html: &str, message: &Message<'_>) -> String {
    let mut html = html.to_owned();
    for (cid, number) in pictures(message) {
        let Some(part) = message.parts.get(number) else { continue };
        let kind = super::mail::content_type(part);
        let address = format!("data:{kind};base64,{}", BASE64.encode(part.contents()));
        html = html.replace(&format!("cid:{cid}"), &address);
    }
    html.insert_str(end_of_head_tag(&html), "<base target=\"_blank\">");
    html
}

/// As a reader sees it who likes it light, or dark, whatever whoever looks at the page likes.
fn lit(html: &str, dark: bool) -> String {
    let scheme = if dark { "dark" } else { "light" };
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("(prefers-color-scheme") {
        let (asked, after) = after.split_once(')').unwrap_or((after, ""));
        let holds = asked.trim_matches([':', ' ']).eq_ignore_ascii_case(scheme);
        out.push_str(before);
        out.push_str(if holds { "(min-width: 0)" } else { "(max-width: 0)" });
        rest = after;
    }
    out.push_str(rest);
    let style = format!("<style>:root {{ color-scheme: {scheme} !important }}</style>");
    out.insert_str(end_of_head_tag(&out), &style);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: Alliance <a@example.org>\r\nTo: reader@example.org\r\nSubject: A <b>subject</b>\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<!doctype html><html><head><title>T</title>\
        <style>@media (prefers-color-scheme: dark) { p { color: red } }</style></head>\
        <body><p>\"Hello\"</p><img alt=\"\" src=\"cid:a@b\"></body></html>\r\n\
        --x\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n\
        --x\r\nContent-Type: text/calendar; method=PUBLISH\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--x--\r\n";

    #[test]
    fn a_mail_is_shown_light_and_dark_with_its_pictures_in_it() {
        let page = sheet(MAIL.as_bytes()).unwrap();
        assert_eq!(page.matches("<iframe ").count(), 3);
        assert_eq!(page.matches("&quot;data:image/png;base64,AAEC&quot;").count(), 3);
        assert_eq!(page.matches("@media (min-width: 0)").count(), 1, "dark");
        assert_eq!(page.matches("@media (max-width: 0)").count(), 2, "light");
        assert!(page.contains("BEGIN:VCALENDAR\r\nEND:VCALENDAR"));
        assert!(page.contains("A &lt;b&gt;subject&lt;/b&gt;") && !page.contains("<b>subject"));
    }

    #[test]
    fn the_page_fetches_and_runs_nothing() {
        let page = sheet(MAIL.as_bytes()).unwrap();
        assert!(
            page.contains(
                "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
            )
        );
        assert!(!page.contains("<script") && !page.contains("src=\"") && !page.contains("url("));
        assert_eq!(
            page.matches("sandbox=\"allow-popups allow-popups-to-escape-sandbox\"").count(),
            3
        );
    }

    #[test]
    fn what_is_no_mail_has_a_page_too() {
        for bytes in [&b""[..], b"\xff\xfe", b"Subject: x\r\n\r\n(prefers-color-scheme"] {
            assert!(sheet(bytes).unwrap().contains("Plain text"));
        }
        assert!(lit("(prefers-color-scheme", true).contains("(max-width: 0)"));
    }
}
