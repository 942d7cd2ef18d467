//! A meeting that is moved, corrected or withdrawn: what no longer holds is not sent.

use bulletin::campaign::State;
use bulletin::delivery::store::{Taken, last_look, sweep_cancelled};

use super::super::people::NOBODY;
use super::super::{World, on_both};
use super::{EVE, FORTNIGHT, LADDER, at, meeting, to_come};

on_both!(
    a_meeting_that_is_moved_is_reminded_of_anew,
    a_correction_that_leaves_the_time_sends_no_step_twice,
    a_reminder_under_way_is_stale_from_the_correction_on,
    a_withdrawn_meeting_is_reminded_of_no_more,
    a_reminder_tells_calendars_nothing_that_a_correction_is_still_to_tell,
);

async fn a_meeting_that_is_moved_is_reminded_of_anew(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let stale = w.reminded().await;
    // it waits; and the meeting is moved by a week
    w.correct_to(&meeting("2026-05-08", 15, LADDER)).await;
    assert_eq!(w.campaign(stale).await.state, State::Cancelled);
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
    let seen = last_look(read, w.db.words(), &[first.claim], w.now()).await.unwrap();
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

async fn a_reminder_tells_calendars_nothing_that_a_correction_is_still_to_tell(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.post_with("next", "meeting-notice", &meeting("2026-05-08", 15, LADDER)).await;
    let later = w.correct("next", at(EVE)).await;
    w.go_to(FORTNIGHT);
    let id = w.reminded().await;
    let sequence =
        async |id| w.raw.number(&format!("SELECT sequence FROM campaign WHERE id = {id}")).await;
    assert_eq!((sequence(id).await, sequence(later).await), (0, 1));
    assert_eq!(w.campaign(id).await.version, Some(1), "what was announced last");
}
