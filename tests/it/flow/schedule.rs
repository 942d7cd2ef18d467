//! `bulletin schedule` shows any stretch of time, as the clocks of each digest's own zone will show it.

use serde_json::Value;

use super::house::{Database, House, house};

on_both!(
    an_hour_that_is_shown_twice_has_one_firing_with_its_first_offset,
    a_firing_is_shown_in_its_digests_own_zone,
    stretches_that_follow_each_other_show_each_firing_once,
    what_is_due_is_shown_in_the_stretch_in_which_it_happens,
    a_digest_that_fires_every_second_is_shown_ten_thousand_times,
);

/// A digest more than the house has.
fn with_digest(database: Database, name: &str, cron: &str, zone: &str) -> House {
    let house = house(database).open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let digest = format!("[digest.{name}]\ncron = \"{cron}\"\ntimezone = \"{zone}\"\n");
    house.write("config.toml", &format!("{config}\n{digest}"));
    house
}

/// When a digest fires.
fn firings(house: &House, name: &str, from: &str, stretch: &str) -> Vec<String> {
    let all = house.program.json_lines(&["schedule", "--from", from, "--for", stretch]);
    let of_it = all.into_iter().filter(|firing| firing["name"] == name);
    of_it.map(|firing| firing["at"].as_str().unwrap().to_owned()).collect()
}

/// The lines that people see of it.
fn shown(house: &House, name: &str, from: &str, stretch: &str) -> Vec<String> {
    let ran = house.must(&["schedule", "--from", from, "--for", stretch]);
    let of_it = ran.stdout.lines().filter(|line| line.ends_with(name));
    of_it.map(|line| line.split("  ").next().unwrap().to_owned()).collect()
}

async fn an_hour_that_is_shown_twice_has_one_firing_with_its_first_offset(database: Database) {
    let house = with_digest(database, "night", "30 1 * * *", "Europe/London");
    assert_eq!(
        firings(&house, "night", "2027-10-30 00:00", "3d"),
        ["2027-10-30T01:30:00+01:00", "2027-10-31T01:30:00+01:00", "2027-11-01T01:30:00+00:00"]
    );
    assert_eq!(
        shown(&house, "night", "2027-10-30 00:00", "3d"),
        ["Sat 30 Oct 2027, 01:30 BST", "Sun 31 Oct 2027, 01:30 BST", "Mon 1 Nov 2027, 01:30 GMT"]
    );
    // and what the clocks skip, when they jump
    assert_eq!(
        shown(&house, "night", "2027-03-28 00:00", "2d"),
        ["Sun 28 Mar 2027, 02:00 BST", "Mon 29 Mar 2027, 01:30 BST"]
    );
}

async fn a_firing_is_shown_in_its_digests_own_zone(database: Database) {
    let house = with_digest(database, "far", "0 8 * * *", "America/New_York");
    assert_eq!(
        firings(&house, "far", "2027-03-13 00:00", "2d"),
        ["2027-03-13T08:00:00-05:00", "2027-03-14T08:00:00-04:00"]
    );
    assert_eq!(
        shown(&house, "far", "2027-03-13 00:00", "2d"),
        ["Sat 13 Mar 2027, 08:00 EST", "Sun 14 Mar 2027, 08:00 EDT"]
    );
}

async fn stretches_that_follow_each_other_show_each_firing_once(database: Database) {
    let house = with_digest(database, "morning", "0 8 * * *", "Europe/London");
    for (from, day) in [("2027-06-01 08:00", "01"), ("2027-06-02 08:00", "02")] {
        let expected = [format!("2027-06-{day}T08:00:00+01:00")];
        assert_eq!(firings(&house, "morning", from, "1d"), expected, "{from}");
    }
}

async fn what_is_due_is_shown_in_the_stretch_in_which_it_happens(database: Database) {
    let house = house(database).open();
    house.post("minutes", "meeting-summary", &[]);
    house.must(&["queue", "minutes", "--at", "+2h"]);
    let campaigns = |from: &str, stretch: &str| {
        let all = house.program.json_lines(&["schedule", "--from", from, "--for", stretch]);
        all.into_iter().filter(|firing| firing["what"] == "campaign").count()
    };
    assert_eq!((campaigns("now", "3h"), campaigns("now", "1h")), (1, 0));
    assert_eq!((campaigns("+1h", "3h"), campaigns("+3h", "3h")), (1, 0));
}

async fn a_digest_that_fires_every_second_is_shown_ten_thousand_times(database: Database) {
    let house = with_digest(database, "ticks", "*/1 * * * * *", "Europe/London");
    let arguments = ["--json", "schedule", "--from", "2027-06-01 00:00", "--for", "5000w"];
    let ran = house.must(&arguments);
    let objects: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 10_000);
    assert_eq!(objects[9_999]["at"], "2027-06-01T02:46:39+01:00");
    assert!(ran.stderr.contains("There is more: these are the first 10,000."), "{}", ran.stderr);
    let ran = house.must(&arguments[1..]);
    assert!(ran.stdout.lines().last().unwrap().starts_with("There is more"), "and to people");
    assert!(ran.stdout.contains("Tue 1 Jun 2027, 00:00:59 BST"), "to the second");
    assert_eq!(ran.stdout.lines().count(), 10_002, "a head, the rows, and that");
    // as many as are shown are all there are
    let ran = house.must(&["schedule", "--from", "2027-06-01 00:00", "--for", "9999s"]);
    assert!(!ran.stdout.contains("There is more"));
}
