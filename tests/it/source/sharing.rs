//! Whose a post is, whose a source is, and what is done when a look breaks off, on both databases.

use std::fs;
use std::time::Duration;

use bulletin::config::Publish;
use bulletin::source::poll::{LEASE, due, look, take};
use bulletin::source::store;

use super::folder::{Folder, names, post};
use super::polling::{Office, office, old, rss};
use crate::store::{World, on_both};

on_both!(
    a_folder_under_another_name_takes_over_the_posts_that_it_brought,
    a_file_that_no_post_names_may_be_written_at_any_time,
    a_folder_that_is_full_is_taken_as_a_whole_at_the_first_look,
    a_look_that_goes_on_keeps_its_claim,
    nothing_is_queued_of_a_source_that_somebody_else_has_in_hand,
    what_cannot_be_kept_is_told_and_tried_again,
);

async fn a_folder_under_another_name_takes_over_the_posts_that_it_brought(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    let (old, source) = folder.office.only_source();
    let renamed = Office::new(w, "letters", source.clone(), folder.office.net());
    folder.write("of-old.md", &post("Of old, mended", ""));
    let both = renamed.changed(|config| {
        config.source.insert(old, source);
    });
    let told =
        "of-old.md: the post \"of-old\" is that of source posts; give this one another `slug`";
    assert_eq!(names(&both.look().await.findings), [told]);
    let report = renamed.look().await;
    assert_eq!((names(&report.changed), report.findings.len()), (vec!["of-old"], 0));
    assert!(renamed.findings().await.is_empty());
    assert_eq!(renamed.versions("of-old").await, 2);
}

async fn a_file_that_no_post_names_may_be_written_at_any_time(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    fs::write(folder.path("access.log"), "GET").unwrap();
    folder.changed("access.log", 1);
    folder.write("bad.md", &post("Bad", "lists: [nws]\n"));
    folder.write("good.md", &post("Good", ""));
    let report = folder.look().await;
    assert_eq!((names(&report.added), report.findings.len()), (vec!["good"], 1));
    assert!(folder.office.standing().await.etag.is_some());
}

async fn a_folder_that_is_full_is_taken_as_a_whole_at_the_first_look(w: &World) {
    let folder = Folder::new(w, Publish::Auto);
    for n in 0..35 {
        folder.write(&format!("n{n}.md"), &post("N", ""));
    }
    assert_eq!(folder.look().await.added.len(), 35);
    for n in 35..60 {
        folder.write(&format!("n{n}.md"), &post("N", ""));
    }
    let report = folder.look().await;
    assert_eq!((report.added.len(), report.unchanged), (20, 35));
    assert_eq!(folder.look().await.added.len(), 5);
    assert_eq!(folder.look().await.added.len(), 0);
    assert_eq!(folder.office.queued().await.len(), 25);
}

async fn a_look_that_goes_on_keeps_its_claim(w: &World) {
    let (_server, office) = office(w).await;
    assert!(take(office.desk(), "web").await.unwrap().is_none());
    look(office.desk(), "web", true).await.unwrap();
    let standing = take(office.desk(), "web").await.unwrap().unwrap();
    w.pass(LEASE.as_secs() - 1);
    let mut write = w.write().await;
    assert!(store::hold(&mut write, &standing, w.now().plus(LEASE)).await.unwrap());
    write.commit().await.unwrap();
    w.pass(LEASE.as_secs() - 1);
    assert!(take(office.desk(), "web").await.unwrap().is_none());
    w.pass(1);
    assert!(take(office.desk(), "web").await.unwrap().is_some());
}

async fn nothing_is_queued_of_a_source_that_somebody_else_has_in_hand(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    office.look().await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    look(office.desk(), "web", true).await.unwrap();
    let standing = take(office.desk(), "web").await.unwrap().unwrap();
    office.queue().await;
    assert!(office.queued().await.is_empty());
    let mut write = w.write().await;
    store::let_go(&mut write, &standing).await.unwrap();
    write.commit().await.unwrap();
    tokio::join!(office.queue(), office.queue(), office.queue());
    assert_eq!(office.queued().await, ["one"]);
}

async fn what_cannot_be_kept_is_told_and_tried_again(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    w.raw.run("ALTER TABLE source_item RENAME TO away").await.unwrap();
    let report = look(office.desk(), "web", true).await.unwrap().unwrap();
    let told = "what it holds cannot be kept now: ";
    assert!(report.error.is_some_and(|why| why.starts_with(told)));
    let standing = office.standing().await;
    assert!(standing.faults == 1 && standing.next_at > w.now());
    assert!(due(office.desk()).await.unwrap().is_empty());
    w.raw.run("ALTER TABLE away RENAME TO source_item").await.unwrap();
    w.pass(Duration::from_hours(1).as_secs());
    assert_eq!(due(office.desk()).await.unwrap(), ["web"]);
    assert_eq!(office.look().await.added, ["of-old"]);
    assert_eq!(office.standing().await.faults, 0);
}
