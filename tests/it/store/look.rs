//! The last look before the hand-over sees every no that has committed; people see what happened.

use bulletin::address::EmailAddress;
use bulletin::campaign::State as Campaign;
use bulletin::clock::Timestamp;
use bulletin::delivery::hours::Hours;
use bulletin::delivery::store::{
    Attempt, Filter, RelayRow, Taken, append, attempts, last_look, last_tries, note_relay, relays,
    set_relay, shown,
};
use bulletin::delivery::{Claim, State};
use bulletin::id::DeliveryId;

use super::people::{NOBODY, address};
use super::{World, on_both};

on_both!(
    the_last_look_sees_an_unsubscribe,
    the_last_look_sees_a_suppression,
    the_last_look_sees_an_erasure,
    the_last_look_sees_that_the_campaign_stopped,
    an_edition_is_unwanted_once_its_reader_left_the_digest,
    an_edition_still_comes_to_whoever_changed_cadence_meanwhile,
    the_last_look_sees_that_a_post_was_withdrawn,
    an_edition_is_planned_anew_when_one_of_its_lists_was_left,
    the_last_look_sees_that_somebody_asked_for_discretion,
    a_mail_is_claimed_in_the_form_that_its_reader_wants_now,
    the_last_look_sees_that_the_campaign_expired,
    the_older_of_two_claims_of_one_mail_is_not_now_and_the_newer_goes,
    the_attempts_are_kept_in_order_and_the_last_is_shown,
    a_relay_is_kept_as_it_was_last_said,
    a_relay_that_a_person_paused_is_theirs_to_open,
);

/// A claimed delivery to ann.
async fn under_way(w: &World) -> Claim {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let claim = w.take_one().await;
    assert_eq!(look(w, claim).await, None);
    claim
}

async fn look(w: &World, claim: Claim) -> Option<&'static str> {
    let read = &mut w.db.read().await.unwrap();
    let seen =
        last_look(read, w.db.words(), &Hours::of(&w.config.site), &[claim], w.now()).await.unwrap();
    seen[0]
}

async fn the_last_look_sees_an_unsubscribe(w: &World) {
    let claim = under_way(w).await;
    w.leave("ann").await;
    assert_eq!(look(w, claim).await, Some("unsubscribed"));
}

async fn the_older_of_two_claims_of_one_mail_is_not_now_and_the_newer_goes(w: &World) {
    let newer = under_way(w).await;
    let older = Claim { fence: newer.fence - 1, ..newer };
    for claims in [[older, newer], [newer, older]] {
        let read = &mut w.db.read().await.unwrap();
        let seen = last_look(read, w.db.words(), &Hours::of(&w.config.site), &claims, w.now())
            .await
            .unwrap();
        let expected = claims.map(|claim| (claim.fence == older.fence).then_some("not now"));
        assert_eq!(seen, expected);
    }
}

async fn the_last_look_sees_a_suppression(w: &World) {
    let claim = under_way(w).await;
    w.suppress("ben").await;
    assert_eq!(look(w, claim).await, None, "that was somebody else");
    w.suppress("ann").await;
    assert_eq!(look(w, claim).await, Some("suppressed"));
}

async fn the_last_look_sees_an_erasure(w: &World) {
    let claim = under_way(w).await;
    w.raw.run("UPDATE subscriber SET email = NULL, email_key = NULL, erased_at = 1").await.unwrap();
    assert_eq!(look(w, claim).await, Some("erased"));
}

async fn the_last_look_sees_that_the_campaign_stopped(w: &World) {
    let claim = under_way(w).await;
    let campaign = bulletin::id::CampaignId(w.raw.number("SELECT id FROM campaign").await);
    let (run, paused) = (Campaign::Running, Campaign::Paused);
    w.move_campaign(campaign, run, paused).await;
    assert_eq!(look(w, claim).await, Some("not now"));
    w.move_campaign(campaign, paused, Campaign::Cancelled).await;
    assert_eq!(look(w, claim).await, Some("not now"));
    w.leave("ann").await;
    assert_eq!(look(w, claim).await, Some("unsubscribed"), "a no outranks it");
}

async fn an_edition_is_unwanted_once_its_reader_left_the_digest(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.reader("ann", "reports", "immediate").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.edition("weekly").await.unwrap();
    let claim = w.take_one().await;
    assert_eq!(look(w, claim).await, None);
    w.raw
        .run("UPDATE subscription SET state = 'ended', ended_at = 1, end_reason = 'no' WHERE list = 'news'")
        .await
        .unwrap();
    assert_eq!(look(w, claim).await, Some("unsubscribed"));
}

fn attempt(id: DeliveryId, at: i64, outcome: &'static str, code: Option<i64>) -> Attempt<'static> {
    Attempt {
        delivery: id,
        at: bulletin::clock::Timestamp(at),
        relay: "main",
        outcome,
        stage: "rcpt".to_owned(),
        code,
        enhanced: code.map(|_| "4.2.2"),
        text: "mailbox full",
        bearing: None,
        duration_ms: 12,
    }
}

async fn an_edition_still_comes_to_whoever_changed_cadence_meanwhile(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.edition("weekly").await.unwrap();
    let claim = w.take_one().await;
    w.raw.run("UPDATE subscription SET cadence = 'immediate'").await.unwrap();
    assert_eq!(look(w, claim).await, None, "it is in no other mail");
}

async fn the_last_look_sees_that_a_post_was_withdrawn(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.edition("weekly").await.unwrap();
    let claim = w.take_one().await;
    w.withdraw("hello").await;
    assert_eq!(look(w, claim).await, Some("withdrawn"));
}

async fn an_edition_is_planned_anew_when_one_of_its_lists_was_left(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.reader("ann", "reports", "weekly").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    w.edition("weekly").await.unwrap();
    let claim = w.take_one().await;
    w.raw
        .run("UPDATE subscription SET state = 'ended', ended_at = 1, end_reason = 'no' WHERE list = 'news'")
        .await
        .unwrap();
    assert_eq!(
        look(w, claim).await,
        Some("left a list"),
        "the other list brings no mail that holds what was declined"
    );
}

async fn wants_discretion(w: &World, discreet: bool) {
    w.raw.run(&format!("UPDATE subscriber SET discreet = {discreet}")).await.unwrap();
}

async fn the_last_look_sees_that_somebody_asked_for_discretion(w: &World) {
    let claim = under_way(w).await;
    wants_discretion(w, true).await;
    assert_eq!(look(w, claim).await, Some("anew"));
    w.leave("ann").await;
    assert_eq!(look(w, claim).await, Some("unsubscribed"), "a no outranks it");
}

/// Its rendition is found, or made; the Message-ID keeps what is before its @.
async fn a_mail_is_claimed_in_the_form_that_its_reader_wants_now(w: &World) {
    w.reader("ann", "news", "weekly").await;
    w.post("hello", "announcement").await;
    w.announce("hello").await;
    let edition = w.edition("weekly").await.unwrap();
    let mut seen = Vec::new();
    for discreet in [false, true, false, true] {
        wants_discretion(w, discreet).await;
        let Some(Taken::Wanted(errand)) = w.take(NOBODY, 1).await.pop() else {
            panic!("it is wanted")
        };
        assert_eq!(errand.discreet, discreet);
        assert_eq!(look(w, errand.claim).await, None);
        seen.push((errand.rendition, errand.message_id));
        w.raw
            .run("UPDATE delivery SET state = 'queued', next_at = 0, owner = NULL, lease_until = NULL, handed_at = NULL")
            .await
            .unwrap();
    }
    assert_eq!((&seen[0], &seen[1]), (&seen[2], &seen[3]));
    assert_ne!(seen[0].0, seen[1].0);
    let local = |id: &str| id.split('@').next().unwrap().to_owned();
    assert_eq!(local(&seen[0].1), local(&seen[1].1));
    let campaign = edition.id;
    let made = format!("SELECT count(*) FROM rendition WHERE campaign_id = {campaign}");
    assert_eq!(w.raw.number(&made).await, 2);
}

async fn the_last_look_sees_that_the_campaign_expired(w: &World) {
    let claim = under_way(w).await;
    w.clock.advance(std::time::Duration::from_hours(24 * 365));
    assert_eq!(look(w, claim).await, Some("expired"));
}

async fn the_attempts_are_kept_in_order_and_the_last_is_shown(w: &World) {
    w.reader("ben", "news", "immediate").await;
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let campaign = w.announce("hello").await.id;
    let filter = |email: Option<&EmailAddress>, state| Filter {
        email_key: email.map(EmailAddress::key),
        campaign: Some(campaign),
        state,
        id: None,
    };
    let find = async |filter: &Filter, after, limit| {
        shown(&mut w.db.read().await.unwrap(), filter, after, limit).await.unwrap()
    };
    let ann = find(&filter(Some(&address("ann")), None), DeliveryId(0), 9).await;
    assert_eq!((ann.len(), ann[0].code), (1, None));
    let mut write = w.write().await;
    for (at, outcome, code) in [(1, "fault", None), (2, "deferred", Some(452))] {
        append(&mut write, &attempt(ann[0].id, at, outcome, code)).await.unwrap();
    }
    write.commit().await.unwrap();
    let tries = attempts(&mut w.db.read().await.unwrap(), ann[0].id).await.unwrap();
    let outcomes: Vec<_> = tries.iter().map(|one| one.outcome.as_str()).collect();
    assert_eq!(outcomes, ["fault", "deferred"]);
    let newest = last_tries(&mut w.db.read().await.unwrap()).await.unwrap();
    assert_eq!(newest, [("main".to_owned(), Timestamp(2))]);
    let all = find(&filter(None, None), DeliveryId(0), 9).await;
    let codes: Vec<_> = all.iter().map(|one| one.code).collect();
    assert_eq!(codes, [None, Some(452)]);
    assert_eq!(find(&filter(None, None), all[0].id, 9).await.len(), 1);
    assert_eq!(find(&filter(None, None), DeliveryId(0), 1).await.len(), 1);
    let claims = w.take(NOBODY, 1).await;
    assert_eq!(claims.len(), 1);
    let sending = filter(None, Some(State::Sending));
    assert_eq!(find(&sending, DeliveryId(0), 9).await.len(), 1);
}

async fn a_relay_is_kept_as_it_was_last_said(w: &World) {
    let open = RelayRow {
        name: "main".to_owned(),
        state: "open".to_owned(),
        reason: None,
        faults: 0,
        held_until: None,
        changed_at: w.now(),
    };
    let held = RelayRow {
        state: "held".to_owned(),
        reason: Some("connect: refused".to_owned()),
        faults: 3,
        held_until: Some(w.now()),
        ..open.clone()
    };
    for row in [&open, &held, &open] {
        let mut write = w.write().await;
        set_relay(&mut write, row).await.unwrap();
        write.commit().await.unwrap();
        let kept = the_relay(w).await;
        assert!(kept.changed_at >= row.changed_at);
        assert_eq!(RelayRow { changed_at: row.changed_at, ..kept }, *row);
    }
}

async fn the_relay(w: &World) -> RelayRow {
    relays(&mut w.db.read().await.unwrap()).await.unwrap().swap_remove(0)
}

/// A daemon's last answers may come after a person's word, and its clock may run behind.
async fn a_relay_that_a_person_paused_is_theirs_to_open(w: &World) {
    let row = |state: &str, changed_at| RelayRow {
        name: "main".to_owned(),
        state: state.to_owned(),
        reason: None,
        faults: 0,
        held_until: None,
        changed_at,
    };
    let mut write = w.write().await;
    note_relay(&mut write, &row("open", Timestamp(7_000))).await.unwrap();
    set_relay(&mut write, &row("paused", Timestamp(5_000))).await.unwrap();
    note_relay(&mut write, &row("open", Timestamp(9_000))).await.unwrap();
    write.commit().await.unwrap();
    let paused = the_relay(w).await;
    assert_eq!((paused.state.as_str(), paused.changed_at), ("paused", Timestamp(7_001)));
    let mut write = w.write().await;
    set_relay(&mut write, &row("open", Timestamp(6_000))).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(the_relay(w).await.state, "open");
}
