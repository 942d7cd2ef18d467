//! Readers of a notice are reminded of its meeting: once by each step, and never of what no longer holds.

mod audience;
mod careful;
mod ladder;
mod sequel;

use bulletin::campaign::Answer;
use bulletin::campaign::freeze::Started;
use bulletin::campaign::reminder::{coming, plan_due};
use bulletin::campaign::store::{Coming, answer};
use bulletin::clock::Timestamp;
use bulletin::delivery::State;
use bulletin::delivery::store::Taken;
use bulletin::id::{CampaignId, DeliveryId};
use chrono::DateTime;

use super::World;
use super::people::{NOBODY, address};
use super::settle::next;

const STARTS: &str = "2026-05-01T14:00:00+01:00";
const FORTNIGHT: &str = "2026-04-17T14:00:00+01:00";
const EVE: &str = "2026-04-30T14:00:00+01:00";

fn at(text: &str) -> Timestamp {
    Timestamp::from_utc(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

/// The front matter of a meeting on a day and hour of London.
fn meeting(day: &str, hour: u32, more: &str) -> String {
    format!(
        "lists: [news]\nmeeting: {{starts: {day} {hour}:00, ends: {day} {}:00, timezone: Europe/London{more}}}\n",
        hour + 1
    )
}

const LADDER: &str = ", reminders: [14d, 1d]";

impl World {
    fn go_to(&self, text: &str) {
        self.pass(at(text).since(self.now()).as_secs());
        assert_eq!(self.now(), at(text));
    }

    async fn remind(&self) -> Vec<Started> {
        plan_due(&self.db, &self.config, self.now()).await.unwrap()
    }

    /// The one reminder that is due now.
    async fn reminded(&self) -> CampaignId {
        let [started] = self.remind().await.try_into().unwrap();
        started.id
    }

    async fn steps_to_come(&self) -> Vec<(String, String)> {
        let all = coming(&mut self.db.read().await.unwrap(), self.now()).await.unwrap();
        let zone = self.config.site.timezone;
        let told = |one: Coming| (format!("{} {}", one.slug, one.step), one.due_at.rfc3339(zone));
        all.into_iter().map(told).collect()
    }

    /// Everything that is due is accepted by the next hop.
    async fn hand_over(&self) {
        for taken in self.take(NOBODY, 100).await {
            let Taken::Wanted(errand) = taken else { panic!("{taken:?} is wanted") };
            assert!(self.settle(errand.claim, &next(State::Accepted, self.now())).await);
        }
    }

    /// A notice of a meeting on 1 May at two, which its readers have.
    async fn noticed(&self) {
        self.notice(&meeting("2026-05-01", 14, LADDER)).await;
        self.hand_over().await;
    }

    async fn notice(&self, more: &str) -> Started {
        self.post_with("next", "meeting-notice", more).await;
        self.announce("next").await
    }

    /// Announces a newer version to whoever had an earlier one, who get it.
    async fn correct_to(&self, more: &str) {
        self.post_with("next", "meeting-notice", more).await;
        self.correct("next", self.now()).await;
        self.freeze().await;
    }

    async fn delivery(&self, campaign: CampaignId, name: &str) -> DeliveryId {
        let sql = format!(
            "SELECT d.id FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id \
             WHERE d.campaign_id = {campaign} AND s.email = '{}'",
            address(name)
        );
        DeliveryId(self.raw.number(&sql).await)
    }

    async fn say(&self, campaign: CampaignId, name: &str, said: Answer) {
        let id = self.delivery(campaign, name).await;
        let mut write = self.write().await;
        answer(&mut write, id, said, self.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    async fn leave_list(&self, name: &str, list: &str) {
        let person = self.person(name).await.id;
        let ended =
            "UPDATE subscription SET state = 'ended', ended_at = 1, end_reason = 'unsubscribed'";
        let one = format!("{ended} WHERE list = '{list}' AND subscriber_id = {person}");
        self.raw.run(&one).await.unwrap();
    }

    async fn count_reminders(&self) -> i64 {
        self.raw.number("SELECT count(*) FROM campaign WHERE kind = 'reminder'").await
    }

    /// The reason why each of the campaign's mails is not sent, as a claim finds it.
    async fn turned_down(&self) -> Vec<&'static str> {
        let reason = |taken| match taken {
            Taken::Unwanted(_, reason) => reason,
            Taken::Wanted(errand) => panic!("{errand:?} would be sent"),
        };
        self.take(NOBODY, 100).await.into_iter().map(reason).collect()
    }
}

/// Steps as [`World::steps_to_come`] tells them.
fn to_come<const STEPS: usize>(steps: [(&str, &str); STEPS]) -> Vec<(String, String)> {
    steps.map(|(step, at)| (step.to_owned(), at.to_owned())).into()
}
