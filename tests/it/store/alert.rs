//! What is broken is told once, by whichever daemon, again after a day, and when it is over.

mod fact;
mod summary;

use std::time::Duration;

use bulletin::alert::store::{all, claim, told_end};
use bulletin::alert::{Desk, Transports, look, needs};
use bulletin::clock::cron::Cron;
use bulletin::config::Config;
use bulletin::delivery::State;
use bulletin::delivery::store::{Attempt, RelayRow, append, set_relay};
use bulletin::transport::memory::Outbox;
use bulletin::transport::{Fault, Outcome, Reply, Stage, Transport};
use tokio::task::JoinSet;

use super::people::{NOBODY, address, email};
use super::settle::next;
use super::{World, on_both};
use crate::support::mail::Mail;

on_both!(
    what_is_broken_is_told_once_and_again_after_a_day,
    its_end_is_told_once_if_its_beginning_was,
    many_daemons_tell_it_once,
    a_claim_whose_daemon_died_lapses_and_another_tells,
    a_relay_that_refuses_is_asked_again_after_a_while,
    another_relay_is_tried_and_one_that_a_person_paused_is_not,
    a_daemon_that_has_just_begun_to_look_begins_no_alert_and_ends_one,
    what_begins_again_while_its_end_is_told_is_told_anew,
    without_an_operator_alerts_are_kept_and_nothing_is_sent,
);

const OPERATOR: &str = "coordinator@alliance.example";
const MINUTE: u64 = 60;
const QUARTER: u64 = 15 * MINUTE;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// As long as anybody could ask for.
const LONG: Duration = Duration::from_hours(1000);

/// A world with somebody to tell, and a relay that keeps what it is given.
struct Watched<'w> {
    w: &'w World,
    config: Config,
    outbox: Outbox,
    transports: Transports,
}

impl<'w> Watched<'w> {
    fn new(w: &'w World) -> Self {
        let mut config = Config::clone(&w.config);
        config.operator.address = Some(email(OPERATOR));
        config.operator.disk_free = 0;
        // no morning comes in between, unless a case wants it
        config.operator.summary = Cron::parse("0 7 1 1 *").unwrap();
        let outbox = Outbox::new();
        let transports = [("main".to_owned(), Transport::Memory(outbox.clone()))].into();
        Self { w, config, outbox, transports }
    }

    fn with_summary_at_seven(mut self) -> Self {
        self.config.operator.summary = Cron::parse("0 7 * * *").unwrap();
        self
    }

    fn desk(&self) -> Desk<'_> {
        let World { db, keys, clock, .. } = self.w;
        Desk { db, config: &self.config, keys, clock }
    }

    async fn look(&self) {
        self.look_awake(LONG).await;
    }

    async fn look_awake(&self, awake: Duration) {
        look(self.desk(), &self.transports, awake).await.unwrap();
    }

    async fn many_look(&self) {
        let mut looking = JoinSet::new();
        for _ in 0..6 {
            let (config, transports) = (self.config.clone(), self.transports.clone());
            let (db, keys, clock) = (self.w.db.clone(), self.w.keys.clone(), self.w.clock.clone());
            looking.spawn(async move {
                let desk = Desk { db: &db, config: &config, keys: &keys, clock: &clock };
                look(desk, &transports, LONG).await.unwrap();
            });
        }
        looking.join_all().await;
    }

    fn mails(&self) -> Vec<Mail> {
        self.outbox.messages().iter().map(|(_, message)| Mail::of(message)).collect()
    }

    fn subjects(&self) -> Vec<String> {
        let site = "London Learning Alliance: ";
        let subjects = self.mails().into_iter().map(|mail| mail.subject);
        subjects.map(|subject| subject.strip_prefix(site).unwrap().to_owned()).collect()
    }

    async fn alerts(&self) -> Vec<String> {
        let all = all(&mut self.w.db.read().await.unwrap()).await.unwrap();
        let mut names: Vec<_> = all.into_iter().map(|alert| alert.name).collect();
        names.sort();
        names
    }

    async fn relay(&self, state: &str) {
        let held = state == "held";
        let row = RelayRow {
            name: "main".to_owned(),
            state: state.to_owned(),
            reason: Some("550 <ann@example.org> is not wanted".to_owned()),
            faults: i64::from(held),
            held_until: held.then(|| self.w.now()),
            changed_at: self.w.now(),
        };
        let mut write = self.w.write().await;
        set_relay(&mut write, &row).await.unwrap();
        write.commit().await.unwrap();
    }

    /// A relay that has been down for long enough.
    async fn is_down(&self) {
        self.relay("held").await;
        self.w.pass(QUARTER);
    }

    async fn needs(&self) -> Vec<String> {
        let needs = needs(self.desk()).await.unwrap();
        needs.iter().map(ToString::to_string).collect()
    }

    /// One of the mails that are due is tried.
    async fn try_one(&self, state: State, outcome: &'static str) {
        let claim = *self.w.take(NOBODY, 1).await[0].claim();
        let attempt = Attempt {
            delivery: claim.id,
            at: self.w.now(),
            relay: "main",
            outcome,
            stage: "dot".to_owned(),
            code: None,
            enhanced: None,
            text: "kept",
            bearing: None,
            duration_ms: 1,
        };
        let mut write = self.w.write().await;
        append(&mut write, &attempt).await.unwrap();
        write.commit().await.unwrap();
        assert!(self.w.settle(claim, &next(state, self.w.now().plus(LONG))).await);
    }
}

fn reply(code: u16) -> Reply {
    Reply { stage: Stage::Rcpt, code, enhanced: None, text: "no".to_owned() }
}

async fn what_is_broken_is_told_once_and_again_after_a_day(w: &World) {
    let it = Watched::new(w);
    it.relay("held").await;
    w.pass(QUARTER - 1);
    it.look().await;
    assert_eq!(it.alerts().await, [""; 0]);
    w.pass(1);
    it.look().await;
    it.look().await;
    assert_eq!(it.subjects(), ["the relay main takes no mail"]);
    let [mail] = it.mails().try_into().unwrap();
    assert_eq!(mail.to, OPERATOR);
    assert_eq!(
        mail.text,
        "`bulletin relay list` says why. It is tried again by itself; once it is\r\n\
         mended, `bulletin relay resume main` tries it at once.\r\n\r\n\
         The relay main takes no mail, since 10:00 on 15 April.\r\n\r\n\
         `bulletin status` shows how everything stands now. You are told again\r\n\
         in a day if this lasts, and when it is over.\r\n"
    );
    assert_eq!(mail.headers["auto-submitted"], "auto-generated");
    assert!(!mail.headers.keys().any(|name| name.starts_with("list-")), "{:?}", mail.headers);
    w.pass(DAY - 1);
    it.look().await;
    assert_eq!(it.mails().len(), 1);
    w.pass(1);
    it.look().await;
    it.look().await;
    let [first, again] = it.mails().try_into().unwrap();
    assert!(
        again.text.contains("Still: the relay main takes no mail, since 10:00 on 15 April."),
        "{}",
        again.text
    );
    assert_ne!(first.headers["message-id"], again.headers["message-id"]);
}

async fn its_end_is_told_once_if_its_beginning_was(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    it.look().await;
    it.relay("open").await;
    w.pass(HOUR);
    it.look().await;
    it.look().await;
    assert_eq!(
        it.subjects(),
        ["the relay main takes no mail", "over: the relay main takes no mail"]
    );
    let mail = it.mails().pop().unwrap();
    assert_eq!(
        mail.text,
        "There is nothing to do. This is over:\r\n\r\n\
         * The relay main takes no mail: from 10:00 to 11:15 on 15 April.\r\n"
    );
    assert_eq!(it.alerts().await, [""; 0]);
    // and once nobody could be told
    it.outbox.answer(OPERATOR, Ok(Outcome::Refused(reply(550))));
    it.is_down().await;
    it.look().await;
    assert_eq!(it.alerts().await, ["relay:main"]);
    it.relay("open").await;
    w.pass(2 * MINUTE);
    it.outbox.answer(OPERATOR, Ok(Outcome::Accepted(reply(250))));
    it.look().await;
    assert_eq!((it.mails().len(), it.alerts().await), (2, Vec::new()));
}

async fn many_daemons_tell_it_once(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    it.many_look().await;
    assert_eq!(it.subjects(), ["the relay main takes no mail"]);
    it.relay("open").await;
    it.many_look().await;
    // what the others saw may be older; at the next look it is over
    it.many_look().await;
    assert_eq!(it.subjects().last().unwrap(), "over: the relay main takes no mail");
    assert_eq!(it.mails().len(), 2);
}

async fn a_claim_whose_daemon_died_lapses_and_another_tells(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    it.outbox.refuse_connections(Some(fault()));
    it.look().await;
    w.pass(2 * MINUTE);
    let mut write = w.write().await;
    let until = w.now().plus(Duration::from_mins(5));
    let claimed = claim(&mut write, LONG, until, w.now()).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(claimed.len(), 1);
    it.outbox.refuse_connections(None);
    w.pass(5 * MINUTE);
    it.look().await;
    assert!(it.mails().is_empty(), "somebody is telling it");
    w.pass(1);
    it.look().await;
    assert_eq!(it.mails().len(), 1);
}

async fn a_relay_that_refuses_is_asked_again_after_a_while(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    for answer in
        [Ok(Outcome::Refused(reply(550))), Ok(Outcome::Deferred(reply(450))), Err(fault())]
    {
        it.outbox.answer_once(OPERATOR, answer);
        it.look().await;
        w.pass(MINUTE);
        it.look().await;
        assert!(it.mails().is_empty());
        w.pass(1);
    }
    it.look().await;
    it.look().await;
    assert_eq!(it.mails().len(), 1);
}

fn fault() -> Fault {
    Fault { stage: Stage::Connect, reply: None, text: "nobody is there".to_owned() }
}

async fn another_relay_is_tried_and_one_that_a_person_paused_is_not(w: &World) {
    let mut it = Watched::new(w);
    it.config.relay.insert("other".to_owned(), it.config.relay["main"].clone());
    let other = Outbox::new();
    it.transports.insert("other".to_owned(), Transport::Memory(other.clone()));
    it.is_down().await;
    it.look().await;
    assert_eq!((it.mails().len(), other.messages().len()), (0, 1), "the open one first");
    w.pass(DAY);
    other.refuse_connections(Some(fault()));
    it.look().await;
    assert_eq!((it.mails().len(), other.messages().len()), (1, 1), "then the one at fault");
    it.relay("paused").await;
    w.pass(DAY);
    it.look().await;
    assert_eq!(it.mails().len(), 1);
    assert_eq!(it.alerts().await, ["relay:main"], "its end is yet to be told");
    other.refuse_connections(None);
    w.pass(2 * MINUTE);
    it.look().await;
    assert_eq!((it.mails().len(), other.messages().len()), (1, 2));
}

async fn a_daemon_that_has_just_begun_to_look_begins_no_alert_and_ends_one(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    it.look_awake(Duration::from_secs(QUARTER - 1)).await;
    assert_eq!((it.alerts().await, it.mails().len()), (Vec::new(), 0));
    it.look_awake(Duration::from_secs(QUARTER)).await;
    it.look_awake(Duration::ZERO).await;
    assert_eq!((it.alerts().await.len(), it.mails().len()), (1, 1), "it lasts");
    it.relay("open").await;
    it.look_awake(Duration::ZERO).await;
    assert_eq!((it.alerts().await.len(), it.mails().len()), (0, 2));
}

async fn what_begins_again_while_its_end_is_told_is_told_anew(w: &World) {
    let it = Watched::new(w);
    it.is_down().await;
    it.look().await;
    it.relay("open").await;
    it.outbox.answer_once(OPERATOR, Err(fault()));
    it.look().await;
    // the end was not told: it has gone on, as far as anybody knows
    it.is_down().await;
    it.look().await;
    it.look().await;
    assert_eq!((it.alerts().await.len(), it.mails().len()), (1, 1));
    w.raw.run("UPDATE alert SET ended_at = 1, claimed_until = NULL").await.unwrap();
    let mut write = w.write().await;
    let until = w.now().plus(LONG);
    let [over] = claim(&mut write, LONG, until, w.now()).await.unwrap().try_into().unwrap();
    write.commit().await.unwrap();
    it.look().await;
    let mut write = w.write().await;
    told_end(&mut write, &over).await.unwrap();
    write.commit().await.unwrap();
    it.look().await;
    assert_eq!((it.alerts().await.len(), it.mails().len()), (1, 2));
}

async fn without_an_operator_alerts_are_kept_and_nothing_is_sent(w: &World) {
    let mut it = Watched::new(w);
    it.config.operator.address = None;
    it.is_down().await;
    it.look().await;
    w.pass(DAY);
    it.look().await;
    assert!(it.mails().is_empty());
    assert_eq!(it.alerts().await, ["relay:main"]);
    let [need] = it.needs().await.try_into().unwrap();
    let start = "relay main is held: 550 <ann@example.org> is not wanted; `bulletin relay list`";
    assert!(need.starts_with(start), "{need}");
    it.config.operator.address = Some(email(OPERATOR));
    it.look().await;
    assert_eq!(it.mails().len(), 1, "what lasts is told to whoever is there to be told");
}

/// The canary of the list `news` is ann.
fn with_canary(w: &World) -> Watched<'_> {
    let mut it = Watched::new(w);
    it.config.list.get_mut("news").unwrap().canary = Some(address("ann"));
    it
}
