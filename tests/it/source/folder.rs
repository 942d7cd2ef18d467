//! A watched folder, on both databases.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bulletin::config::{Origin, Publish, Source};
use bulletin::source::Report;
use bulletin::source::net::{Names, Net};
use rustls::RootCertStore;
use tempfile::TempDir;

use super::polling::Office;
use crate::store::{World, on_both};

on_both!(
    what_is_there_at_the_first_look_is_old_and_what_comes_later_is_queued_once,
    nothing_is_queued_by_a_source_that_asks,
    a_post_that_somebody_added_by_hand_is_no_news_of_the_folder,
    an_edited_file_is_a_new_version_and_sends_nothing,
    a_file_that_goes_changes_nothing_and_one_that_is_renamed_is_no_news,
    a_file_that_is_still_being_written_waits_and_so_does_one_whose_picture_is,
    a_broken_file_is_told_once_and_holds_up_no_other,
    two_files_cannot_be_one_post,
    a_folder_that_is_not_there_is_told_and_found_when_it_comes,
    what_cannot_be_queued_is_told_and_queued_when_it_can,
);

pub(crate) struct Folder<'a> {
    pub(crate) office: Office<'a>,
    folder: TempDir,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(world: &'a World, publish: Publish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = Origin::Folder { path: folder.path().join("posts") };
        fs::create_dir(folder.path().join("posts")).unwrap();
        let source = Source { origin, publish, every: Duration::from_secs(10) };
        let net = Net::new(
            Names::Told([].into()),
            RootCertStore::empty(),
            Duration::from_secs(1),
            "https://news.example.org",
        );
        Self { office: Office::new(world, "posts", source, net.unwrap()), folder }
    }

    /// The same after its first look, at which one post was there.
    pub(crate) async fn begun(world: &'a World, publish: Publish) -> Self {
        let folder = Self::new(world, publish);
        folder.write("of-old.md", &post("Of old", ""));
        assert_eq!(folder.look().await.added, ["of-old"]);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("posts").join(name)
    }

    /// Writes a file that was last changed long ago, by the world's clock.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.changed(name, 3600);
    }

    pub(crate) fn changed(&self, name: &str, seconds_ago: u64) {
        let now = u64::try_from(self.office.world.now().0).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(now - seconds_ago * 1000);
        File::options().append(true).open(self.path(name)).unwrap().set_modified(at).unwrap();
    }

    pub(crate) async fn look(&self) -> Report {
        self.office.look().await
    }
}

pub(crate) fn post(title: &str, more: &str) -> String {
    format!("---\ntitle: {title}\nkind: announcement\ndate: 2026-04-16\n{more}---\n\nWords.\n")
}

/// With the post that was there before.
fn nothing_new() -> Report {
    Report { unchanged: 1, ..Report::default() }
}

pub(crate) fn names(slugs: &[String]) -> Vec<&str> {
    slugs.iter().map(String::as_str).collect()
}

async fn what_is_there_at_the_first_look_is_old_and_what_comes_later_is_queued_once(w: &World) {
    let folder = Folder::new(w, Publish::Auto);
    folder.write("old.md", &post("Old", ""));
    fs::write(folder.path("half.md"), "---\ntit").unwrap();
    folder.changed("half.md", 1);
    assert_eq!(names(&folder.look().await.added), ["old"]);
    folder.write("half.md", &post("Half", ""));
    folder.write("new.md", &post("New", ""));
    assert_eq!(names(&folder.look().await.added), ["half", "new"]);
    assert_eq!(folder.office.queued().await, ["new"]);
    for _ in 0..2 {
        assert_eq!(folder.look().await, Report::default());
    }
    assert_eq!(folder.office.queued().await, ["new"]);
}

async fn nothing_is_queued_by_a_source_that_asks(w: &World) {
    let folder = Folder::begun(w, Publish::Ask).await;
    folder.write("new.md", &post("New", ""));
    assert_eq!(names(&folder.look().await.added), ["new"]);
    let folder = Folder { office: folder.office.publishing(Publish::Auto), ..folder };
    folder.write("newer.md", &post("Newer", ""));
    assert_eq!(names(&folder.look().await.added), ["newer"]);
    // what came while it asked is for a person to queue, also afterwards
    assert_eq!(folder.office.queued().await, ["newer"]);
    // and so is what waited to be queued when somebody chose to be asked
    w.raw.run("UPDATE source_item SET announce = 'wanted' WHERE item = 'new.md'").await.unwrap();
    let folder = Folder { office: folder.office.publishing(Publish::Ask), ..folder };
    folder.look().await;
    let folder = Folder { office: folder.office.publishing(Publish::Auto), ..folder };
    folder.look().await;
    assert_eq!(folder.office.queued().await, ["newer"]);
}

async fn a_post_that_somebody_added_by_hand_is_no_news_of_the_folder(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    w.post("letter", "announcement").await;
    folder.write("letter.md", &post("Letter, mended", ""));
    assert_eq!(names(&folder.look().await.changed), ["letter"]);
    assert!(folder.office.queued().await.is_empty());
}

async fn an_edited_file_is_a_new_version_and_sends_nothing(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", ""));
    folder.look().await;
    folder.write("a.md", &post("A, mended", ""));
    let report = folder.look().await;
    assert_eq!((names(&report.added), names(&report.changed)), (vec![], vec!["a"]));
    assert_eq!(folder.office.versions("a").await, 2);
    assert_eq!(folder.office.queued().await, ["a"]);
}

async fn a_file_that_goes_changes_nothing_and_one_that_is_renamed_is_no_news(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", "slug: letter\n"));
    folder.look().await;
    fs::rename(folder.path("a.md"), folder.path("b.md")).unwrap();
    let report = folder.look().await;
    assert_eq!((report.added.len(), report.findings.len()), (0, 0), "{report:?}");
    fs::remove_file(folder.path("b.md")).unwrap();
    assert_eq!(folder.look().await, nothing_new());
    assert_eq!(folder.office.versions("letter").await, 1);
    assert_eq!(folder.office.queued().await, ["letter"]);
}

async fn a_file_that_is_still_being_written_waits_and_so_does_one_whose_picture_is(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    fs::write(folder.path("a.md"), post("A", "attachments: [b.pdf]\n")).unwrap();
    folder.changed("a.md", 2);
    folder.write("b.pdf", "%PDF");
    assert_eq!(folder.look().await, nothing_new());
    folder.changed("a.md", 10);
    folder.changed("b.pdf", 1);
    assert_eq!(folder.look().await, nothing_new());
    w.pass(10);
    assert_eq!(names(&folder.look().await.added), ["a"]);
}

async fn a_broken_file_is_told_once_and_holds_up_no_other(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("bad.md", &post("Bad", "lists: [nws]\n"));
    folder.write("good.md", &post("Good", ""));
    fs::write(folder.path("latin.md"), b"---\ntitle: caf\xe9\n").unwrap();
    folder.changed("latin.md", 3600);
    folder.write("nul.md", &post("Nul", "").replace("Words", "Wo\0rds"));
    folder.write("odd.md", &post("Odd", "lists: [\"a\\0b\"]\n"));
    let report = folder.look().await;
    let nul = "nul.md:7: the text holds the character U+0000; remove it";
    let odd = "odd.md:5: \"ab\" is not a list; the lists are: meetings, news, reports";
    let bad = "bad.md:5: \"nws\" is not a list (perhaps \"news\"); the lists are: meetings, news, reports";
    let latin = "latin.md:2: the post is not UTF-8; save it with that encoding";
    assert_eq!(
        (names(&report.added), names(&report.findings)),
        (vec!["good"], vec![bad, latin, nul, odd])
    );
    assert_eq!(folder.office.findings().await, [bad, latin, nul, odd]);
    for gone in ["latin.md", "nul.md", "odd.md"] {
        fs::remove_file(folder.path(gone)).unwrap();
    }
    folder.write("bad.md", &post("Mended", "lists: [news]\n"));
    assert_eq!(names(&folder.look().await.added), ["bad"]);
    assert!(folder.office.findings().await.is_empty());
    assert_eq!(folder.office.queued().await, ["bad", "good"]);
}

async fn two_files_cannot_be_one_post(w: &World) {
    let folder = Folder::new(w, Publish::Auto);
    folder.write("a.md", &post("A", ""));
    folder.write("b.md", &post("B", "slug: a\n"));
    let report = folder.look().await;
    let told = "b.md: the post \"a\" is that of a.md; give this one another `slug`";
    assert_eq!((names(&report.added), names(&report.findings)), (vec!["a"], vec![told]));
    assert_eq!(folder.office.versions("a").await, 1);
}

async fn a_folder_that_is_not_there_is_told_and_found_when_it_comes(w: &World) {
    let folder = Folder::new(w, Publish::Ask);
    fs::remove_dir(folder.path("")).unwrap();
    let path = folder.folder.path().join("posts");
    let told = format!(
        "{}: there is no such folder; make it, or change the source's path",
        path.display()
    );
    for faults in 1..=3 {
        assert_eq!(folder.look().await.error.as_ref(), Some(&told));
        let standing = folder.office.standing().await;
        assert_eq!((standing.faults, standing.error.as_ref()), (faults, Some(&told)));
        assert_eq!(standing.next_at, w.now().plus(Duration::from_mins(1)));
    }
    fs::create_dir(folder.path("")).unwrap();
    folder.write("a.md", &post("A", ""));
    assert_eq!(names(&folder.look().await.added), ["a"]);
    assert_eq!(folder.office.standing().await.faults, 0);
}

async fn what_cannot_be_queued_is_told_and_queued_when_it_can(w: &World) {
    let folder = Folder::begun(w, Publish::Auto).await;
    folder.write("a.md", &post("A", "").replace("announcement", "meeting-summary"));
    let other = folder.office.without_kinds("meetings");
    other.look().await;
    let told = "a cannot be queued: no list takes posts of kind meeting-summary; name one with --list, or in the post's `lists`";
    assert_eq!(other.findings().await, [told]);
    other.look().await;
    assert_eq!((other.queued().await.len(), other.findings().await.len()), (0, 1));
    folder.look().await;
    assert_eq!(folder.office.queued().await, ["a"]);
    assert!(folder.office.findings().await.is_empty());
}
