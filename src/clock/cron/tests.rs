mod oracle;

use super::*;
use chrono_tz::Europe::London;
use chrono_tz::UTC;
use proptest::prelude::*;

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_utc(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

/// The first `n` firings after `from`, on the wall.
fn firings(text: &str, from: &str, zone: Tz, n: usize) -> Vec<String> {
    let (cron, mut last) = (cron(text), at(from));
    let mut step = || {
        last = cron.next(last, zone)?;
        Some(last.local(zone).format("%a %Y-%m-%d %H:%M:%S %z").to_string())
    };
    (0..n).map_while(|_| step()).collect()
}

#[test]
fn one_in_the_last_field_is_a_monday() {
    for text in ["0 9 * * 1", "0 9 * * Mon", "0 9 * * monday", "0 0 9 * * 1", "0 0 9 * * MON *"] {
        assert_eq!(
            firings(text, "2026-06-01T12:00:00Z", UTC, 2),
            ["Mon 2026-06-08 09:00:00 +0000", "Mon 2026-06-15 09:00:00 +0000"],
            "{text}"
        );
    }
}

#[test]
fn days_of_the_week_are_those_of_unix() {
    for (field, days) in [
        ("0", "1"),
        ("7", "1"),
        ("Sun", "1"),
        ("1-5", "2,3,4,5,6"),
        ("5-7", "6,7,1"),
        ("Fri-Mon", "6,7,1,2"),
        ("Mon,Wed", "2,4"),
        ("*/2", "1,3,5,7"),
        ("1-5/2", "2,4,6"),
        ("4/2", "5,7"),
        ("Tues", "3"),
    ] {
        assert_eq!(days_of_week(field).as_deref(), Some(days), "{field}");
    }
    for field in ["8", "Foo", "Mo", "1-", "*/0", "", "1,,2", "Mon-Foo"] {
        assert_eq!(days_of_week(field), None, "{field}");
    }
}

#[test]
fn both_day_fields_mean_either() {
    assert_eq!(
        firings("0 8 13 * Fri", "2026-03-06T12:00:00Z", UTC, 5),
        [
            "Fri 2026-03-13 08:00:00 +0000",
            "Fri 2026-03-20 08:00:00 +0000",
            "Fri 2026-03-27 08:00:00 +0000",
            "Fri 2026-04-03 08:00:00 +0000",
            "Fri 2026-04-10 08:00:00 +0000"
        ]
    );
    assert_eq!(
        firings("0 8 13 * Fri", "2026-04-10T12:00:00Z", UTC, 1),
        ["Mon 2026-04-13 08:00:00 +0000"]
    );
}

#[test]
fn a_skipped_time_fires_once_when_the_clocks_jump() {
    assert_eq!(
        firings("30 1 * * *", "2026-03-28T12:00:00Z", London, 2),
        ["Sun 2026-03-29 02:00:00 +0100", "Mon 2026-03-30 01:30:00 +0100"]
    );
    // three skipped quarters and the one the clocks jump to are one instant, hence one firing
    assert_eq!(
        firings("*/15 * * * *", "2026-03-29T00:45:00Z", London, 2),
        ["Sun 2026-03-29 02:00:00 +0100", "Sun 2026-03-29 02:15:00 +0100"]
    );
}

#[test]
fn a_repeated_time_fires_the_first_time_only() {
    assert_eq!(
        firings("30 1 * * *", "2026-10-24T12:00:00Z", London, 2),
        ["Sun 2026-10-25 01:30:00 +0100", "Mon 2026-10-26 01:30:00 +0000"]
    );
    // a daemon started in the second pass does not fire what the first pass has fired
    assert_eq!(
        firings("30 1 * * *", "2026-10-25T01:10:00Z", London, 1),
        ["Mon 2026-10-26 01:30:00 +0000"]
    );
}

#[test]
fn the_previous_firing_is_the_last_that_has_been() {
    let daily = cron("30 1 * * *");
    let first = at("2026-10-25T00:30:00Z");
    for (now, previous) in [
        ("2026-10-25T00:30:00Z", first),
        ("2026-10-25T01:10:00Z", first),
        ("2026-10-25T00:29:59Z", at("2026-10-24T00:30:00Z")),
        ("2026-03-29T01:00:00Z", at("2026-03-29T01:00:00Z")),
        ("2026-03-29T00:59:59Z", at("2026-03-28T01:30:00Z")),
    ] {
        assert_eq!(daily.previous(at(now), London), Some(previous), "{now}");
    }
    let once = cron("0 0 8 24 12 * 2020");
    assert_eq!(once.previous(at("2026-03-01T00:00:00Z"), UTC), Some(at("2020-12-24T08:00:00Z")));
    assert_eq!(once.next(at("2026-03-01T00:00:00Z"), UTC), None);
}

#[test]
fn leap_days_fire_in_leap_years() {
    assert_eq!(
        firings("0 8 29 2 *", "2026-01-01T00:00:00Z", UTC, 2),
        ["Tue 2028-02-29 08:00:00 +0000", "Sun 2032-02-29 08:00:00 +0000"]
    );
}

#[test]
fn the_names_of_common_rhythms_are_known() {
    for (text, first) in [
        ("@hourly", "Wed 2026-06-03 13:00:00 +0000"),
        ("@daily", "Thu 2026-06-04 00:00:00 +0000"),
        ("@weekly", "Sun 2026-06-07 00:00:00 +0000"),
        ("@monthly", "Wed 2026-07-01 00:00:00 +0000"),
        ("@yearly", "Fri 2027-01-01 00:00:00 +0000"),
    ] {
        assert_eq!(firings(text, "2026-06-03T12:30:00Z", UTC, 1), [first], "{text}");
    }
}

#[test]
fn what_can_never_fire_or_is_no_expression_is_refused_with_an_example() {
    for text in [
        "",
        "0 9 * *",
        "0 0 30 2 *",
        "0 24 * * *",
        "60 * * * *",
        "*/0 * * * *",
        "0 9 * * 8",
        "0 9 * Foo *",
        "0 9 * * Foo",
        "@fortnightly",
        "0 9 99999999999 * *",
        "1 2 3 4 5 6 7 8",
        "every Monday",
    ] {
        let error = Cron::parse(text).unwrap_err();
        assert!(
            error.starts_with(&format!("\"{text}\" ")) && error.ends_with("such as 0 8 * * Mon"),
            "{error}"
        );
    }
    assert!(cron("0 0 30 2 Mon").next(at("2026-01-01T00:00:00Z"), UTC).is_some());
}

impl oracle::Subject for Cron {
    fn read(text: &str) -> Self {
        cron(text)
    }

    fn next(&self, after: i64, zone: Tz) -> Option<i64> {
        Cron::next(self, Timestamp(after), zone).map(|at| at.0)
    }

    fn previous(&self, at: i64, zone: Tz) -> Option<i64> {
        Cron::previous(self, Timestamp(at), zone).map(|at| at.0)
    }
}

/// Forty zones: every rule of the years 2020 to 2030 that is odd, and where most people live.
const ZONES: [Tz; 40] = {
    use chrono_tz::{Africa, America, Antarctica, Asia, Atlantic, Australia, Europe, Pacific};
    [
        UTC,
        London,
        Europe::Dublin,
        Europe::Berlin,
        Europe::Kyiv,
        Europe::Moscow,
        Europe::Istanbul,
        Europe::Volgograd,
        Europe::Chisinau,
        Africa::Cairo,
        Africa::Casablanca,
        Africa::El_Aaiun,
        Africa::Juba,
        Africa::Johannesburg,
        Africa::Lagos,
        Asia::Almaty,
        Asia::Amman,
        Asia::Beirut,
        Asia::Gaza,
        Asia::Jerusalem,
        Asia::Kolkata,
        Asia::Kathmandu,
        Asia::Shanghai,
        Asia::Tehran,
        Asia::Tokyo,
        America::New_York,
        America::Los_Angeles,
        America::Sao_Paulo,
        America::Santiago,
        America::Havana,
        America::Asuncion,
        America::Nuuk,
        America::Scoresbysund,
        America::St_Johns,
        America::Mexico_City,
        Atlantic::Azores,
        Antarctica::Troll,
        Antarctica::Casey,
        Australia::Lord_Howe,
        Pacific::Chatham,
    ]
};

#[test]
fn every_minute_of_forty_zones_agrees_that_nothing_is_missed_or_fires_twice() {
    let judge = |zones: &[Tz]| {
        let mut tally = oracle::Tally::default();
        for zone in zones {
            tally.add(oracle::judge::<Cron>(*zone, 1));
        }
        tally
    };
    let mut all = oracle::Tally::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = ZONES.chunks(20).map(|part| scope.spawn(move || judge(part))).collect();
        for part in parts {
            all.add(part.join().unwrap());
        }
    });
    assert_eq!((all.missed, all.doubled, all.astray), (0, 0, 0), "{:#?}", all.wrong);
    assert!(all.changes > 500 && all.firings > 400_000, "{all:?}");
}

proptest! {
    #[test]
    fn next_and_previous_agree(
        which in 0usize..8,
        seconds in 1_700_000_000i64..1_900_000_000,
        zone in prop::sample::select(vec![
            London, UTC, chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe,
        ]),
    ) {
        let texts = [
            "30 1 * * *", "*/7 * * * *", "0 8 13 * Fri", "0 0 1 1 *", "15 2 * 3,10,11 Sun",
            "@hourly", "*/20 * * * * *", "0 0 12 * * * 2024-2028/2",
        ];
        let (cron, at) = (cron(texts[which]), Timestamp(seconds * 1000 + 500));
        if let Some(next) = cron.next(at, zone) {
            prop_assert!(next > at);
            prop_assert_eq!(cron.previous(next, zone), Some(next));
            let last = cron.previous(Timestamp(next.0 - 1), zone);
            prop_assert!(last.is_none_or(|last| last <= at));
        }
        if let Some(last) = cron.previous(at, zone) {
            prop_assert!(last <= at);
            prop_assert_eq!(cron.next(Timestamp(last.0 - 1), zone), Some(last));
        }
    }
}
