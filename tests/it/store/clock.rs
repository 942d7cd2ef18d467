//! The machine's clock is set back, leaps ahead, or stands still while the machine sleeps: nothing comes
//! twice, and nothing is lost.

use bulletin::config::Config;
use bulletin::config::OnInDoubt::Resend;
use bulletin::delivery::recover::Living::{Judged, Spared};
use bulletin::delivery::recover::recover;
use bulletin::transport::memory::Outbox;

use super::digest::{TO_MONDAY, WEEK};
use super::people::NOBODY;
use super::{World, on_both};

on_both!(
    a_clock_set_back_an_hour_fires_no_digest_twice,
    a_clock_that_leaps_a_day_fires_each_digest_once,
    a_day_that_the_clock_shows_again_fires_nothing_again,
    a_machine_that_slept_for_weeks_fires_each_digest_once,
    a_digest_that_a_clock_years_ahead_has_fired_goes_on_when_it_is_put_right,
    a_campaign_begins_once_although_its_time_is_shown_twice,
    what_waited_when_the_clock_was_set_back_goes_out_once,
    no_lease_is_judged_by_a_clock_that_was_set_back,
);

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// From the clock's Wednesday at ten to Thursday at seven.
const TO_THURSDAY: u64 = 21 * HOUR;

impl World {
    /// Someone who reads the weekly digest and someone who reads the daily one, on an ordinary Wednesday.
    async fn two_digests(&self) {
        self.reader("ann", "news", "weekly").await;
        self.reader("ben", "news", "daily").await;
        assert_eq!(self.plan_due().await, []);
        self.news("one", "announcement").await;
    }

    /// What is planned while so many minutes pass, looked at every five: `ann: one.1`.
    async fn planned_within(&self, minutes: u64) -> Vec<String> {
        let mut piles = Vec::new();
        for _ in 0..minutes / 5 {
            self.pass(5 * MINUTE);
            piles.extend(self.planned().await);
        }
        piles
    }

    async fn planned(&self) -> Vec<String> {
        let mut piles = Vec::new();
        for edition in self.plan_due().await {
            piles.extend(self.piles(&edition).await);
        }
        piles
    }
}

async fn a_clock_set_back_an_hour_fires_no_digest_twice(w: &World) {
    w.two_digests().await;
    w.pass(TO_MONDAY);
    assert_eq!(w.planned().await, ["ben: one.1", "ann: one.1"], "Monday at eight");
    w.news("two", "announcement").await;
    // twenty past eight, and then twenty past seven again
    w.pass(20 * MINUTE);
    w.set_back(HOUR);
    let none: [&str; 0] = [];
    assert_eq!(w.planned_within(120).await, none, "eight o'clock came again");
    w.pass(23 * HOUR);
    assert_eq!(w.planned().await, ["ben: two.1"], "on Tuesday");
    w.pass(WEEK - DAY);
    assert_eq!(w.planned().await, ["ann: two.1"], "and on Monday");
}

async fn a_clock_that_leaps_a_day_fires_each_digest_once(w: &World) {
    w.two_digests().await;
    // from Sunday at eight to Monday at eight: both have fired in between
    w.pass(TO_MONDAY - DAY);
    assert_eq!(w.planned().await, ["ben: one.1"]);
    w.news("two", "announcement").await;
    w.pass(DAY);
    assert_eq!(w.planned().await, ["ben: two.1", "ann: one.1 two.1"]);
    w.news("three", "announcement").await;
    let none: [&str; 0] = [];
    assert_eq!(w.planned_within(60).await, none);
}

/// Whoever had the edition of the day ahead has it; the next one brings what came since.
async fn a_day_that_the_clock_shows_again_fires_nothing_again(w: &World) {
    w.two_digests().await;
    w.pass(DAY);
    assert_eq!(w.planned().await, ["ben: one.1"], "it is Thursday, says the clock");
    w.set_back(DAY);
    w.news("two", "announcement").await;
    let none: [&str; 0] = [];
    assert_eq!(w.planned_within(24 * 60).await, none, "Thursday comes for good");
    assert_eq!(w.planned_within(24 * 60).await, ["ben: two.1"], "on Friday");
}

async fn a_machine_that_slept_for_weeks_fires_each_digest_once(w: &World) {
    w.two_digests().await;
    w.pass(TO_MONDAY + 2 * WEEK + HOUR);
    assert_eq!(w.planned().await, ["ben: one.1", "ann: one.1"]);
    w.news("two", "announcement").await;
    let none: [&str; 0] = [];
    assert_eq!(w.planned_within(120).await, none);
    w.pass(WEEK - 3 * HOUR);
    assert_eq!(w.planned().await, ["ben: two.1", "ann: two.1"]);
}

async fn a_digest_that_a_clock_years_ahead_has_fired_goes_on_when_it_is_put_right(w: &World) {
    w.two_digests().await;
    w.pass(520 * WEEK);
    assert_eq!(w.planned().await, ["ben: one.1", "ann: one.1"]);
    w.set_back(520 * WEEK);
    w.news("two", "announcement").await;
    let none: [&str; 0] = [];
    assert_eq!(w.planned().await, none, "nothing is due on Wednesday at ten");
    w.pass(TO_THURSDAY);
    assert_eq!(w.planned().await, ["ben: two.1"]);
    w.pass(TO_MONDAY - TO_THURSDAY);
    assert_eq!(w.planned().await, ["ann: two.1"]);
}

async fn a_campaign_begins_once_although_its_time_is_shown_twice(w: &World) {
    w.readers(3, "news").await;
    w.post("hello", "announcement").await;
    w.queue("hello").await;
    assert_eq!(w.freeze().await.len(), 1);
    w.set_back(HOUR);
    for _ in 0..4 {
        w.pass(20 * MINUTE);
        assert_eq!(w.freeze().await, []);
    }
    assert_eq!(w.raw.number("SELECT count(*) FROM delivery").await, 3);
}

/// What is due by a clock that was set back waits until that clock comes there again.
async fn what_waited_when_the_clock_was_set_back_goes_out_once(w: &World) {
    w.readers(3, "news").await;
    w.news("hello", "announcement").await;
    let (outbox, owner) = (Outbox::new(), w.owner().await);
    let engine = w.engine(Config::clone(&w.config), &outbox, &owner).await;
    w.set_back(HOUR);
    w.quiet(&engine).await;
    w.pass(HOUR);
    w.quiet(&engine).await;
    assert_eq!(outbox.messages().len(), 3, "nobody is lost");
    w.set_back(HOUR);
    w.quiet(&engine).await;
    w.pass(2 * HOUR);
    w.quiet(&engine).await;
    engine.stop().await;
    assert_eq!(outbox.messages().len(), 3, "and nobody has it twice");
    assert_eq!(w.finish().await.len(), 1);
}

/// A daemon that died is known by its lock, whatever the clock says; one that lives is spared.
async fn no_lease_is_judged_by_a_clock_that_was_set_back(w: &World) {
    w.readers(2, "news").await;
    w.news("hello", "announcement").await;
    let owner = w.owner().await;
    assert_eq!(w.take(owner.id, 1).await.len(), 1);
    assert_eq!(w.take(NOBODY, 1).await.len(), 1);
    w.set_back(HOUR);
    assert_eq!(recover(&w.db, &owner, Resend, Judged, w.now()).await.unwrap(), 1);
    let mine = format!("SELECT count(*) FROM delivery WHERE owner = {}", owner.id);
    assert_eq!(w.raw.number(&mine).await, 1);
    // and what is queued again by that clock is due by it
    assert_eq!(w.take(owner.id, 9).await.len(), 1);
    w.pass(2 * DAY);
    assert_eq!(recover(&w.db, &owner, Resend, Spared, w.now()).await.unwrap(), 0);
}
