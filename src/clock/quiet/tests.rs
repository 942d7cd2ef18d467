use super::*;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Europe::London;
use chrono_tz::{Africa, America, Antarctica, Asia, Australia};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::from_utc(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

/// How long it is quiet in London from an instant on.
fn quiet(hours: &str, from: &str) -> Option<String> {
    let until = QuietHours::parse(hours).unwrap().until(at(from), London);
    until.map(|until| until.rfc3339(London))
}

#[test]
fn the_night_is_quiet_until_the_morning() {
    for (from, until) in [
        ("2026-06-01T20:59:59+01:00", None),
        ("2026-06-01T21:00:00+01:00", Some("2026-06-02T08:00:00+01:00")),
        ("2026-06-02T00:00:00+01:00", Some("2026-06-02T08:00:00+01:00")),
        ("2026-06-02T07:59:59.999+01:00", Some("2026-06-02T08:00:00+01:00")),
        ("2026-06-02T08:00:00+01:00", None),
    ] {
        assert_eq!(quiet("21:00-08:00", from).as_deref(), until, "{from}");
    }
    for (from, until) in [
        ("2026-06-01T08:59:00+01:00", None),
        ("2026-06-01T09:00:00+01:00", Some("2026-06-01T17:30:00+01:00")),
        ("2026-06-01T17:30:00+01:00", None),
    ] {
        assert_eq!(quiet("9:00 - 17:30", from).as_deref(), until, "{from}");
    }
    assert_eq!(
        quiet("00:00-06:00", "2026-06-01T00:00:00+01:00").unwrap(),
        "2026-06-01T06:00:00+01:00"
    );
    assert_eq!(
        quiet("22:00-00:00", "2026-06-01T23:00:00+01:00").unwrap(),
        "2026-06-02T00:00:00+01:00"
    );
}

#[test]
fn a_night_in_which_the_clocks_change_ends_by_the_clocks() {
    assert_eq!(quiet("21:00-08:00", "2026-03-28T22:00:00Z").unwrap(), "2026-03-29T08:00:00+01:00");
    assert_eq!(quiet("21:00-08:00", "2026-10-24T21:00:00Z").unwrap(), "2026-10-25T08:00:00+00:00");
}

#[test]
fn an_end_that_the_clocks_skip_is_when_they_jump() {
    assert_eq!(quiet("23:00-01:30", "2026-03-28T23:30:00Z").unwrap(), "2026-03-29T02:00:00+01:00");
    // and a beginning that they skip is when they jump, too
    assert_eq!(quiet("01:30-05:00", "2026-03-29T00:59:59Z"), None);
    assert_eq!(quiet("01:30-05:00", "2026-03-29T01:00:00Z").unwrap(), "2026-03-29T05:00:00+01:00");
    assert_eq!(quiet("01:15-01:45", "2026-03-29T01:00:00Z"), None);
}

#[test]
fn what_the_clocks_show_twice_is_quiet_both_times() {
    for (from, until) in [
        ("2026-10-25T01:00:00+01:00", Some("2026-10-25T01:30:00+01:00")),
        ("2026-10-25T01:30:00+01:00", None),
        ("2026-10-25T01:00:00+00:00", Some("2026-10-25T01:30:00+00:00")),
        ("2026-10-25T01:30:00+00:00", None),
    ] {
        assert_eq!(quiet("23:00-01:30", from).as_deref(), until, "{from}");
    }
    // the clocks never show 02:00 before they are put back
    assert_eq!(quiet("23:00-02:00", "2026-10-25T00:30:00Z").unwrap(), "2026-10-25T02:00:00+00:00");
    // put back to before the beginning, the hours begin once more
    for (from, until) in [
        ("2026-10-25T01:40:00+01:00", Some("2026-10-25T01:00:00+00:00")),
        ("2026-10-25T01:00:00+00:00", None),
        ("2026-10-25T01:30:00+00:00", Some("2026-10-25T05:00:00+00:00")),
    ] {
        assert_eq!(quiet("01:30-05:00", from).as_deref(), until, "{from}");
    }
}

#[test]
fn what_are_no_quiet_hours_is_refused_with_an_example() {
    for text in ["", "21:00", "21:00-", "21-8", "21:00-24:00", "21:00-08:60", "night", "9pm-8am"] {
        let error = QuietHours::parse(text).unwrap_err();
        let told = format!(
            "\"{text}\" are no quiet hours; write when they begin and when they end, such as 21:00-08:00"
        );
        assert_eq!(error, told);
    }
    let error = QuietHours::parse("21:00-21:00").unwrap_err();
    assert!(error.starts_with("\"21:00-21:00\" begin and end at the same time"), "{error}");
    assert!(error.ends_with("such as 21:00-08:00, or leave them out"), "{error}");
}

/// A change of every kind: by an hour at night, around midnight, by half an hour, by two, by three,
/// and for good.
const CHANGES: [(Tz, &str); 17] = [
    (London, "2026-03-29T01:00:00Z"),
    (London, "2026-10-25T01:00:00Z"),
    (America::New_York, "2026-03-08T07:00:00Z"),
    (America::New_York, "2026-11-01T06:00:00Z"),
    (America::Havana, "2026-03-08T05:00:00Z"),
    (America::Havana, "2026-11-01T05:00:00Z"),
    (Africa::Cairo, "2026-04-23T22:00:00Z"),
    (Africa::Cairo, "2026-10-29T21:00:00Z"),
    (Asia::Beirut, "2026-03-28T22:00:00Z"),
    (Asia::Beirut, "2026-10-24T21:00:00Z"),
    (Australia::Lord_Howe, "2026-04-04T15:00:00Z"),
    (Australia::Lord_Howe, "2026-10-03T15:30:00Z"),
    (Antarctica::Troll, "2026-03-29T01:00:00Z"),
    (Antarctica::Troll, "2026-10-25T01:00:00Z"),
    (Antarctica::Casey, "2020-03-07T16:00:00Z"),
    (Antarctica::Casey, "2020-10-03T16:01:00Z"),
    (Asia::Almaty, "2024-02-29T18:00:00Z"),
];

/// What clocks show, in minutes since midnight.
fn shown(minute: i64, zone: Tz) -> i64 {
    let utc = DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc();
    let offset = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    (minute + i64::from(offset) / 60).rem_euclid(24 * 60)
}

/// The first minute from `minute` on whose clocks show nothing quiet, looked at one by one.
fn first_loud((from, to): (i64, i64), minute: i64, zone: Tz) -> i64 {
    let is_quiet = |shown: i64| {
        if from < to { (from..to).contains(&shown) } else { !(to..from).contains(&shown) }
    };
    (minute..minute + 3 * 24 * 60).find(|minute| !is_quiet(shown(*minute, zone))).unwrap()
}

#[test]
fn the_changes_are_changes() {
    for (zone, change) in CHANGES {
        let change = at(change).0 / 60_000;
        assert_ne!(shown(change, zone), (shown(change - 1, zone) + 1) % (24 * 60), "{zone}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_minute_agrees_when_the_quiet_ends(
        which in 0..CHANGES.len(),
        away in -36 * 3_600_000i64..24 * 3_600_000,
        from in 0i64..24 * 60,
        length in prop_oneof![1i64..240, 1i64..24 * 60],
        near in any::<bool>(),
    ) {
        let (zone, change) = CHANGES[which];
        let change = at(change);
        let at = Timestamp(change.0 + away);
        // half of the hours end within four of what the clocks show when they change
        let to = if near { shown(change.0 / 60_000, zone) + from % 480 - 240 } else { from };
        let (from, to) = ((to - length).rem_euclid(24 * 60), to.rem_euclid(24 * 60));
        let spell = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let hours = QuietHours::parse(&format!("{}-{}", spell(from), spell(to))).unwrap();
        let minute = at.0.div_euclid(60_000);
        let loud = first_loud((from, to), minute, zone);
        let expected = (loud > minute).then_some(Timestamp(loud * 60_000));
        prop_assert_eq!(hours.until(at, zone), expected);
    }
}
