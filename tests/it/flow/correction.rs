//! Nothing re-sends by itself; a correction goes to exactly those who had an earlier version, also by
//! digest, and still read what it came by (promise 2).

use serde_json::{Value, json};

use super::house::{Database, House, accepted, house};

on_both!(
    a_correction_goes_to_exactly_those_who_had_an_earlier_version,
    what_cannot_be_corrected_is_refused_in_plain_words,
    two_corrections_queued_at_once_mail_everybody_once,
    a_second_correction_tells_everybody_of_the_newest_version,
    whoever_says_no_before_or_after_the_freeze_gets_no_correction,
    a_list_that_brought_it_to_others_brings_no_correction,
    a_correction_that_waited_too_long_does_not_undo_a_newer_one,
    each_occasion_can_be_looked_at_beforehand,
    a_digest_still_to_come_brings_the_corrected_version,
    a_daemon_that_dies_at_any_step_of_a_correction_misses_nobody,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";
const CAT: &str = "cat@readers.example";
const DAN: &str = "dan@readers.example";
const EVE: &str = "eve@readers.example";
const FAY: &str = "fay@readers.example";
const GIL: &str = "gil@readers.example";

/// The minutes in a newer version.
fn edited(house: &House, urgent: bool) {
    let line = format!("urgent: {urgent}");
    house.post_with("minutes", "meeting-summary", &["meetings", "reports"], &line);
}

/// The minutes were sent to all these at once, and to the digest's readers by digest.
fn told(house: &House, at_once: &[&str], by_digest: &[&str]) {
    for (readers, list) in [(at_once, "meetings"), (by_digest, "meetings:weekly")] {
        for reader in readers {
            house.subscriber(reader, &[list]);
        }
    }
    house.post("minutes", "meeting-summary", &["meetings", "reports"]);
    house.queue("minutes");
    house.send();
    house.must(&["digest", "run", "weekly"]);
    house.send();
}

fn correct(house: &House) -> i64 {
    let said = house.program.json(&["queue", "minutes", "--correction"]);
    said["campaign"].as_i64().unwrap()
}

/// Who got a correction, in order.
fn corrected(house: &House) -> Vec<String> {
    let mut all = house.mails();
    all.retain(|mail| mail.subject == "Update: minutes");
    let mut all: Vec<_> = all.into_iter().map(|mail| mail.to).collect();
    all.sort();
    all
}

fn leave(house: &House, who: &str, list: &str) {
    house.must(&["subscriber", "unsubscribe", who, "--list", list]);
}

async fn a_correction_goes_to_exactly_those_who_had_an_earlier_version(database: Database) {
    let house = house(database).open();
    house.subscriber(GIL, &["meetings", "reports"]);
    house.subscriber(FAY, &["meetings"]);
    told(&house, &[ANN, DAN, EVE], &[BOB]);
    let before = house.mails().len();
    house.subscriber(CAT, &["meetings"]);
    leave(&house, DAN, "meetings");
    house.must(&["suppression", "add", EVE]);
    leave(&house, GIL, "meetings");
    // she had it by one list, and reads another of the post's only since then
    leave(&house, FAY, "meetings");
    house.subscriber(FAY, &["news"]);
    edited(&house, true);
    house.send();
    assert_eq!(house.mails().len(), before, "an edited post sends nothing by itself");
    let forecast = house.program.json(&["queue", "minutes", "--correction", "--dry-run"]);
    assert_eq!(
        (&forecast["campaign"], &forecast["state"], &forecast["audience"], &forecast["excluded"]),
        (&Value::Null, &json!("draft"), &json!(3), &json!({"suppressed": 1, "unsubscribed": 2}))
    );
    let said = house.must(&["queue", "minutes", "--correction", "--dry-run"]).stdout;
    assert!(said.contains("3  had it and are sent the correction (meetings, reports)"), "{said}");
    let campaign = correct(&house);
    let shown = house.campaign(campaign);
    assert_eq!((&shown["kind"], &shown["audience"]), (&json!("update"), &json!(3)));
    house.send();
    assert_eq!(corrected(&house), [ANN, BOB, GIL]);
    house.ended(campaign, &accepted(3));
    for mail in house.mails().iter().filter(|mail| mail.subject.starts_with("Update")) {
        assert!(mail.text.contains("THIS HAS CHANGED since we last wrote to you"), "{}", mail.text);
        let (list, name) =
            if mail.to == GIL { ("<reports.", "Reports") } else { ("<meetings.", "Meetings") };
        assert!(mail.headers["list-id"].contains(list), "{:?}", mail.headers);
        let by = mail.text.lines().skip_while(|line| !line.contains("you subscribe to")).nth(1);
        assert_eq!(by, Some(name));
    }
    let [shown] = house.program.json_lines(&["post", "list"]).try_into().unwrap();
    assert_eq!((&shown["version"], &shown["state"]), (&json!(2), &json!("published")));
    newcomers_get_it_as_news(&house);
}

fn newcomers_get_it_as_news(house: &House) {
    house.queue("minutes");
    house.send();
    let mail = house.mails().into_iter().find(|mail| mail.to == CAT).unwrap();
    assert_eq!(mail.subject, "minutes");
}

async fn what_cannot_be_corrected_is_refused_in_plain_words(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    house.post("minutes", "meeting-summary", &[]);
    let refused = |because: &str| {
        let ran = house.program.run(&["--json", "queue", "minutes", "--correction"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(because), "{}", ran.stderr);
    };
    refused(
        "nobody was told of \"minutes\" yet, so there is nothing to correct; `bulletin queue minutes` announces it",
    );
    house.queue("minutes");
    house.send();
    refused("version 1 of \"minutes\" is the one that people had, and there is no newer one");
    edited(&house, true);
    correct(&house);
    house.send();
    let again = house.program.run(&["queue", "minutes", "--correction"]);
    assert_eq!(again.code, 1);
    let words = "Nobody is left to send the correction of \"minutes\" to.";
    assert!(again.stdout.starts_with(words), "{}", again.stdout);
    house.must(&["post", "withdraw", "minutes"]);
    refused("the post \"minutes\" was withdrawn; `bulletin post withdraw minutes --notify`");
    let both = house.program.run(&["queue", "minutes", "--correction", "--list", "news"]);
    assert_eq!(both.code, 2, "those who had it are not chosen by list");
    assert_eq!(corrected(&house), [ANN]);
}

async fn two_corrections_queued_at_once_mail_everybody_once(database: Database) {
    let house = house(database).open();
    told(&house, &[ANN], &[BOB]);
    edited(&house, true);
    let (first, second) = (correct(&house), correct(&house));
    house.send();
    assert_eq!(corrected(&house), [ANN, BOB]);
    house.ended(first, &accepted(2));
    house.ended(second, &json!({}));
}

async fn a_second_correction_tells_everybody_of_the_newest_version(database: Database) {
    let house = house(database).open();
    told(&house, &[ANN], &[]);
    edited(&house, true);
    correct(&house);
    house.send();
    edited(&house, false);
    correct(&house);
    house.send();
    assert_eq!(corrected(&house), [ANN, ANN], "once for each version");
}

async fn whoever_says_no_before_or_after_the_freeze_gets_no_correction(database: Database) {
    let house = house(database).open();
    house.subscriber(GIL, &["meetings", "reports"]);
    told(&house, &[ANN, DAN, FAY], &[BOB]);
    edited(&house, true);
    let campaign = correct(&house);
    leave(&house, DAN, "meetings");
    house.must(&["relay", "pause", "main"]);
    house.send();
    assert_eq!(house.counts(campaign), json!({"queued": 4}));
    leave(&house, ANN, "meetings");
    leave(&house, FAY, "meetings");
    leave(&house, GIL, "reports");
    house.must(&["relay", "resume", "main"]);
    house.send();
    assert_eq!(corrected(&house), [BOB, GIL]);
    house.ended(campaign, &json!({"accepted": 2, "suppressed": 2}));
}

/// Fay had it by the meetings. That the reports brought it to others later is nothing to her.
async fn a_list_that_brought_it_to_others_brings_no_correction(database: Database) {
    let house = house(database).open();
    for reader in [FAY, GIL] {
        house.subscriber(reader, &["meetings"]);
    }
    house.post("minutes", "meeting-summary", &["meetings"]);
    house.queue("minutes");
    house.send();
    house.subscriber(BOB, &["reports"]);
    house.must(&["queue", "minutes", "--list", "reports"]);
    house.send();
    house.subscriber(FAY, &["reports"]);
    house.subscriber(GIL, &["reports"]);
    edited(&house, true);
    leave(&house, GIL, "meetings");
    let campaign = correct(&house);
    house.must(&["relay", "pause", "main"]);
    house.send();
    leave(&house, FAY, "meetings");
    house.must(&["relay", "resume", "main"]);
    house.send();
    assert_eq!(corrected(&house), [BOB]);
    house.ended(campaign, &json!({"accepted": 1, "suppressed": 1}));
}

async fn a_correction_that_waited_too_long_does_not_undo_a_newer_one(database: Database) {
    let mut house = house(database).open();
    told(&house, &[ANN], &[]);
    house.ask_for_approval(&["meetings"]);
    edited(&house, true);
    let second = correct(&house);
    let shown = house.program.json(&["campaign", "show", &second.to_string()]);
    assert_eq!((&shown["state"], &shown["audience"]), (&json!("awaiting_approval"), &json!(1)));
    edited(&house, false);
    let third = correct(&house);
    for campaign in [third, second] {
        house.approve(campaign);
        house.send();
    }
    house.ended(third, &accepted(1));
    house.ended(second, &json!({}));
    assert_eq!(corrected(&house), [ANN]);
}

async fn each_occasion_can_be_looked_at_beforehand(database: Database) {
    let house = house(database).open();
    house.post("minutes", "meeting-summary", &[]);
    for (occasion, subject) in [
        ("news", "minutes"),
        ("reminder", "Reminder: minutes"),
        ("update", "Update: minutes"),
        ("cancellation", "Withdrawn: minutes"),
    ] {
        let shown = house.program.json(&["preview", "minutes", "--occasion", occasion]);
        assert_eq!(super::house::keys(&shown), ["subject", "format", "content"]);
        assert_eq!(shown["subject"], subject);
    }
}

async fn a_digest_still_to_come_brings_the_corrected_version(database: Database) {
    let house = house(database).open();
    house.subscriber(ANN, &["meetings"]);
    house.subscriber(BOB, &["meetings:weekly"]);
    house.post("minutes", "meeting-summary", &[]);
    house.queue("minutes");
    house.send();
    edited(&house, true);
    correct(&house);
    house.send();
    assert_eq!(corrected(&house), [ANN], "what is still to come is not corrected by a mail");
    // news came before him, and a correction is none
    house.subscriber(CAT, &["meetings:weekly"]);
    edited(&house, false);
    correct(&house);
    house.send();
    assert_eq!(house.program.json(&["digest", "run", "weekly"])["audience"], 1);
    house.send();
    let digest = house.mails().into_iter().find(|mail| mail.to == BOB).unwrap();
    assert!(digest.text.contains("/archive/minutes"), "{}", digest.text);
    let again = house.program.run(&["queue", "minutes", "--correction"]);
    assert_eq!(again.code, 1, "he had the newest version: {}", again.stdout);
}

/// Before its results are kept a mail may be repeated, with the same Message-ID.
async fn a_daemon_that_dies_at_any_step_of_a_correction_misses_nobody(database: Database) {
    let house = house(database).open();
    told(&house, &[ANN, DAN], &[BOB]);
    for (round, point) in ["claim", "claimed", "composed", "keeping", "kept"].iter().enumerate() {
        edited(&house, round % 2 == 0);
        let campaign = correct(&house);
        let before = house.mails().len();
        let dying = house.program.clone().with_env("BULLETIN_DIE_AT", point);
        assert_ne!(dying.run(&["run", "--until-idle"]).code, 0, "it died at {point}");
        house.send();
        house.ended(campaign, &accepted(3));
        let mut mails = house.mails().split_off(before);
        mails.sort_by(|one, other| one.to.cmp(&other.to));
        mails.dedup_by(|one, other| one.headers["message-id"] == other.headers["message-id"]);
        let to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(to, [ANN, BOB, DAN], "{point}");
    }
}
