//! One merged digest for each reader, planned once for each firing.

use bulletin::audience::suppression::remove;
use bulletin::campaign::digest::{Edition, plan_due};
use bulletin::campaign::store::{fired, left_waiting, take_firing, take_turn};
use bulletin::clock::Timestamp;
use bulletin::delivery::store::Taken;
use bulletin::post::store::{newest, publish};
use tokio::task::JoinSet;

use super::people::{NOBODY, address};
use super::{World, on_both};

on_both!(
    a_reader_gets_all_lists_in_one_edition_and_the_same_news_is_shared,
    an_edition_of_many_more_people_than_are_looked_at_at_once_leaves_out_nobody,
    a_post_is_in_an_edition_once_in_its_newest_version,
    nobody_gets_an_empty_edition_and_a_second_run_makes_none,
    whoever_may_not_be_mailed_is_in_no_edition,
    a_withdrawn_post_is_in_no_edition,
    what_is_queued_again_comes_to_whoever_joined_the_digest_meanwhile,
    whoever_is_confirmed_late_gets_no_old_news,
    whoever_may_be_mailed_again_gets_no_old_news,
    whoever_leaves_a_digest_for_mails_at_once_gets_what_waited_for_them,
    an_urgent_post_comes_at_once_and_not_again_in_the_digest,
    a_digest_seen_for_the_first_time_does_not_fire_for_the_past,
    a_missed_firing_fires_once,
    a_firing_is_taken_once_by_many_who_look_at_once,
    a_firing_and_a_person_who_runs_the_digest_do_not_hold_up_each_other,
    a_firing_with_nothing_new_is_taken_too,
    a_firing_is_taken_once_and_an_earlier_one_never_after_it,
    a_firing_whose_plan_was_given_up_is_taken_again,
);

/// From the clock's Wednesday to Monday at eight.
pub(crate) const TO_MONDAY: u64 = (4 * 24 + 22) * 3600;
pub(crate) const WEEK: u64 = 7 * 24 * 3600;

impl World {
    pub(crate) async fn news(&self, slug: &str, kind: &str) {
        self.post(slug, kind).await;
        self.announce(slug).await;
    }

    pub(crate) async fn plan_due(&self) -> Vec<Edition> {
        plan_due(&self.db, &self.config, self.now()).await.unwrap()
    }

    /// Whom a claim finds wanted.
    async fn goes_out(&self) -> Vec<String> {
        let taken = self.take(NOBODY, 100).await;
        let wanted = taken.iter().map(|taken| match taken {
            Taken::Wanted(errand) => errand.email.as_str().split('@').next().unwrap().to_owned(),
            Taken::Unwanted(_, reason) => (*reason).to_owned(),
        });
        wanted.collect()
    }

    /// Who gets which posts: `ann: one.1 two.1`.
    pub(crate) async fn piles(&self, edition: &Edition) -> Vec<String> {
        let rows = self
            .raw
            .words(&format!(
                "SELECT s.email || ' ' || p.slug || '.' || r.version FROM delivery d \
                 JOIN subscriber s ON s.id = d.subscriber_id \
                 JOIN rendition_post r ON r.rendition_id = d.rendition_id JOIN post p ON p.id = r.post_id \
                 WHERE d.campaign_id = {} ORDER BY s.email, r.position",
                edition.id
            ))
            .await;
        let mut piles: Vec<String> = Vec::new();
        for row in rows {
            let (email, post) = row.split_once(' ').unwrap();
            let name = email.split('@').next().unwrap();
            match piles.last_mut().filter(|pile| pile.starts_with(&format!("{name}:"))) {
                Some(pile) => pile.extend([" ", post]),
                None => piles.push(format!("{name}: {post}")),
            }
        }
        piles
    }
}

async fn a_reader_gets_all_lists_in_one_edition_and_the_same_news_is_shared(w: &World) {
    for name in ["ann", "ben"] {
        w.reader(name, "news", "weekly").await;
        w.reader(name, "reports", "weekly").await;
    }
    w.reader("cat", "news", "weekly").await;
    w.reader("cat", "reports", "immediate").await;
    w.reader("dan", "news", "daily").await;
    w.news("one", "announcement").await;
    w.news("two", "report").await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(edition.audience, 3);
    let piles = ["ann: one.1 two.1", "ben: one.1 two.1", "cat: one.1"];
    assert_eq!(w.piles(&edition).await, piles);
    let renditions = format!("SELECT count(*) FROM rendition WHERE campaign_id = {}", edition.id);
    assert_eq!(w.raw.number(&renditions).await, 2);
    let ledger = format!(
        "SELECT count(*) FROM ledger g JOIN delivery d ON d.id = g.delivery_id WHERE d.campaign_id = {}",
        edition.id
    );
    assert_eq!(w.raw.number(&ledger).await, 5, "one line for each post");
}

/// With gaps in their numbers, and most of them readers of something else.
async fn an_edition_of_many_more_people_than_are_looked_at_at_once_leaves_out_nobody(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.raw.crowd(12_000).await;
    w.raw
        .run(
            "INSERT INTO subscription (subscriber_id, list, cadence, state, basis, from_sequence, created_at) \
             SELECT id, 'news', CASE id % 3 WHEN 0 THEN 'weekly' ELSE 'daily' END, 'active', 'asked', 0, 0 \
             FROM subscriber WHERE id > 1 AND id NOT BETWEEN 3000 AND 9000",
        )
        .await
        .unwrap();
    w.news("one", "announcement").await;
    let edition = w.edition("weekly").await.unwrap();
    let readers = "SELECT count(*) FROM subscription WHERE cadence = 'weekly'";
    assert_eq!(edition.audience, w.raw.number(readers).await);
    assert_eq!(edition.audience, 2_000);
    let renditions = format!("SELECT count(*) FROM rendition WHERE campaign_id = {}", edition.id);
    assert_eq!(w.raw.number(&renditions).await, 1);
    assert_eq!(w.edition("weekly").await, None);
}

async fn a_post_is_in_an_edition_once_in_its_newest_version(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.reader("ann", "reports", "weekly").await;
    w.post("hello", "announcement").await;
    w.order("hello", &["news", "reports"], false).await;
    w.freeze().await;
    w.post_with("hello", "announcement", "urgent: false\n").await;
    w.order("hello", &["reports"], false).await;
    w.freeze().await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: hello.2"]);
}

async fn nobody_gets_an_empty_edition_and_a_second_run_makes_none(w: &World) {
    assert_eq!(w.edition("weekly").await, None);
    w.reader("ann", "news", "weekly").await;
    w.reader("ben", "reports", "weekly").await;
    assert_eq!(w.edition("weekly").await, None);
    w.news("one", "announcement").await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: one.1"]);
    let before = w.everything().await;
    assert_eq!(w.edition("weekly").await, None);
    assert_eq!(w.everything().await, before);
}

async fn whoever_may_not_be_mailed_is_in_no_edition(w: &World) {
    for name in ["ann", "suppressed", "left", "late"] {
        if name == "late" {
            w.news("one", "announcement").await;
        }
        w.reader(name, "news", "weekly").await;
    }
    w.suppress("suppressed").await;
    w.leave("left").await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: one.1"]);
}

async fn what_is_queued_again_comes_to_whoever_joined_the_digest_meanwhile(w: &World) {
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.reader("late", "news", "weekly").await;
    assert!(w.edition("weekly").await.is_none());
    let queued = w.queue("hello").await;
    assert_eq!(queued.forecast.excluded.get("digest"), Some(&1));
    w.freeze().await;
    assert_eq!(w.edition("weekly").await.unwrap().audience, 1, "as the forecast said");
    assert!(w.edition("weekly").await.is_none(), "and once");
}

async fn whoever_is_confirmed_late_gets_no_old_news(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.raw.run("UPDATE subscription SET state = 'pending'").await.unwrap();
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.reader("ann", "news", "weekly").await;
    assert!(w.edition("weekly").await.is_none());
}

async fn whoever_may_be_mailed_again_gets_no_old_news(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.suppress("ann").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    remove(&w.db, &w.keys, &address("ann")).await.unwrap();
    assert!(w.edition("weekly").await.is_none());
}

async fn a_withdrawn_post_is_in_no_edition(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.news("one", "announcement").await;
    w.news("two", "announcement").await;
    w.withdraw("one").await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: two.1"]);
}

/// With the next edition, once; and all that comes later at once.
async fn whoever_leaves_a_digest_for_mails_at_once_gets_what_waited_for_them(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.news("one", "announcement").await;
    w.reader("ann", "news", "immediate").await;
    assert_eq!(left(w).await, [("weekly".to_owned(), 1)], "it cannot be retired yet");
    w.post("two", "announcement").await;
    assert_eq!(w.announce("two").await.audience, 1);
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: one.1"]);
    assert_eq!(w.goes_out().await, ["ann", "ann"], "both are wanted");
    assert_eq!(w.edition("weekly").await, None);
    assert_eq!(left(w).await, []);
    // and back again, and to another digest: neither loses nor repeats
    w.reader("ann", "news", "weekly").await;
    w.news("three", "announcement").await;
    w.reader("ann", "news", "immediate").await;
    w.reader("ann", "news", "daily").await;
    assert_eq!(w.edition("weekly").await, None);
    let edition = w.edition("daily").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: three.1"]);
}

async fn left(w: &World) -> Vec<(String, i64)> {
    left_waiting(&mut w.db.read().await.unwrap()).await.unwrap()
}

/// Somebody leaves the digest while a post is published that counts them among its readers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_is_published_while_somebody_leaves_the_digest_is_not_lost_on_postgres() {
    let w = World::on_postgres().await;
    w.reader("ann", "news", "weekly").await;
    w.post("one", "announcement").await;
    let stored = newest(&mut w.db.read().await.unwrap(), "one").await.unwrap().unwrap();
    let mut freezing = w.write().await;
    take_turn(&mut freezing).await.unwrap();
    publish(&mut freezing, stored.id, 1, "news", w.now()).await.unwrap();
    let leaves = async {
        w.reader("ann", "news", "immediate").await;
        true
    };
    let waits = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock'";
        while w.raw.number(waiting).await == 0 {}
        false
    };
    tokio::pin!(leaves);
    let has_left = tokio::select! { left = &mut leaves => left, left = waits => left };
    freezing.commit().await.unwrap();
    if !has_left {
        leaves.await;
    }
    let edition = w.edition("weekly").await.expect("nobody else brings it to her");
    assert_eq!(w.piles(&edition).await, ["ann: one.1"]);
}

async fn an_urgent_post_comes_at_once_and_not_again_in_the_digest(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.post_with("now", "announcement", "urgent: true\n").await;
    let started = w.announce("now").await;
    assert_eq!(w.mailed(started.id).await, ["ann"]);
    assert_eq!(w.edition("weekly").await, None);
    w.news("later", "announcement").await;
    let edition = w.edition("weekly").await.unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: later.1"]);
}

async fn a_digest_seen_for_the_first_time_does_not_fire_for_the_past(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.news("one", "announcement").await;
    assert_eq!(w.plan_due().await, []);
    w.pass(TO_MONDAY - 1);
    assert_eq!(w.plan_due().await, []);
    w.pass(1);
    let editions = w.plan_due().await;
    assert_eq!(editions.len(), 1);
    assert_eq!(w.piles(&editions[0]).await, ["ann: one.1"]);
}

async fn a_missed_firing_fires_once(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.plan_due().await;
    w.news("one", "announcement").await;
    w.pass(TO_MONDAY + 3 * WEEK + 600);
    assert_eq!(w.plan_due().await.len(), 1);
    w.news("two", "announcement").await;
    assert_eq!(w.plan_due().await, [], "the firing was taken");
    w.pass(WEEK);
    let editions = w.plan_due().await;
    assert_eq!(w.piles(&editions[0]).await, ["ann: two.1"]);
}

async fn a_firing_is_taken_once_by_many_who_look_at_once(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.plan_due().await;
    w.news("one", "announcement").await;
    w.pass(TO_MONDAY);
    let mut looking = JoinSet::new();
    for _ in 0..6 {
        let (db, config, now) = (w.db.clone(), w.config.clone(), w.now());
        looking.spawn(async move { plan_due(&db, &config, now).await.unwrap() });
    }
    let editions = looking.join_all().await.concat();
    assert_eq!(editions.len(), 1);
    let campaigns = "SELECT count(*) FROM campaign WHERE kind = 'digest'";
    assert_eq!(w.raw.number(campaigns).await, 1);
}

/// Both want the digest's row and the turn, and take them in the same order.
async fn a_firing_and_a_person_who_runs_the_digest_do_not_hold_up_each_other(w: &World) {
    let mut write = w.write().await;
    take_firing(&mut write, "weekly", w.now()).await.unwrap();
    write.commit().await.unwrap();
    w.pass(1);
    let mut firing = w.write().await;
    assert!(take_firing(&mut firing, "weekly", w.now()).await.unwrap());
    let goes_on = async {
        // long enough for the other to wait
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
        take_turn(&mut firing).await.unwrap();
        firing.commit().await.unwrap();
    };
    let (ran, ()) = tokio::join!(w.edition("weekly"), goes_on);
    assert_eq!(ran, None);
}

async fn a_firing_with_nothing_new_is_taken_too(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.plan_due().await;
    w.pass(TO_MONDAY);
    assert_eq!(w.plan_due().await, []);
    w.news("one", "announcement").await;
    w.pass(3600);
    assert_eq!(w.plan_due().await, [], "it waits for the next Monday");
}

async fn a_firing_is_taken_once_and_an_earlier_one_never_after_it(w: &World) {
    for (at, taken) in [(5, true), (5, false), (4, false), (6, true)] {
        let mut write = w.write().await;
        let answer = take_firing(&mut write, "weekly", Timestamp(at)).await;
        write.commit().await.unwrap();
        assert_eq!(answer.unwrap(), taken, "{at}");
    }
    let mut read = w.db.read().await.unwrap();
    let last = fired(&mut read, "weekly").await.unwrap();
    assert_eq!(last, Some(Timestamp(6)));
    assert_eq!(fired(&mut read, "daily").await.unwrap(), None);
}

async fn a_firing_whose_plan_was_given_up_is_taken_again(w: &World) {
    let mut write = w.write().await;
    assert!(take_firing(&mut write, "weekly", Timestamp(5)).await.unwrap());
    drop(write);
    let mut write = w.write().await;
    assert!(take_firing(&mut write, "weekly", Timestamp(5)).await.unwrap());
}
