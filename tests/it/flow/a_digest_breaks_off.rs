//! Promises 1 and 2 for a digest: the daemon dies while it plans the edition, and while it composes
//! it (`src/fault.rs`). Whoever goes on completes it: nobody is missed, nothing comes twice.

use std::collections::BTreeSet;

use super::house::{Database, House, accepted, house, recipients};
use crate::support::mail::Mail;
use crate::support::raw::Raw;
use crate::support::relay::Relay;
use crate::support::torture::no_core_files;

on_both!(a_digest_that_breaks_off_at_any_step_reaches_everybody_once);

/// Of each kind of reader, before the many and after them.
const EACH: usize = 8;
const KINDS: [(&str, &[&str]); 3] = [
    ("meetings", &["meetings:weekly"]),
    ("reports", &["reports:weekly"]),
    ("both", &["meetings:weekly", "reports:weekly"]),
];
const READERS: usize = 2 * EACH * KINDS.len();
/// As `abort` is told by a shell.
const ABORTED: i32 = 128 + 6;

async fn a_digest_that_breaks_off_at_any_step_reaches_everybody_once(database: Database) {
    no_core_files();
    let relay = Relay::new().start();
    let house = house(database).relay(&relay).open();
    everybody(&house).await;
    // the digest is new: it begins with its next firing
    house.send();
    for (slug, kind) in [("minutes", "meeting-summary"), ("findings", "report")] {
        house.post(slug, kind, &[]);
        house.queue(slug);
    }
    house.send();
    a_week_passes(&house).await;
    let fired = house.number("SELECT fired_at FROM digest").await;
    for place in ["page:1", "page:2", "planned"] {
        dies_at(&house, place).await;
        assert_eq!(planned(&house).await, [0, 0, 0], "{place}: all of it is taken back");
        assert_eq!(house.number("SELECT fired_at FROM digest").await, fired, "{place}");
    }
    let mails = i64::try_from(READERS).unwrap();
    let pieces = mails + mails / 3;
    for (place, composed) in [("rendering", 0), ("rendered", 1)] {
        dies_at(&house, place).await;
        assert_eq!(planned(&house).await, [1, mails, pieces], "{place}: planned, and once");
        assert_eq!(ready(&house).await, composed, "{place}");
        assert_eq!(recipients(&relay), [""; 0], "{place}: nothing can have gone out");
    }
    // the others may be going out while this one is composed
    dies_at(&house, "rendering:2").await;
    assert_eq!(planned(&house).await, [1, mails, pieces]);
    assert_eq!(ready(&house).await, 2);
    house.send();
    // Postgres counts on where a number was taken back
    let edition = house.number("SELECT max(id) FROM campaign").await;
    house.ended(edition, &accepted(READERS));
    each_has_what_is_theirs_once(&house, &relay).await;
    let all = relay.received().len();
    house.send();
    assert_eq!(house.program.json(&["digest", "run", "weekly"])["audience"], 0);
    assert_eq!((planned(&house).await, relay.received().len()), ([1, mails, pieces], all));
}

/// Between the first readers and the last so many who read nothing that no page holds them all.
async fn everybody(house: &House) {
    some(house, "early");
    let raw = Raw::open(&house.database_url()).await;
    let others =
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 5000)";
    raw.run(&format!(
        "INSERT INTO subscriber (email, email_key, email_hash, created_at) {others} \
         SELECT 'o' || n || '@example.org', 'o' || n || '@example.org', 'h' || n, 0 FROM number"
    ))
    .await
    .unwrap();
    raw.close().await;
    some(house, "late");
}

fn some(house: &House, when: &str) {
    for (kind, lists) in KINDS {
        let file = format!("{when}-{kind}.csv");
        let emails: Vec<_> = (0..EACH).map(|number| reader(when, kind, number)).collect();
        house.write(&file, &format!("email\n{}\n", emails.join("\n")));
        let mut import = vec!["subscriber", "import", &file, "--basis", "a test"];
        import.extend(lists.iter().flat_map(|list| ["--list", list]));
        house.must(&import);
    }
}

fn reader(when: &str, kind: &str, number: usize) -> String {
    format!("{when}-{kind}-{number}@readers.example")
}

async fn a_week_passes(house: &House) {
    let raw = Raw::open(&house.database_url()).await;
    raw.run("UPDATE digest SET fired_at = fired_at - 604800000").await.unwrap();
    raw.close().await;
}

async fn dies_at(house: &House, place: &str) {
    let program = house.program.clone().with_env("BULLETIN_DIE_AT", place);
    assert_eq!(program.start(&["-v", "run", "--until-idle"]).wait(), ABORTED, "at {place}");
    house.comes_to_rest().await;
}

/// Editions, their mails, and the posts that the ledger says are in them.
async fn planned(house: &House) -> [i64; 3] {
    [
        house.number("SELECT count(*) FROM campaign WHERE kind = 'digest'").await,
        house.number("SELECT count(*) FROM delivery").await,
        house.number("SELECT count(*) FROM ledger").await,
    ]
}

/// Of the edition's three renditions.
async fn ready(house: &House) -> i64 {
    house
        .number(
            "SELECT count(*) FROM rendition r JOIN campaign c ON c.id = r.campaign_id \
             WHERE c.kind = 'digest' AND r.html IS NOT NULL",
        )
        .await
}

/// What a crash repeats on the wire is the same mail, with the same Message-ID.
async fn each_has_what_is_theirs_once(house: &House, relay: &Relay) {
    let received = relay.received();
    let mails: BTreeSet<_> = received.iter().map(|it| (it.to.clone(), &it.message_id)).collect();
    let mut expected = Vec::new();
    for (kind, when) in KINDS.iter().flat_map(|(kind, _)| [(*kind, "early"), (*kind, "late")]) {
        expected.extend((0..EACH).map(|number| reader(when, kind, number)));
    }
    expected.sort();
    assert_eq!(mails.into_iter().map(|(to, _)| to).collect::<Vec<_>>(), expected);
    for one in &received {
        let text = Mail::of(&one.message).text;
        for (post, list) in [("minutes", "meetings"), ("findings", "reports")] {
            let theirs = one.to.contains(list) || one.to.contains("both");
            assert_eq!(text.contains(&format!("archive/{post}")), theirs, "{post} to {}", one.to);
        }
    }
    let twice = "SELECT count(*) FROM (SELECT 1 FROM ledger GROUP BY subscriber_id, post_id HAVING count(*) > 1) t";
    assert_eq!(house.number(twice).await, 0);
}
