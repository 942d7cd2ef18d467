//! A post is withdrawn while its mails are under way: who had it is known when they have come to rest.

use bulletin::campaign::sequel::Notice;
use bulletin::delivery::State;
use bulletin::delivery::withdrawal::{Withdrawn, withdraw};
use bulletin::post::store::newest;

use super::settle::{claims, next};
use super::{World, on_both};

on_both!(
    a_cancellation_waits_for_what_is_under_way_and_leaves_out_what_was_put_off,
    what_was_in_doubt_may_have_arrived_and_is_called_off,
    a_digest_under_way_is_turned_down_and_what_else_it_held_comes_in_the_next,
);

impl World {
    async fn withdraw_and_tell(&self, slug: &str) -> Withdrawn {
        let stored = newest(&mut self.db.read().await.unwrap(), slug).await.unwrap().unwrap();
        withdraw(&self.db, &self.config, &stored, true, self.now()).await.unwrap()
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
    let claim = w.take_one().await;
    let attempt = format!(
        "INSERT INTO attempt (delivery_id, at, relay, outcome, stage, text, duration_ms) \
         VALUES ({}, 1, 'main', 'in_doubt', 'dot', '', 1)",
        claim.id
    );
    w.raw.run(&attempt).await.unwrap();
    assert!(w.settle(claim, &next(State::Deferred, w.now())).await);
    let withdrawn = w.withdraw_and_tell("hello").await;
    assert_eq!(withdrawn.mails, 1, "it is tried no more");
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!(w.mailed(started.id).await, ["ann"]);
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
