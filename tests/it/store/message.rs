//! What a rendition's first mail said, every later one says.

use std::sync::Arc;

use bulletin::clock::Timestamp;
use bulletin::config::{Config, Discreet};
use bulletin::id::RenditionId;
use bulletin::message::calendar::Method;
use bulletin::message::press::Press;
use bulletin::message::store::{find, keep, pieces};
use bulletin::message::{Content, Copy, Invitation, Templates};

use super::people::{email, line};
use super::{World, on_both};

on_both!(
    the_first_words_are_kept_and_the_second_get_them_too,
    two_who_keep_words_at_once_agree,
    a_calendar_part_is_kept_with_the_words_or_not_at_all,
    a_rendition_knows_its_posts_in_order,
    what_was_composed_in_full_goes_out_as_a_notice_once_that_is_set,
);

fn content(word: &str) -> Content {
    Content {
        subject: line(word),
        html: format!("<p>{word}</p>"),
        text: word.to_owned(),
        parts: Vec::new(),
        invitation: None,
        mjml: String::new(),
    }
}

async fn rendition(w: &World) -> RenditionId {
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    RenditionId(w.raw.number("SELECT id FROM rendition").await)
}

async fn kept(w: &World, id: RenditionId, word: &str) -> (String, String, String) {
    let mut write = w.write().await;
    let words = keep(&mut write, id, &content(word)).await.unwrap();
    write.commit().await.unwrap();
    (words.subject.to_string(), words.html, words.text)
}

async fn the_first_words_are_kept_and_the_second_get_them_too(w: &World) {
    let id = rendition(w).await;
    let found = async || find(&mut w.db.read().await.unwrap(), id).await.unwrap();
    assert!(found().await.words.is_none());
    let first = kept(w, id, "first").await;
    assert_eq!(first.1, "<p>first</p>");
    assert_eq!(kept(w, id, "second").await, first);
    let words = found().await.words.unwrap();
    assert_eq!((words.subject.to_string(), words.html, words.text), first);
}

async fn a_calendar_part_is_kept_with_the_words_or_not_at_all(w: &World) {
    let id = rendition(w).await;
    let object = |text: &str| Invitation {
        method: Method::Publish,
        file_name: "invite.ics".to_owned(),
        object: text.to_owned(),
    };
    let keep_with = async |id, invitation| {
        let mut write = w.write().await;
        let words = keep(&mut write, id, &Content { invitation, ..content("word") }).await.unwrap();
        write.commit().await.unwrap();
        words.calendar
    };
    assert_eq!(keep_with(id, Some(object("first"))).await.as_deref(), Some("first"));
    assert_eq!(keep_with(id, Some(object("second"))).await.as_deref(), Some("first"));
    let words = find(&mut w.db.read().await.unwrap(), id).await.unwrap().words.unwrap();
    assert_eq!(words.calendar.as_deref(), Some("first"));
    w.post("old", "announcement").await;
    w.announce("old").await;
    let old = RenditionId(w.raw.number("SELECT max(id) FROM rendition").await);
    assert_eq!(keep_with(old, None).await, None);
    assert_eq!(keep_with(old, Some(object("late"))).await, None, "its first mails had none");
}

async fn two_who_keep_words_at_once_agree(w: &World) {
    let id = rendition(w).await;
    let (one, other) = tokio::join!(kept(w, id, "one"), kept(w, id, "other"));
    assert_eq!(one, other);
}

async fn a_rendition_knows_its_posts_in_order(w: &World) {
    w.reader("ann", "news", "weekly").await;
    for slug in ["one", "two", "three"] {
        w.post(slug, "announcement").await;
        w.announce(slug).await;
    }
    let edition = w.edition("weekly").await.unwrap();
    let rendition = format!("SELECT id FROM rendition WHERE campaign_id = {}", edition.id);
    let id = RenditionId(w.raw.number(&rendition).await);
    let mut read = w.db.read().await.unwrap();
    let posts: Vec<_> = pieces(&mut read, id)
        .await
        .unwrap()
        .into_iter()
        .map(|piece| (piece.post.0, piece.version, piece.list))
        .collect();
    let news = |post| (post, 1, "news".to_owned());
    assert_eq!(posts, [news(1), news(2), news(3)]);
    let kept = find(&mut read, id).await.unwrap();
    assert_eq!((kept.campaign_id, kept.digest.as_deref()), (edition.id, Some("weekly")));
}

async fn what_was_composed_in_full_goes_out_as_a_notice_once_that_is_set(w: &World) {
    let id = rendition(w).await;
    w.raw.run("UPDATE rendition SET discreet = (1 = 1)").await.unwrap();
    let mail = async |notice_only| {
        let discreet = Discreet { notice_only, ..w.config.discreet.clone() };
        let config = Config { discreet, ..w.config.as_ref().clone() };
        let press =
            Press::new(w.db.clone(), Arc::new(config), Arc::new(Templates::embedded().unwrap()));
        let copy = Copy {
            to: &email("sam@example.org"),
            name: None,
            message_id: "1@example.org",
            date: Timestamp(0),
            unsubscribe_url: "https://example.org/unsubscribe/1",
            lists: "updates",
            rsvp_url: "",
        };
        let message = press.rendition(id).await.unwrap().message(&copy);
        String::from_utf8(message.into_bytes()).unwrap()
    };
    let full = mail(false).await;
    assert!(full.contains("hello"), "{full}");
    let notice = mail(true).await;
    assert!(!notice.contains("hello"), "{notice}");
    assert!(notice.contains("Open it when it suits you."), "{notice}");
    assert_eq!(mail(false).await, full, "its words are kept");
}
