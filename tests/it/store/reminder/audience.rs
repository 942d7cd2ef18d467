//! Who is reminded: exactly those who had the notice, still want it, and did not say that they are not coming.

use std::time::Duration;

use bulletin::campaign::reminder::plan_due;
use bulletin::campaign::{Answer, Kind, State as Campaign};
use bulletin::config::Config;
use bulletin::delivery::State;
use bulletin::delivery::store::{Taken, release_ledger};

use super::super::people::NOBODY;
use super::super::settle::next;
use super::super::{World, on_both};
use super::{EVE, FORTNIGHT, LADDER, STARTS, at, meeting};

on_both!(
    each_step_reminds_exactly_those_who_had_the_notice_and_want_it,
    whoever_had_it_by_one_list_is_not_reminded_by_another,
    discreet_readers_have_a_reminder_of_their_own,
    whoever_says_since_the_freeze_that_they_are_not_coming_gets_none,
    a_reminder_is_not_urgent_expires_with_the_meeting_and_waits_for_no_approval,
);

async fn each_step_reminds_exactly_those_who_had_the_notice_and_want_it(w: &World) {
    let everybody = ["ann", "cat", "dan", "eve", "fay", "gil", "hal", "ida"];
    for name in everybody {
        w.reader(name, "news", "immediate").await;
    }
    w.reader("bob", "news", "weekly").await;
    w.reader("jim", "news", "weekly").await;
    let notice = w.notice(&meeting("2026-05-01", 14, LADDER)).await.id;
    for taken in w.take(NOBODY, 100).await {
        let Taken::Wanted(errand) = taken else { panic!("all want it") };
        let (name, _) = errand.email.as_str().split_once('@').unwrap();
        let state = match name {
            "hal" => State::Failed,
            "ida" => State::Deferred,
            _ => State::Accepted,
        };
        assert!(
            w.settle(errand.claim, &next(state, at(FORTNIGHT).plus(Duration::from_mins(1)))).await
        );
        if name == "hal" {
            let mut write = w.write().await;
            release_ledger(&mut write, errand.claim.id).await.unwrap();
            write.commit().await.unwrap();
        }
    }
    w.edition("weekly").await.unwrap();
    w.raw
        .run(&format!(
            "UPDATE delivery SET state = 'failed', next_at = NULL, finished_at = 1 \
         WHERE subscriber_id = {}",
            w.person("jim").await.id
        ))
        .await
        .unwrap();
    w.raw.run("DELETE FROM ledger WHERE delivery_id IN (SELECT id FROM delivery WHERE finished_at = 1)").await.unwrap();
    w.hand_over().await;
    w.reader("kim", "news", "immediate").await;
    w.leave("dan").await;
    w.suppress("eve").await;
    w.say(notice, "fay", Answer::NotComing).await;
    w.say(notice, "ann", Answer::NotComing).await;
    w.say(notice, "ann", Answer::Coming).await;
    w.raw
        .run(&format!(
            "UPDATE subscription SET state = 'paused' WHERE subscriber_id = {}",
            w.person("gil").await.id
        ))
        .await
        .unwrap();
    w.go_to("2026-04-17T13:59:59+01:00");
    assert_eq!(w.remind().await, []);
    w.pass(1);
    let first = w.reminded().await;
    assert_eq!(w.mailed(first).await, ["ann", "bob", "cat"]);
    assert_eq!(w.remind().await, [], "it has fired");
    w.pass(60);
    w.hand_over().await;
    w.go_to(EVE);
    let second = w.reminded().await;
    assert_eq!(w.mailed(second).await, ["ann", "bob", "cat", "ida"], "she has the notice by now");
    let purposes = "SELECT DISTINCT purpose FROM ledger WHERE purpose <> 'post' ORDER BY purpose";
    assert_eq!(w.raw.words(purposes).await, ["reminder:14d", "reminder:1d"]);
    assert_eq!(w.steps_to_come().await, []);
}

async fn whoever_had_it_by_one_list_is_not_reminded_by_another(w: &World) {
    for name in ["ann", "bob", "cat"] {
        w.reader(name, "news", "weekly").await;
        w.reader(name, "reports", "weekly").await;
    }
    w.notice(&meeting("2026-05-01", 14, LADDER).replace("[news]", "[news, reports]")).await;
    // in the digest it stands under the first of its lists
    w.edition("weekly").await.unwrap();
    w.hand_over().await;
    w.leave_list("ann", "news").await;
    w.go_to(FORTNIGHT);
    let id = w.reminded().await;
    assert_eq!(w.mailed(id).await, ["bob", "cat"]);
    w.leave_list("bob", "news").await;
    let (mut reasons, mut lists) = (Vec::new(), Vec::new());
    for taken in w.take(NOBODY, 100).await {
        match taken {
            Taken::Unwanted(_, reason) => reasons.push(reason),
            Taken::Wanted(errand) => {
                assert_eq!(errand.email.as_str(), "cat@example.org");
                lists.extend(errand.subscriptions.into_iter().map(|(_, list)| list));
            }
        }
    }
    assert_eq!(reasons, ["unsubscribed"], "bob left the list that brought it");
    assert_eq!(lists, ["news"]);
}

async fn discreet_readers_have_a_reminder_of_their_own(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("bob", "news", "immediate").await;
    w.raw
        .run(&format!(
            "UPDATE subscriber SET discreet = true WHERE id = {}",
            w.person("bob").await.id
        ))
        .await
        .unwrap();
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let id = w.reminded().await;
    let forms = format!(
        "SELECT s.email FROM delivery d JOIN rendition n ON n.id = d.rendition_id \
         JOIN subscriber s ON s.id = d.subscriber_id WHERE d.campaign_id = {id} AND n.discreet"
    );
    assert_eq!(w.raw.words(&forms).await, ["bob@example.org"]);
    assert_eq!(w.mailed(id).await, ["ann", "bob"]);
}

async fn whoever_says_since_the_freeze_that_they_are_not_coming_gets_none(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.noticed().await;
    w.go_to(FORTNIGHT);
    let id = w.reminded().await;
    w.say(id, "ann", Answer::NotComing).await;
    assert_eq!(w.turned_down().await, ["not coming"]);
}

async fn a_reminder_is_not_urgent_expires_with_the_meeting_and_waits_for_no_approval(w: &World) {
    let mut config = Config::clone(&w.config);
    config.list.get_mut("news").unwrap().approval = true;
    w.reader("ann", "news", "immediate").await;
    w.post_with(
        "next",
        "meeting-notice",
        &format!("urgent: true\n{}", meeting("2026-05-01", 14, LADDER)),
    )
    .await;
    w.announce("next").await;
    w.hand_over().await;
    w.go_to(FORTNIGHT);
    w.pass(90);
    let [started] = plan_due(&w.db, &config, w.now()).await.unwrap().try_into().unwrap();
    let campaign = w.campaign(started.id).await;
    assert_eq!((campaign.kind, campaign.state), (Kind::Reminder, Campaign::Running));
    assert_eq!(campaign.due_at, at(FORTNIGHT));
    let given_up_at = w.now().plus(config.delivery.give_up_after);
    assert_eq!(campaign.expires_at, given_up_at, "as other mails");
    assert_eq!((campaign.audience, campaign.subject.as_str()), (Some(1), "About next"));
    let urgent = format!("SELECT count(*) FROM campaign WHERE urgent AND id = {}", started.id);
    assert_eq!(w.raw.number(&urgent).await, 0);
    w.hand_over().await;
    w.go_to(EVE);
    let last = w.reminded().await;
    assert_eq!(w.campaign(last).await.expires_at, at(STARTS));
    w.go_to(STARTS);
    assert_eq!(w.turned_down().await, ["expired"]);
}
