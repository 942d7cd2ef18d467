//! What should have gone out long ago, while no daemon ran, waits for a person.

use bulletin::campaign::action::Actor;
use bulletin::campaign::store::skipped;
use bulletin::campaign::{State, digest};
use bulletin::config::CatchUp;
use bulletin::delivery::withdrawal::withdraw;
use bulletin::id::CampaignId;
use bulletin::post::store::newest;

use super::digest::{TO_MONDAY, WEEK};
use super::settle::{claims, next};
use super::{World, on_both};

on_both!(
    what_is_overdue_waits_for_a_person_and_goes_out_once_they_say_so,
    what_is_late_by_less_goes_out,
    who_approves_or_resumes_it_late_has_been_asked,
    what_was_resumed_before_its_time_is_late_by_its_time,
    that_something_is_cancelled_is_never_too_late,
    a_digest_that_does_not_catch_up_leaves_out_what_it_missed_and_brings_it_with_the_next,
    a_digest_that_is_a_little_late_is_not_left_out,
    a_digest_is_not_left_out_twice_where_a_daemon_runs_at_other_hours,
);

const HOUR: u64 = 3600;
/// As the configuration says when it says nothing.
const STALE: u64 = 6 * HOUR;

impl World {
    async fn queued(&self) -> CampaignId {
        self.reader("ann", "news", "immediate").await;
        self.post("hello", "announcement").await;
        self.queue("hello").await.id
    }

    /// Nothing begins, and the campaign waits.
    async fn waits(&self, id: CampaignId) {
        assert_eq!(self.freeze().await, []);
        assert_eq!(self.campaign(id).await.state, State::Paused);
    }
}

async fn what_is_overdue_waits_for_a_person_and_goes_out_once_they_say_so(w: &World) {
    let id = w.queued().await;
    w.pass(STALE + 1);
    w.waits(id).await;
    let reason = w.campaign(id).await.reason.unwrap();
    assert_eq!(
        reason,
        "it was due on Wednesday 15 April 2026, 10:00, and nothing could go out then; see whether it is \
         still right"
    );
    assert_eq!(w.raw.number("SELECT count(*) FROM publication").await, 0, "nobody was told");
    assert_eq!(w.resume(id).await.unwrap().state, State::Scheduled);
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!((started.id, started.audience), (id, 1));
}

async fn what_is_late_by_less_goes_out(w: &World) {
    w.queued().await;
    w.pass(STALE);
    assert_eq!(w.freeze().await.len(), 1);
}

async fn who_approves_or_resumes_it_late_has_been_asked(w: &World) {
    let id = w.queued().await;
    assert!(w.move_campaign(id, State::Scheduled, State::AwaitingApproval).await);
    w.pass(2 * STALE);
    assert!(w.move_campaign(id, State::AwaitingApproval, State::Scheduled).await);
    w.pass(STALE);
    assert_eq!(w.freeze().await.len(), 1, "late by less, from then on");
}

async fn what_was_resumed_before_its_time_is_late_by_its_time(w: &World) {
    let id = w.queued().await;
    let ten_hours = format!("UPDATE campaign SET due_at = due_at + {}", 10 * HOUR * 1000);
    w.raw.run(&ten_hours).await.unwrap();
    assert!(w.move_campaign(id, State::Scheduled, State::Paused).await);
    assert_eq!(w.resume(id).await.unwrap().state, State::Scheduled);
    w.pass(10 * HOUR + STALE);
    assert_eq!(w.freeze().await.len(), 1);
}

async fn that_something_is_cancelled_is_never_too_late(w: &World) {
    w.queued().await;
    assert_eq!(w.freeze().await.len(), 1);
    let [claim] = claims(w).await.try_into().unwrap();
    assert!(w.settle(claim, &next(bulletin::delivery::State::Accepted, w.now())).await);
    let stored = newest(&mut w.db.read().await.unwrap(), "hello").await.unwrap().unwrap();
    withdraw(&w.db, &w.config, &stored, true, &Actor::machine(), w.now()).await.unwrap();
    w.pass(4 * STALE);
    let [started] = w.freeze().await.try_into().unwrap();
    assert_eq!(started.audience, 1);
}

/// The weekly digest leaves out what it missed.
async fn plan_due(w: &World) -> Vec<String> {
    let mut config = w.config.as_ref().clone();
    config.digest.get_mut("weekly").unwrap().catch_up = CatchUp::Skip;
    let mut piles = Vec::new();
    for edition in digest::plan_due(&w.db, &config, w.now()).await.unwrap() {
        piles.extend(w.piles(&edition).await);
    }
    piles
}

async fn left_out(w: &World) -> Vec<String> {
    let all = skipped(&mut w.db.read().await.unwrap()).await.unwrap();
    all.into_iter()
        .map(|(name, at)| format!("{name} {}", at.rfc3339(w.config.site.timezone)))
        .collect()
}

const NOTHING: [&str; 0] = [];

async fn a_digest_that_does_not_catch_up_leaves_out_what_it_missed_and_brings_it_with_the_next(
    w: &World,
) {
    w.reader("ann", "news", "weekly").await;
    assert_eq!(plan_due(w).await, NOTHING);
    w.news("one", "announcement").await;
    w.pass(TO_MONDAY + STALE + 1);
    assert_eq!(plan_due(w).await, NOTHING);
    assert_eq!(left_out(w).await, ["weekly 2026-04-20T08:00:00+01:00"]);
    w.pass(WEEK - STALE);
    assert_eq!(plan_due(w).await, ["ann: one.1"]);
    assert_eq!(left_out(w).await, NOTHING, "it has been made up for");
    w.news("two", "announcement").await;
    w.pass(WEEK + STALE + 1);
    assert_eq!(plan_due(w).await, NOTHING);
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: two.1"], "a person runs it");
    assert_eq!(left_out(w).await, NOTHING);
}

async fn a_digest_is_not_left_out_twice_where_a_daemon_runs_at_other_hours(w: &World) {
    w.reader("ann", "news", "weekly").await;
    assert_eq!(plan_due(w).await, NOTHING);
    w.news("one", "announcement").await;
    w.pass(TO_MONDAY + 2 * STALE);
    assert_eq!(plan_due(w).await, NOTHING);
    w.pass(WEEK);
    assert_eq!(plan_due(w).await, ["ann: one.1"]);
}

async fn a_digest_that_is_a_little_late_is_not_left_out(w: &World) {
    w.reader("ann", "news", "weekly").await;
    assert_eq!(plan_due(w).await, NOTHING);
    w.news("one", "announcement").await;
    w.pass(TO_MONDAY + STALE);
    assert_eq!(plan_due(w).await, ["ann: one.1"]);
}
