//! A list that asks for approval is reminded of what it announced itself, by the ladder of that version.

use std::sync::Arc;

use bulletin::campaign::freeze::{Started, freeze_due};
use bulletin::campaign::reminder::plan_due;
use bulletin::campaign::{State, reminder};
use bulletin::config::Config;
use bulletin::delivery::store::Taken;

use super::super::people::NOBODY;
use super::super::{World, on_both};
use super::{EVE, FORTNIGHT, LADDER, meeting, to_come};

on_both!(
    a_careful_list_is_reminded_of_what_it_announced_and_by_that_ladder,
    who_reads_both_lists_is_reminded_once_and_of_the_newer_version,
    what_another_list_announces_does_not_end_the_reminders_of_a_careful_one,
    each_ladder_goes_on_after_downtime_by_itself,
);

/// News asks for approval, and reports do not.
fn careful(w: &World) -> Config {
    let mut config = Arc::unwrap_or_clone(Arc::clone(&w.config));
    config.list.get_mut("news").unwrap().approval = true;
    config
}

/// A newer version, to reports alone: nobody has approved it for the news.
async fn edited_for_reports(w: &World, config: &Config, more: &str) {
    w.post_with("next", "meeting-notice", more).await;
    w.order("next", &["reports"], false).await;
    assert_eq!(freeze_due(&w.db, config, w.now()).await.unwrap().len(), 1);
}

async fn remind(w: &World, config: &Config) -> Vec<(Vec<String>, i64)> {
    let mut told = Vec::new();
    for Started { id, .. } in plan_due(&w.db, config, w.now()).await.unwrap() {
        told.push((w.mailed(id).await, w.campaign(id).await.version.unwrap()));
    }
    told
}

fn told(names: &[&str], version: i64) -> (Vec<String>, i64) {
    (names.iter().map(|name| (*name).to_owned()).collect(), version)
}

async fn a_careful_list_is_reminded_of_what_it_announced_and_by_that_ladder(w: &World) {
    let config = careful(w);
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "reports", "immediate").await;
    w.noticed().await;
    let later = meeting("2026-05-08", 15, ", reminders: [14d, 7d]");
    edited_for_reports(w, &config, &later).await;
    w.hand_over().await;
    let both = [
        ("next 14d", FORTNIGHT),
        ("next 14d", "2026-04-24T15:00:00+01:00"),
        ("next 1d", EVE),
        ("next 7d", "2026-05-01T15:00:00+01:00"),
    ];
    assert_eq!(w.steps_to_come().await, to_come(both));
    reminder::lay_all(&w.db, &config, w.now()).await.unwrap();
    assert_eq!(w.steps_to_come().await, to_come(both));
    w.go_to(FORTNIGHT);
    assert_eq!(remind(w, &config).await, [told(&["ann"], 1)]);
    w.go_to("2026-04-24T15:00:00+01:00");
    assert_eq!(remind(w, &config).await, [told(&["bob"], 2)]);
    w.go_to(EVE);
    assert_eq!(remind(w, &config).await, [told(&["ann"], 1)]);
    w.go_to("2026-05-01T15:00:00+01:00");
    assert_eq!(remind(w, &config).await, [told(&["bob"], 2)]);
}

async fn who_reads_both_lists_is_reminded_once_and_of_the_newer_version(w: &World) {
    let config = careful(w);
    w.reader("ann", "news", "immediate").await;
    for list in ["news", "reports"] {
        w.reader("cat", list, "immediate").await;
    }
    w.reader("bob", "reports", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, LADDER).replace("[news]", "[news, reports]")).await;
    w.hand_over().await;
    let more = format!("{}discreet_subject: News\n", meeting("2026-05-01", 14, LADDER));
    edited_for_reports(w, &config, &more).await;
    w.go_to(FORTNIGHT);
    assert_eq!(remind(w, &config).await, [told(&["bob", "cat"], 2), told(&["ann"], 1)]);
    assert_eq!(remind(w, &config).await, []);
}

async fn what_another_list_announces_does_not_end_the_reminders_of_a_careful_one(w: &World) {
    let config = careful(w);
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let [Started { id, .. }] = plan_due(&w.db, &config, w.now()).await.unwrap()[..] else {
        panic!("ann is reminded")
    };
    edited_for_reports(w, &config, &meeting("2026-05-08", 15, LADDER)).await;
    assert_eq!(w.campaign(id).await.state, State::Running);
    let [Taken::Wanted(_)] = w.take(NOBODY, 100).await[..] else { panic!("ann wants it") };
    // where nobody is asked, the newest version holds for all who had any
    w.post_with("next", "meeting-notice", &meeting("2026-05-09", 15, LADDER)).await;
    w.order("next", &["reports"], false).await;
    w.freeze().await;
    assert_eq!(w.campaign(id).await.state, State::Cancelled);
}

async fn each_ladder_goes_on_after_downtime_by_itself(w: &World) {
    let config = careful(w);
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "reports", "immediate").await;
    w.notice(&meeting("2026-05-01", 14, ", reminders: [14d]")).await;
    edited_for_reports(w, &config, &meeting("2026-05-01", 14, ", reminders: [322h]")).await;
    w.hand_over().await;
    // both are due, and the latest of each goes out
    w.go_to("2026-04-18T04:00:00+01:00");
    assert_eq!(remind(w, &config).await, [told(&["bob"], 2), told(&["ann"], 1)]);
    assert_eq!(remind(w, &config).await, []);
}
