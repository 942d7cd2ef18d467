//! A list asks for a second person: who that may be, what they sign, and what is remembered of it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::house::{Database, House, accepted, house, keys};
use crate::store::raw::Raw;
use crate::support::house::coordinator::token;
use crate::support::program::Ran;

on_both!(
    a_person_is_one_by_login_by_token_and_by_a_file_that_nobody_else_reads,
    who_left_is_still_named_and_others_approve_what_they_queued,
    who_is_alone_is_told_that_nobody_can_approve,
    a_second_coordinator_lets_a_campaign_go_and_the_first_cannot,
    whoever_is_no_coordinator_steers_nothing_and_is_told_what_to_write,
    without_coordinators_nobody_approves_what_the_same_user_queued,
    a_change_after_the_approval_voids_it_and_a_sign_up_does_not,
    a_correction_that_reaches_more_lists_is_approved_anew,
    a_list_that_asks_for_approval_too_late_is_heeded,
    what_is_approved_late_goes_at_once_and_what_has_expired_never,
    a_digest_holds_what_was_approved_and_goes_by_itself,
    an_edit_does_not_change_what_was_approved,
    who_approves_a_meeting_sees_when_its_readers_are_reminded,
);

const ANN: &str = "ann@readers.example";
const BOB: &str = "bob@readers.example";

/// Ann reads the news, which asks for approval.
pub(super) fn careful(database: Database) -> House {
    let mut house = house(database).open();
    house.subscriber(ANN, &["news"]);
    house.ask_for_approval(&["news"]);
    house.post("hello", "announcement", &["news"]);
    house
}

pub(super) fn refused(ran: &Ran, because: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(because), "{}", ran.stderr);
}

pub(super) fn approve(house: &House, who: &str, campaign: i64) -> Ran {
    house.program_of(who).run(&["campaign", "approve", &campaign.to_string()])
}

pub(super) fn state(house: &House, campaign: i64) -> Value {
    house.program.json(&["campaign", "show", &campaign.to_string()])["state"].clone()
}

/// Who did what, and more about it.
pub(super) fn log(house: &House, campaign: i64) -> Vec<(String, String, String)> {
    let shown = house.program.json(&["campaign", "show", &campaign.to_string()]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |entry: &Value| {
        assert_eq!(keys(entry), ["at", "who", "action", "detail"]);
        (text(&entry["who"]), text(&entry["action"]), text(&entry["detail"]))
    };
    shown["log"].as_array().unwrap().iter().map(entry).collect()
}

pub(super) fn done(house: &House, campaign: i64) -> Vec<(String, String)> {
    log(house, campaign).into_iter().map(|(who, action, _)| (who, action)).collect()
}

fn needs(house: &House) -> String {
    house.program.json(&["status"])["needs_a_person"].to_string()
}

pub(super) async fn raw(house: &House) -> Raw {
    Raw::open(&house.database_url()).await
}

async fn a_second_coordinator_lets_a_campaign_go_and_the_first_cannot(database: Database) {
    let house = careful(database);
    let goes = |list| house.must(&["queue", "hello", "--list", list, "--dry-run"]).stdout;
    let once = ", once a second person approves it.";
    assert!(goes("news").contains(once), "{}", goes("news"));
    assert!(!goes("reports").contains(once), "{}", goes("reports"));
    let campaign = house.queue("hello");
    refused(&approve(&house, "ann", campaign), "was queued by ann, which is you");
    house.send();
    assert_eq!((state(&house, campaign), house.mails().len()), (json!("awaiting_approval"), 0));
    let ran = approve(&house, "bob", campaign);
    for told in ["hello", "to news", "queued by Ann Field", "1  would get it", "by Bob Hill"] {
        assert!(ran.stdout.contains(told), "{told}: {}{}", ran.stdout, ran.stderr);
    }
    refused(&approve(&house, "bob", campaign), "is scheduled; only one that is awaiting_approval");
    house.send();
    house.ended(campaign, &accepted(1));
    let signed = log(&house, campaign).remove(1);
    let hash = raw(&house).await.words("SELECT hash FROM approval").await.remove(0);
    let (who, what) = ("bob".to_owned(), "approved".to_owned());
    assert_eq!(signed, (who, what, format!("content {hash}")));
}

async fn whoever_is_no_coordinator_steers_nothing_and_is_told_what_to_write(database: Database) {
    let house = careful(database);
    let campaign = house.queue("hello").to_string();
    let all: [&[&str]; 12] = [
        &["queue", "hello"],
        &["campaign", "approve", &campaign],
        &["campaign", "pause", &campaign],
        &["campaign", "resume", &campaign],
        &["campaign", "cancel", &campaign],
        &["campaign", "retry", &campaign],
        &["campaign", "test", &campaign, "--to", BOB],
        &["digest", "run", "weekly"],
        &["post", "withdraw", "hello"],
        &["check", "hello.md", "--allow", "shouting", "--because", "it is a name"],
        &["delivery", "retry", "1"],
        &["delivery", "settle", "1", "accepted"],
    ];
    // the user who runs the tests has no table; Eve has a token that nobody knows
    let (nobody, eve) =
        (house.program.clone().without_env("BULLETIN_TOKEN"), house.program_of("eve"));
    for command in all {
        refused(&nobody.run(command), "is not a coordinator, and only coordinators may do this");
        refused(
            &eve.run(command),
            "your token (BULLETIN_TOKEN or BULLETIN_TOKEN_FILE) is no coordinator's",
        );
    }
    assert_eq!(done(&house, campaign.parse().unwrap()), [("ann".to_owned(), "queued".to_owned())]);
    // to look is free
    for look in [&["queue", "hello", "--dry-run"][..], &["campaign", "show", &campaign]] {
        assert_eq!(nobody.run(look).code, 0, "{look:?}");
    }
    // and by the user's own table they may
    let said = nobody.run(&["campaign", "pause", &campaign]).stderr;
    let user = said.split('"').nth(1).unwrap();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.write("config.toml", &format!("{config}[coordinator.cem]\nuser = \"{user}\"\n"));
    assert_eq!(nobody.run(&["campaign", "approve", &campaign]).code, 0);
    let approved = ("cem".to_owned(), "approved".to_owned());
    assert_eq!(done(&house, campaign.parse().unwrap()).pop(), Some(approved));
}

async fn without_coordinators_nobody_approves_what_the_same_user_queued(database: Database) {
    let house = house(database).open();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    house.write("config.toml", &config.replace("[list.news]", "[list.news]\napproval = true"));
    house.post("hello", "announcement", &["news"]);
    let said = house.must(&["queue", "hello"]).stdout;
    assert!(said.contains("No coordinators are named in the configuration"), "{said}");
    let campaign = 1;
    // what somebody calls themselves is not who they are
    let posing = house.program.clone().with_env("LOGNAME", "zed").with_env("USER", "zed");
    for program in [&house.program, &posing] {
        let ran = program.run(&["campaign", "approve", &campaign.to_string()]);
        refused(&ran, "which is you");
        assert!(ran.stderr.contains("[coordinator.NAME]"), "{}", ran.stderr);
    }
    let (who, action, _) = log(&house, campaign).remove(0);
    assert_ne!((who.as_str(), action.as_str()), ("zed", "queued"));
    assert!(!who.is_empty());
}

async fn a_change_after_the_approval_voids_it_and_a_sign_up_does_not(database: Database) {
    let house = careful(database);
    let campaign = house.queue("hello");
    house.approve(campaign);
    raw(&house).await.run("UPDATE campaign SET due_at = due_at - 1").await.unwrap();
    house.send();
    assert_eq!((state(&house, campaign), house.mails().len()), (json!("awaiting_approval"), 0));
    let (who, action, detail) = log(&house, campaign).pop().unwrap();
    assert_eq!((who.as_str(), action.as_str()), ("bulletin", "voided"));
    assert_eq!(detail, "changed since bob approved it: its due time");
    assert!(needs(&house).contains(&detail), "{}", needs(&house));
    house.approve(campaign);
    house.subscriber(BOB, &["news"]);
    house.send();
    house.ended(campaign, &accepted(2));
}

async fn a_correction_that_reaches_more_lists_is_approved_anew(database: Database) {
    let house = careful(database);
    house.subscriber(BOB, &["reports"]);
    let news = house.queue("hello");
    house.approve(news);
    house.send();
    house.post_with("hello", "announcement", &["news"], "urgent: true");
    let correction = house.program.json(&["queue", "hello", "--correction"]);
    let correction = correction["campaign"].as_i64().unwrap();
    house.approve(correction);
    // until it goes out, the post comes to Bob's list as well, which asks for no approval
    house.must(&["campaign", "pause", &correction.to_string()]);
    let earlier = format!(
        "INSERT INTO publication (sequence, post_id, version, list, published_at) \
         SELECT 99, post_id, 1, 'reports', created_at FROM campaign WHERE id = {news}"
    );
    raw(&house).await.run(&earlier).await.unwrap();
    house.must(&["campaign", "resume", &correction.to_string()]);
    house.send();
    assert_eq!(state(&house, correction), "awaiting_approval");
    let (_, _, detail) = log(&house, correction).pop().unwrap();
    let lists = "its lists (before: news; now: news, reports)";
    assert_eq!(detail, format!("changed since bob approved it: {lists}"));
    house.approve(correction);
    house.send();
    house.ended(correction, &accepted(1));
}

async fn a_list_that_asks_for_approval_too_late_is_heeded(database: Database) {
    let mut house = house(database).open();
    house.subscriber(ANN, &["news"]);
    house.post("hello", "announcement", &["news"]);
    let campaign = house.queue("hello");
    house.ask_for_approval(&["news"]);
    house.send();
    assert_eq!((state(&house, campaign), house.mails().len()), (json!("awaiting_approval"), 0));
    assert!(needs(&house).contains("asks for approval, and nobody has approved it"));
    house.approve(campaign);
    house.send();
    house.ended(campaign, &accepted(1));
}

async fn what_is_approved_late_goes_at_once_and_what_has_expired_never(database: Database) {
    let house = careful(database);
    house.post("late", "announcement", &["news"]);
    let (hello, late) = (house.queue("hello"), house.queue("late"));
    let old = format!("UPDATE campaign SET due_at = 1, expires_at = 2 WHERE id = {late}");
    raw(&house).await.run(&old).await.unwrap();
    let needs = needs(&house);
    for need in [
        format!("campaign {hello} “hello” waits for approval, and its time has come"),
        format!("campaign {late} “late” expired before anybody approved it"),
    ] {
        assert!(needs.contains(&need), "{needs}");
    }
    refused(&approve(&house, "bob", late), "expired before anybody approved it; cancel it");
    let ran = approve(&house, "bob", hello);
    assert!(ran.stdout.contains("it goes out at once"), "{}{}", ran.stdout, ran.stderr);
    house.send();
    house.ended(hello, &accepted(1));
    assert_eq!(state(&house, late), "awaiting_approval");
}

async fn a_digest_holds_what_was_approved_and_goes_by_itself(database: Database) {
    let house = careful(database);
    house.subscriber(BOB, &["news:weekly"]);
    house.post("postponed", "announcement", &["news"]);
    let hello = house.queue("hello");
    house.queue("postponed");
    house.approve(hello);
    house.send();
    let edition = house.program.json(&["digest", "run", "weekly"])["campaign"].as_i64().unwrap();
    house.send();
    house.ended(edition, &accepted(1));
    assert_eq!(done(&house, edition), [("ann".to_owned(), "queued".to_owned())]);
    let digest = house.mails().into_iter().find(|mail| mail.to == BOB).unwrap();
    assert!(digest.text.contains("hello") && !digest.text.contains("postponed"), "{}", digest.text);
}

async fn an_edit_does_not_change_what_was_approved(database: Database) {
    let house = careful(database);
    let campaign = house.queue("hello");
    house.post_with("hello", "announcement", &["news"], "urgent: true");
    let ran = approve(&house, "bob", campaign);
    let odd = "The post was edited since: this sends version 1, and the newest is 2.";
    assert!(ran.stdout.contains(odd), "{}{}", ran.stdout, ran.stderr);
    house.post_with("hello", "announcement", &["news"], "discreet_subject: News");
    house.send();
    house.ended(campaign, &accepted(1));
    let sent = raw(&house).await.numbers("SELECT version FROM rendition_post").await;
    assert_eq!(sent, [1]);
}

async fn a_person_is_one_by_login_by_token_and_by_a_file_that_nobody_else_reads(
    database: Database,
) {
    let house = careful(database);
    let campaign = house.queue("hello");
    let login = house.program.clone().without_env("BULLETIN_TOKEN");
    let approval = ["campaign", "approve", &campaign.to_string()];
    let user = login.run(&approval).stderr.split('"').nth(1).unwrap().to_owned();
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let ann = format!("[coordinator.ann]\nuser = \"{user}\"");
    house.write("config.toml", &config.replace("[coordinator.ann]", &ann));
    // queued by her token, approved by her login
    refused(&login.run(&approval), "was queued by ann, which is you");
    let of = |name: &str, mode| {
        house.write(name, &format!("{}\n", token(name)));
        std::fs::set_permissions(house.path(name), Permissions::from_mode(mode)).unwrap();
        login.clone().with_env("BULLETIN_TOKEN_FILE", house.path(name).to_str().unwrap())
    };
    refused(&of("ann", 0o600).run(&approval), "was queued by ann, which is you");
    refused(&of("bob", 0o640).run(&approval), "others may read this secret file (mode 0640)");
    let gone = login.clone().with_env("BULLETIN_TOKEN_FILE", "gone");
    refused(&gone.run(&approval), "BULLETIN_TOKEN_FILE: gone: this secret file cannot be read");
    // a token that is none is wrong, whoever is logged in
    let empty = login.clone().with_env("BULLETIN_TOKEN", "");
    refused(&empty.run(&approval), "shorter than 20 characters");
    assert_eq!(of("bob", 0o600).run(&approval).code, 0);
    let approved = ("bob".to_owned(), "approved".to_owned());
    assert_eq!(done(&house, campaign).pop(), Some(approved));
}

async fn who_left_is_still_named_and_others_approve_what_they_queued(database: Database) {
    let house = careful(database);
    let (first, second) = (house.queue("hello"), house.program_of("ann"));
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let (before, bob) = config.split_once("\n[coordinator.bob]").unwrap();
    let (before, _) = before.split_once("\n[coordinator.ann]").unwrap();
    house.write("config.toml", &format!("{before}\n[coordinator.bob]{bob}"));
    let id = first.to_string();
    refused(&second.run(&["campaign", "cancel", &id]), "is no coordinator's");
    let ran = approve(&house, "bob", first);
    assert!(ran.stdout.contains("queued by ann\n"), "{}{}", ran.stdout, ran.stderr);
    house.send();
    house.ended(first, &accepted(1));
    let people = house.must(&["campaign", "show", &id]).stdout;
    assert!(people.contains("queued by ann: version 1, to news\n"), "{people}");
    // what Bob approved stays approved when he leaves, too: it was two people's word
    let names: Vec<_> = done(&house, first).into_iter().map(|(who, _)| who).collect();
    assert_eq!(names, ["ann", "bob"]);
}

async fn who_is_alone_is_told_that_nobody_can_approve(database: Database) {
    let house = careful(database);
    let alone = "Nobody but you can";
    let said = house.must(&["queue", "hello"]);
    assert!(!said.stdout.contains(alone), "{}", said.stdout);
    let config = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let (before, _) = config.split_once("\n[coordinator.bob]").unwrap();
    house.write("config.toml", before);
    house.post("again", "announcement", &["news"]);
    let said = house.must(&["queue", "again"]);
    assert!(said.stdout.contains(alone), "{}", said.stdout);
    assert!(said.stdout.contains("[coordinator.NAME]"), "{}", said.stdout);
}

async fn who_approves_a_meeting_sees_when_its_readers_are_reminded(database: Database) {
    let house = careful(database);
    let meeting = |ladder: &str| {
        format!(
            "meeting: {{starts: 2037-06-12 14:00, ends: 2037-06-12 16:30, timezone: Europe/London, reminders: {ladder}}}"
        )
    };
    house.post_with("next", "meeting-notice", &["news"], &meeting("[36500d, 14d, 2h]"));
    let campaign = house.queue("next");
    // it is the ladder of what is signed
    house.post_with("next", "meeting-notice", &["news"], &meeting("[3d]"));
    let told = approve(&house, "bob", campaign).stdout;
    let ladder: Vec<_> = told.lines().filter(|line| line.starts_with("reminder ")).collect();
    let [old, fortnight, hours] = ladder[..] else { panic!("{told}") };
    assert!(old.starts_with("reminder 36500d: ") && old.ends_with(", passed over"), "{told}");
    assert_eq!(fortnight, "reminder 14d: Fri 29 May 2037, 14:00 BST");
    assert_eq!(hours, "reminder 2h: Fri 12 Jun 2037, 12:00 BST");
}
