//! Who would get it, and why somebody would not; the life of a campaign up to its due time.

use bulletin::audience::State::{Paused, Pending};
use bulletin::campaign::Order;
use bulletin::campaign::State;
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::{Queued, queue};
use bulletin::post::add::{add, named};
use bulletin::post::lint::store::{Allowance, allow, allowed, allowed_in};

use super::people::{address, request, source};
use super::{World, on_both};

on_both!(
    a_forecast_says_of_everybody_why_or_why_not,
    the_reason_that_outranks_the_others_is_told,
    a_reader_of_two_lists_counts_once,
    a_dry_run_queues_nothing,
    when_nobody_is_left_nothing_is_queued,
    a_change_of_state_is_made_by_one_of_two,
    what_was_edited_since_it_was_looked_over_is_not_queued,
    what_was_let_go_is_kept_once_for_its_content,
);

fn excluded(queued: &Queued, reason: &str) -> i64 {
    queued.forecast.excluded.get(reason).copied().unwrap_or(0)
}

/// One person of each sort on the list `news`.
async fn one_of_each(w: &World) {
    w.reader("received", "news", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.reader("in", "news", "immediate").await;
    w.reader("digest", "news", "weekly").await;
    w.reader("left", "news", "immediate").await;
    w.leave("left").await;
    for (name, state) in [("pending", Pending), ("paused", Paused)] {
        w.add(&request(&address(name), "news", "immediate", state)).await;
    }
    w.reader("suppressed", "news", "immediate").await;
    w.suppress("suppressed").await;
    w.reader("elsewhere", "reports", "immediate").await;
}

async fn a_forecast_says_of_everybody_why_or_why_not(w: &World) {
    one_of_each(w).await;
    let queued = w.queue("hello").await;
    assert_eq!(queued.forecast.audience, 1);
    for reason in ["already_received", "digest", "unsubscribed", "pending", "paused", "suppressed"]
    {
        assert_eq!(excluded(&queued, reason), 1, "{reason}: {:?}", queued.forecast);
    }
    assert_eq!(queued.forecast.excluded.len(), 6);
    let started = w.freeze().await;
    assert_eq!(started[0].audience, 1, "what was forecast is frozen");
    assert_eq!(w.mailed(queued.id).await, ["in"]);
}

async fn the_reason_that_outranks_the_others_is_told(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.reader("ann", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    let both = async || w.order("hello", &["news", "reports"], true).await.forecast;
    assert_eq!(both().await.audience, 1, "at once outranks the digest");
    w.suppress("ann").await;
    assert_eq!(both().await.audience, 0);
    assert_eq!(both().await.excluded["suppressed"], 1);
}

async fn a_reader_of_two_lists_counts_once(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("ann", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    let queued = w.order("hello", &["reports", "news", "reports"], false).await;
    assert_eq!(queued.forecast.audience, 1);
    assert_eq!(w.freeze().await[0].audience, 1);
    let pieces = w.raw.words("SELECT list FROM rendition_post").await;
    assert_eq!(pieces, ["reports"], "it carries the first list named");
}

async fn a_dry_run_queues_nothing(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let before = w.everything().await;
    let queued = w.order("hello", &[], true).await;
    assert_eq!((queued.forecast.audience, queued.nobody_left), (1, false));
    assert_eq!(w.everything().await, before);
}

async fn when_nobody_is_left_nothing_is_queued(w: &World) {
    w.post("hello", "announcement").await;
    let first = w.queue("hello").await;
    assert!(!first.nobody_left, "the first fills the archive");
    assert_eq!(w.freeze().await[0].audience, 0);
    let before = w.everything().await;
    assert!(w.queue("hello").await.nobody_left);
    assert_eq!(w.everything().await, before);
    w.reader("ann", "news", "weekly").await;
    let queued = w.queue("hello").await;
    assert!(!queued.nobody_left, "a digest reader is somebody");
}

async fn a_change_of_state_is_made_by_one_of_two(w: &World) {
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    let (from, to) = (State::Scheduled, State::Cancelled);
    assert!(w.move_campaign(id, from, to).await);
    let first = w.campaign(id).await.finished_at;
    assert_eq!(first, Some(w.now()));
    w.pass(60);
    assert!(!w.move_campaign(id, from, to).await);
    assert_eq!(w.campaign(id).await.finished_at, first);
}

async fn what_was_edited_since_it_was_looked_over_is_not_queued(w: &World) {
    w.post("hello", "announcement").await;
    let order = |version| Order {
        version: Some(version),
        post: "hello".to_owned(),
        lists: Vec::new(),
        due_at: w.now(),
        local_time: false,
        expires_at: w.now().plus(std::time::Duration::from_hours(1)),
        by: Actor::machine(),
    };
    add(&w.db, &source("hello", "announcement", "urgent: true\n", &[]), w.now()).await.unwrap();
    let refused = queue(&w.db, &w.config, &order(1), false, w.now()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the post \"hello\" was edited just now; queue it again to look over what is new"
    );
    queue(&w.db, &w.config, &order(2), false, w.now()).await.unwrap();
}

async fn what_was_let_go_is_kept_once_for_its_content(w: &World) {
    w.post("hello", "announcement").await;
    let stored = named(&w.db, "hello").await.unwrap();
    let allowance = |reason: &str| Allowance {
        rule: "contrast".to_owned(),
        reason: reason.to_owned(),
        allowed_by: "ann".to_owned(),
        allowed_at: w.now(),
    };
    let mut write = w.write().await;
    for (hash, reason) in
        [(&stored.hash, "a"), (&stored.hash, "a"), (&stored.hash, "b"), (&"other".to_owned(), "c")]
    {
        allow(&mut write, "hello", hash, &allowance(reason)).await.unwrap();
    }
    write.commit().await.unwrap();
    let mut read = w.db.read().await.unwrap();
    let both = [allowance("a"), allowance("b")];
    assert_eq!(allowed(&mut read, "hello", &stored.hash).await.unwrap(), both);
    assert_eq!(allowed_in(&mut read, stored.id, 1).await.unwrap(), both);
    assert_eq!(allowed(&mut read, "hello", "none").await.unwrap(), []);
}
