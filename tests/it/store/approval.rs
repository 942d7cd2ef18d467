//! What a second person signs: all of it, as it stands, and one of them.

use std::sync::Arc;

use bulletin::campaign::State::{AwaitingApproval, Scheduled};
use bulletin::campaign::action::Actor;
use bulletin::campaign::approval::{Content, approve};
use bulletin::campaign::digest;
use bulletin::campaign::freeze::freeze_due;
use bulletin::campaign::store::{actions, signed};
use bulletin::campaign::{Action, State};
use bulletin::config::Config;
use bulletin::id::CampaignId;

use super::{World, on_both};

on_both!(
    of_two_who_approve_at_once_one_does,
    what_changed_while_somebody_looked_is_not_approved,
    each_thing_that_is_signed_voids_the_approval_when_it_changes,
    what_was_due_under_an_older_version_is_approved_once_more,
    a_digest_brings_a_list_that_asks_no_version_that_only_another_list_had,
);

/// The post "hello" on the news, waiting for approval.
async fn waiting(w: &World) -> CampaignId {
    w.reader("ann", "news", "immediate").await;
    w.post("hello", "announcement").await;
    let id = w.queue("hello").await.id;
    assert!(w.move_campaign(id, Scheduled, AwaitingApproval).await);
    id
}

/// The configuration, with a second person for the news.
fn careful(w: &World) -> Config {
    let mut config = Arc::unwrap_or_clone(Arc::clone(&w.config));
    config.list.get_mut("news").unwrap().approval = true;
    config
}

impl World {
    async fn seen(&self, id: CampaignId) -> Content {
        let campaign = self.campaign(id).await;
        Content::of(&mut self.db.read().await.unwrap(), &campaign).await.unwrap()
    }

    async fn approve(&self, id: CampaignId, seen: &Content, name: &str) -> anyhow::Result<()> {
        approve(&self.db, id, seen, &Actor::coordinator(name, None), self.now()).await
    }

    async fn approvers(&self, id: CampaignId) -> Vec<String> {
        let log = actions(&mut self.db.read().await.unwrap(), id).await.unwrap();
        let approved = log.into_iter().filter(|entry| entry.action == Action::Approved);
        approved.map(|entry| entry.coordinator).collect()
    }
}

async fn of_two_who_approve_at_once_one_does(w: &World) {
    let id = waiting(w).await;
    let seen = w.seen(id).await;
    let (bob, cem) = tokio::join!(w.approve(id, &seen, "bob"), w.approve(id, &seen, "cem"));
    let (name, late) = match (bob, cem) {
        (Ok(()), Err(late)) => ("bob", late),
        (Err(late), Ok(())) => ("cem", late),
        both => panic!("one of them approves: {both:?}"),
    };
    assert!(late.to_string().contains("is scheduled; only one that is"), "{late:#}");
    assert_eq!(w.approvers(id).await, [name]);
    let kept = signed(&mut w.db.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!((kept.approved_by.as_str(), kept.hash), (name, seen.hash()));
}

async fn what_changed_while_somebody_looked_is_not_approved(w: &World) {
    let id = waiting(w).await;
    let seen = w.seen(id).await;
    w.raw.run("UPDATE campaign SET due_at = due_at + 1").await.unwrap();
    let late = w.approve(id, &seen, "bob").await.unwrap_err().to_string();
    assert!(late.contains("changed while you looked at it; look again"), "{late}");
    assert!(w.approvers(id).await.is_empty());
    assert_eq!(w.campaign(id).await.state, AwaitingApproval);
    w.approve(id, &w.seen(id).await, "bob").await.unwrap();
}

async fn each_thing_that_is_signed_voids_the_approval_when_it_changes(w: &World) {
    let (id, config) = (waiting(w).await, careful(w));
    let mut times = 0;
    for (change, part) in [
        ("UPDATE campaign SET due_at = due_at - 1", "its due time"),
        ("UPDATE campaign SET expires_at = expires_at + 1", "its expiry"),
        ("UPDATE post_version SET hash = 'another'", "its content"),
        (
            "INSERT INTO campaign_list (campaign_id, position, list) SELECT id, 9, 'reports' FROM campaign",
            "its lists (before: news; now: news, reports)",
        ),
        (
            "UPDATE campaign_list SET position = -1 WHERE list = 'reports'",
            "its lists (before: news, reports; now: reports, news)",
        ),
    ] {
        w.approve(id, &w.seen(id).await, "bob").await.unwrap();
        w.raw.run(change).await.unwrap();
        assert!(freeze_due(&w.db, &config, w.now()).await.unwrap().is_empty(), "{change}");
        let campaign = w.campaign(id).await;
        let why = format!("changed since bob approved it: {part}");
        assert_eq!((campaign.state, campaign.reason), (AwaitingApproval, Some(why)));
        times += 1;
    }
    w.approve(id, &w.seen(id).await, "bob").await.unwrap();
    assert_eq!(w.approvers(id).await.len(), times + 1, "the log has them all");
    w.reader("bea", "news", "immediate").await;
    assert_eq!(freeze_due(&w.db, &config, w.now()).await.unwrap()[0].audience, 2);
}

/// Before the log there was no signature: the campaign was merely scheduled.
async fn what_was_due_under_an_older_version_is_approved_once_more(w: &World) {
    let (id, config) = (waiting(w).await, careful(w));
    assert!(w.move_campaign(id, AwaitingApproval, Scheduled).await);
    assert!(freeze_due(&w.db, &config, w.now()).await.unwrap().is_empty());
    let (why, state): (_, State) = (w.campaign(id).await.reason, AwaitingApproval);
    assert_eq!(why.unwrap(), "the list \"news\" asks for approval, and nobody has approved it");
    assert_eq!(w.campaign(id).await.state, state);
    w.approve(id, &w.seen(id).await, "bob").await.unwrap();
    assert_eq!(freeze_due(&w.db, &config, w.now()).await.unwrap().len(), 1);
}

/// News asks for approval, and reports do not: what goes to these was seen by one person alone.
async fn a_digest_brings_a_list_that_asks_no_version_that_only_another_list_had(w: &World) {
    for (name, list) in [("ann", "news"), ("bob", "reports")] {
        w.reader(name, list, "weekly").await;
    }
    w.reader("imm", "news", "immediate").await;
    for slug in ["edited", "corrected"] {
        w.post(slug, "announcement").await;
        w.announce(slug).await;
        w.post_with(slug, "announcement", "discreet_subject: News\n").await;
    }
    w.order("edited", &["reports"], false).await;
    w.freeze().await;
    w.correct("corrected", w.now()).await;
    w.freeze().await;
    let (config, by) = (careful(w), Actor::machine());
    let edition = digest::run(&w.db, &config, "weekly", &by, w.now()).await.unwrap().unwrap();
    assert_eq!(w.piles(&edition).await, ["ann: edited.1 corrected.2", "bob: edited.2"]);
}
