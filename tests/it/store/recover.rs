//! After a crash: rows of dead daemons come back, rows of living ones do not.

use std::time::Duration;

use bulletin::config::OnInDoubt::{Hold, Resend};
use bulletin::db::owner::{Owner, alive};
use bulletin::delivery::State;
use bulletin::delivery::hours::Hours;
use bulletin::delivery::recover::Living::{Judged, Spared};
use bulletin::delivery::recover::recover;
use bulletin::delivery::store::{Taker, cancel, claim, renew};

use super::people::NOBODY;
use super::settle::next;
use super::{World, on_both};

on_both!(
    rows_of_a_dead_daemon_are_queued_again_and_the_doubt_is_kept,
    under_hold_only_what_was_handed_over_waits_for_a_person,
    what_a_daemon_under_resend_left_is_in_doubt_under_hold_too,
    a_mark_ends_with_its_claim,
    rows_of_a_living_daemon_are_left_alone,
    a_lease_that_is_kept_up_outlasts_any_wait,
    a_lease_that_nobody_keeps_up_ends,
    what_was_taken_back_can_no_longer_be_settled,
    a_daemon_says_that_it_lives_and_that_it_left,
);

impl World {
    pub(crate) async fn owner(&self) -> Owner {
        Owner::claim(&self.db, self.now()).await.unwrap()
    }

    async fn announced(&self, people: usize) {
        self.readers(people, "news").await;
        self.post("hello", "announcement").await;
        self.announce("hello").await;
    }

    async fn told(&self) -> Vec<String> {
        self.raw
            .words(
                "SELECT d.state || ' ' || d.attempts || ' ' || COALESCE(d.next_at, 0) || ' ' || a.outcome \
                 FROM delivery d LEFT JOIN attempt a ON a.delivery_id = d.id ORDER BY d.id",
            )
            .await
    }
}

async fn rows_of_a_dead_daemon_are_queued_again_and_the_doubt_is_kept(w: &World) {
    w.announced(2).await;
    w.take(NOBODY, 9).await;
    let owner = w.owner().await;
    w.pass(5);
    assert_eq!(recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap(), 2);
    let row = format!("queued 1 {} in_doubt", w.now());
    let row = row.replace(&w.now().to_string(), &w.now().0.to_string());
    assert_eq!(w.told().await, [row.clone(), row]);
    assert_eq!(w.take(owner.id, 9).await.len(), 2);
    assert_eq!(recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap(), 0);
}

async fn a_lease_that_is_kept_up_outlasts_any_wait(w: &World) {
    w.announced(1).await;
    let owner = w.owner().await;
    let taken = w.take(owner.id, 9).await;
    let ids = [taken[0].claim().id];
    for _ in 0..3 {
        w.pass(20 * 60);
        let mut write = w.write().await;
        let until = w.now().plus(Duration::from_mins(30));
        renew(&mut write, owner.id, &ids, until).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(recover(&w.db, &owner, Hold, Judged, w.now()).await.unwrap(), 0);
    }
}

async fn a_lease_that_nobody_keeps_up_ends(w: &World) {
    w.announced(1).await;
    let owner = w.owner().await;
    w.take(owner.id, 9).await;
    w.pass(3600);
    assert_eq!(
        recover(&w.db, &owner, Resend, Spared, w.now()).await.unwrap(),
        0,
        "the clock jumped"
    );
    assert_eq!(recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap(), 1);
}

async fn under_hold_only_what_was_handed_over_waits_for_a_person(w: &World) {
    w.announced(2).await;
    let taken = w.take(NOBODY, 9).await;
    let [handed, kept] = [0, 1].map(|row| *taken[row].claim());
    w.mark(NOBODY + 1, kept).await;
    w.mark(NOBODY, handed).await;
    let owner = w.owner().await;
    assert_eq!(recover(&w.db, &owner, Hold, Judged, w.now()).await.unwrap(), 2);
    let states = w.raw.words("SELECT state || ' ' || attempts FROM delivery ORDER BY id").await;
    assert_eq!(states, ["in_doubt 1", "queued 0"], "the other was somebody else's to mark");
    let doubts = "SELECT delivery_id FROM attempt WHERE outcome = 'in_doubt'";
    assert_eq!(w.raw.number(doubts).await, handed.id.0, "and one attempt is told");
    let again = w.take(owner.id, 9).await;
    assert_eq!(again.len(), 1);
    let accepted = next(State::Accepted, w.now());
    assert!(w.settle(*again[0].claim(), &accepted).await);
    assert_eq!(w.finish().await.len(), 1, "only held rows are left");
    assert_eq!(w.raw.number("SELECT count(*) FROM ledger").await, 2);
}

/// What was claimed under `resend` may have been handed over, and nobody knows.
async fn what_a_daemon_under_resend_left_is_in_doubt_under_hold_too(w: &World) {
    w.announced(1).await;
    w.take_under(NOBODY, 9, Resend).await;
    let owner = w.owner().await;
    assert_eq!(recover(&w.db, &owner, Hold, Judged, w.now()).await.unwrap(), 1);
    let campaign = bulletin::id::CampaignId(w.raw.number("SELECT id FROM campaign").await);
    let mut write = w.write().await;
    cancel(&mut write, campaign, None, w.now()).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(w.raw.number("SELECT count(*) FROM ledger").await, 1, "they may have it");
}

/// A mark belongs to one claim: what came back untried has none.
async fn a_mark_ends_with_its_claim(w: &World) {
    w.announced(1).await;
    let claim = w.take_one().await;
    w.mark(NOBODY, claim).await;
    assert!(w.settle(claim, &next(State::Queued, w.now())).await);
    w.take_one().await;
    let owner = w.owner().await;
    recover(&w.db, &owner, Hold, Judged, w.now()).await.unwrap();
    let states = w.raw.words("SELECT state FROM delivery").await;
    assert_eq!(states, ["queued"]);
}

async fn rows_of_a_living_daemon_are_left_alone(w: &World) {
    w.announced(2).await;
    let owner = w.owner().await;
    w.take(owner.id, 1).await;
    w.take(NOBODY, 1).await;
    assert_eq!(recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap(), 1);
    let mine = "SELECT count(*) FROM delivery WHERE state = 'sending'";
    assert_eq!(w.raw.number(mine).await, 1);
}

async fn what_was_taken_back_can_no_longer_be_settled(w: &World) {
    w.announced(1).await;
    let late = w.take_one().await;
    let owner = w.owner().await;
    recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap();
    let accepted = next(State::Accepted, w.now());
    assert!(!w.settle(late, &accepted).await);
    let again = w.take_one().await;
    assert!(!w.settle(late, &accepted).await);
    assert!(w.settle(again, &accepted).await);
}

async fn a_daemon_says_that_it_lives_and_that_it_left(w: &World) {
    let alive = async || alive(&w.db, w.now()).await.unwrap();
    assert_eq!(alive().await, None);
    let owner = w.owner().await;
    let since = w.now();
    assert_eq!(alive().await, Some(since));
    w.pass(31);
    assert_eq!(alive().await, None);
    owner.beat(&w.db, w.now()).await.unwrap();
    assert_eq!(alive().await, Some(since));
    owner.leave(&w.db, w.now()).await.unwrap();
    assert_eq!(alive().await, None);
}

#[tokio::test]
async fn a_second_daemon_is_told_who_holds_the_file_on_sqlite() {
    let w = World::on_sqlite().await;
    let first = w.owner().await;
    let refused = Owner::claim(&w.db, w.now()).await.unwrap_err().to_string();
    let process = format!("process {}", std::process::id());
    assert!(refused.contains(&process), "{refused}");
    drop(first);
    w.owner().await;
}

#[tokio::test]
async fn two_daemons_live_side_by_side_on_postgres() {
    let w = World::on_postgres().await;
    let (one, other) = (w.owner().await, w.owner().await);
    w.announced(2).await;
    w.take(one.id, 1).await;
    w.take(other.id, 1).await;
    for owner in [&one, &other] {
        assert_eq!(recover(&w.db, owner, Resend, Judged, w.now()).await.unwrap(), 0);
    }
}

/// Stopped or cut off, it says nothing to the server and still has its session. Whoever works on the
/// rows waits for as long as their lock is held.
#[tokio::test]
async fn what_a_daemon_holds_that_stands_still_within_a_transaction_is_free_again_on_postgres() {
    let w = World::on_postgres().await;
    w.announced(2).await;
    let mut stands_still = w.write().await;
    let taker = Taker {
        owner: NOBODY,
        lease_until: w.now(),
        limit: 9,
        marks: true,
        message_domains: &w.config.message_domains(),
        hours: &Hours::of(&w.config.site),
    };
    assert_eq!(claim(&mut stands_still, taker, w.now()).await.unwrap().len(), 2);
    assert!(w.take(NOBODY + 1, 9).await.is_empty());
    let freed = w.raw.run("UPDATE delivery SET reason = reason");
    tokio::time::timeout(Duration::from_mins(1), freed).await.expect("not for ever").unwrap();
    assert_eq!(w.take(NOBODY + 1, 9).await.len(), 2);
    assert!(stands_still.commit().await.is_err(), "its session has ended");
}
