//! What people do, as they do it by commands, pages and mails.

use bulletin::audience::State;
use bulletin::audience::store::{set_discreet, set_timezone};
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::queue;
use bulletin::campaign::sequel::correct;
use bulletin::campaign::{Answer, Order, store as campaigns};
use bulletin::delivery::withdrawal::withdraw;
use bulletin::id::DeliveryId;
use bulletin::post::store::newest;
use bulletin::transport::Stage;

use super::life::Life;
use super::script::{Death, Deed};
use crate::store::engine::fault;
use crate::store::people::{address, request};

impl Life<'_> {
    /// Does it, and says so; or says how the daemon dies.
    pub(super) async fn happens(&mut self, deed: &Deed) -> Option<Death> {
        match deed {
            Deed::Joins(name, list, cadence) => {
                self.reads(name, list, cadence).await;
                let now = self.w.now();
                let back = |(who, _, back): &mut (&str, _, Option<_>)| {
                    if who == name {
                        back.get_or_insert(now);
                    }
                };
                self.noes.iter_mut().for_each(back);
                self.say(&format!("{name} joins {list}, {cadence}."));
            }
            Deed::Moves(name, list, cadence) => {
                self.reads(name, list, cadence).await;
                self.say(&format!("{name} reads {list} {cadence} from now on."));
            }
            Deed::Leaves(name) => {
                self.w.leave(name).await;
                self.noes.push((name, self.w.now(), None));
                self.say(&format!("{name} unsubscribes."));
            }
            Deed::Suppressed(name) => {
                self.w.suppress(name).await;
                self.noes.push((name, self.w.now(), None));
                self.say(&format!("{name} must not be mailed any more."));
            }
            Deed::Discreet(name) => self.asks_for_discretion(name).await,
            Deed::Lives(name, zone) => self.tells_zone(name, zone).await,
            Deed::Queues(slug, kind, more) => self.queues(slug, kind, more).await,
            Deed::Corrects(slug, kind, more) => self.corrects(slug, kind, more).await,
            Deed::CallsOff(slug) => self.calls_off(slug).await,
            Deed::Answers(name, slug) => self.is_not_coming(name, slug).await,
            Deed::Dies(death) => return Some(*death),
            Deed::Breaks => {
                self.outbox.refuse_connections(Some(fault(Stage::Connect)));
                self.say("The mail server is out of order.");
            }
            Deed::Mended => {
                self.outbox.refuse_connections(None);
                self.say("The mail server works again.");
            }
        }
        None
    }

    async fn reads(&self, name: &str, list: &str, cadence: &str) {
        let mut request = request(&address(name), list, cadence, State::Active);
        request.agreed_again = true;
        self.w.add(&request).await;
    }

    async fn asks_for_discretion(&mut self, name: &str) {
        let id = self.w.person(name).await.id;
        let mut write = self.w.write().await;
        set_discreet(&mut write, id, true).await.unwrap();
        write.commit().await.unwrap();
        self.say(&format!("{name} asks for discretion."));
    }

    async fn tells_zone(&mut self, name: &str, zone: &str) {
        let mut write = self.w.write().await;
        set_timezone(&mut write, &address(name), Some(zone.parse().unwrap())).await.unwrap();
        write.commit().await.unwrap();
        self.say(&format!("{name} lives by the clocks of {zone}."));
    }

    fn order(&self, slug: &str) -> Order {
        let now = self.w.now();
        Order {
            version: None,
            post: slug.to_owned(),
            lists: Vec::new(),
            due_at: now,
            local_time: false,
            by: Actor::machine(),
            expires_at: now.plus(self.config.delivery.give_up_after),
        }
    }

    async fn queues(&mut self, slug: &str, kind: &str, more: &str) {
        self.w.post_with(slug, kind, more).await;
        let (db, now) = (&self.w.db, self.w.now());
        queue(db, &self.config, &self.order(slug), false, now).await.unwrap();
        self.say(&format!("{slug} is queued."));
    }

    async fn corrects(&mut self, slug: &str, kind: &str, more: &str) {
        self.w.post_with(slug, kind, more).await;
        let (db, now) = (&self.w.db, self.w.now());
        correct(db, &self.config, &self.order(slug), false, now).await.unwrap();
        self.say(&format!("{slug} is corrected."));
    }

    async fn calls_off(&mut self, slug: &str) {
        let stored = newest(&mut self.w.db.read().await.unwrap(), slug).await.unwrap().unwrap();
        withdraw(&self.w.db, &self.config, &stored, true, &Actor::machine(), self.w.now())
            .await
            .unwrap();
        self.say(&format!("{slug} is withdrawn, and whoever had it is told."));
    }

    async fn is_not_coming(&mut self, name: &str, slug: &str) {
        let email = address(name);
        let delivery = format!(
            "SELECT max(d.id) FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id \
             JOIN rendition_post r ON r.rendition_id = d.rendition_id JOIN post p ON p.id = r.post_id \
             WHERE s.email = '{email}' AND p.slug = '{slug}'"
        );
        let delivery = DeliveryId(self.w.raw.number(&delivery).await);
        let mut write = self.w.write().await;
        campaigns::answer(&mut write, delivery, Answer::NotComing, self.w.now()).await.unwrap();
        write.commit().await.unwrap();
        self.say(&format!("{name} is not coming to {slug}."));
    }
}
