//! Whether somebody comes: asked by GET, kept by POST, and never more than that.

use std::time::Duration;

use bulletin::campaign::Order;
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::queue;
use bulletin::campaign::freeze::freeze_due;
use bulletin::token::Purpose;
use sqlx::Row;

use super::{NOW, Site};

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded";
const MEETING: &str = "---\ntitle: The <next> meeting\nkind: meeting-notice\ndate: 2026-05-20\nlists: [meetings]\nsummary: Short.\n\
    meeting: {starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, timezone: Europe/London, place: Room 2, rsvp: true}\n---\nWords.\n";

/// A site whose one reader was asked, and the link in their mail.
async fn asking() -> (Site, String) {
    let site = Site::start().await;
    site.add("next", MEETING).await;
    let order = Order {
        version: None,
        post: "next".to_owned(),
        lists: vec!["meetings".to_owned()],
        due_at: NOW,
        local_time: false,
        expires_at: NOW.plus(Duration::from_hours(1)),
        by: Actor::machine(),
    };
    let office = &site.office;
    queue(&office.db, &office.config, &order, false, NOW).await.unwrap();
    assert_eq!(freeze_due(&office.db, &office.config, NOW).await.unwrap()[0].audience, 1);
    let row = sqlx::query("SELECT id FROM delivery").fetch_one(&mut site.database().await).await;
    let delivery: i64 = row.unwrap().get(0);
    let link = format!("/rsvp/{}", office.keys.sign(Purpose::Rsvp, &[delivery]));
    (site, link)
}

async fn kept(site: &Site) -> Vec<String> {
    let rows = sqlx::query("SELECT answer FROM rsvp").fetch_all(&mut site.database().await).await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn say(site: &Site, link: &str, body: &str) -> super::Answer {
    site.ask("POST", link, &[URLENCODED], body.as_bytes()).await
}

#[tokio::test]
async fn looking_asks_and_keeps_nothing() {
    let (site, link) = asking().await;
    let text = site.get(&link).await.text();
    assert!(text.contains("Are you coming?") && text.contains("The &lt;next&gt; meeting"));
    assert!(text.contains("Friday 12 June 2026") && text.contains("Room 2"), "{text}");
    assert!(text.contains("<title>Your answer</title>"), "{text}");
    assert_eq!(text.matches("<button").count(), 2);
    assert!(!text.contains("ann@") && !text.contains("Ann") && !text.contains("<script"));
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let look = format!("{link}?answer=coming");
        let answer = site.ask(method, &look, &[URLENCODED], b"answer=coming").await;
        let expected = if matches!(method, "GET" | "HEAD") { 200 } else { 405 };
        assert_eq!(answer.status, expected, "{method}");
        assert_eq!(kept(&site).await, [""; 0], "{method}");
    }
}

#[tokio::test]
async fn an_answer_is_kept_and_another_one_replaces_it() {
    let (site, link) = asking().await;
    let thanks = say(&site, &link, "answer=coming").await;
    assert_eq!((thanks.status, kept(&site).await), (200, vec!["coming".to_owned()]));
    assert!(thanks.text().contains("We look forward to seeing you."), "{}", thanks.text());
    assert!(thanks.header("set-cookie").is_none() && thanks.header("location").is_none());
    assert!(site.get(&link).await.text().contains("You told us that you are coming."));
    let thanks = say(&site, &link, "answer=not_coming").await.text();
    assert!(thanks.contains("Thank you for telling us.") && thanks.contains("you cannot come"));
    assert_eq!(kept(&site).await, ["not_coming"]);
}

#[tokio::test]
async fn what_is_no_answer_changes_nothing() {
    let (site, link) = asking().await;
    for body in ["", "answer=", "answer=perhaps", "answer=coming%20", "x=coming", "\u{0}", "answer"]
    {
        let answer = say(&site, &link, body).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert!(answer.text().contains("This was not understood"));
    }
    assert_eq!(kept(&site).await, [""; 0]);
}

#[tokio::test]
async fn every_link_that_asks_nothing_is_the_same_missing_page() {
    let (site, link) = asking().await;
    let keys = &site.office.keys;
    let good = link.trim_start_matches("/rsvp/");
    let reference = site.get("/no-such-page").await.body;
    for token in [
        "x".to_owned(),
        "PREVIEW".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        keys.sign(Purpose::Unsubscribe, &[1]),
        keys.sign(Purpose::Rsvp, &[]),
        keys.sign(Purpose::Rsvp, &[1, 2]),
        // of a delivery that is not there
        keys.sign(Purpose::Rsvp, &[4711]),
        "%FF%FE".to_owned(),
        "..%2F..%2Fetc".to_owned(),
        "a".repeat(4000),
        String::new(),
    ] {
        for (method, body) in [("GET", &b""[..]), ("POST", b"answer=coming")] {
            let answer = site.ask(method, &format!("/rsvp/{token}"), &[URLENCODED], body).await;
            assert_eq!(answer.status, 404, "{method} {token}");
            assert!(answer.body == reference, "{method} {token}: another page");
        }
    }
    assert_eq!(kept(&site).await, [""; 0]);
}

#[tokio::test]
async fn of_a_meeting_that_is_over_or_called_off_nothing_is_kept() {
    let (site, link) = asking().await;
    say(&site, &link, "answer=coming").await;
    // 12 June, 16:30 in London
    let end = Duration::from_millis(1_781_278_200_000 - NOW.0.unsigned_abs());
    site.office.clock.advance(end);
    for text in [site.get(&link).await.text(), say(&site, &link, "answer=not_coming").await.text()]
    {
        assert!(text.contains("This meeting is over") && !text.contains("<button"), "{text}");
    }
    let mut write = site.office.db.write().await.unwrap();
    let next = bulletin::post::store::newest(&mut write, "next").await.unwrap().unwrap();
    bulletin::post::store::withdraw(&mut write, next.id, NOW).await.unwrap();
    write.commit().await.unwrap();
    for text in [site.get(&link).await.text(), say(&site, &link, "answer=not_coming").await.text()]
    {
        assert!(text.contains("This meeting will not take place") && !text.contains("<button"));
    }
    assert_eq!(kept(&site).await, ["coming"]);
}

#[tokio::test]
async fn nothing_is_thanked_for_that_is_not_kept() {
    let (site, link) = asking().await;
    let breaks =
        "CREATE TRIGGER full BEFORE INSERT ON rsvp BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(breaks).execute(&mut site.database().await).await.unwrap();
    let answer = say(&site, &link, "answer=coming").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("Thank you"), "{}", answer.text());
}

#[tokio::test]
async fn the_archive_gives_the_meeting_to_any_calendar() {
    let (site, _) = asking().await;
    let page = site.get("/archive/next").await.text();
    assert!(page.contains("href=\"/archive/next/event.ics\""), "{page}");
    let file = site.get("/archive/next/event.ics").await;
    assert_eq!(file.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename*=UTF-8''next.ics"));
    let [read] = crate::support::calendar::read(&[file.body]).try_into().unwrap();
    assert_eq!((read.method.as_str(), read.attendees), ("PUBLISH", vec![]));
    assert_eq!((read.summary.as_str(), read.sequence), ("The <next> meeting", 0));
    assert_eq!((read.starts, read.ends), (1_781_269_200, 1_781_278_200));
    let before = site.rows().await;
    for missing in ["nobody", "draft", "plain"] {
        assert_eq!(site.get(&format!("/archive/{missing}/event.ics")).await.status, 404);
    }
    let plain = MEETING.replace("meeting-notice", "announcement");
    let plain = plain.lines().filter(|line| !line.starts_with("meeting:"));
    site.publish("plain", &plain.collect::<Vec<_>>().join("\n")).await;
    assert_eq!(site.get("/archive/plain/event.ics").await.status, 404, "it has no meeting");
    assert_eq!(site.rows().await, before);
}
