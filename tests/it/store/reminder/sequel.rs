//! A meeting that is moved, corrected or withdrawn: what no longer holds is not sent.

use std::time::Duration;

use bulletin::campaign::action::Actor;
use bulletin::campaign::reminder::{lay_all, plan_due};
use bulletin::campaign::store::{actions, change, take_turn};
use bulletin::campaign::{Action, State};
use bulletin::delivery::State as Delivery;
use bulletin::delivery::hours::Hours;
use bulletin::delivery::store::{Taken, last_look, sweep_cancelled};
use bulletin::delivery::withdrawal::withdraw;
use bulletin::id::CampaignId;
use bulletin::post::store::newest;

use super::super::people::NOBODY;
use super::super::settle::next;
use super::super::{World, on_both};
use super::{EVE, FORTNIGHT, LADDER, at, meeting, to_come};

on_both!(
    a_meeting_that_is_moved_is_reminded_of_anew,
    a_meeting_that_is_moved_by_hours_is_not_reminded_of_anew_by_what_was_sent,
    a_correction_that_leaves_the_time_sends_no_step_twice,
    a_reminder_under_way_is_stale_from_the_correction_on,
    a_withdrawn_meeting_is_reminded_of_no_more,
    a_meeting_that_is_withdrawn_in_silence_is_reminded_of_no_more,
    no_step_goes_while_a_correction_waits,
    no_step_goes_when_a_correction_is_queued_before_its_turn_comes,
    a_correction_that_nobody_let_go_in_time_holds_no_step,
    a_correction_that_is_called_off_leaves_the_sequence_that_calendars_have,
    whoever_is_still_to_get_the_correction_is_not_reminded_before,
);

async fn a_meeting_that_is_moved_is_reminded_of_anew(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let stale = w.reminded().await;
    // it waits; and the meeting is moved by a week
    w.correct_to(&meeting("2026-05-08", 15, LADDER)).await;
    assert_eq!(w.campaign(stale).await.state, State::Cancelled);
    let log = actions(&mut w.db.read().await.unwrap(), stale).await.unwrap();
    let ended = log.last().map(|it| (it.coordinator.as_str(), it.action, it.detail.as_deref()));
    let why = Some("a newer version was announced");
    assert_eq!(ended, Some((Actor::machine().name(), Action::Cancelled, why)));
    sweep_cancelled(&w.db, w.now()).await.unwrap();
    let states = format!("SELECT state FROM delivery WHERE campaign_id = {stale}");
    assert_eq!(w.raw.words(&states).await, ["cancelled"]);
    w.hand_over().await;
    let expected =
        [("next 14d", "2026-04-24T15:00:00+01:00"), ("next 1d", "2026-05-07T15:00:00+01:00")];
    assert_eq!(w.steps_to_come().await, to_come(expected));
    w.go_to("2026-04-24T15:00:00+01:00");
    let anew = w.reminded().await;
    assert_eq!(w.mailed(anew).await, ["ann"]);
    w.hand_over().await;
    assert_eq!(w.campaign(anew).await.version, Some(2));
    // moved back: what was done for that start is not done again
    w.correct_to(&meeting("2026-05-01", 14, LADDER)).await;
    w.hand_over().await;
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
    w.go_to(EVE);
    assert_eq!(w.mailed(w.reminded().await).await, ["ann"]);
}

async fn a_meeting_that_is_moved_by_hours_is_not_reminded_of_anew_by_what_was_sent(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    w.reminded().await;
    w.hand_over().await;
    // the fortnight before its new start is three hours ahead
    w.correct_to(&meeting("2026-05-01", 17, LADDER)).await;
    w.hand_over().await;
    let eve = ("next 1d", "2026-04-30T17:00:00+01:00");
    assert_eq!(w.steps_to_come().await, to_come([eve]));
    w.go_to("2026-04-17T17:00:00+01:00");
    assert_eq!(w.remind().await, []);
    // a day from what they were reminded of it is another meeting
    w.correct_to(&meeting("2026-05-02", 14, LADDER)).await;
    let expected =
        [("next 14d", "2026-04-18T14:00:00+01:00"), ("next 1d", "2026-05-01T14:00:00+01:00")];
    assert_eq!(w.steps_to_come().await, to_come(expected));
}

async fn a_correction_that_leaves_the_time_sends_no_step_twice(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    w.reminded().await;
    w.hand_over().await;
    w.correct_to(&format!("{}discreet_subject: News\n", meeting("2026-05-01", 14, LADDER))).await;
    w.hand_over().await;
    assert_eq!(w.remind().await, []);
    assert_eq!(w.steps_to_come().await, to_come([("next 1d", EVE)]));
    // and a step that is new to the ladder, and is past, is not made up
    w.correct_to(&meeting("2026-05-01", 14, ", reminders: [15d, 14d]")).await;
    w.hand_over().await;
    assert_eq!(w.remind().await, []);
    assert_eq!(w.steps_to_come().await, []);
}

async fn a_reminder_under_way_is_stale_from_the_correction_on(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    w.reminded().await;
    let taken = w.take(NOBODY, 100).await;
    let [Taken::Wanted(first), Taken::Wanted(_)] = &taken[..] else { panic!("both want it") };
    w.correct_to(&meeting("2026-05-08", 15, LADDER)).await;
    let read = &mut w.db.read().await.unwrap();
    let seen = last_look(read, w.db.words(), &Hours::of(&w.config.site), &[first.claim], w.now())
        .await
        .unwrap();
    assert_eq!(seen, [Some("corrected")]);
}

async fn a_withdrawn_meeting_is_reminded_of_no_more(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let id = w.reminded().await;
    let withdrawn = w.withdraw_and_tell("next").await;
    assert_eq!(withdrawn.mails, 1, "it was still to be sent");
    assert_eq!(w.campaign(id).await.state, State::Cancelled);
    assert_eq!(w.steps_to_come().await, []);
    w.go_to(EVE);
    assert_eq!(w.remind().await, []);
    assert_eq!(w.count_reminders().await, 1);
}

async fn a_meeting_that_is_withdrawn_in_silence_is_reminded_of_no_more(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    let stored = newest(&mut w.db.read().await.unwrap(), "next").await.unwrap().unwrap();
    withdraw(&w.db, &w.config, &stored, false, &Actor::machine(), w.now()).await.unwrap();
    assert_eq!(w.steps_to_come().await, []);
    lay_all(&w.db, &w.config, w.now()).await.unwrap();
    w.go_to(FORTNIGHT);
    assert_eq!(w.remind().await, []);
    assert_eq!(w.count_reminders().await, 0);
    assert_eq!(w.steps_to_come().await, []);
}

/// The meeting is to be moved by a week, and its readers are told only later.
async fn correction_in_waiting(w: &World) -> CampaignId {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.post_with("next", "meeting-notice", &meeting("2026-05-08", 15, LADDER)).await;
    let later = w.correct("next", at("2026-04-17T20:00:00+01:00")).await;
    w.go_to(FORTNIGHT);
    later
}

async fn no_step_goes_while_a_correction_waits(w: &World) {
    correction_in_waiting(w).await;
    assert_eq!(w.remind().await, [], "it would say what is known to be wrong");
    w.go_to("2026-04-17T20:00:00+01:00");
    w.freeze().await;
    assert_eq!(w.remind().await, []);
    let expected =
        [("next 14d", "2026-04-24T15:00:00+01:00"), ("next 1d", "2026-05-07T15:00:00+01:00")];
    assert_eq!(w.steps_to_come().await, to_come(expected));
}

/// It was due, and none was waiting, when the daemon looked.
async fn no_step_goes_when_a_correction_is_queued_before_its_turn_comes(w: &World) {
    let correction = correction_in_waiting(w).await;
    assert!(w.move_campaign(correction, State::Scheduled, State::Cancelled).await);
    let mut write = w.write().await;
    take_turn(&mut write).await.unwrap();
    change(&mut write, correction, State::Cancelled, State::Scheduled, None, w.now())
        .await
        .unwrap();
    let planned = plan_due(&w.db, &w.config, w.now());
    let committed = async {
        // long enough for the other to have looked, and to wait for its turn
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
        write.commit().await.unwrap();
    };
    let (planned, ()) = tokio::join!(planned, committed);
    assert_eq!(planned.unwrap(), []);
    assert!(w.move_campaign(correction, State::Scheduled, State::Cancelled).await);
    assert_eq!(w.remind().await.len(), 1, "the step was left as it is");
}

async fn a_correction_that_nobody_let_go_in_time_holds_no_step(w: &World) {
    let correction = correction_in_waiting(w).await;
    for state in ["awaiting_approval", "paused"] {
        let change = format!(
            "UPDATE campaign SET state = '{state}', due_at = {0}, expires_at = {0} + 1 WHERE id = {correction}",
            w.now().0
        );
        w.raw.run(&change).await.unwrap();
        assert_eq!(w.remind().await, [], "{state}");
    }
    w.pass(1);
    assert_eq!(w.remind().await.len(), 1, "it never goes out any more");
}

async fn a_correction_that_is_called_off_leaves_the_sequence_that_calendars_have(w: &World) {
    let correction = correction_in_waiting(w).await;
    let mut write = w.write().await;
    change(&mut write, correction, State::Scheduled, State::Cancelled, None, w.now())
        .await
        .unwrap();
    write.commit().await.unwrap();
    let id = w.reminded().await;
    let sequence =
        async |id| w.raw.number(&format!("SELECT sequence FROM campaign WHERE id = {id}")).await;
    assert_eq!((sequence(id).await, sequence(correction).await), (0, 1));
    assert_eq!(w.campaign(id).await.version, Some(1), "what was announced last");
}

async fn whoever_is_still_to_get_the_correction_is_not_reminded_before(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "news", "immediate").await;
    w.noticed().await;
    w.correct_to(&meeting("2026-05-01", 17, LADDER)).await;
    for taken in w.take(NOBODY, 100).await {
        let Taken::Wanted(errand) = taken else { panic!("both want it") };
        let state = if errand.email.as_str().starts_with("ann") {
            Delivery::Accepted
        } else {
            Delivery::Deferred
        };
        let later = at(EVE).plus(Duration::from_mins(1));
        assert!(w.settle(errand.claim, &next(state, later)).await);
    }
    w.go_to("2026-04-17T17:00:00+01:00");
    assert_eq!(w.mailed(w.reminded().await).await, ["ann"]);
}
