//! The audience is frozen once, whole, and nobody gets a post twice.

use bulletin::campaign::State;
use bulletin::campaign::freeze::freeze_due;
use bulletin::campaign::store::{self, Frozen, Piece};
use bulletin::db::Write;
use bulletin::id::CampaignId;
use bulletin::post::store::newest;
use tokio::task::JoinSet;

use super::{World, on_both};

on_both!(
    freezing_makes_the_audience_and_its_ledger,
    what_comes_after_the_freeze_is_not_in_it,
    nothing_is_frozen_before_its_time,
    of_two_who_freeze_one_campaign_one_wins,
    two_campaigns_of_one_post_reach_nobody_twice,
    many_freeze_at_once_and_nobody_is_reached_twice,
    a_withdrawn_post_is_cancelled_instead,
    an_expired_campaign_is_cancelled_instead,
    a_campaign_without_readers_is_published_and_finished,
    only_running_campaigns_with_nothing_left_are_finished,
);

const TWICE: &str = "SELECT count(*) FROM (SELECT d.subscriber_id FROM delivery d \
     JOIN rendition_post r ON r.rendition_id = d.rendition_id \
     GROUP BY d.subscriber_id, r.post_id HAVING count(*) > 1) t";

async fn freezing_makes_the_audience_and_its_ledger(w: &World) {
    w.readers(5, "news").await;
    w.reader("digest", "news", "weekly").await;
    w.reader("elsewhere", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    let started = w.announce("hello").await;
    assert_eq!(started.audience, 5);
    let campaign = w.campaign(started.id).await;
    assert_eq!((campaign.state, campaign.audience), (State::Running, Some(5)));
    assert_eq!(w.mailed(started.id).await.len(), 5);
    let ledger = "SELECT count(*) FROM ledger g JOIN delivery d ON d.id = g.delivery_id \
         AND d.subscriber_id = g.subscriber_id WHERE g.purpose = 'post' AND g.version = 1";
    assert_eq!(w.raw.number(ledger).await, 5);
    assert_eq!(w.raw.number("SELECT count(*) FROM ledger").await, 5);
    assert_eq!(w.raw.number("SELECT count(*) FROM rendition").await, 1);
    let due = w.raw.numbers("SELECT DISTINCT next_at FROM delivery").await;
    assert_eq!(due, [w.now().0]);
}

async fn what_comes_after_the_freeze_is_not_in_it(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let started = w.announce("hello").await;
    w.reader("late", "news", "immediate").await;
    assert_eq!(w.freeze().await, []);
    assert_eq!(w.mailed(started.id).await, ["ann"]);
}

async fn nothing_is_frozen_before_its_time(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    w.raw.run("UPDATE campaign SET due_at = due_at + 60000").await.unwrap();
    assert_eq!(w.freeze().await, []);
    assert_eq!(w.raw.number("SELECT count(*) FROM publication").await, 0);
    w.pass(60);
    assert_eq!(w.freeze().await[0].id, id);
}

async fn of_two_who_freeze_one_campaign_one_wins(w: &World) {
    w.readers(50, "news").await;
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    let (one, other) = tokio::join!(w.freeze(), w.freeze());
    let won: Vec<_> = one.into_iter().chain(other).collect();
    assert_eq!(won.len(), 1);
    assert_eq!((won[0].id, won[0].audience), (id, 50));
    assert_eq!(w.raw.number("SELECT count(*) FROM delivery").await, 50);
}

async fn two_campaigns_of_one_post_reach_nobody_twice(w: &World) {
    w.reader("both", "news", "immediate").await;
    w.reader("both", "reports", "immediate").await;
    w.reader("only", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    let first = w.order("hello", &["news"], false).await;
    let second = w.order("hello", &["reports"], false).await;
    assert_eq!(w.freeze().await.len(), 2);
    assert_eq!(w.mailed(first.id).await, ["both"]);
    assert_eq!(w.mailed(second.id).await, ["only"]);
}

/// Whoever is refused by the ledger tries again on the next round, as the daemon does.
async fn many_freeze_at_once_and_nobody_is_reached_twice(w: &World) {
    w.post("hello", "announcement").await;
    w.order("hello", &["news", "reports", "meetings"], false).await;
    w.freeze().await;
    for list in ["news", "reports", "meetings"] {
        w.readers(60, list).await;
        w.order("hello", &[list], false).await;
    }
    let mut rounds = JoinSet::new();
    for _ in 0..4 {
        let (db, config, now) = (w.db.clone(), w.config.clone(), w.now());
        rounds.spawn(async move {
            for _ in 0..20 {
                if freeze_due(&db, &config, now).await.is_ok() {
                    return;
                }
            }
            panic!("the campaigns cannot be frozen");
        });
    }
    rounds.join_all().await;
    assert_eq!(w.raw.number("SELECT count(*) FROM delivery").await, 60);
    assert_eq!(w.raw.number(TWICE).await, 0);
    let waiting = "SELECT count(*) FROM campaign WHERE state = 'scheduled'";
    assert_eq!(w.raw.number(waiting).await, 0);
}

/// The deliveries of a campaign, before its ledger is written.
async fn freeze_by_hand(w: &World, write: &mut Write, id: CampaignId) {
    let post = newest(write, "hello").await.unwrap().unwrap().id;
    assert!(store::begin(write, id, w.now()).await.unwrap());
    let piece = Piece { post, version: 1, list: "news".to_owned() };
    let rendition = store::insert_rendition(write, id, &[piece], false).await.unwrap();
    let message_domains = &w.config.message_domains();
    let frozen = Frozen { id, post, urgent: false, message_domains };
    store::freeze(write, &frozen, [rendition, rendition], w.now()).await.unwrap();
}

/// Postgres lets both write: neither sees the other's ledger, and only its key can tell.
#[tokio::test]
async fn the_ledger_refuses_the_second_of_two_that_did_not_see_each_other_on_postgres() {
    let w = World::on_postgres().await;
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let (one, other) = (w.queue("hello").await.id, w.queue("hello").await.id);
    let (mut first, mut second) = (w.write().await, w.write().await);
    freeze_by_hand(&w, &mut first, one).await;
    freeze_by_hand(&w, &mut second, other).await;
    store::write_ledger(&mut first, one, "post").await.unwrap();
    let (refused, committed) =
        tokio::join!(store::write_ledger(&mut second, other, "post"), first.commit());
    committed.unwrap();
    assert!(refused.is_err());
    drop(second);
    assert_eq!(w.mailed(one).await, ["ann"]);
    assert_eq!(w.freeze().await[0].audience, 0);
    assert_eq!(w.raw.number(TWICE).await, 0);
}

async fn a_withdrawn_post_is_cancelled_instead(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    w.withdraw("hello").await;
    cancelled(w, id, "withdrawn").await;
}

async fn an_expired_campaign_is_cancelled_instead(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    w.clock.advance(w.config.delivery.give_up_after);
    cancelled(w, id, "expired").await;
}

async fn cancelled(w: &World, id: CampaignId, reason: &str) {
    assert_eq!(w.freeze().await, []);
    let campaign = w.campaign(id).await;
    assert_eq!(campaign.state, State::Cancelled);
    assert!(campaign.reason.unwrap().contains(reason));
    assert_eq!(campaign.finished_at, Some(w.now()));
    for table in ["publication", "delivery", "ledger", "rendition"] {
        let rows = w.raw.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
}

async fn a_campaign_without_readers_is_published_and_finished(w: &World) {
    w.post("hello", "announcement").await;
    let started = w.announce("hello").await;
    assert_eq!(started.audience, 0);
    assert_eq!(w.raw.number("SELECT count(*) FROM publication").await, 1);
    assert_eq!(w.finish().await, [started.id]);
}

async fn only_running_campaigns_with_nothing_left_are_finished(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let started = w.announce("hello").await;
    for state in ["queued", "deferred"] {
        w.raw.run(&format!("UPDATE delivery SET state = '{state}'")).await.unwrap();
        assert_eq!(w.finish().await, []);
    }
    w.raw.run("UPDATE delivery SET state = 'in_doubt', next_at = NULL").await.unwrap();
    let (run, paused) = (State::Running, State::Paused);
    assert!(w.move_campaign(started.id, run, paused).await);
    assert_eq!(w.finish().await, []);
    assert!(w.move_campaign(started.id, paused, run).await);
    assert_eq!(w.finish().await, [started.id]);
    assert_eq!(w.campaign(started.id).await.finished_at, Some(w.now()));
}

impl World {
    pub(crate) async fn finish(&self) -> Vec<CampaignId> {
        let any = store::any_to_finish(&mut self.db.read().await.unwrap()).await.unwrap();
        let mut write = self.write().await;
        let finished = store::finish(&mut write, self.now()).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(any, !finished.is_empty(), "both ask the same question");
        finished
    }
}
