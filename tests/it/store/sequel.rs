//! A post is withdrawn while its mails are under way: who had it is known when they have come to rest.

use std::time::Duration;

use bulletin::campaign::Order;
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::queue;
use bulletin::campaign::sequel::{Notice, correct};
use bulletin::clock::Timestamp;
use bulletin::delivery::State;
use bulletin::delivery::store::Taken;
use bulletin::delivery::withdrawal::{Withdrawn, withdraw};
use bulletin::id::CampaignId;
use bulletin::post::store::newest;

use super::people::NOBODY;
use super::settle::{claims, next};
use super::{World, on_both};

on_both!(
    a_cancellation_waits_for_what_is_under_way_and_leaves_out_what_was_put_off,
    what_was_in_doubt_may_have_arrived_and_is_called_off,
    a_digest_in_doubt_that_goes_on_without_the_post_is_called_off_too,
    a_list_that_announced_it_after_the_correction_was_queued_is_corrected_too,
    an_earlier_version_that_waits_is_not_sent_after_its_correction,
    a_digest_under_way_is_turned_down_and_what_else_it_held_comes_in_the_next,
);

impl World {
    pub(crate) async fn withdraw_and_tell(&self, slug: &str) -> Withdrawn {
        let stored = newest(&mut self.db.read().await.unwrap(), slug).await.unwrap().unwrap();
        withdraw(&self.db, &self.config, &stored, true, &Actor::machine(), self.now())
            .await
            .unwrap()
    }
}

async fn a_cancellation_waits_for_what_is_under_way_and_leaves_out_what_was_put_off(w: &World) {
    w.readers(3, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let claims = claims(w).await;
    assert!(w.settle(claims[0], &next(State::Accepted, w.now())).await);
    let Some(Notice::Queued(queued)) = w.withdraw_and_tell("hello").await.notice else {
        panic!("somebody had it")
    };
    assert_eq!(w.freeze().await, [], "two are under way");
    assert!(w.settle(claims[1], &next(State::Accepted, w.now())).await);
    assert_eq!(w.freeze().await, [], "one is under way");
    // nobody has swept it yet
    assert!(w.settle(claims[2], &next(State::Deferred, w.now())).await);
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!((started.id, started.audience), (queued.id, 2));
    assert_eq!(w.mailed(queued.id).await, ["reader0", "reader1"]);
}

async fn what_was_in_doubt_may_have_arrived_and_is_called_off(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    be_in_doubt(w).await;
    let withdrawn = w.withdraw_and_tell("hello").await;
    assert_eq!(withdrawn.mails, 1, "it is tried no more");
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!(w.mailed(started.id).await, ["ann"]);
}

/// One mail is tried, may have arrived, and waits for its next try.
async fn be_in_doubt(w: &World) {
    let claim = w.take_one().await;
    let attempt = format!(
        "INSERT INTO attempt (delivery_id, at, relay, outcome, stage, text, duration_ms) \
         VALUES ({}, 1, 'main', 'in_doubt', 'dot', '', 1)",
        claim.id
    );
    w.raw.run(&attempt).await.unwrap();
    assert!(w.settle(claim, &next(State::Deferred, w.now())).await);
}

async fn a_digest_in_doubt_that_goes_on_without_the_post_is_called_off_too(w: &World) {
    w.reader("ann", "news", "weekly").await;
    for slug in ["hello", "other"] {
        w.post(slug, "announcement").await;
        w.announce(slug).await;
    }
    w.edition("weekly").await.unwrap();
    be_in_doubt(w).await;
    let withdrawn = w.withdraw_and_tell("hello").await;
    assert_eq!((withdrawn.digests, withdrawn.mails), (1, 0), "the other post goes on");
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!(w.mailed(started.id).await, ["ann"], "she may have had it");
}

impl World {
    pub(crate) async fn correct(&self, slug: &str, due_at: Timestamp) -> CampaignId {
        let (post, lists) = (slug.to_owned(), Vec::new());
        let expires_at = due_at.plus(self.config.delivery.give_up_after);
        let by = Actor::machine();
        let order = Order { version: None, post, lists, due_at, local_time: false, expires_at, by };
        correct(&self.db, &self.config, &order, false, self.now()).await.unwrap().id
    }
}

async fn a_list_that_announced_it_after_the_correction_was_queued_is_corrected_too(w: &World) {
    const HOUR: u64 = 3600;
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let order = Order {
        version: None,
        post: "hello".to_owned(),
        lists: vec!["reports".to_owned()],
        due_at: w.now().plus(Duration::from_secs(HOUR)),
        local_time: false,
        expires_at: w.now().plus(Duration::from_secs(9 * HOUR)),
        by: Actor::machine(),
    };
    queue(&w.db, &w.config, &order, false, w.now()).await.unwrap();
    assert_eq!(w.post_with("hello", "announcement", "urgent: true\n").await, 2);
    let correction = w.correct("hello", w.now().plus(Duration::from_secs(2 * HOUR))).await;
    w.pass(HOUR);
    assert_eq!(w.freeze().await[0].audience, 1, "bob has the version that was queued for him");
    w.pass(HOUR);
    assert_eq!(w.freeze().await[0].audience, 2);
    assert_eq!(w.mailed(correction).await, ["ann", "bob"]);
}

async fn an_earlier_version_that_waits_is_not_sent_after_its_correction(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let first = w.take_one().await;
    assert!(w.settle(first, &next(State::Deferred, w.now().plus(Duration::from_mins(1)))).await);
    w.post_with("hello", "announcement", "urgent: true\n").await;
    w.correct("hello", w.now()).await;
    assert_eq!(w.freeze().await[0].audience, 1);
    let correction = w.take_one().await;
    w.pass(60);
    assert!(w.take(NOBODY, 1).await.is_empty(), "its correction is on its way");
    w.pass(60);
    assert!(
        w.settle(correction, &next(State::Deferred, w.now().plus(Duration::from_mins(9)))).await
    );
    // as long as the correction may fail, the earlier version is better than none
    let Some(Taken::Wanted(errand)) = w.take(NOBODY, 1).await.pop() else {
        panic!("it is wanted still")
    };
    assert!(
        w.settle(errand.claim, &next(State::Deferred, w.now().plus(Duration::from_mins(9)))).await
    );
    w.pass(9 * 60);
    let both = w.take(NOBODY, 2).await;
    let [Taken::Wanted(earlier), Taken::Wanted(correction)] = both.as_slice() else {
        panic!("{both:?}")
    };
    assert!(w.settle(earlier.claim, &next(State::Deferred, w.now())).await);
    assert!(w.settle(correction.claim, &next(State::Accepted, w.now())).await);
    let Some(Taken::Unwanted(_, reason)) = w.take(NOBODY, 1).await.pop() else {
        panic!("it would be taken for what holds")
    };
    assert_eq!(reason, "corrected");
}

async fn a_digest_under_way_is_turned_down_and_what_else_it_held_comes_in_the_next(w: &World) {
    w.reader("ann", "news", "weekly").await;
    for slug in ["hello", "other"] {
        w.post(slug, "announcement").await;
        w.announce(slug).await;
    }
    w.edition("weekly").await.unwrap();
    let claim = w.take_one().await;
    let withdrawn = w.withdraw_and_tell("hello").await;
    assert_eq!((withdrawn.digests, withdrawn.mails), (0, 0), "it is in a daemon's hands");
    // as the last look says, and the verdict makes of it
    assert!(w.settle(claim, &next(State::Cancelled, w.now())).await);
    let mut write = w.write().await;
    bulletin::delivery::store::release_ledger(&mut write, claim.id).await.unwrap();
    write.commit().await.unwrap();
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!(started.audience, 0, "nobody had it");
    assert_eq!(w.edition("weekly").await.unwrap().audience, 1, "the other post");
}
