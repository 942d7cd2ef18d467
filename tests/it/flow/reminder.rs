//! Reminders go out by themselves, and are shown before and after. What each rule of theirs says is proved
//! in `tests/it/store/reminder.rs`.

use bulletin::clock::Clock;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::calendar::parts;
use super::house::{Database, House, PATIENCE, accepted, finished, house, until};
use crate::store::raw::Raw;
use crate::support::calendar::read;

on_both!(
    a_reminder_goes_out_by_itself_and_is_shown_before_and_after,
    a_daemon_that_dies_between_the_plan_and_the_mails_misses_nobody,
    a_ladder_of_the_configuration_counts_from_the_next_start_and_a_withdrawn_notice_has_none,
    a_correction_moves_the_ladder_and_raises_the_sequence_and_a_withdrawal_ends_both,
    a_step_that_is_too_late_is_passed_over_and_the_log_says_so,
    a_step_that_reached_nobody_is_not_said_to_be_sent,
    a_step_that_has_passed_is_said_to_be_passed_over_before_and_after_the_notice,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
/// Long after any run of this test.
const MEETING: &str = "meeting: {starts: 2037-06-12 14:00, ends: 2037-06-12 16:30, timezone: Europe/London, rsvp: true";
const FORTNIGHT: &str = "2037-05-29T14:00:00+01:00";
const EVE: &str = "2037-06-11T14:00:00+01:00";

fn noticed(house: &House, ladder: &str) {
    house.subscriber(ANN, &["meetings"]);
    house.subscriber(BOB, &["meetings"]);
    house.post_with("next", "meeting-notice", &["meetings"], &format!("{MEETING}{ladder}}}"));
    house.queue("next");
    house.send();
}

/// As if the first step's time had come.
async fn the_time_comes(house: &House) {
    let raw = Raw::open(&house.database_url()).await;
    let now = Clock::System.now().0;
    raw.run(&format!("UPDATE reminder SET due_at = {now} WHERE step = '14d'")).await.unwrap();
}

fn shown(house: &House) -> Value {
    house.program.json(&["post", "show", "next"])["reminders"].clone()
}

/// What `schedule` says of reminders, until the meeting.
fn scheduled(house: &House) -> Vec<Value> {
    scheduled_for(house, "7300d")
}

fn scheduled_for(house: &House, stretch: &str) -> Vec<Value> {
    let mut all = house.program.json_lines(&["schedule", "--for", stretch]);
    all.retain(|one| one["what"] == "reminder");
    all
}

async fn a_reminder_goes_out_by_itself_and_is_shown_before_and_after(database: Database) {
    let house = house(database).open();
    noticed(&house, ", reminders: [1d, 14d]");
    let step = |step, at, state, campaign: Option<i64>| json!({"step": step, "at": at, "state": state, "campaign": campaign});
    let both = [step("14d", FORTNIGHT, "to come", None), step("1d", EVE, "to come", None)];
    assert_eq!(shown(&house), json!(both));
    let told = house.must(&["post", "show", "next"]).stderr;
    assert!(told.contains("reminder 14d: Fri 29 May 2037, 14:00 BST, to come\n"), "{told}");
    let reminder = |at, name| json!({"at": at, "what": "reminder", "name": name});
    assert_eq!(scheduled(&house), [reminder(FORTNIGHT, "next 14d"), reminder(EVE, "next 1d")]);
    assert_eq!(scheduled_for(&house, "31d"), Vec::<Value>::new());
    let daemon = house.daemon();
    the_time_comes(&house).await;
    finished(&daemon, 2);
    drop(daemon);
    house.ended(2, &accepted(2));
    let campaign = house.campaign(2);
    assert_eq!((&campaign["kind"], &campaign["subject"]), (&json!("reminder"), &json!("next")));
    assert_eq!(shown(&house)[0]["campaign"], 2);
    assert_eq!(
        (&shown(&house)[0]["state"], &shown(&house)[1]["state"]),
        (&json!("sent"), &json!("to come"))
    );
    assert_eq!(scheduled(&house), [reminder(EVE, "next 1d")]);
    it_is_the_notice_again(&house);
    house.send();
    assert_eq!(house.mails().len(), 4, "nothing more by itself");
}

/// A reminder says that nobody pressed a button, and calendars find in it what they have.
fn it_is_the_notice_again(house: &House) {
    let (mut notices, mut reminders) = (Vec::new(), Vec::new());
    for raw in house.raw_mails() {
        let message = MessageParser::default().parse(&raw).unwrap();
        let automatic = message.header_raw("Auto-Submitted").map(str::trim);
        let [(method, object), _] = parts(&raw);
        assert_eq!(method, "REQUEST");
        match message.subject() {
            Some("Reminder: next") => {
                assert_eq!(automatic, Some("auto-generated"));
                reminders.push(object);
            }
            subject => {
                assert_eq!((subject, automatic), (Some("next"), None));
                notices.push(object);
            }
        }
    }
    let told = |objects: &[Vec<u8>]| {
        let objects: Vec<_> = objects.iter().collect();
        let mut told: Vec<_> =
            read(&objects).into_iter().map(|one| (one.attendees, one.uid, one.sequence)).collect();
        told.sort();
        told
    };
    assert_eq!(reminders.len(), 2);
    assert_eq!(told(&reminders), told(&notices));
}

async fn a_daemon_that_dies_between_the_plan_and_the_mails_misses_nobody(database: Database) {
    let house = house(database).open();
    noticed(&house, ", reminders: [14d]");
    let dying = house.program.clone().with_env("BULLETIN_DIE_AT", "composed");
    let mut dying = dying.start(&["-v", "run"]);
    dying.wait_for_line("running", PATIENCE);
    the_time_comes(&house).await;
    until("its death", || dying.has_ended()).await;
    assert_ne!(dying.wait(), 0);
    assert_eq!(house.mails().len(), 2);
    house.send();
    house.ended(2, &accepted(2));
    assert_eq!(house.mails().len(), 4);
    house.send();
    assert_eq!(house.mails().len(), 4);
}

async fn a_ladder_of_the_configuration_counts_from_the_next_start_and_a_withdrawn_notice_has_none(
    database: Database,
) {
    let house = house(database).open();
    noticed(&house, "");
    assert_eq!((shown(&house), scheduled(&house)), (json!([]), Vec::new()));
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.write(
        "config.toml",
        &format!("{config}\n[reminder]\nmeeting-notice = [\"14d\", \"1d\"]\n"),
    );
    house.post_with("later", "meeting-notice", &["meetings"], &format!("{MEETING}}}"));
    let planned = house.program.json(&["post", "show", "later"])["reminders"].clone();
    assert_eq!(
        planned[1],
        json!({"step": "1d", "at": EVE, "state": "not announced", "campaign": null})
    );
    house.send();
    assert_eq!(scheduled(&house).len(), 2, "of the notice that is announced");
    house.must(&["post", "withdraw", "next", "--notify"]);
    assert_eq!(scheduled(&house), Vec::<Value>::new());
    assert_eq!(shown(&house)[0]["state"], "withdrawn");
    house.send();
    assert_eq!(house.mails().len(), 4, "each was told twice: of the meeting, and that it is off");
    the_time_comes(&house).await;
    house.send();
    assert_eq!(house.mails().len(), 4, "a step that was due is passed over");
}

/// The sequence that calendars are told in each kind of mail.
fn sequences(house: &House, subject: &str) -> Vec<i64> {
    let of_it = house.raw_mails().into_iter().filter(|raw| {
        MessageParser::default().parse(raw).unwrap().subject().unwrap().starts_with(subject)
    });
    let objects: Vec<_> = of_it.map(|raw| parts(&raw)[0].1.clone()).collect();
    let mut all: Vec<_> =
        read(&objects.iter().collect::<Vec<_>>()).into_iter().map(|one| one.sequence).collect();
    all.sort_unstable();
    all
}

async fn a_correction_moves_the_ladder_and_raises_the_sequence_and_a_withdrawal_ends_both(
    database: Database,
) {
    let house = house(database).open();
    noticed(&house, ", reminders: [14d, 1d]");
    let moved = MEETING.replace("2037-06-12", "2037-06-19");
    let moved = format!("{moved}, reminders: [14d, 1d]}}");
    house.post_with("next", "meeting-notice", &["meetings"], &moved);
    house.must(&["queue", "next", "--correction", "--yes"]);
    house.send();
    let at =
        |shown: &Value| shown.as_array().unwrap().iter().map(|one| one["at"].clone()).collect();
    let days: Vec<Value> = at(&shown(&house));
    assert_eq!(days, ["2037-06-05T14:00:00+01:00", "2037-06-18T14:00:00+01:00"]);
    assert_eq!((house.mails().len(), sequences(&house, "Update")), (4, vec![1, 1]));
    // a daemon that starts would lay the ladder as it is
    let daemon = house.daemon();
    the_time_comes(&house).await;
    finished(&daemon, 3);
    drop(daemon);
    assert_eq!((house.mails().len(), sequences(&house, "Reminder")), (6, vec![1, 1]));
    house.must(&["post", "withdraw", "next", "--notify"]);
    house.send();
    assert_eq!((house.mails().len(), sequences(&house, "Cancelled")), (8, vec![2, 2]));
    assert_eq!(scheduled(&house), Vec::<Value>::new());
    house.send();
    assert_eq!(house.mails().len(), 8, "nothing more by itself");
}

async fn a_step_that_is_too_late_is_passed_over_and_the_log_says_so(database: Database) {
    let house = house(database).open();
    noticed(&house, ", reminders: [14d]");
    let daemon = house.daemon();
    let raw = Raw::open(&house.database_url()).await;
    let late = Clock::System.now().0 - 2 * 24 * 3_600_000;
    raw.run(&format!("UPDATE reminder SET due_at = {late}")).await.unwrap();
    until("it is passed over", || shown(&house)[0]["state"] == "passed over").await;
    daemon.wait_for_line("its reminder 14d before is passed over, and not sent", PATIENCE);
    assert_eq!(house.mails().len(), 2, "the notices");
}

async fn a_step_that_reached_nobody_is_not_said_to_be_sent(database: Database) {
    let house = house(database).open();
    noticed(&house, ", reminders: [14d]");
    for reader in [ANN, BOB] {
        house.must(&["subscriber", "unsubscribe", reader]);
    }
    let daemon = house.daemon();
    the_time_comes(&house).await;
    finished(&daemon, 2);
    drop(daemon);
    assert_eq!(house.mails().len(), 2, "the notices");
    assert_eq!(shown(&house)[0]["state"], "nobody to remind");
}

async fn a_step_that_has_passed_is_said_to_be_passed_over_before_and_after_the_notice(
    database: Database,
) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    // a hundred years before
    let ladder = format!("{MEETING}, reminders: [36500d, 1d]}}");
    house.post_with("next", "meeting-notice", &["meetings"], &ladder);
    let states = |shown: Value| [shown[0]["state"].clone(), shown[1]["state"].clone()];
    assert_eq!(states(shown(&house)), ["passed over", "not announced"]);
    house.queue("next");
    house.send();
    assert_eq!(states(shown(&house)), ["passed over", "to come"]);
    let told = house.must(&["post", "show", "next"]).stderr;
    assert!(told.contains("reminder 36500d: ") && told.contains(", passed over\n"), "{told}");
    assert_eq!((scheduled(&house).len(), house.mails().len()), (1, 1));
}
