//! Mails reach their readers when their readers' own clocks allow it.

use bulletin::audience::store::{set_quiet_hours, set_timezone};
use bulletin::campaign::Order;
use bulletin::campaign::action::Actor;
use bulletin::campaign::announcement::{Queued, queue};
use bulletin::delivery::hours::Hours;
use bulletin::delivery::store::{QUIET, Taken, Taker, claim, last_look};

use super::people::{NOBODY, address};
use super::{World, on_both};

on_both!(
    what_is_due_in_the_quiet_hours_comes_when_the_readers_clock_ends_them,
    an_urgent_mail_passes_the_sites_hours_and_never_the_readers_own,
    hours_hold_for_what_was_put_off_into_them,
    hours_that_somebody_sets_now_hold_for_what_is_queued_and_for_what_is_claimed,
    whoever_waits_makes_room_for_the_others,
    what_expires_before_the_hours_end_ends_then,
    what_goes_by_local_time_comes_when_each_clock_shows_it,
    whose_clock_is_ahead_of_all_and_came_later_is_on_time,
    what_would_expire_before_the_last_clock_shows_the_time_is_refused,
    what_goes_by_local_time_is_late_by_the_sites_clock,
    what_would_expire_before_the_quiet_hours_end_is_refused,
);

const HOUR: u64 = 3600;

impl World {
    async fn lives_in(&self, name: &str, zone: &str) {
        let mut write = self.write().await;
        let zone = Some(zone.parse().unwrap());
        set_timezone(&mut write, &address(name), zone).await.unwrap();
        write.commit().await.unwrap();
    }

    pub(crate) async fn has_hours(&self, name: &str, hours: &str) {
        let mut write = self.write().await;
        let hours = Some(hours.parse().unwrap());
        set_quiet_hours(&mut write, &address(name), hours).await.unwrap();
        write.commit().await.unwrap();
    }

    async fn claim_within(&self, quiet: Option<&str>, limit: i64) -> Vec<Taken> {
        let mut site = self.config.site.clone();
        site.quiet_hours = quiet.map(|hours| hours.parse().unwrap());
        let taker = Taker {
            owner: NOBODY,
            lease_until: self.now(),
            limit,
            marks: true,
            message_domains: &self.config.message_domains(),
            hours: &Hours::of(&site),
        };
        let mut write = self.write().await;
        let rows = claim(&mut write, taker, self.now()).await.unwrap();
        write.commit().await.unwrap();
        rows
    }

    /// Whom a claim takes while the site has these quiet hours: the part of the address before the @.
    async fn goes_to(&self, quiet: Option<&str>) -> Vec<String> {
        let taken = self.claim_within(quiet, 100).await;
        let name = |taken: &Taken| match taken {
            Taken::Wanted(errand) => errand.email.as_str().split('@').next().unwrap().to_owned(),
            Taken::Unwanted(_, reason) => (*reason).to_owned(),
        };
        taken.iter().map(name).collect()
    }

    /// When what waits may go, by the site's clock, in the order of the mails.
    async fn wait_until(&self) -> Vec<String> {
        let times =
            self.raw.numbers("SELECT next_at FROM delivery WHERE next_at IS NOT NULL ORDER BY id");
        let zone = self.config.site.timezone;
        let local =
            |at: i64| bulletin::clock::Timestamp(at).local(zone).format("%a %H:%M").to_string();
        times.await.into_iter().map(local).collect()
    }

    async fn announced_to(&self, names: &[&str], more: &str) {
        for name in names {
            self.reader(name, "news", "immediate").await;
        }
        self.post_with("hello", "announcement", more).await;
        self.announce("hello").await;
    }

    /// For tomorrow at nine, by each reader's clock.
    async fn queue_by_local_time(&self, expires_after: u64) -> anyhow::Result<Queued> {
        self.post("hello", "announcement").await;
        let due_at = self.now().plus(std::time::Duration::from_secs(23 * HOUR));
        let order = Order {
            version: None,
            post: "hello".to_owned(),
            lists: Vec::new(),
            due_at,
            local_time: true,
            by: Actor::machine(),
            expires_at: due_at.plus(std::time::Duration::from_secs(expires_after)),
        };
        queue(&self.db, &self.config, &order, false, self.now()).await
    }
}

const NOBODY_YET: [&str; 0] = [];
const MORNING: Option<&str> = Some("09:00-12:00");

/// It is ten in London, and six in the evening in Tokyo.
async fn what_is_due_in_the_quiet_hours_comes_when_the_readers_clock_ends_them(w: &World) {
    w.announced_to(&["ann", "toku"], "").await;
    w.lives_in("toku", "Asia/Tokyo").await;
    assert_eq!(w.goes_to(MORNING).await, ["toku"]);
    assert_eq!(w.wait_until().await, ["Wed 12:00"]);
    let waiting = "SELECT count(*) FROM delivery WHERE state = 'queued' AND owner IS NULL AND lease_until IS NULL \
         AND dated_at IS NULL AND handed_at IS NULL AND attempts = 0";
    assert_eq!(w.raw.number(waiting).await, 1, "as if nobody had claimed it");
    w.pass(2 * HOUR - 1);
    assert_eq!(w.goes_to(MORNING).await, NOBODY_YET);
    w.pass(1);
    assert_eq!(w.goes_to(MORNING).await, ["ann"]);
    let dated = w.raw.number("SELECT max(dated_at) FROM delivery").await;
    assert_eq!(dated, w.now().0, "it bears the date of the hour at which it goes");
}

async fn an_urgent_mail_passes_the_sites_hours_and_never_the_readers_own(w: &World) {
    w.announced_to(&["ann", "ben"], "urgent: true\n").await;
    w.has_hours("ann", "09:00-17:30").await;
    assert_eq!(w.goes_to(MORNING).await, ["ben"]);
    assert_eq!(w.wait_until().await, ["Wed 17:30"]);
}

async fn hours_hold_for_what_was_put_off_into_them(w: &World) {
    w.announced_to(&["ann"], "").await;
    let claim = w.take_one().await;
    assert!(
        w.settle(claim, &super::settle::next(bulletin::delivery::State::Deferred, w.now())).await
    );
    let dated = w.raw.number("SELECT dated_at FROM delivery").await;
    w.pass(60);
    assert_eq!(w.goes_to(MORNING).await, NOBODY_YET);
    assert_eq!(w.wait_until().await, ["Wed 12:00"]);
    assert_eq!(
        w.raw.number("SELECT dated_at FROM delivery").await,
        dated,
        "it was tried with this date"
    );
}

async fn hours_that_somebody_sets_now_hold_for_what_is_queued_and_for_what_is_claimed(w: &World) {
    w.announced_to(&["ann", "ben"], "").await;
    w.has_hours("ann", "09:00-17:30").await;
    let taken = w.claim_within(None, 100).await;
    let [Taken::Wanted(errand)] = taken.as_slice() else { panic!("one goes: {taken:?}") };
    assert_eq!(errand.email, address("ben"));
    w.has_hours("ben", "09:00-17:30").await;
    let (words, hours) = (w.db.words(), Hours::of(&w.config.site));
    let read = &mut w.db.read().await.unwrap();
    let seen = last_look(read, words, &hours, &[errand.claim], w.now()).await.unwrap();
    assert_eq!(seen, [Some(QUIET)]);
}

async fn whoever_waits_makes_room_for_the_others(w: &World) {
    let names = ["ann", "ben", "cat", "dan", "eve", "fay"];
    w.announced_to(&names, "").await;
    for name in &names[..4] {
        w.has_hours(name, "09:00-17:30").await;
    }
    assert_eq!(w.claim_within(None, 2).await.len(), 2, "those behind them");
    assert_eq!(w.wait_until().await, ["Wed 17:30"; 4]);
}

async fn what_expires_before_the_hours_end_ends_then(w: &World) {
    w.announced_to(&["ann"], "").await;
    let soon = format!("UPDATE campaign SET expires_at = {}", w.now().0 + 3_600_000);
    w.raw.run(&soon).await.unwrap();
    assert_eq!(w.goes_to(MORNING).await, NOBODY_YET);
    assert_eq!(w.wait_until().await, ["Wed 11:00"]);
    w.pass(HOUR);
    assert_eq!(w.goes_to(MORNING).await, ["expired"]);
}

async fn what_goes_by_local_time_comes_when_each_clock_shows_it(w: &World) {
    for (name, zone) in
        [("ann", None), ("toku", Some("Asia/Tokyo")), ("nell", Some("America/New_York"))]
    {
        w.reader(name, "news", "immediate").await;
        if let Some(zone) = zone {
            w.lives_in(name, zone).await;
        }
    }
    let queued = w.queue_by_local_time(24 * HOUR).await.unwrap();
    assert_eq!(queued.local_time.unwrap().to_string(), "2026-04-16T09:00");
    w.pass(15 * HOUR - 1);
    assert_eq!(w.freeze().await, []);
    w.pass(1);
    assert_eq!(w.freeze().await.len(), 1, "it is nine in Tokyo");
    assert_eq!(w.goes_to(None).await, ["toku"]);
    assert_eq!(w.wait_until().await, ["Thu 09:00", "Thu 14:00"]);
    w.pass(8 * HOUR);
    assert_eq!(w.goes_to(None).await, ["ann"]);
    w.pass(5 * HOUR);
    assert_eq!(w.goes_to(None).await, ["nell"]);
}

async fn whose_clock_is_ahead_of_all_and_came_later_is_on_time(w: &World) {
    w.reader("ann", "news", "immediate").await;
    let queued = w.queue_by_local_time(24 * HOUR).await.unwrap();
    assert_eq!(w.campaign(queued.id).await.due_at, queued.due_at);
    w.reader("kiri", "news", "immediate").await;
    w.lives_in("kiri", "Pacific/Auckland").await;
    w.pass(12 * HOUR);
    assert_eq!(
        w.freeze().await.len(),
        1,
        "it is nine in Auckland, and ten in the evening in London"
    );
    assert_eq!(w.goes_to(None).await, ["kiri"]);
}

async fn what_would_expire_before_the_last_clock_shows_the_time_is_refused(w: &World) {
    w.reader("nell", "news", "immediate").await;
    w.lives_in("nell", "America/New_York").await;
    let said = w.queue_by_local_time(5 * HOUR).await.unwrap_err().to_string();
    assert!(said.contains("give a later --expires"), "{said}");
    assert!(w.queue_by_local_time(5 * HOUR + 1).await.is_ok());
}

/// It was nine in Tokyo seven hours ago; in London it will be in an hour.
async fn what_goes_by_local_time_is_late_by_the_sites_clock(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.reader("toku", "news", "immediate").await;
    w.lives_in("toku", "Asia/Tokyo").await;
    w.queue_by_local_time(24 * HOUR).await.unwrap();
    w.pass(22 * HOUR);
    assert_eq!(w.freeze().await.len(), 1);
    assert_eq!(w.goes_to(None).await, ["toku"]);
    assert_eq!(w.wait_until().await, ["Thu 09:00"]);
}

async fn what_would_expire_before_the_quiet_hours_end_is_refused(w: &World) {
    let mut config = w.config.as_ref().clone();
    config.site.quiet_hours = Some("09:00-12:00".parse().unwrap());
    let order = |post: &str, hours| Order {
        version: None,
        post: post.to_owned(),
        lists: Vec::new(),
        due_at: w.now(),
        local_time: false,
        by: Actor::machine(),
        expires_at: w.now().plus(std::time::Duration::from_secs(hours * HOUR)),
    };
    w.post("hello", "announcement").await;
    let said = queue(&w.db, &config, &order("hello", 2), true, w.now()).await.unwrap_err();
    assert!(said.to_string().contains("before the quiet hours end"), "{said}");
    assert!(queue(&w.db, &config, &order("hello", 3), true, w.now()).await.is_ok());
    w.post_with("alarm", "announcement", "urgent: true\n").await;
    assert!(
        queue(&w.db, &config, &order("alarm", 2), true, w.now()).await.is_ok(),
        "it goes at once"
    );
}
