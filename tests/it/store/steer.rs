//! A person steers mails that wait: what may be sent again, what may be settled, and what not.

use bulletin::campaign;
use bulletin::campaign::action::Actor;
use bulletin::campaign::store::{counts, finish};
use bulletin::delivery::State;
use bulletin::delivery::steer::{
    Decision, Due, Resumed, Retried, resume, retry, retry_all, settle,
};
use bulletin::delivery::store::{Attempt, Replies, append, replies};
use bulletin::id::{CampaignId, DeliveryId};

use super::raw::Raw;
use super::settle::{claims, next};
use super::{World, on_both};

on_both!(
    what_waits_is_due_now,
    what_is_queued_under_way_or_final_is_left_as_it_is,
    a_doubt_of_a_finished_campaign_runs_it_again,
    what_was_called_off_or_has_expired_is_not_sent_again,
    a_campaign_is_not_finished_over_the_head_of_a_retry,
    all_that_waits_of_a_campaign_is_due_now_and_nothing_else,
    who_was_refused_for_our_sake_is_due_when_it_goes_on_and_nobody_else,
    only_what_is_paused_goes_on,
    a_doubt_is_settled_and_the_ledger_stays,
    only_a_doubt_is_settled,
    the_last_replies_are_grouped,
);

/// A running campaign with one delivery in each of these states, and their ids.
async fn with(w: &World, states: &[State]) -> (CampaignId, Vec<DeliveryId>) {
    w.readers(states.len(), "news").await;
    w.post("hello", "announcement").await;
    let id = w.announce("hello").await.id;
    let later = w.now().plus(std::time::Duration::from_hours(1));
    let claims = claims(w).await;
    for (claim, state) in claims.iter().zip(states).filter(|(_, state)| **state != State::Sending) {
        assert!(w.settle(*claim, &next(*state, later)).await);
    }
    (id, claims.iter().map(|claim| claim.id).collect())
}

impl World {
    async fn retry(&self, id: DeliveryId) -> anyhow::Result<Retried> {
        let mut write = self.write().await;
        let retried = retry(&mut write, id, &Actor::user("ann"), self.now()).await;
        write.commit().await.unwrap();
        retried
    }

    async fn retry_all(&self, id: CampaignId) -> anyhow::Result<Due> {
        let mut write = self.write().await;
        let due = retry_all(&mut write, id, &Actor::user("ann"), self.now()).await;
        write.commit().await.unwrap();
        due
    }

    async fn decide(&self, id: DeliveryId, decision: Decision) -> anyhow::Result<()> {
        let mut write = self.write().await;
        let settled = settle(&mut write, id, decision, &Actor::user("ann"), self.now()).await;
        write.commit().await.unwrap();
        settled
    }

    async fn refused(
        &self,
        delivery: DeliveryId,
        code: Option<i64>,
        text: &str,
        bearing: Option<&'static str>,
    ) {
        let (at, outcome, stage) = (self.now(), "refused", "rcpt".to_owned());
        let (relay, enhanced, duration_ms) = ("main", None, 1);
        let attempt = Attempt {
            delivery,
            at,
            relay,
            outcome,
            stage,
            code,
            enhanced,
            text,
            bearing,
            duration_ms,
        };
        let mut write = self.write().await;
        append(&mut write, &attempt).await.unwrap();
        write.commit().await.unwrap();
    }

    pub(crate) async fn resume(&self, id: CampaignId) -> anyhow::Result<Resumed> {
        let mut write = self.write().await;
        let resumed = resume(&mut write, id, &Actor::user("ann"), self.now()).await;
        write.commit().await.unwrap();
        resumed
    }

    async fn in_order(&self) -> Vec<String> {
        self.raw.words("SELECT state FROM delivery ORDER BY id").await
    }

    async fn adds_up(&self, id: CampaignId) {
        let sum: i64 = counts(&mut self.db.read().await.unwrap(), id).await.unwrap().values().sum();
        assert_eq!(self.campaign(id).await.audience, Some(sum));
    }
}

fn refused<T: std::fmt::Debug>(result: anyhow::Result<T>, because: &str) {
    let said = result.unwrap_err().to_string();
    assert!(said.contains(because), "{said}");
}

async fn what_waits_is_due_now(w: &World) {
    let (id, ids) = with(w, &[State::Deferred, State::InDoubt]).await;
    for delivery in ids {
        let before = w.raw.words("SELECT message_id FROM delivery ORDER BY id").await;
        assert_eq!(w.retry(delivery).await.unwrap(), Retried::Now);
        assert_eq!(w.retry(delivery).await.unwrap(), Retried::Already);
        w.adds_up(id).await;
        assert_eq!(w.take_one().await.id, delivery);
        assert_eq!(w.raw.words("SELECT message_id FROM delivery ORDER BY id").await, before);
    }
}

async fn what_is_queued_under_way_or_final_is_left_as_it_is(w: &World) {
    let waits = |state: &State| matches!(state, State::Deferred | State::InDoubt);
    let states: Vec<_> = State::ALL.into_iter().filter(|state| !waits(state)).collect();
    let (_, ids) = with(w, &states).await;
    let before = w.in_order().await;
    for (id, state) in ids.into_iter().zip(states) {
        match state {
            State::Queued => assert_eq!(w.retry(id).await.unwrap(), Retried::Already),
            State::Sending => refused(w.retry(id).await, "at this moment"),
            _ => refused(w.retry(id).await, &format!("is {state}, which is final")),
        }
    }
    assert_eq!(w.in_order().await, before);
    refused(w.retry(DeliveryId(999)).await, "there is no delivery 999");
}

async fn a_doubt_of_a_finished_campaign_runs_it_again(w: &World) {
    let (id, ids) = with(w, &[State::InDoubt, State::Accepted]).await;
    assert_eq!(w.finish().await, [id]);
    w.retry(ids[0]).await.unwrap();
    let campaign = w.campaign(id).await;
    assert_eq!((campaign.state, campaign.finished_at), (campaign::State::Running, None));
    w.adds_up(id).await;
    assert!(w.finish().await.is_empty());
    let claim = w.take_one().await;
    assert!(w.settle(claim, &next(State::Accepted, w.now())).await);
    assert_eq!(w.finish().await, [id]);
}

async fn what_was_called_off_or_has_expired_is_not_sent_again(w: &World) {
    let (id, ids) = with(w, &[State::InDoubt]).await;
    w.clock.advance(std::time::Duration::from_hours(24 * 365));
    refused(w.retry(ids[0]).await, "has expired");
    refused(w.retry_all(id).await, "has expired");
    w.move_campaign(id, campaign::State::Running, campaign::State::Cancelled).await;
    refused(w.retry(ids[0]).await, "is cancelled");
    refused(w.retry_all(id).await, "is cancelled");
    assert_eq!(w.in_order().await, ["in_doubt"]);
}

/// Waits until a session of this database waits for another's row; SQLite lets one write at a time.
async fn until_blocked(w: &World) {
    let waiting = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while matches!(w.raw, Raw::Pg(_)) && w.raw.number(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
}

async fn a_campaign_is_not_finished_over_the_head_of_a_retry(w: &World) {
    let (id, ids) = with(w, &[State::InDoubt]).await;
    let mut write = w.write().await;
    retry(&mut write, ids[0], &Actor::user("ann"), w.now()).await.unwrap();
    let other = async {
        let mut write = w.write().await;
        let finished = finish(&mut write, w.now()).await.unwrap();
        write.commit().await.unwrap();
        finished
    };
    let ours = async {
        until_blocked(w).await;
        write.commit().await.unwrap();
    };
    let (finished, ()) = tokio::join!(other, ours);
    assert_eq!(finished, []);
    assert_eq!(w.campaign(id).await.state, campaign::State::Running);
    assert_eq!(w.take_one().await.id, ids[0]);
}

async fn all_that_waits_of_a_campaign_is_due_now_and_nothing_else(w: &World) {
    let (id, _) = with(w, &State::ALL).await;
    assert_eq!(w.retry_all(id).await.unwrap(), Due { deferred: 1, in_doubt: 1 });
    w.adds_up(id).await;
    let expected: Vec<_> = State::ALL
        .into_iter()
        .map(|state| match state {
            State::Deferred | State::InDoubt => "queued",
            state => state.as_str(),
        })
        .collect();
    assert_eq!(w.in_order().await, expected);
    let due = "SELECT count(*) FROM delivery WHERE next_at <= ";
    assert_eq!(w.raw.number(&format!("{due} {}", w.now().0)).await, 2);
    assert_eq!(w.retry_all(id).await.unwrap(), Due { deferred: 0, in_doubt: 0 });
    refused(w.retry_all(CampaignId(999)).await, "there is no campaign 999");
}

async fn who_was_refused_for_our_sake_is_due_when_it_goes_on_and_nobody_else(w: &World) {
    use State::{Accepted, Deferred, InDoubt, Queued};
    let (id, ids) = with(w, &[Deferred, Deferred, Deferred, Deferred, InDoubt, Accepted]).await;
    let (policy, soft) = (Some("policy"), Some("soft"));
    // the newest try decides; the last two wait for nothing that a resumed campaign could hurry
    let tries =
        [&[policy][..], &[soft, policy], &[policy, soft], &[policy, None], &[policy], &[policy]];
    for (delivery, tries) in ids.iter().zip(tries) {
        for bearing in tries {
            w.refused(*delivery, Some(550), "no", *bearing).await;
        }
    }
    w.move_campaign(id, campaign::State::Running, campaign::State::Paused).await;
    let before = w.raw.numbers(WHEN).await;
    let running = campaign::State::Running;
    assert_eq!(w.resume(id).await.unwrap(), Resumed { state: running, refused: 2 });
    assert_eq!(w.campaign(id).await.state, running);
    let states = [Queued, Queued, Deferred, Deferred, InDoubt, Accepted];
    assert_eq!(w.in_order().await, states.map(State::as_str));
    let now = w.now().0;
    assert_eq!(w.raw.numbers(WHEN).await, [&[now, now], &before[2..]].concat());
    w.adds_up(id).await;
}

/// When each delivery may be claimed next; 0 for never.
const WHEN: &str = "SELECT coalesce(next_at, 0) FROM delivery ORDER BY id";

async fn only_what_is_paused_goes_on(w: &World) {
    use campaign::State::{Cancelled, Paused, Running, Scheduled};
    let (id, ids) = with(w, &[State::Deferred]).await;
    w.refused(ids[0], Some(550), "no", Some("policy")).await;
    refused(w.resume(id).await, "is running; it cannot become running from there");
    w.move_campaign(id, Running, Cancelled).await;
    refused(w.resume(id).await, "is cancelled");
    assert_eq!(w.in_order().await, ["deferred"]);
    refused(w.resume(CampaignId(999)).await, "there is no campaign 999");
    w.post("later", "announcement").await;
    let waits = w.queue("later").await.id;
    w.move_campaign(waits, Scheduled, Paused).await;
    let resumed = w.resume(waits).await.unwrap();
    assert_eq!(resumed, Resumed { state: Scheduled, refused: 0 }, "its time has not come");
}

async fn a_doubt_is_settled_and_the_ledger_stays(w: &World) {
    let (id, ids) = with(w, &[State::InDoubt, State::InDoubt]).await;
    for (delivery, decision) in ids.into_iter().zip([Decision::Accepted, Decision::Failed]) {
        w.decide(delivery, decision).await.unwrap();
    }
    assert_eq!(w.in_order().await, ["accepted", "failed"]);
    let stamped = w.raw.numbers("SELECT finished_at FROM delivery").await;
    assert_eq!(stamped, [w.now().0; 2]);
    w.adds_up(id).await;
    assert!(w.queue("hello").await.nobody_left, "both may have it");
}

async fn only_a_doubt_is_settled(w: &World) {
    let states: Vec<_> = State::ALL.into_iter().filter(|one| *one != State::InDoubt).collect();
    let (_, ids) = with(w, &states).await;
    let before = w.in_order().await;
    for (id, state) in ids.into_iter().zip(states) {
        refused(w.decide(id, Decision::Failed).await, &format!("is {state}; only"));
    }
    assert_eq!(w.in_order().await, before);
}

async fn the_last_replies_are_grouped(w: &World) {
    let states = [State::Failed, State::Failed, State::Deferred, State::Accepted];
    let (id, ids) = with(w, &states).await;
    let full = (Some(452), "mailbox full".to_owned());
    let unknown = |name| (Some(550), format!("<{name}@example.org>: no such user"));
    let said = [unknown("ann"), unknown("ben"), full.clone(), full.clone()];
    for (delivery, (code, text)) in ids.into_iter().zip(&said) {
        for text in ["an earlier reply", text] {
            w.refused(delivery, *code, text, None).await;
        }
    }
    let all = replies(&mut w.db.read().await.unwrap(), id).await.unwrap();
    let text = "<address> no such user".to_owned();
    let expected = [
        Replies { code: Some(550), text, count: 2 },
        Replies { code: Some(452), text: full.1, count: 1 },
    ];
    assert_eq!(all, expected);
}
