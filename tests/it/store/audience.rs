//! People: subscribing, leaving, coming back, and the log of what they agreed to.

use bulletin::audience::State::{Active, Ended, Pending};
use bulletin::audience::subscribe::{Added, Request};
use bulletin::audience::{Cadence, State, store, suppression};
use bulletin::id::SubscriberId;

use super::people::{address, email, line, request};
use super::{World, on_both};

on_both!(
    two_spellings_are_one_subscriber,
    adding_again_changes_what_is_said_and_keeps_the_rest,
    a_pending_reader_stays_pending_until_confirmed,
    nobody_active_becomes_pending_by_being_added_again,
    every_change_appends_a_consent_and_none_is_ever_changed,
    leaving_twice_changes_nothing,
    whoever_left_comes_back_by_their_own_word_only,
    news_begins_after_the_newest_publication,
    changing_the_cadence_keeps_the_start,
    coming_back_begins_after_what_was_missed,
    a_suppression_outlives_the_person_and_blocks_adding,
    a_suppression_is_lifted_by_name_only,
    sizes_and_used_lists_count_people,
    a_name_that_is_none_any_more_keeps_nobody_from_leaving,
);

impl World {
    async fn consents(&self) -> Vec<String> {
        self.raw
            .words("SELECT id || ' ' || list || ' ' || action || ' ' || source || ' ' || wording FROM consent ORDER BY id")
            .await
    }

    async fn state_of(&self, name: &str) -> State {
        self.person(name).await.subscriptions[0].state
    }

    async fn start_of(&self, name: &str) -> i64 {
        let id = self.person(name).await.id;
        self.raw
            .number(&format!("SELECT from_sequence FROM subscription WHERE subscriber_id = {id}"))
            .await
    }
}

async fn two_spellings_are_one_subscriber(w: &World) {
    let first = request(&email("Ann@Example.org"), "news", "immediate", Active);
    let second = request(&email("ann@EXAMPLE.ORG"), "reports", "immediate", Active);
    assert_eq!(w.add(&first).await, Added::New);
    assert_eq!(w.add(&second).await, Added::Changed);
    assert_eq!(w.raw.number("SELECT count(*) FROM subscriber").await, 1);
    let ann = w.person("ann").await;
    assert_eq!(ann.subscriptions.len(), 2);
    assert_eq!(ann.email.unwrap().as_str(), "Ann@Example.org");
    let tagged = request(&email("ann+x@example.org"), "news", "", Active);
    assert_eq!(w.add(&tagged).await, Added::New);
}

async fn adding_again_changes_what_is_said_and_keeps_the_rest(w: &World) {
    let plain = request(&address("ann"), "news", "weekly", Active);
    let named = Request { name: Some(line("Ann")), discreet: Some(true), ..plain.clone() };
    assert_eq!(w.add(&named).await, Added::New);
    assert_eq!(w.add(&named).await, Added::Unchanged);
    let silent = request(&address("ann"), "news", "", Active);
    assert_eq!(w.add(&silent).await, Added::Unchanged);
    let ann = w.person("ann").await;
    assert_eq!((ann.name, ann.discreet), (Some(line("Ann")), true));
    assert_eq!(ann.subscriptions[0].cadence, Cadence::Digest("weekly".to_owned()));
    let renamed = Request { name: Some(line("Anne")), discreet: Some(false), ..plain };
    assert_eq!(w.add(&renamed).await, Added::Changed);
    let ann = w.person("ann").await;
    assert_eq!((ann.name, ann.discreet), (Some(line("Anne")), false));
}

async fn a_pending_reader_stays_pending_until_confirmed(w: &World) {
    let asked = request(&address("ann"), "news", "immediate", Pending);
    w.add(&asked).await;
    assert_eq!(w.add(&asked).await, Added::Unchanged);
    assert_eq!(w.state_of("ann").await, Pending);
    let digest = request(&address("ann"), "news", "weekly", Pending);
    assert_eq!(w.add(&digest).await, Added::Changed);
    assert_eq!(w.state_of("ann").await, Pending);
    w.add(&request(&address("ann"), "news", "", Active)).await;
    assert_eq!(w.state_of("ann").await, Active);
}

async fn nobody_active_becomes_pending_by_being_added_again(w: &World) {
    w.reader("ann", "news", "immediate").await;
    let again = request(&address("ann"), "news", "", Pending);
    assert_eq!(w.add(&again).await, Added::Unchanged);
    assert_eq!(w.state_of("ann").await, Active);
}

async fn every_change_appends_a_consent_and_none_is_ever_changed(w: &World) {
    let ann = |cadence, state| request(&address("ann"), "news", cadence, state);
    let mut seen = Vec::new();
    for (step, action) in [
        (Some(ann("immediate", Pending)), "requested command"),
        (Some(ann("immediate", Active)), "subscribed command"),
        (Some(ann("weekly", Active)), "cadence command"),
        (None, "ended page"),
        (Some(Request { agreed_again: true, ..ann("immediate", Active) }), "subscribed command"),
    ] {
        match step {
            Some(request) => drop(w.add(&request).await),
            None => assert_eq!(w.leave("ann").await, ["news"]),
        }
        let log = w.consents().await;
        assert_eq!(log[..seen.len()], seen, "what stood there still stands");
        assert_eq!(log.len(), seen.len() + 1);
        assert!(log.last().unwrap().contains(action), "{log:?}");
        seen = log;
    }
    // no change, no line
    w.add(&ann("immediate", Active)).await;
    assert_eq!(w.consents().await, seen);
}

async fn leaving_twice_changes_nothing(w: &World) {
    w.reader("ann", "news", "immediate").await;
    let id = w.person("ann").await.subscriptions[0].id;
    let end = async |reason| {
        let mut write = w.write().await;
        let ended = store::end(&mut write, id, reason, w.now()).await.unwrap();
        write.commit().await.unwrap();
        ended.map(|(_, list)| list)
    };
    assert_eq!(end("unsubscribed").await.as_deref(), Some("news"));
    w.pass(60);
    assert_eq!(end("bounced").await, None);
    let reason = w.raw.words("SELECT end_reason FROM subscription").await;
    assert_eq!(reason, ["unsubscribed"]);
}

async fn whoever_left_comes_back_by_their_own_word_only(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.leave("ann").await;
    let before = w.everything().await;
    let added = request(&address("ann"), "news", "immediate", Active);
    assert_eq!(w.add(&added).await, Added::Left);
    assert_eq!(w.everything().await, before);
    assert_eq!(w.state_of("ann").await, Ended);
    let agreed = Request { agreed_again: true, ..added };
    assert_eq!(w.add(&agreed).await, Added::Changed);
    assert_eq!(w.state_of("ann").await, Active);
}

async fn news_begins_after_the_newest_publication(w: &World) {
    w.reader("early", "news", "immediate").await;
    for slug in ["one", "two"] {
        w.post(slug, "announcement").await;
        w.announce(slug).await;
    }
    w.reader("late", "news", "immediate").await;
    assert_eq!(w.start_of("early").await, 0);
    assert_eq!(w.start_of("late").await, 2);
}

async fn changing_the_cadence_keeps_the_start(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("one", "announcement").await;
    w.announce("one").await;
    w.reader("ann", "news", "weekly").await;
    assert_eq!(w.start_of("ann").await, 0);
}

async fn coming_back_begins_after_what_was_missed(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.leave("ann").await;
    w.post("missed", "announcement").await;
    w.announce("missed").await;
    let agreed =
        Request { agreed_again: true, ..request(&address("ann"), "news", "weekly", Active) };
    w.add(&agreed).await;
    assert_eq!(w.start_of("ann").await, 1);
    assert_eq!(w.edition("weekly").await, None);
}

async fn a_suppression_outlives_the_person_and_blocks_adding(w: &World) {
    w.reader("ann", "news", "immediate").await;
    assert!(w.suppress("ann").await);
    assert!(!w.suppress("ann").await, "it was suppressed before");
    assert!(w.person("ann").await.suppressed);
    w.raw.run("UPDATE subscriber SET email = NULL, email_key = NULL, erased_at = 1").await.unwrap();
    let before = w.everything().await;
    let shouted = request(&email("ANN@example.org"), "reports", "immediate", Active);
    assert_eq!(w.add(&shouted).await, Added::Suppressed);
    let agreed = Request { agreed_again: true, ..shouted };
    assert_eq!(w.add(&agreed).await, Added::Suppressed);
    assert_eq!(w.everything().await, before);
    let hashes = w.raw.words("SELECT hash FROM suppression").await;
    assert!(!hashes[0].contains("ann"), "a hash names nobody");
}

async fn a_suppression_is_lifted_by_name_only(w: &World) {
    w.suppress("ann").await;
    w.suppress("ben").await;
    assert!(suppression::remove(&w.db, &w.keys, &address("ann")).await.unwrap());
    assert!(!suppression::remove(&w.db, &w.keys, &address("ann")).await.unwrap());
    let left = store::suppressions(&mut w.db.read().await.unwrap()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].hash, w.keys.suppression_hash(&address("ben")));
    let ann = request(&address("ann"), "news", "immediate", Active);
    assert_eq!(w.add(&ann).await, Added::New);
}

async fn sizes_and_used_lists_count_people(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("ben", "news", "weekly").await;
    w.reader("cat", "news", "weekly").await;
    w.leave("cat").await;
    let mut read = w.db.read().await.unwrap();
    let sizes = store::sizes(&mut read).await.unwrap();
    let news = |state, people| ("news".to_owned(), state, people);
    assert_eq!(sizes, [news(Active, 2), news(Ended, 1)]);
    let used = store::used(&mut read).await.unwrap();
    let weekly = Cadence::Digest("weekly".to_owned());
    assert_eq!(used, [("news".to_owned(), Cadence::Immediate, 1), ("news".to_owned(), weekly, 1)]);
}

/// Names were trimmed of plain spaces only.
async fn a_name_that_is_none_any_more_keeps_nobody_from_leaving(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.raw.run("UPDATE subscriber SET name = '\u{a0}'").await.unwrap();
    assert_eq!(w.person("ann").await.name, None);
    let all = store::page(&mut w.db.read().await.unwrap(), SubscriberId(0), 10).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(w.leave("ann").await, ["news"]);
}
