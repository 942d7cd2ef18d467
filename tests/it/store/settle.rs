//! Results: written once, by whoever has the newest claim.

use std::collections::BTreeMap;

use bulletin::campaign::store::counts;
use bulletin::delivery::Claim;
use bulletin::delivery::State;
use bulletin::delivery::store::{Next, cancel, left, release_ledger, sweep_cancelled, totals};
use bulletin::id::CampaignId;

use super::people::NOBODY;
use super::{World, on_both};

on_both!(
    a_late_result_is_refused_and_changes_nothing,
    a_result_is_written_once,
    finished_at_is_set_exactly_for_final_states,
    the_counts_add_up_to_the_audience_in_every_state,
    a_try_that_counts_raises_the_attempts,
    a_released_ledger_lets_a_later_campaign_reach_the_person,
    cancelling_ends_what_waits_and_frees_its_ledger_only,
    what_comes_back_to_a_cancelled_campaign_is_swept,
    what_is_left_to_do_is_told,
);

pub(crate) fn next(state: State, at: bulletin::clock::Timestamp) -> Next<'static> {
    let waits = matches!(state, State::Queued | State::Deferred);
    Next { state, reason: None, next_at: waits.then_some(at), counts: true }
}

/// A campaign with an audience of this many, and its claims.
async fn claimed(w: &World, people: usize) -> (CampaignId, Vec<Claim>) {
    w.readers(people, "news").await;
    w.post("hello", "announcement").await;
    let id = w.announce("hello").await.id;
    (id, claims(w).await)
}

pub(crate) async fn claims(w: &World) -> Vec<Claim> {
    use bulletin::delivery::store::Taken;
    let taken = w.take(NOBODY, 100).await;
    taken
        .into_iter()
        .map(|taken| match taken {
            Taken::Wanted(errand) => errand.claim,
            Taken::Unwanted(claim, _) => claim,
        })
        .collect()
}

impl World {
    async fn deliveries(&self) -> Vec<String> {
        self.raw
            .words(
                "SELECT state || ' ' || fence || ' ' || attempts || ' ' || COALESCE(owner, 0) || ' ' || \
                 COALESCE(next_at, 0) || ' ' || COALESCE(finished_at, 0) FROM delivery ORDER BY id",
            )
            .await
    }

    async fn counts(&self, id: CampaignId) -> BTreeMap<String, i64> {
        counts(&mut self.db.read().await.unwrap(), id).await.unwrap()
    }

    async fn cancel(&self, id: CampaignId) -> u64 {
        let mut write = self.write().await;
        let rows = cancel(&mut write, id, None, self.now()).await.unwrap();
        write.commit().await.unwrap();
        rows
    }
}

async fn a_late_result_is_refused_and_changes_nothing(w: &World) {
    let (_, first) = claimed(w, 1).await;
    // somebody took it back and claimed it again
    assert!(w.settle(first[0], &next(State::Queued, w.now())).await);
    let second = w.take_one().await;
    assert_eq!((first[0].fence, second.fence), (1, 2));
    let before = w.deliveries().await;
    for state in [State::Accepted, State::Queued, State::Failed] {
        assert!(!w.settle(first[0], &next(state, w.now())).await, "{state}");
    }
    assert_eq!(w.deliveries().await, before);
    assert!(w.settle(second, &next(State::Accepted, w.now())).await);
}

async fn a_result_is_written_once(w: &World) {
    let (_, claims) = claimed(w, 2).await;
    assert!(w.settle(claims[0], &next(State::Accepted, w.now())).await);
    let before = w.deliveries().await;
    w.pass(60);
    assert!(!w.settle(claims[0], &next(State::Failed, w.now())).await);
    assert_eq!(w.deliveries().await, before, "and it was one row's result");
}

/// Every state that a result can be.
fn results() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| *state != State::Sending)
}

async fn finished_at_is_set_exactly_for_final_states(w: &World) {
    let (_, claims) = claimed(w, results().count()).await;
    for (claim, state) in claims.into_iter().zip(results()) {
        w.pass(1);
        assert!(w.settle(claim, &next(state, w.now())).await);
        let finished = w
            .raw
            .number(&format!(
                "SELECT COALESCE(finished_at, 0) FROM delivery WHERE id = {}",
                claim.id
            ))
            .await;
        let expected = if state.is_final() { w.now().0 } else { 0 };
        assert_eq!(finished, expected, "{state}");
    }
}

async fn the_counts_add_up_to_the_audience_in_every_state(w: &World) {
    let people = State::ALL.len();
    let (id, claims) = claimed(w, people).await;
    for (claim, state) in claims.into_iter().zip(results()) {
        assert!(w.settle(claim, &next(state, w.now())).await);
        let sum: i64 = w.counts(id).await.values().sum();
        assert_eq!(Some(sum), w.campaign(id).await.audience);
    }
    let one_each: BTreeMap<_, _> = State::ALL.iter().map(|state| (state.to_string(), 1)).collect();
    assert_eq!(w.counts(id).await, one_each);
    let totals = totals(&mut w.db.read().await.unwrap()).await.unwrap();
    assert_eq!(totals.len(), one_each.len() - 1, "all but the accepted");
}

async fn a_try_that_counts_raises_the_attempts(w: &World) {
    let (_, claims) = claimed(w, 1).await;
    let tried = next(State::Deferred, w.now());
    assert!(w.settle(claims[0], &tried).await);
    let untried = Next { counts: false, ..tried };
    assert!(w.settle(w.take_one().await, &untried).await);
    assert_eq!(w.take_one().await.attempts, 1);
}

async fn a_released_ledger_lets_a_later_campaign_reach_the_person(w: &World) {
    let (_, claims) = claimed(w, 2).await;
    let mut write = w.write().await;
    release_ledger(&mut write, claims[0].id).await.unwrap();
    write.commit().await.unwrap();
    let again = w.announce("hello").await;
    assert_eq!(w.mailed(again.id).await, ["reader0"]);
}

async fn cancelling_ends_what_waits_and_frees_its_ledger_only(w: &World) {
    let (id, claims) = claimed(w, 4).await;
    for (claim, state) in claims.iter().zip([State::Queued, State::Deferred, State::Accepted]) {
        assert!(w.settle(*claim, &next(state, w.now())).await);
    }
    assert_eq!(w.cancel(id).await, 2);
    let counts = w.counts(id).await;
    assert_eq!((counts["cancelled"], counts["accepted"], counts["sending"]), (2, 1, 1));
    let ledger = w.raw.number("SELECT count(*) FROM ledger").await;
    assert_eq!(ledger, 2, "of the accepted one and of the one under way");
    assert_eq!(w.cancel(id).await, 0);
    let again = w.announce("hello").await;
    assert_eq!(w.mailed(again.id).await, ["reader0", "reader1"]);
}

async fn what_comes_back_to_a_cancelled_campaign_is_swept(w: &World) {
    use bulletin::campaign;
    let (id, claims) = claimed(w, 1).await;
    let other = {
        w.post("other", "announcement").await;
        w.announce("other").await.id
    };
    let (run, cancelled) = (campaign::State::Running, campaign::State::Cancelled);
    w.move_campaign(id, run, cancelled).await;
    w.cancel(id).await;
    assert!(w.settle(claims[0], &next(State::Deferred, w.now())).await);
    sweep_cancelled(&w.db, w.now()).await.unwrap();
    assert_eq!(w.counts(id).await, [("cancelled".to_owned(), 1)].into());
    assert_eq!(w.counts(other).await, [("queued".to_owned(), 1)].into());
}

async fn what_is_left_to_do_is_told(w: &World) {
    let (_, claims) = claimed(w, 3).await;
    let left = async |until| left(&mut w.db.read().await.unwrap(), until).await.unwrap();
    assert_eq!(left(w.now()).await, (true, false));
    let soon = bulletin::clock::Timestamp(w.now().0 + 60_000);
    w.settle(claims[0], &next(State::Deferred, soon)).await;
    w.settle(claims[1], &next(State::Accepted, w.now())).await;
    assert_eq!(left(w.now()).await, (true, false));
    assert_eq!(left(soon).await, (true, true));
}
