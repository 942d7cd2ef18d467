//! A feed on a real server, looked at again and again, on both databases.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bulletin::campaign;
use bulletin::config::{Config, Feed, Kind, Origin, Publish, Source};
use bulletin::daemon::Home;
use bulletin::daemon::source::Watch;
use bulletin::message::Templates;
use bulletin::metric::Metrics;
use bulletin::post;
use bulletin::source::Report;
use bulletin::source::net::Net;
use bulletin::source::poll::{Desk, due, look};
use bulletin::source::store::{self, Standing};

use crate::store::{World, on_both};
use crate::support::feed::{Act, FeedServer, answer, page};

on_both!(
    a_first_look_announces_nothing_and_later_news_goes_out_once,
    an_edited_item_is_a_new_version_and_nothing_is_sent_again,
    the_same_words_under_another_id_or_from_another_feed_are_the_same_post,
    a_feed_that_has_moved_begins_anew,
    categories_choose_the_kind_and_the_lists,
    a_feed_at_fault_is_left_alone_and_what_came_before_stays,
    a_crash_between_added_and_queued_neither_loses_nor_repeats,
    one_daemon_at_a_time_looks_at_a_source,
    a_claim_of_a_daemon_that_died_lapses_and_one_that_hung_is_too_late,
    a_silent_feed_does_not_hold_up_another_source,
    a_post_of_hostile_words_is_safe_in_html_and_text,
);

static TEMPLATES: LazyLock<Arc<Templates>> =
    LazyLock::new(|| Arc::new(Templates::embedded().unwrap()));

/// A world with one source, and a daemon's part in it.
pub(crate) struct Office<'a> {
    pub(crate) world: &'a World,
    name: String,
    config: Arc<Config>,
    net: Net,
}

impl<'a> Office<'a> {
    pub(crate) fn new(world: &'a World, name: &str, source: Source, net: Net) -> Self {
        let mut config = (*world.config).clone();
        config.source.insert(name.to_owned(), source);
        Self { world, name: name.to_owned(), config: Arc::new(config), net }
    }

    /// The same after a change of the configuration.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.config).clone();
        change(&mut config);
        Self { config: Arc::new(config), name: self.name.clone(), net: self.net.clone(), ..*self }
    }

    pub(crate) fn publishing(&self, publish: Publish) -> Self {
        self.changed(|config| config.source.get_mut(&self.name).unwrap().publish = publish)
    }

    pub(crate) fn without_kinds(&self, list: &str) -> Self {
        self.changed(|config| config.list.get_mut(list).unwrap().kinds.clear())
    }

    fn home(&self) -> Home {
        Home {
            config: Arc::clone(&self.config),
            db: self.world.db.clone(),
            keys: self.world.keys.clone(),
            clock: self.world.clock.clone(),
            metrics: Metrics::new(),
        }
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk { db: &self.world.db, config: &self.config, net: &self.net, clock: &self.world.clock }
    }

    /// Looks, whether or not it is due, and queues what is to be queued.
    pub(crate) async fn look(&self) -> Report {
        self.watch().look_and_queue(&self.name, true).await.unwrap().unwrap()
    }

    /// Queues what is to be queued.
    pub(crate) async fn queue(&self) {
        self.watch().queue(&self.name).await.unwrap();
    }

    pub(crate) fn net(&self) -> Net {
        self.net.clone()
    }

    pub(crate) fn only_source(&self) -> (String, Source) {
        (self.name.clone(), self.config.source[&self.name].clone())
    }

    fn watch(&self) -> Watch {
        let templates = Arc::clone(&TEMPLATES);
        Watch { home: self.home(), net: Arc::new(self.net.clone()), templates }
    }

    pub(crate) async fn standing(&self) -> Standing {
        let all = store::all(&mut self.world.db.read().await.unwrap()).await.unwrap();
        all.into_iter().find(|standing| standing.name == self.name).unwrap()
    }

    pub(crate) async fn findings(&self) -> Vec<String> {
        let mut read = self.world.db.read().await.unwrap();
        let items = store::items(&mut read, &self.name).await.unwrap();
        items.into_iter().filter_map(|item| item.finding).collect()
    }

    /// The posts that campaigns were made of, by slug.
    pub(crate) async fn queued(&self) -> Vec<String> {
        self.world
            .raw
            .words("SELECT p.slug FROM campaign c JOIN post p ON p.id = c.post_id ORDER BY p.slug, c.id")
            .await
    }

    pub(crate) async fn versions(&self, slug: &str) -> i64 {
        let mut read = self.world.db.read().await.unwrap();
        post::store::newest(&mut read, slug).await.unwrap().unwrap().version
    }
}

pub(crate) fn feed(url: String) -> Source {
    let origin = Origin::Feed(Feed {
        url,
        post_kind: Kind::Announcement,
        lists: vec!["news".to_owned()],
        kinds: [("research".to_owned(), Kind::Report)].into(),
        category_lists: [("minutes".to_owned(), vec!["meetings".to_owned()])].into(),
    });
    Source { origin, publish: Publish::Auto, every: Duration::from_mins(30) }
}

pub(crate) fn rss(items: &[(&str, &str, &str)]) -> Act {
    rss_with(items, "")
}

/// What was there before the first look.
pub(crate) fn old() -> Act {
    rss(&[("0", "Of old", "o")])
}

pub(crate) fn rss_with(items: &[(&str, &str, &str)], more: &str) -> Act {
    let item = |(id, title, words): &(&str, &str, &str)| {
        format!(
            "<item><guid>{id}</guid><title>{title}</title><link>https://charity.example/{id}</link>\
            <description>{words}</description>{more}</item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    page(&[], format!("<rss version='2.0'><channel><title>N</title>{items}</channel></rss>"))
}

pub(crate) async fn office(w: &World) -> (FeedServer, Office<'_>) {
    let server = FeedServer::start().await;
    let net = server.net(Duration::from_secs(20), &[]);
    let source = feed(server.url("/feed"));
    (server, Office::new(w, "web", source, net))
}

async fn a_first_look_announces_nothing_and_later_news_goes_out_once(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", rss(&[("1", "One", "a"), ("2", "Two", "b")]));
    assert_eq!(office.look().await.added, ["two", "one"]);
    assert_eq!(office.queued().await.len(), 0);
    server.at("/feed", rss(&[("3", "Two", "c"), ("1", "One", "a"), ("2", "Two", "b")]));
    let report = office.look().await;
    assert_eq!((report.added.as_slice(), report.unchanged), (&["two-2".to_owned()][..], 2));
    office.look().await;
    server.at("/feed", answer("304 Not Modified", &[], ""));
    assert_eq!(office.look().await, Report::default());
    assert_eq!(office.queued().await, ["two-2"]);
}

async fn an_edited_item_is_a_new_version_and_nothing_is_sent_again(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    office.look().await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    office.look().await;
    server.at("/feed", rss(&[("1", "One, mended", "a, mended")]));
    let report = office.look().await;
    assert_eq!((report.added.len(), report.changed), (0, vec!["one".to_owned()]));
    assert_eq!(office.versions("one").await, 2);
    assert_eq!(office.queued().await, ["one"]);
}

async fn the_same_words_under_another_id_or_from_another_feed_are_the_same_post(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    office.look().await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    office.look().await;
    // a feed whose ids have all changed
    server.at(
        "/feed",
        page(
            &[],
            b"<rss version='2.0'><channel><item><guid>new-1</guid><title>One</title>\
        <link>https://charity.example/1</link><description>a</description></item></channel></rss>",
        ),
    );
    // the link is part of the text, the words are the same
    let report = office.look().await;
    assert_eq!(
        (report.added.len(), report.changed.len(), report.unchanged),
        (0, 0, 1),
        "{report:?}"
    );
    let second = Office::new(w, "second", feed(server.url("/second")), office.net.clone());
    server.at("/second", old());
    second.look().await;
    server.at("/second", rss(&[("x", "One", "a")]));
    assert_eq!(second.look().await.unchanged, 1);
    assert_eq!(office.queued().await, ["one"]);
}

async fn a_feed_that_has_moved_begins_anew(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", page(&["ETag: \"v1\""], "<rss version='2.0'><channel/></rss>"));
    office.look().await;
    server.at("/new", rss(&[("9", "Of long ago", "z")]));
    let moved = office.changed(|config| {
        config.source.insert("web".to_owned(), feed(server.url("/new")));
    });
    assert_eq!(due(moved.desk()).await.unwrap(), ["web"]);
    assert_eq!(moved.look().await.added, ["of-long-ago"]);
    assert_eq!(office.queued().await.len(), 0);
    assert!(!server.requests().last().unwrap().contains("if-none-match"));
}

async fn categories_choose_the_kind_and_the_lists(w: &World) {
    let (server, office) = office(w).await;
    server.at(
        "/feed",
        rss_with(&[("1", "One", "a")], "<category>Minutes</category><category>RESEARCH</category>"),
    );
    office.look().await;
    let mut read = w.db.read().await.unwrap();
    let stored = post::store::newest(&mut read, "one").await.unwrap().unwrap();
    assert_eq!(
        (stored.kind, stored.post().unwrap().lists),
        (Kind::Report, vec!["meetings".to_owned()])
    );
}

async fn a_feed_at_fault_is_left_alone_and_what_came_before_stays(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    office.look().await;
    assert_eq!(office.standing().await.next_at, w.now().plus(Duration::from_mins(30)));
    server.at("/feed", page(&[], "<html>Sorry</html>"));
    let told = "the feed is not a feed that can be read: unable to parse feed: no root element";
    for (faults, minutes) in [(1, 30), (2, 60), (3, 120)] {
        assert_eq!(office.look().await.error.as_deref(), Some(told));
        let standing = office.standing().await;
        assert_eq!((standing.faults, standing.error.as_deref()), (faults, Some(told)));
        let wait = standing.next_at.since(w.now());
        let least = Duration::from_mins(minutes);
        assert!(wait >= least && wait <= least.mul_f64(1.11), "{wait:?}");
        assert!(due(office.desk()).await.unwrap().is_empty());
    }
    server.at("/feed", answer("429 Wait", &["Retry-After: 999999999"], ""));
    assert_eq!(office.look().await.error.as_deref(), Some("the feed asks us to wait (429)"));
    assert_eq!(office.standing().await.next_at, w.now().plus(Duration::from_hours(24)));
    server.at("/feed", answer("410 Gone", &[], ""));
    office.look().await;
    assert_eq!(office.standing().await.next_at, w.now().plus(Duration::from_hours(24)));
    w.pass(24 * 3600);
    assert_eq!(due(office.desk()).await.unwrap(), ["web"]);
    server.at("/feed", rss(&[("1", "One", "a"), ("2", "Two", "b")]));
    assert_eq!(office.look().await.added, ["two"]);
    assert_eq!(office.standing().await.faults, 0);
    assert_eq!(office.queued().await, ["two"]);
}

async fn a_crash_between_added_and_queued_neither_loses_nor_repeats(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", old());
    office.look().await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    // added, and there it ends
    assert_eq!(look(office.desk(), "web", true).await.unwrap().unwrap().added, ["one"]);
    assert_eq!(office.queued().await.len(), 0);
    // the next one queues it, and ends before it can say so
    office.look().await;
    assert_eq!(office.queued().await, ["one"]);
    w.raw.run("UPDATE source_item SET announce = 'wanted' WHERE item = '1'").await.unwrap();
    office.look().await;
    assert_eq!(office.queued().await, ["one"]);
    let announce = w.raw.words("SELECT announce FROM source_item WHERE item = '1'").await;
    assert_eq!(announce, ["done"]);
    // and what was withdrawn meanwhile is not announced after all
    server.at("/feed", rss(&[("2", "Two", "b")]));
    look(office.desk(), "web", true).await.unwrap();
    w.withdraw("two").await;
    office.look().await;
    assert_eq!(office.queued().await, ["one"]);
}

async fn one_daemon_at_a_time_looks_at_a_source(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", rss(&[("1", "One", "a")]));
    let desk = office.desk();
    let one = || look(desk, "web", false);
    let (first, second, third, fourth) = tokio::join!(one(), one(), one(), one());
    let looked = [first, second, third, fourth];
    let looked = looked.iter().filter(|report| report.as_ref().unwrap().is_some());
    assert_eq!(looked.count(), 1);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(office.versions("one").await, 1);
}

async fn a_claim_of_a_daemon_that_died_lapses_and_one_that_hung_is_too_late(w: &World) {
    let (server, office) = office(w).await;
    server.at("/feed", Act::Silence);
    let net = server.net(Duration::from_secs(20), &[]);
    let hung = Desk { net: &net, ..office.desk() };
    let mut first = Box::pin(look(hung, "web", true));
    // until it waits for the server
    while server.requests().is_empty() {
        tokio::select! {
            _ = &mut first => panic!("it has nothing to say"),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    assert!(look(office.desk(), "web", true).await.unwrap().is_none());
    w.pass(121);
    server.at("/feed", rss(&[("1", "One", "a")]));
    assert_eq!(look(office.desk(), "web", true).await.unwrap().unwrap().added, ["one"]);
    let before = office.standing().await;
    // the first one comes back, and may say nothing any more
    let mut write = w.write().await;
    let stale = Standing {
        fence: before.fence - 1,
        faults: 7,
        error: Some("late".to_owned()),
        ..before.clone()
    };
    assert!(!store::hold(&mut write, &stale, w.now()).await.unwrap());
    assert!(!store::release(&mut write, &stale).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(office.standing().await.faults, 0);
}

async fn a_silent_feed_does_not_hold_up_another_source(w: &World) {
    let (server, office) = office(w).await;
    server.at("/silent", Act::Silence);
    server.at("/feed", rss(&[("1", "One", "a")]));
    let net = server.net(Duration::from_millis(300), &[]);
    let silent = Office::new(w, "silent", feed(server.url("/silent")), net);
    let (report, other) = tokio::join!(silent.look(), office.look());
    assert_eq!(report.error.as_deref(), Some("the feed took longer than 0.3 seconds"));
    assert_eq!(other.added, ["one"]);
}

async fn a_post_of_hostile_words_is_safe_in_html_and_text(w: &World) {
    let (server, office) = office(w).await;
    let words = "<![CDATA[<p style='position:fixed'>{{name}} {{{body}}}</p><script>alert(1)</script>\
        <form action='https://evil.example'><input></form><a href='javascript:x()'>run</a>\
        <img src='https://evil.example/p.gif' alt='Garden'>\u{202e}txt.exe \u{e000}<mj-raw>x</mj-raw>]]>";
    server.at("/feed", rss(&[("1", "News &#13;&#10;Bcc: all {{title}}", words)]));
    assert_eq!(office.look().await.added, ["news-bcc-all-title"]);
    let mut read = w.db.read().await.unwrap();
    let stored = post::store::newest(&mut read, "news-bcc-all-title").await.unwrap().unwrap();
    assert_eq!(stored.title.as_str(), "News Bcc: all {{title}}");
    let body = stored.post().unwrap().body;
    assert_eq!(
        body,
        "{{name}} {{{body}}}\n\nrun(Picture: Garden)txt.exe x\n\nRead the original: <https://charity.example/1>"
    );
    let read = campaign::store::all(&mut read).await.unwrap();
    assert!(read.is_empty());
}
