//! Each judgement at both sides of its bound, and what merely takes its time.

#![expect(clippy::unchecked_time_subtraction, reason = "both sides of a bound are constants")]

use std::path::Path;
use std::time::Duration;

use super::fact::{Canary, Digest, Facts, Gate, Relay, before};
use super::store::{Mailing, Standing, Waiting};
use super::{Broken, Kind};
use crate::campaign::State;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::id::CampaignId;
use crate::line::Line;

const MINUTE: Duration = Duration::from_mins(1);
const AFTER: Duration = Duration::from_mins(15);
const HOUR: Duration = Duration::from_hours(1);
/// 2026-04-15, 10:00 in London.
const NOW: Timestamp = Timestamp(1_776_243_600_000);
const MOMENT: Duration = Duration::from_millis(1);

fn ago(duration: Duration) -> Timestamp {
    before(NOW, duration)
}

fn config() -> Config {
    let mut config = Config::default_in(Path::new("/"));
    config.operator.alert_after = AFTER;
    config
}

fn line(text: &str) -> Line {
    Line::parse(text).unwrap()
}

/// All is well: one open relay, nothing to do.
fn well() -> Facts {
    Facts {
        now: NOW,
        waiting: Vec::new(),
        accepted_at: None,
        relays: vec![relay("main", Gate::Open { since: Timestamp(0) })],
        daemons: 1,
        disk_free: Some(600_000_000),
        disk_was_full: false,
        digests: Vec::new(),
        urgent: Vec::new(),
        canaries: Vec::new(),
    }
}

fn relay(name: &str, state: Gate) -> Relay {
    Relay { name: name.to_owned(), state, gap: Duration::ZERO }
}

fn due(since: Timestamp) -> Vec<Waiting> {
    vec![Waiting { frozen_at: ago(24 * HOUR), resumed_at: None, next_at: since }]
}

fn mailing(mail: Standing, frozen_at: Timestamp) -> Mailing {
    Mailing {
        id: CampaignId(7),
        subject: line("Room change"),
        state: State::Running,
        reason: None,
        frozen_at,
        resumed_at: None,
        finished_at: None,
        due_at: None,
        mail,
    }
}

fn canary(mailing: Mailing) -> Vec<Canary> {
    vec![Canary { list: "meetings".to_owned(), title: line("Meetings"), mailing }]
}

fn broken(facts: &Facts) -> Vec<Broken> {
    facts.broken(&config())
}

fn names(facts: &Facts) -> Vec<String> {
    broken(facts).iter().map(Broken::name).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn nothing_is_broken_when_all_is_well() {
    assert_eq!(names(&well()), NONE);
}

#[test]
fn a_disk_is_nearly_full_below_its_bound_and_until_there_is_a_quarter_more() {
    let full = |free, was| names(&Facts { disk_free: Some(free), disk_was_full: was, ..well() });
    assert_eq!(full(499_999_999, false), ["disk"]);
    assert_eq!(full(500_000_000, false), NONE);
    assert_eq!(full(624_999_999, true), ["disk"]);
    assert_eq!(full(625_000_000, true), NONE);
    assert_eq!(names(&Facts { disk_free: None, ..well() }), NONE, "a server's disk is its own");
}

#[test]
fn a_relay_is_down_when_a_fault_has_held_it_for_long_enough() {
    let with = |state| names(&Facts { relays: vec![relay("main", state)], ..well() });
    assert_eq!(with(Gate::Held { since: ago(AFTER) }), ["relay:main"]);
    assert_eq!(with(Gate::Held { since: ago(AFTER - MOMENT) }), NONE);
    assert_eq!(with(Gate::Paused), NONE, "a person wanted it so");
}

#[test]
fn nothing_goes_out_when_mails_were_due_and_none_was_accepted_for_so_long() {
    let with = |since, accepted_at| {
        let facts = Facts { waiting: due(since), accepted_at, ..well() };
        broken(&facts).first().map(|broken| broken.since)
    };
    assert_eq!(with(ago(AFTER), None), Some(ago(AFTER)));
    assert_eq!(with(ago(AFTER - MOMENT), None), None);
    // what waits for hours in a long queue is no fault
    assert_eq!(with(ago(9 * HOUR), Some(ago(AFTER - MOMENT))), None);
    assert_eq!(with(ago(9 * HOUR), Some(ago(AFTER))), Some(ago(AFTER)));
    // put off by whoever gets it: not due
    assert_eq!(with(NOW.plus(MINUTE), None), None);
}

#[test]
fn what_a_person_held_up_is_not_broken_and_counts_anew_when_it_goes_on() {
    let waiting = due(ago(9 * HOUR));
    let with = |state| {
        names(&Facts { waiting: waiting.clone(), relays: vec![relay("main", state)], ..well() })
    };
    assert_eq!(with(Gate::Paused), NONE);
    assert_eq!(with(Gate::Open { since: ago(MINUTE) }), NONE, "just opened");
    assert_eq!(with(Gate::Open { since: ago(AFTER) }), ["stalled"]);
    assert_eq!(with(Gate::Held { since: ago(AFTER) }), ["relay:main"], "one cause, one alert");
    let mut resumed = waiting.clone();
    resumed[0].resumed_at = Some(ago(AFTER - MOMENT));
    assert_eq!(names(&Facts { waiting: resumed, ..well() }), NONE);
    // another relay could carry them
    let other = vec![
        relay("main", Gate::Held { since: ago(MINUTE) }),
        relay("other", Gate::Open { since: Timestamp(0) }),
    ];
    assert_eq!(names(&Facts { waiting, relays: other, ..well() }), ["stalled"]);
}

#[test]
fn a_pace_that_was_asked_for_is_not_broken() {
    let slow = |daemons, since| {
        let relays = vec![Relay { gap: 20 * MINUTE, ..well().relays.remove(0) }];
        names(&Facts { waiting: due(since), relays, daemons, ..well() })
    };
    assert_eq!(slow(1, ago(AFTER + 20 * MINUTE - MOMENT)), NONE);
    assert_eq!(slow(1, ago(AFTER + 20 * MINUTE)), ["stalled"]);
    assert_eq!(slow(2, ago(AFTER + 20 * MINUTE)), NONE, "each daemon has a half of the rate");
    assert_eq!(slow(2, ago(AFTER + 40 * MINUTE)), ["stalled"]);
}

#[test]
fn a_digest_is_missing_when_its_firing_was_not_planned_for_so_long() {
    let with = |firing, fired| {
        let digest =
            Digest { name: "weekly".to_owned(), title: line("Weekly round-up"), firing, fired };
        names(&Facts { digests: vec![digest], ..well() })
    };
    assert_eq!(with(ago(AFTER), ago(200 * HOUR)), ["digest:weekly"]);
    assert_eq!(with(ago(AFTER - MOMENT), ago(200 * HOUR)), NONE);
    assert_eq!(with(ago(AFTER), ago(AFTER)), NONE);
    assert_eq!(with(ago(AFTER), NOW.plus(HOUR)), NONE, "a clock was set back a little");
}

#[test]
fn an_urgent_campaign_must_reach_somebody_soon_however_much_else_goes_out() {
    let with =
        |mailing| names(&Facts { urgent: vec![mailing], accepted_at: Some(ago(MINUTE)), ..well() });
    assert_eq!(with(mailing(Standing::Waiting, ago(AFTER))), ["urgent:7"]);
    assert_eq!(with(mailing(Standing::Waiting, ago(AFTER - MOMENT))), NONE);
    assert_eq!(with(mailing(Standing::Accepted, ago(AFTER))), NONE);
    let began = mailing(Standing::Waiting, ago(HOUR));
    let resumed = Mailing { resumed_at: Some(ago(MINUTE)), ..began.clone() };
    assert_eq!(with(resumed), NONE);
    let paused = Mailing { state: State::Paused, ..began.clone() };
    assert_eq!(with(paused.clone()), NONE, "by a person");
    assert_eq!(with(Mailing { reason: Some("refused".to_owned()), ..paused }), ["urgent:7"]);
    let ended = |mail, at| {
        let state = State::Finished;
        with(Mailing { state, mail, finished_at: Some(at), ..began.clone() })
    };
    assert_eq!(ended(Standing::Failed, ago(24 * HOUR - MOMENT)), ["urgent:7"]);
    assert_eq!(ended(Standing::Failed, ago(24 * HOUR)), NONE, "long past");
    assert_eq!(ended(Standing::Waiting, ago(HOUR)), NONE, "everybody had left");
}

#[test]
fn a_canary_sings_when_its_mail_was_tried_in_vain_and_not_while_others_go_first() {
    let with = |mail, frozen_at, accepted_at| {
        let canaries = canary(mailing(mail, frozen_at));
        names(&Facts { accepted_at, canaries, ..well() })
    };
    let lately = Some(ago(AFTER - MOMENT));
    assert_eq!(with(Standing::Failed, ago(AFTER), lately), ["canary:meetings"]);
    assert_eq!(with(Standing::Failed, ago(AFTER - MOMENT), lately), NONE);
    assert_eq!(with(Standing::Accepted, ago(HOUR), lately), NONE);
    assert_eq!(with(Standing::Unwanted, ago(HOUR), None), NONE);
    assert_eq!(with(Standing::Waiting, ago(HOUR), lately), NONE, "busy");
    assert_eq!(with(Standing::Waiting, ago(HOUR), Some(ago(AFTER))), ["canary:meetings"]);
    let mut paused = mailing(Standing::Waiting, ago(HOUR));
    paused.state = State::Paused;
    assert_eq!(names(&Facts { canaries: canary(paused), ..well() }), NONE);
}

#[test]
fn what_waits_for_its_readers_hours_is_not_broken_until_they_have_ended_for_a_while() {
    let waits =
        |due_at| Mailing { due_at: Some(due_at), ..mailing(Standing::Waiting, ago(9 * HOUR)) };
    let with = |due_at| {
        let (urgent, canaries) = (vec![waits(due_at)], canary(waits(due_at)));
        names(&Facts { urgent, canaries, ..well() })
    };
    assert_eq!(with(ago(Duration::ZERO).plus(HOUR)), NONE, "still in them");
    assert_eq!(with(ago(AFTER - MOMENT)), NONE);
    assert_eq!(with(ago(AFTER)), ["urgent:7", "canary:meetings"]);
}

#[test]
fn an_end_is_told_of_what_is_mended_and_not_of_what_is_merely_past() {
    let facts = Facts {
        urgent: vec![mailing(Standing::Accepted, ago(HOUR))],
        canaries: canary(mailing(Standing::Failed, ago(HOUR))),
        ..well()
    };
    for name in ["disk", "stalled", "relay:main", "digest:weekly", "urgent:7"] {
        assert!(facts.is_mended(name), "{name}");
    }
    for name in ["urgent:8", "canary:meetings", "canary:reports"] {
        assert!(!facts.is_mended(name), "{name}");
    }
}

#[test]
fn causes_come_before_consequences_and_names_tell_their_kind() {
    let facts = Facts {
        waiting: due(ago(HOUR)),
        disk_free: Some(0),
        urgent: vec![mailing(Standing::Waiting, ago(HOUR))],
        canaries: canary(mailing(Standing::Waiting, ago(HOUR))),
        ..well()
    };
    let names = names(&facts);
    assert_eq!(names, ["disk", "stalled", "urgent:7", "canary:meetings"]);
    let kinds: Vec<_> = names.iter().filter_map(|name| Kind::of(name)).collect();
    assert_eq!(kinds, [Kind::Disk, Kind::Stalled, Kind::Urgent, Kind::Canary]);
    assert!(kinds.is_sorted());
}
