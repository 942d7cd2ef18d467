//! When it is time: each step once, none that had passed, also when daemons die, stand still or are two.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bulletin::campaign::freeze::Started;
use bulletin::campaign::reminder::{lay_all, plan_due};
use bulletin::config::{Config, Kind};
use bulletin::db::Db;

use super::super::{World, on_both};
use super::{EVE, FORTNIGHT, STARTS, meeting, to_come};

on_both!(
    a_step_that_had_passed_when_the_notice_was_announced_is_never_made_up,
    after_downtime_over_both_steps_only_the_latest_goes_out,
    of_two_steps_that_are_due_at_once_only_the_latest_ever_goes_out,
    a_step_that_is_more_than_a_day_late_is_passed_over,
    nobody_is_reminded_of_a_meeting_that_has_begun,
    a_clock_that_ran_ahead_uses_up_no_step,
    of_two_daemons_one_sends_it,
    a_plan_that_dies_at_any_moment_left_all_of_it_or_nothing,
    a_day_before_is_the_same_hour_also_when_the_clocks_change,
    a_ladder_of_the_configuration_counts_from_when_it_is_there,
    a_notice_without_a_ladder_sends_nothing_by_itself,
    a_step_is_fired_whenever_it_has_a_campaign,
);

async fn a_step_that_had_passed_when_the_notice_was_announced_is_never_made_up(w: &World) {
    w.go_to("2026-04-17T14:00:01+01:00");
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    assert_eq!(w.remind().await, []);
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
    w.go_to(EVE);
    assert_eq!(w.remind().await.len(), 1);
    assert_eq!(w.count_reminders().await, 1);
}

async fn after_downtime_over_both_steps_only_the_latest_goes_out(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to("2026-05-01T13:00:00+01:00");
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]), "as it will be done");
    // a daemon that starts lays all ladders first
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    let id = w.reminded().await;
    assert_eq!(w.mailed(id).await, ["ann"]);
    let fired = "SELECT step || ' ' || coalesce(campaign_id, 0) FROM reminder ORDER BY due_at";
    assert_eq!(w.raw.words(fired).await, ["14d 0".to_owned(), format!("1d {id}")]);
    assert_eq!(w.remind().await, []);
}

async fn of_two_steps_that_are_due_at_once_only_the_latest_ever_goes_out(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, ", reminders: [3h, 2h]")).await;
    w.hand_over().await;
    w.go_to("2026-05-01T13:00:00+01:00");
    assert_eq!(w.steps_to_come().await, to_come([("next 2h", "2026-05-01T12:00:00+01:00")]));
    w.reminded().await;
    assert_eq!(w.remind().await, []);
    assert_eq!(w.count_reminders().await, 1);
}

async fn a_step_that_is_more_than_a_day_late_is_passed_over(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, ", reminders: [14d, 10d, 1d]")).await;
    w.hand_over().await;
    w.go_to("2026-04-18T14:00:00+01:00");
    assert_eq!(w.steps_to_come().await[0].0, "next 14d", "it is a day late");
    w.reminded().await;
    w.hand_over().await;
    w.go_to("2026-04-22T14:00:01+01:00");
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
    assert_eq!(w.remind().await, []);
    assert_eq!(w.count_reminders().await, 1);
}

async fn nobody_is_reminded_of_a_meeting_that_has_begun(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(STARTS);
    assert_eq!(w.steps_to_come().await, [], "nor are they shown");
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    assert_eq!(w.remind().await, []);
    assert_eq!(w.count_reminders().await, 0);
    assert_eq!(w.steps_to_come().await, [], "they are passed over");
}

async fn a_clock_that_ran_ahead_uses_up_no_step(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    // by a clock that is three days ahead, 14 days before has long passed
    w.go_to("2026-04-18T14:00:01+01:00");
    assert_eq!(w.remind().await, []);
    w.set_back(3 * 24 * 3600);
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    assert_eq!(w.steps_to_come().await, to_come([("next 14d", FORTNIGHT), ("next 1d", EVE)]));
    w.go_to(FORTNIGHT);
    w.reminded().await;
    w.hand_over().await;
    // what was sent is not sent again, whatever the clock says
    w.set_back(3 * 24 * 3600);
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
}

async fn of_two_daemons_one_sends_it(w: &World) {
    w.readers(20, "news").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let other = Db::open(&w.url).await.unwrap();
    let (one, two) =
        tokio::join!(plan_due(&w.db, &w.config, w.now()), plan_due(&other, &w.config, w.now()));
    let all = [one.unwrap(), two.unwrap()].concat();
    let [Started { audience: 20, .. }] = all[..] else { panic!("one of them sends it: {all:?}") };
    assert_eq!(w.count_reminders().await, 1);
}

/// What comes of it, or nothing when it is dropped after so many polls.
async fn polled<F: Future>(future: F, mut polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn a_plan_that_dies_at_any_moment_left_all_of_it_or_nothing(w: &World) {
    w.readers(3, "news").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let parts = "SELECT (SELECT count(*) FROM campaign WHERE kind = 'reminder' AND audience = 3) * 1000 \
         + (SELECT count(*) FROM reminder WHERE campaign_id IS NOT NULL) * 100 \
         + (SELECT count(*) FROM ledger WHERE purpose = 'reminder:14d') * 10 \
         + (SELECT count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign_id WHERE c.kind = 'reminder')";
    let (all, mut deaths) = (1133, 0);
    loop {
        let planned = polled(plan_due(&w.db, &w.config, w.now()), deaths).await;
        let left = w.raw.number(parts).await;
        assert!(left == 0 || left == all, "{left} after {deaths}");
        if planned.is_some() || left == all {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "it died {deaths} times");
    assert_eq!(w.raw.number(parts).await, all);
    assert_eq!(w.remind().await, []);
}

async fn a_day_before_is_the_same_hour_also_when_the_clocks_change(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.notice(&meeting("2026-10-26", 14, ", reminders: [14d, 36h, 1d]")).await;
    let expected = [
        ("next 14d", "2026-10-12T14:00:00+01:00"),
        ("next 36h", "2026-10-25T02:00:00+00:00"),
        ("next 1d", "2026-10-25T14:00:00+00:00"),
    ];
    assert_eq!(w.steps_to_come().await, to_come(expected));
}

async fn a_ladder_of_the_configuration_counts_from_when_it_is_there(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, "")).await;
    w.post_with("quiet", "meeting-notice", &meeting("2026-05-01", 14, ", reminders: []")).await;
    w.announce("quiet").await;
    w.hand_over().await;
    w.go_to("2026-04-20T09:00:00+01:00");
    let mut config = Config::clone(&w.config);
    let ladder = ["14d", "1d"].map(|step| step.parse().unwrap());
    config.reminder.insert(Kind::MeetingNotice, ladder.into());
    lay_all(&w.db, &config, w.now()).await.unwrap();
    assert_eq!(w.remind().await, [], "14 days before has passed");
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
    // taken out again
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    assert_eq!(w.steps_to_come().await, []);
    lay_all(&w.db, &config, w.now()).await.unwrap();
    w.go_to(EVE);
    let [started] = plan_due(&w.db, &config, w.now()).await.unwrap().try_into().unwrap();
    assert_eq!(w.mailed(started.id).await, ["ann"]);
}

async fn a_notice_without_a_ladder_sends_nothing_by_itself(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, "")).await;
    w.hand_over().await;
    for time in [FORTNIGHT, EVE, STARTS] {
        w.go_to(time);
        assert_eq!(w.remind().await, []);
    }
    assert_eq!(w.raw.number("SELECT count(*) FROM reminder").await, 0);
}

async fn a_step_is_fired_whenever_it_has_a_campaign(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    let refused = async |sql: &str| w.raw.run(sql).await.unwrap_err();
    refused("UPDATE reminder SET campaign_id = 1").await;
    refused("UPDATE reminder SET due_at = starts_at").await;
    refused("UPDATE reminder SET post_id = 4711").await;
    refused("UPDATE reminder SET fired_at = 1, campaign_id = 1").await;
    w.raw.run("UPDATE reminder SET fired_at = 1, campaign_id = 1 WHERE step = '1d'").await.unwrap();
}
