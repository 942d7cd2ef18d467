//! What cases do again and again, in one word each: people, posts, campaigns, claims.

use bulletin::address::EmailAddress;
use bulletin::audience::optout::{OptOut, of_address, opt_out};
use bulletin::audience::subscribe::{Added, Entry, Request, add};
use bulletin::audience::{Cadence, ConsentSource, State, Subscriber, store, suppression};
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::{Queued, queue};
use bulletin::campaign::freeze::{Started, freeze_due};
use bulletin::campaign::{self, Order, digest};
use bulletin::config::OnInDoubt;
use bulletin::delivery::Claim;
use bulletin::delivery::hours::Hours;
use bulletin::delivery::store::{Next, Taken, Taker, claim, mark, settle};
use bulletin::id::CampaignId;
use bulletin::line::Line;
use bulletin::post::read::{Source, hash};
use bulletin::post::{self, File, front};

use super::world::World;

/// Nobody's lock: rows of this owner belong to a daemon that is gone.
pub(crate) const NOBODY: i64 = 999_999;

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// `ann` is ann@example.org.
pub(crate) fn address(name: &str) -> EmailAddress {
    email(&format!("{name}@example.org"))
}

/// Asks for one list, as a coordinator does.
pub(crate) fn request(email: &EmailAddress, list: &str, cadence: &str, state: State) -> Request {
    let cadence = Some(cadence)
        .filter(|cadence| !cadence.is_empty())
        .map(|cadence| cadence.parse::<Cadence>().unwrap());
    Request {
        email: email.clone(),
        name: None,
        discreet: None,
        subscriptions: vec![Entry { list: list.to_owned(), cadence, state }],
        basis: "asked at a meeting".to_owned(),
        source: ConsentSource::Command,
        agreed_again: false,
    }
}

/// A post as its file says it; `more` are further lines of front matter.
pub(crate) fn source(slug: &str, kind: &str, more: &str, files: &[File]) -> Source {
    let text = format!(
        "---\nslug: {slug}\ntitle: About {slug}\nkind: {kind}\ndate: 2026-04-16\nsummary: What {slug} says.\n{more}---\n\nWords about {slug}.\n"
    );
    Source {
        post: front::parse(std::path::Path::new("post.md"), &text, None).unwrap(),
        hash: hash(&text, files),
        text,
        files: files.to_vec(),
    }
}

impl World {
    pub(crate) async fn add(&self, request: &Request) -> Added {
        let mut write = self.write().await;
        let added = add(&mut write, &self.keys, request, self.now()).await.unwrap();
        write.commit().await.unwrap();
        added
    }

    /// Somebody who reads a list.
    pub(crate) async fn reader(&self, name: &str, list: &str, cadence: &str) {
        self.add(&request(&address(name), list, cadence, State::Active)).await;
    }

    /// Many who read a list at once.
    pub(crate) async fn readers(&self, count: usize, list: &str) {
        let mut write = self.write().await;
        for n in 0..count {
            let one = request(&address(&format!("reader{n}")), list, "immediate", State::Active);
            add(&mut write, &self.keys, &one, self.now()).await.unwrap();
        }
        write.commit().await.unwrap();
    }

    pub(crate) async fn person(&self, name: &str) -> Subscriber {
        store::find(&mut self.db.read().await.unwrap(), &address(name)).await.unwrap().unwrap()
    }

    pub(crate) async fn leave(&self, name: &str) -> Vec<String> {
        let subscriptions = of_address(&self.db, &address(name), &[]).await.unwrap();
        let no = OptOut {
            subscriptions: subscriptions.unwrap(),
            source: ConsentSource::Page,
            wording: "Unsubscribe",
            delivery: None,
        };
        opt_out(&self.db, &no, self.now()).await.unwrap()
    }

    pub(crate) async fn suppress(&self, name: &str) -> bool {
        suppression::add(&self.db, &self.keys, &address(name), "manual", self.now()).await.unwrap()
    }

    /// An announcement is for `news`, a report for `reports`, a meeting summary for `meetings`.
    pub(crate) async fn post(&self, slug: &str, kind: &str) {
        self.post_with(slug, kind, "").await;
    }

    pub(crate) async fn post_with(&self, slug: &str, kind: &str, more: &str) -> i64 {
        let source = source(slug, kind, more, &[]);
        let added = post::add::add(&self.db, &source, self.now()).await;
        added.unwrap().version
    }

    pub(crate) async fn queue(&self, slug: &str) -> Queued {
        self.order(slug, &[], false).await
    }

    pub(crate) async fn order(&self, slug: &str, lists: &[&str], dry_run: bool) -> Queued {
        let order = Order {
            version: None,
            post: slug.to_owned(),
            lists: lists.iter().map(|list| (*list).to_owned()).collect(),
            due_at: self.now(),
            local_time: false,
            expires_at: self.now().plus(self.config.delivery.give_up_after),
            by: Actor::machine(),
        };
        queue(&self.db, &self.config, &order, dry_run, self.now()).await.unwrap()
    }

    pub(crate) async fn freeze(&self) -> Vec<Started> {
        freeze_due(&self.db, &self.config, self.now()).await.unwrap()
    }

    /// Queues a post and freezes it: the campaign, and how many it reaches.
    pub(crate) async fn announce(&self, slug: &str) -> Started {
        let queued = self.queue(slug).await;
        let started = self.freeze().await;
        let mine = started.into_iter().find(|one| one.id == queued.id);
        mine.expect("the campaign was frozen")
    }

    pub(crate) async fn withdraw(&self, slug: &str) {
        let mut write = self.write().await;
        let id = post::store::newest(&mut write, slug).await.unwrap().unwrap().id;
        assert!(post::store::withdraw(&mut write, id, self.now()).await.unwrap());
        write.commit().await.unwrap();
    }

    pub(crate) async fn edition(&self, digest: &str) -> Option<digest::Edition> {
        digest::run(&self.db, &self.config, digest, &Actor::machine(), self.now()).await.unwrap()
    }

    pub(crate) async fn campaign(&self, id: CampaignId) -> campaign::store::Campaign {
        campaign::store::find(&mut self.db.read().await.unwrap(), id).await.unwrap().unwrap()
    }

    pub(crate) async fn move_campaign(
        &self,
        id: CampaignId,
        from: campaign::State,
        to: campaign::State,
    ) -> bool {
        let mut write = self.write().await;
        let moved =
            campaign::store::change(&mut write, id, from, to, None, self.now()).await.unwrap();
        write.commit().await.unwrap();
        moved
    }

    /// Who is mailed by a campaign: the part of each address before the @, in order.
    pub(crate) async fn mailed(&self, id: CampaignId) -> Vec<String> {
        let emails = self
            .raw
            .words(&format!(
                "SELECT s.email FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id \
             WHERE d.campaign_id = {id} ORDER BY s.email"
            ))
            .await;
        emails.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect()
    }

    pub(crate) async fn take(&self, owner: i64, limit: i64) -> Vec<Taken> {
        self.take_under(owner, limit, OnInDoubt::Hold).await
    }

    pub(crate) async fn take_under(&self, owner: i64, limit: i64, policy: OnInDoubt) -> Vec<Taken> {
        let lease_until = self.now().plus(self.config.delivery.lease);
        let marks = policy == OnInDoubt::Resend;
        let message_domains = &self.config.message_domains();
        let hours = &Hours::of(&self.config.site);
        let taker = Taker { owner, lease_until, limit, marks, message_domains, hours };
        let mut write = self.write().await;
        let rows = claim(&mut write, taker, self.now()).await.unwrap();
        write.commit().await.unwrap();
        rows
    }

    /// Claims the one row that is due.
    pub(crate) async fn take_one(&self) -> Claim {
        match self.take(NOBODY, 100).await.as_slice() {
            [Taken::Wanted(errand)] => errand.claim,
            other => panic!("one row is due and wanted, not {other:?}"),
        }
    }

    /// Says durably that it is about to be handed over.
    pub(crate) async fn mark(&self, owner: i64, claim: Claim) {
        let mut write = self.write().await;
        mark(&mut write, owner, &[claim], self.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    pub(crate) async fn settle(&self, claim: Claim, next: &Next<'_>) -> bool {
        let mut write = self.write().await;
        let settled = settle(&mut write, claim.id, claim.fence, next, self.now()).await.unwrap();
        write.commit().await.unwrap();
        settled
    }
}

pub(crate) fn line(text: &str) -> Line {
    Line::parse(text).unwrap()
}
