//! Quiet hours, as a coordinator sets them and as the daemon keeps them.

use std::time::Duration;

use bulletin::clock::Clock;
use chrono_tz::Europe::London;
use serde_json::json;

use super::house::{Database, House, accepted, house};

on_both!(
    what_is_not_urgent_waits_for_the_end_of_the_quiet_hours,
    a_person_has_a_clock_and_hours_of_their_own,
    everybody_gets_it_when_their_own_clock_shows_the_time,
);

/// Hours of the site that have begun and go on for a while.
fn in_quiet_hours(database: Database) -> (House, String) {
    let now = Clock::System.now();
    let until = now.plus(Duration::from_hours(2)).local(London).format("%H:%M").to_string();
    let from = now.plus(Duration::from_hours(20)).local(London).format("%H:%M");
    let house = house(database).site(&format!("quiet_hours = \"{from}-{until}\"")).open();
    (house, until)
}

async fn what_is_not_urgent_waits_for_the_end_of_the_quiet_hours(database: Database) {
    let (house, until) = in_quiet_hours(database);
    house.readers(3, "meetings");
    house.post("minutes", "meeting-summary", &[]);
    let said = house.must(&["queue", "minutes"]).stdout;
    assert!(said.contains("Quiet hours are "), "{said}");
    assert!(said.contains(&format!("{until}, by their own clocks")), "{said}");
    house.send();
    assert_eq!(house.mails().len(), 0);
    house.post_with("alarm", "meeting-summary", &[], "urgent: true");
    let alarm = house.queue("alarm");
    house.send();
    house.ended(alarm, &accepted(3));
    let waiting = house.program.json_lines(&["delivery", "list", "--state", "queued"]);
    assert_eq!(waiting.len(), 3);
}

async fn a_person_has_a_clock_and_hours_of_their_own(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["meetings"]);
    let own = ["--timezone", "Asia/Tokyo", "--quiet-hours", "17:00-9:00"];
    let add = |more: &[&str]| {
        let all = [&["subscriber", "add", "ann@readers.example"], more].concat();
        house.program.json(&all)
    };
    let said = add(&own);
    assert_eq!(
        (&said["timezone"], &said["quiet_hours"]),
        (&json!("Asia/Tokyo"), &json!("17:00-09:00"))
    );
    assert_eq!(add(&["--name", "Ann"])["quiet_hours"], "17:00-09:00", "it stays as it is");
    let shown = house.must(&["subscriber", "show", "ann@readers.example"]).stdout;
    assert!(
        shown.contains(
            "Nothing reaches them between 17:00-09:00 (Asia/Tokyo), not even what is urgent."
        ),
        "{shown}"
    );
    let said = add(&["--timezone", "none", "--quiet-hours", "none"]);
    assert_eq!((&said["timezone"], &said["quiet_hours"]), (&json!(null), &json!(null)));
    for (flag, slip, remedy) in [
        ("--timezone", "Tokio", "write one such as Europe/London, or none"),
        ("--quiet-hours", "night", "such as 21:00-08:00"),
    ] {
        let ran = house.program.run(&["subscriber", "add", "ann@readers.example", flag, slip]);
        assert!(ran.code == 2 && ran.stderr.contains(remedy), "{}", ran.stderr);
    }
}

async fn everybody_gets_it_when_their_own_clock_shows_the_time(database: Database) {
    let house = house(database).open();
    house.subscriber("ann@readers.example", &["meetings"]);
    house.must(&["subscriber", "add", "ann@readers.example", "--timezone", "Pacific/Kiritimati"]);
    house.subscriber("sam@readers.example", &["meetings"]);
    house.must(&["subscriber", "add", "sam@readers.example", "--timezone", "Pacific/Pago_Pago"]);
    house.post("minutes", "meeting-summary", &[]);
    let said = house.must(&["queue", "minutes", "--at", "+1h", "--local-time"]).stdout;
    assert!(said.contains("by each reader's own clock"), "{said}");
    house.send();
    let mails = house.mails();
    let [mail] = mails.as_slice() else { panic!("one clock is there: {}", mails.len()) };
    assert_eq!(mail.to, "ann@readers.example");
    let shown = house.campaign(1);
    assert_eq!((&shown["counts"]["accepted"], &shown["counts"]["queued"]), (&json!(1), &json!(1)));
    assert!(shown["local_time"].is_string());
}
