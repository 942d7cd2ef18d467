//! Posts: versions, files, and the order in which they are announced.

use bulletin::post::File;
use bulletin::post::add::add;
use bulletin::post::store::{files, newest, publish, published, published_one, version};

use super::people::source;
use super::{World, on_both};

on_both!(
    a_new_post_is_version_one_and_announces_nothing,
    an_unchanged_post_is_no_new_version,
    an_edited_post_is_a_new_version_and_the_old_one_stays,
    files_are_kept_byte_for_byte,
    another_file_is_another_version,
    announcements_are_numbered_in_order_once_for_each_list,
    what_is_withdrawn_is_no_longer_published,
    the_archive_shows_the_newest_announced_version,
);

impl World {
    async fn publish(&self, slug: &str, list: &str) {
        let mut write = self.write().await;
        let post = newest(&mut write, slug).await.unwrap().unwrap();
        publish(&mut write, post.id, post.version, list, self.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    async fn published(&self) -> Vec<(String, i64)> {
        let posts = published(&mut self.db.read().await.unwrap()).await.unwrap();
        posts.into_iter().map(|post| (post.slug, post.version)).collect()
    }
}

fn file(name: &str, bytes: Vec<u8>) -> File {
    File { name: name.to_owned(), content_type: "image/png".to_owned(), bytes }
}

async fn a_new_post_is_version_one_and_announces_nothing(w: &World) {
    let added = add(&w.db, &source("hello", "announcement", "", &[]), w.now()).await.unwrap();
    assert_eq!((added.version, added.new), (1, true));
    assert_eq!(w.published().await, []);
    assert_eq!(w.raw.number("SELECT count(*) FROM campaign").await, 0);
}

async fn an_unchanged_post_is_no_new_version(w: &World) {
    w.post("hello", "announcement").await;
    let before = w.everything().await;
    let again = add(&w.db, &source("hello", "announcement", "", &[]), w.now()).await.unwrap();
    assert_eq!((again.version, again.new), (1, false));
    assert_eq!(w.everything().await, before);
}

async fn an_edited_post_is_a_new_version_and_the_old_one_stays(w: &World) {
    w.post("hello", "announcement").await;
    let edited = w.post_with("hello", "announcement", "urgent: true\n").await;
    assert_eq!(edited, 2);
    let newest = newest(&mut w.db.read().await.unwrap(), "hello").await.unwrap().unwrap();
    assert_eq!(newest.version, 2);
    assert!(newest.post().unwrap().urgent);
    let first = version(&mut w.db.read().await.unwrap(), newest.id, 1).await;
    assert!(!first.unwrap().post().unwrap().urgent);
    // back to the first text: that is a third version, for the newest is what counts
    assert_eq!(w.post_with("hello", "announcement", "").await, 3);
}

async fn files_are_kept_byte_for_byte(w: &World) {
    let every_byte = file("b.png", (0..=255).cycle().take(100_000).collect());
    let kept = [file("a.png", Vec::new()), every_byte];
    let source = source("hello", "announcement", "", &kept);
    add(&w.db, &source, w.now()).await.unwrap();
    let id = newest(&mut w.db.read().await.unwrap(), "hello").await.unwrap().unwrap().id;
    let found = files(&mut w.db.read().await.unwrap(), id, 1).await.unwrap();
    assert_eq!(found, kept);
}

async fn another_file_is_another_version(w: &World) {
    let one = source("hello", "announcement", "", &[file("a.png", vec![1])]);
    let other = source("hello", "announcement", "", &[file("a.png", vec![2])]);
    assert_eq!(add(&w.db, &one, w.now()).await.unwrap().version, 1);
    assert_eq!(add(&w.db, &other, w.now()).await.unwrap().version, 2);
}

async fn announcements_are_numbered_in_order_once_for_each_list(w: &World) {
    w.post("one", "announcement").await;
    w.post("two", "announcement").await;
    for (slug, list) in [("two", "news"), ("one", "news"), ("two", "news"), ("two", "reports")] {
        w.publish(slug, list).await;
    }
    let rows = w
        .raw
        .words(
            "SELECT b.sequence || ' ' || p.slug || ' ' || b.list FROM publication b \
             JOIN post p ON p.id = b.post_id ORDER BY b.sequence",
        )
        .await;
    // announced again, a post is news once more to whoever came meanwhile
    assert_eq!(rows, ["2 one news", "3 two news", "4 two reports"]);
}

async fn what_is_withdrawn_is_no_longer_published(w: &World) {
    w.post("one", "announcement").await;
    w.post("two", "announcement").await;
    w.publish("one", "news").await;
    w.pass(60);
    w.publish("two", "news").await;
    let both = [("two".to_owned(), 1), ("one".to_owned(), 1)];
    assert_eq!(w.published().await, both);
    w.withdraw("two").await;
    assert_eq!(w.published().await, [("one".to_owned(), 1)]);
    let two = published_one(&mut w.db.read().await.unwrap(), "two").await;
    assert!(two.unwrap().is_none());
}

async fn the_archive_shows_the_newest_announced_version(w: &World) {
    w.post("hello", "announcement").await;
    w.publish("hello", "news").await;
    w.post_with("hello", "announcement", "urgent: true\n").await;
    assert_eq!(w.published().await, [("hello".to_owned(), 1)]);
    w.publish("hello", "news").await;
    assert_eq!(w.published().await, [("hello".to_owned(), 2)]);
}
