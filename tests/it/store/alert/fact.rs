//! What the database says is broken, and what is merely busy.

use bulletin::delivery::State;

use super::{DAY, HOUR, MINUTE, QUARTER, Watched, with_canary};
use crate::store::people::NOBODY;
use crate::store::{World, on_both};

on_both!(
    what_is_merely_busy_is_not_told,
    a_relay_is_held_since_its_first_fault,
    an_urgent_post_that_reaches_nobody_is_told_without_a_readers_address,
    a_digest_that_was_not_made_is_told,
    a_canary_that_is_not_reached_is_told_until_it_is,
    a_canary_that_sleeps_is_not_missed_until_its_morning_has_come,
);

async fn what_is_merely_busy_is_not_told(w: &World) {
    let it = Watched::new(w);
    w.readers(3, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    for _ in 0..2 {
        w.pass(QUARTER - 1);
        it.look().await;
        it.try_one(State::Accepted, "accepted").await;
        it.look().await;
    }
    w.pass(QUARTER - 1);
    it.look().await;
    assert_eq!((it.alerts().await, it.mails().len()), (Vec::new(), 0));
    w.pass(1);
    it.look().await;
    assert_eq!(it.subjects(), ["mails are due and none goes out"]);
    it.try_one(State::Accepted, "accepted").await;
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0]);
}

async fn a_relay_is_held_since_its_first_fault(w: &World) {
    let it = Watched::new(w);
    let since = "SELECT coalesce(held_since, 0) FROM relay";
    it.relay("held").await;
    let first = w.now().0;
    for _ in 0..3 {
        w.pass(10 * MINUTE);
        it.relay("held").await;
        assert_eq!(w.raw.number(since).await, first);
    }
    it.look().await;
    assert_eq!(it.alerts().await, ["relay:main"]);
    it.relay("open").await;
    assert_eq!(w.raw.number(since).await, 0);
    it.relay("held").await;
    assert_eq!(w.raw.number(since).await, w.now().0);
}

async fn an_urgent_post_that_reaches_nobody_is_told_without_a_readers_address(w: &World) {
    let it = Watched::new(w);
    w.reader("ann", "news", "immediate").await;
    w.post_with("now", "announcement", "urgent: true\n").await;
    w.announce("now").await;
    it.try_one(State::Deferred, "deferred").await;
    w.pass(QUARTER - 1);
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0]);
    w.pass(1);
    it.look().await;
    assert_eq!(it.subjects(), ["nobody has got the urgent mailing “About now”"]);
    let mail = it.mails().pop().unwrap();
    let first = mail.text.lines().next().unwrap();
    assert!(first.starts_with("`bulletin campaign show 1`"), "{first}");
    assert!(!format!("{mail:?}").contains("ann"), "{mail:?}");
    w.raw.run("UPDATE delivery SET next_at = 0").await.unwrap();
    it.try_one(State::Accepted, "accepted").await;
    it.look().await;
    assert_eq!(it.subjects().pop().unwrap(), "over: nobody has got the urgent mailing “About now”");
}

async fn a_digest_that_was_not_made_is_told(w: &World) {
    let it = Watched::new(w);
    it.look().await;
    w.pass(5 * DAY);
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0], "one that is new begins with its next firing");
    w.plan_due().await;
    // 10:00 on a Monday
    w.pass(21 * HOUR + QUARTER - 1);
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0]);
    w.pass(1);
    it.look().await;
    assert_eq!(it.alerts().await, ["digest:daily"]);
    assert_eq!(it.subjects(), ["the digest daily is overdue"]);
    w.plan_due().await;
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0]);
    assert_eq!(it.mails().len(), 2);
}

async fn a_canary_that_is_not_reached_is_told_until_it_is(w: &World) {
    let it = with_canary(w);
    for name in ["ann", "ben"] {
        w.reader(name, "news", "immediate").await;
    }
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    for state in [State::Deferred, State::Accepted] {
        let outcome = if state == State::Accepted { "accepted" } else { "deferred" };
        it.try_one(state, outcome).await;
    }
    w.pass(QUARTER);
    it.look().await;
    assert_eq!(it.subjects(), ["the canary of the list News has not got “About hello”"]);
    assert!(!it.mails()[0].text.contains('@'), "{}", it.mails()[0].text);
    // a later mailing says whether it is mended, once it could have come
    w.post("more", "announcement").await;
    w.announce("more").await;
    for _ in 0..2 {
        it.try_one(State::Accepted, "accepted").await;
    }
    it.look().await;
    assert_eq!(it.alerts().await, ["canary:news"]);
    w.pass(QUARTER);
    it.look().await;
    assert_eq!((it.alerts().await.len(), it.mails().len()), (0, 2));
}

/// It is ten in the morning; the next round claims, and lets it sleep.
async fn a_canary_that_sleeps_is_not_missed_until_its_morning_has_come(w: &World) {
    let it = with_canary(w);
    w.reader("ann", "news", "immediate").await;
    w.has_hours("ann", "09:00-12:00").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    assert!(w.take(NOBODY, 1).await.is_empty());
    for passes in [QUARTER, 2 * HOUR - QUARTER, QUARTER - 1] {
        w.pass(passes);
        it.look().await;
        assert_eq!(it.alerts().await, [""; 0]);
    }
    w.pass(1);
    it.look().await;
    assert!(it.alerts().await.contains(&"canary:news".to_owned()));
}
