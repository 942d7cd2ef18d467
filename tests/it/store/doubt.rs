//! A mail whose final dot was sent counts as had, however its delivery ends (promise 2).

use bulletin::delivery::State;
use bulletin::delivery::store::{Attempt, append, cancel, release_ledger};
use bulletin::id::DeliveryId;

use super::settle::next;
use super::{World, on_both};

on_both!(
    after_a_doubt_the_ledger_is_not_released,
    after_a_doubt_cancelling_keeps_the_ledger,
    without_a_final_dot_the_ledger_is_released,
);

/// A delivery to ann that was tried once.
async fn tried(w: &World, outcome: &'static str, stage: &str) -> DeliveryId {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let claim = w.take_one().await;
    let mut write = w.write().await;
    let attempt = Attempt {
        delivery: claim.id,
        at: w.now(),
        relay: "main",
        outcome,
        stage: stage.to_owned(),
        code: None,
        enhanced: None,
        text: "what happened",
        bearing: None,
        duration_ms: 1,
    };
    append(&mut write, &attempt).await.unwrap();
    write.commit().await.unwrap();
    assert!(w.settle(claim, &next(State::Deferred, w.now())).await);
    claim.id
}

async fn release(w: &World, id: DeliveryId) -> i64 {
    let mut write = w.write().await;
    release_ledger(&mut write, id).await.unwrap();
    write.commit().await.unwrap();
    w.raw.number("SELECT count(*) FROM ledger").await
}

async fn after_a_doubt_the_ledger_is_not_released(w: &World) {
    let id = tried(w, "in_doubt", "dot").await;
    // the second try is refused, the person has left, or it has expired: all release
    assert_eq!(release(w, id).await, 1);
}

async fn after_a_doubt_cancelling_keeps_the_ledger(w: &World) {
    tried(w, "in_doubt", "unknown").await;
    let campaign = bulletin::id::CampaignId(w.raw.number("SELECT id FROM campaign").await);
    let mut write = w.write().await;
    assert_eq!(cancel(&mut write, campaign, None, w.now()).await.unwrap(), 1);
    write.commit().await.unwrap();
    assert_eq!(w.raw.number("SELECT count(*) FROM ledger").await, 1);
    assert!(w.queue("hello").await.nobody_left);
}

async fn without_a_final_dot_the_ledger_is_released(w: &World) {
    let id = tried(w, "deferred", "rcpt").await;
    assert_eq!(release(w, id).await, 0);
}
