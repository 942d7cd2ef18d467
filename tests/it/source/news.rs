//! What is news and goes out by itself, and what is left to a person, on both databases.

use std::time::Duration;

use bulletin::config::{Config, Publish};

use super::folder::{Folder, names, post};
use super::polling::{office, old, rss, rss_with};
use crate::store::{World, on_both};
use crate::support::feed::answer;

on_both!(
    an_empty_feed_or_an_unchanged_one_is_no_first_look,
    an_empty_folder_is_no_first_look,
    old_items_that_come_under_new_ids_are_kept_and_not_queued,
    a_file_dated_long_ago_is_left_to_a_person_who_is_told_until_it_is_queued,
    a_file_under_another_slug_is_another_post_and_left_to_a_person,
    what_waits_too_long_is_given_up_and_told,
    a_file_that_goes_takes_with_it_what_was_wrong_with_its_post,
    a_broken_file_that_is_as_before_again_is_no_longer_told,
    much_news_at_once_is_taken_a_few_at_a_time,
);

async fn an_empty_feed_or_an_unchanged_one_is_no_first_look(w: &World) {
    let (server, office) = office(w).await;
    for nothing in [rss(&[]), answer("304 Not Modified", &[], "")] {
        server.at("/feed", nothing);
        office.look().await;
        assert_eq!(office.standing().await.polled_at, None);
    }
    server.at("/feed", old());
    assert_eq!(office.look().await.added, ["of-old"]);
    assert_eq!(office.standing().await.polled_at, Some(w.now()));
    assert!(office.queued().await.is_empty());
    server.at("/feed", rss(&[("1", "One", "a")]));
    office.look().await;
    assert_eq!(office.queued().await, ["one"]);
}

async fn an_empty_folder_is_no_first_look(w: &World) {
    let folder = Folder::new(w, Publish::Auto);
    folder.look().await;
    folder.look().await;
    folder.write("a.md", &post("A", ""));
    assert_eq!(names(&folder.look().await.added), ["a"]);
    folder.write("b.md", &post("B", ""));
    assert_eq!(names(&folder.look().await.added), ["b"]);
    assert_eq!(folder.office.queued().await, ["b"]);
}

async fn old_items_that_come_under_new_ids_are_kept_and_not_queued(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    office.look().await;
    let dated = |day| format!("<pubDate>{day} Apr 2026 09:00:00 GMT</pubDate>");
    server.at("/feed", rss_with(&[("1", "One", "a")], &dated("Tue, 07")));
    let report = office.look().await;
    assert_eq!((report.added, report.findings), (vec!["one".to_owned()], vec![]));
    server.at("/feed", rss_with(&[("2", "Two", "b")], &dated("Wed, 08")));
    office.look().await;
    assert_eq!(office.queued().await, ["two"]);
}

async fn a_file_dated_long_ago_is_left_to_a_person_who_is_told_until_it_is_queued(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", "").replace("2026-04-16", "2026-04-07"));
    let told = "a is not queued by itself, for its date, 2026-04-07, is long past; \
        `bulletin queue a` sends it to its readers";
    assert_eq!(names(&folder.look().await.findings), [told]);
    folder.write("b.md", &post("B", ""));
    folder.look().await;
    assert_eq!(folder.office.findings().await, [told]);
    assert_eq!(folder.office.queued().await, ["b"]);
    w.queue("a").await;
    folder.look().await;
    assert!(folder.office.findings().await.is_empty());
    assert_eq!(folder.office.queued().await, ["a", "b"]);
}

async fn a_file_under_another_slug_is_another_post_and_left_to_a_person(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", "slug: letter\n"));
    folder.look().await;
    folder.write("a.md", &post("B", "slug: other\n"));
    let told = "other is not queued by itself, for its file was the post \"letter\" before; \
        `bulletin queue other` sends it to its readers";
    let report = folder.look().await;
    assert_eq!((names(&report.added), names(&report.findings)), (vec!["other"], vec![told]));
    assert_eq!(folder.office.findings().await, [told]);
    assert_eq!(folder.office.queued().await, ["letter"]);
}

/// A folder that brings a post `a`, and its office that cannot queue it.
async fn stuck(w: &World) -> (Folder<'_>, impl Fn(&mut Config)) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", "").replace("announcement", "meeting-summary"));
    (folder, |config: &mut Config| config.list.get_mut("meetings").unwrap().kinds.clear())
}

async fn what_waits_too_long_is_given_up_and_told(w: &World) {
    let (folder, change) = stuck(w).await;
    let office = folder.office.changed(change);
    office.look().await;
    w.pass(3 * 24 * 3600);
    office.look().await;
    let found = office.findings().await;
    assert!(found[0].starts_with("a cannot be queued: no list takes"), "{found:?}");
    w.pass(1);
    folder.look().await;
    let found = folder.office.findings().await;
    let told = "a has waited too long and is not queued by itself any more; \
        `bulletin queue a` sends it to its readers. Last time: a cannot be queued: no list";
    assert!(found.len() == 1 && found[0].starts_with(told), "{found:?}");
    folder.write("b.md", &post("B", ""));
    folder.look().await;
    assert_eq!(folder.office.queued().await, ["b"]);
    assert_eq!(folder.office.findings().await, found);
    // a source that is to ask has nothing to be told of
    let asking = folder.office.publishing(Publish::Ask);
    asking.look().await;
    assert!(asking.findings().await.is_empty());
}

async fn a_file_that_goes_takes_with_it_what_was_wrong_with_its_post(w: &World) {
    let (folder, change) = stuck(w).await;
    let office = folder.office.changed(change);
    office.look().await;
    assert_eq!(office.findings().await.len(), 1);
    std::fs::remove_file(folder.path("a.md")).unwrap();
    for _ in 0..2 {
        office.look().await;
        assert!(office.findings().await.is_empty());
    }
    folder.look().await;
    assert!(office.queued().await.is_empty());
}

async fn a_broken_file_that_is_as_before_again_is_no_longer_told(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", ""));
    folder.look().await;
    folder.write("a.md", &post("A", "lists: [nws]\n"));
    folder.look().await;
    assert_eq!(folder.office.findings().await.len(), 1);
    folder.write("a.md", &post("A", ""));
    folder.changed("a.md", 1800);
    folder.look().await;
    assert!(folder.office.findings().await.is_empty());
    assert_eq!(folder.office.versions("a").await, 1);
    assert_eq!(folder.office.queued().await, ["a"]);
}

async fn much_news_at_once_is_taken_a_few_at_a_time(w: &World) {
    let (server, office) = office(w).await;
    let titled = |count: usize| -> Vec<(String, String)> {
        (0..count).map(|n| (format!("n{n}"), format!("words {n}"))).collect()
    };
    let page = |items: &[(String, String)]| {
        let item = |(id, words): &'static (String, String)| (id.as_str(), "News", words.as_str());
        rss(&items.to_vec().leak().iter().map(item).collect::<Vec<_>>())
    };
    server.at("/feed", page(&titled(45)[..22]));
    // what is there at first is no news, and all taken at once
    assert_eq!(office.look().await.added.len(), 22);
    server.at("/feed", page(&titled(45)));
    assert_eq!(office.look().await.added.len(), 20);
    let standing = office.standing().await;
    assert_eq!(standing.next_at, w.now().plus(Duration::from_mins(5)));
    let report = office.look().await;
    assert_eq!((report.added.len(), report.unchanged), (3, 42));
    assert_eq!(office.standing().await.next_at, w.now().plus(Duration::from_mins(30)));
    assert_eq!(office.queued().await.len(), 23);
    assert_eq!(office.versions("news-45").await, 1);
}
