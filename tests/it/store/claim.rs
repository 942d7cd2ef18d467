//! The claim: each due row to one claimer, with all that must be known to send it.

use std::collections::BTreeSet;

use bulletin::campaign::State;
use bulletin::delivery::hours::Hours;
use bulletin::delivery::store::{Taken, Taker, claim};
use tokio::task::JoinSet;

use super::people::{NOBODY, address};
use super::{World, on_both};

on_both!(
    every_row_is_claimed_once_by_many_at_once,
    a_claim_takes_what_is_due_and_no_more,
    only_running_campaigns_are_claimed,
    an_errand_carries_what_its_mail_needs,
    an_edition_comes_by_the_subscriptions_of_its_digest,
    whoever_left_after_the_freeze_is_claimed_as_unwanted,
    whoever_left_one_of_two_lists_is_still_wanted,
    whoever_was_suppressed_or_paused_after_the_freeze_is_unwanted,
    what_expired_is_claimed_as_unwanted,
    a_message_id_is_unique_and_stays,
);

const CLAIMERS: i64 = 4;
const ROWS: usize = 2_000;
const BATCH: usize = 64;

fn id(taken: &Taken) -> i64 {
    match taken {
        Taken::Wanted(errand) => errand.claim.id.0,
        Taken::Unwanted(claim, reason) => panic!("{claim:?} is unwanted: {reason}"),
    }
}

async fn every_row_is_claimed_once_by_many_at_once(w: &World) {
    w.readers(ROWS, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let mut claimers = JoinSet::new();
    for owner in 0..CLAIMERS {
        let (db, now, message_domains) = (w.db.clone(), w.now(), w.config.message_domains());
        let hours = Hours::of(&w.config.site);
        claimers.spawn(async move {
            let taker = Taker {
                owner: NOBODY + owner,
                lease_until: now,
                limit: i64::try_from(BATCH).unwrap(),
                marks: true,
                message_domains: &message_domains,
                hours: &hours,
            };
            let mut all = Vec::new();
            loop {
                let mut write = db.write().await.unwrap();
                let rows = claim(&mut write, taker, now).await.unwrap();
                write.commit().await.unwrap();
                assert!(rows.len() <= BATCH, "{} at once", rows.len());
                if rows.is_empty() {
                    return all;
                }
                all.extend(rows.iter().map(id));
            }
        });
    }
    let claimed = claimers.join_all().await.concat();
    assert_eq!(claimed.len(), ROWS, "nobody is claimed twice");
    let different: BTreeSet<_> = claimed.into_iter().collect();
    assert_eq!(different.len(), ROWS, "nobody is left out");
    let fences = w.raw.numbers("SELECT DISTINCT fence FROM delivery").await;
    assert_eq!(fences, [1]);
}

async fn a_claim_takes_what_is_due_and_no_more(w: &World) {
    w.readers(5, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let later = w.now().0 + 60_000;
    let wait = format!("UPDATE delivery SET next_at = {later} WHERE id <= 2");
    w.raw.run(&wait).await.unwrap();
    let due = async |limit| w.take(NOBODY, limit).await.iter().map(id).collect::<Vec<_>>();
    assert_eq!(due(2).await, [3, 4]);
    assert_eq!(due(9).await, [5]);
    assert_eq!(due(9).await, Vec::<i64>::new());
    w.pass(60);
    assert_eq!(due(9).await, [1, 2]);
}

async fn only_running_campaigns_are_claimed(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let started = w.announce("hello").await;
    let (run, paused) = (State::Running, State::Paused);
    w.move_campaign(started.id, run, paused).await;
    assert!(w.take(NOBODY, 9).await.is_empty());
    w.move_campaign(started.id, paused, run).await;
    assert_eq!(w.take(NOBODY, 9).await.len(), 1);
}

async fn an_errand_carries_what_its_mail_needs(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("ann", "reports", "immediate").await;
    w.reader("ann", "meetings", "immediate").await;
    w.post("hello", "announcement").await;
    let queued = w.order("hello", &["reports", "news"], false).await;
    w.freeze().await;
    let taken = w.take(NOBODY, 9).await;
    let [Taken::Wanted(errand)] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(errand.email, address("ann"));
    assert_eq!((errand.claim.campaign, errand.claim.fence), (queued.id, 1));
    let lists: Vec<_> = errand.subscriptions.iter().map(|one| one.1.as_str()).collect();
    assert_eq!(lists, ["reports", "news"], "in the campaign's order");
    assert_eq!(errand.dated_at, w.now());
    let row = "SELECT count(*) FROM delivery WHERE state = 'sending' AND owner = 999999 AND lease_until > 0";
    assert_eq!(w.raw.number(row).await, 1);
}

async fn an_edition_comes_by_the_subscriptions_of_its_digest(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.reader("ann", "reports", "weekly").await;
    w.reader("ann", "meetings", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.edition("weekly").await.unwrap();
    let taken = w.take(NOBODY, 9).await;
    let [Taken::Wanted(errand)] = taken.as_slice() else { panic!("{taken:?}") };
    let mut lists: Vec<_> = errand.subscriptions.iter().map(|one| one.1.as_str()).collect();
    lists.sort_unstable();
    assert_eq!(lists, ["news", "reports"]);
}

async fn unwanted(w: &World) -> &'static str {
    match w.take(NOBODY, 9).await.as_slice() {
        [Taken::Unwanted(_, reason)] => reason,
        other => panic!("one row is due and unwanted, not {other:?}"),
    }
}

async fn announced_to_ann(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("ann", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    w.order("hello", &["news", "reports"], false).await;
    w.freeze().await;
}

async fn whoever_left_after_the_freeze_is_claimed_as_unwanted(w: &World) {
    announced_to_ann(w).await;
    w.leave("ann").await;
    assert_eq!(unwanted(w).await, "unsubscribed");
}

async fn whoever_left_one_of_two_lists_is_still_wanted(w: &World) {
    announced_to_ann(w).await;
    w.raw
        .run("UPDATE subscription SET state = 'ended', ended_at = 1, end_reason = 'no' WHERE list = 'news'")
        .await
        .unwrap();
    let taken = w.take(NOBODY, 9).await;
    let [Taken::Wanted(errand)] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(errand.subscriptions.len(), 1);
    assert_eq!(errand.subscriptions[0].1, "reports");
}

async fn whoever_was_suppressed_or_paused_after_the_freeze_is_unwanted(w: &World) {
    announced_to_ann(w).await;
    w.suppress("ann").await;
    assert_eq!(unwanted(w).await, "suppressed");
    w.raw
        .run("UPDATE delivery SET state = 'queued', next_at = 1, owner = NULL, lease_until = NULL")
        .await
        .unwrap();
    w.raw.run("DELETE FROM suppression").await.unwrap();
    w.raw.run("UPDATE subscription SET state = 'paused'").await.unwrap();
    assert_eq!(unwanted(w).await, "unsubscribed");
}

async fn what_expired_is_claimed_as_unwanted(w: &World) {
    announced_to_ann(w).await;
    w.clock.advance(w.config.delivery.give_up_after);
    assert_eq!(unwanted(w).await, "expired");
}

async fn a_message_id_is_unique_and_stays(w: &World) {
    w.readers(200, "news").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let all = "SELECT message_id || ' ' || COALESCE(dated_at, 0) FROM delivery ORDER BY id";
    let ids = "SELECT count(DISTINCT message_id) FROM delivery";
    assert_eq!(w.raw.number(ids).await, 200);
    w.take(NOBODY, 200).await;
    let first = w.raw.words(all).await;
    assert!(first[0].contains("@example.org "), "{}", first[0]);
    assert!(first[0].ends_with(&w.now().0.to_string()));
    w.raw
        .run(
            "UPDATE delivery SET state = 'deferred', next_at = 1, owner = NULL, lease_until = NULL",
        )
        .await
        .unwrap();
    w.pass(3600);
    assert_eq!(w.take(NOBODY, 200).await.len(), 200);
    assert_eq!(w.raw.words(all).await, first);
}
