//! What happened, in words that a coordinator can read: one line for each thing, under its day.

use std::fmt::Write as _;

use bulletin::clock::Timestamp;
use chrono_tz::Europe::London;

use super::life::Life;

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) text: String,
    today: String,
}

impl Log {
    pub(super) fn say(&mut self, at: Timestamp, what: &str) {
        let local = at.local(London);
        let today = local.format("%A %-d %B %Y").to_string();
        if self.today != today {
            let apart = if self.text.is_empty() { "" } else { "\n" };
            writeln!(self.text, "{apart}{today}").unwrap();
            self.today = today;
        }
        writeln!(self.text, "  {}  {what}", local.format("%H:%M")).unwrap();
    }
}

/// A mail that came to its end now: of which campaign, what became of it, whose it is, and what it holds.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    campaign: String,
    end: String,
    name: String,
    posts: Vec<String>,
}

impl Life<'_> {
    /// Says which mails came to their end in this hour.
    pub(super) async fn tell(&mut self) {
        let ended = self.ended().await;
        for campaign in
            ended.chunk_by(|one, next| (&one.campaign, &one.end) == (&next.campaign, &next.end))
        {
            self.say(&told(campaign));
        }
    }

    async fn ended(&self) -> Vec<Ended> {
        // each of its posts is a row; the clock stands still within an hour
        let rows = format!(
            "SELECT c.kind || '|' || coalesce(c.digest, '') || '|' || d.state || '|' || coalesce(d.reason, '') || '|' || \
             s.email || '|' || p.slug || CASE WHEN r.version > 1 THEN '.' || r.version ELSE '' END \
             FROM delivery d JOIN campaign c ON c.id = d.campaign_id JOIN subscriber s ON s.id = d.subscriber_id \
             JOIN rendition_post r ON r.rendition_id = d.rendition_id JOIN post p ON p.id = r.post_id \
             WHERE d.finished_at = {} ORDER BY c.id, d.state, d.reason, s.email, r.position",
            self.w.now().0
        );
        let mut ended: Vec<Ended> = Vec::new();
        for row in self.w.raw.words(&rows).await {
            let [kind, digest, state, reason, email, post] =
                <[&str; 6]>::try_from(row.split('|').collect::<Vec<_>>()).unwrap();
            let what = if digest.is_empty() { post } else { digest };
            let one = Ended {
                campaign: format!("{kind} {what}"),
                end: if reason.is_empty() { state.to_owned() } else { reason.to_owned() },
                name: email.split('@').next().unwrap().to_owned(),
                posts: vec![post.to_owned()],
            };
            match ended.last_mut() {
                // a mail by two lists holds its post twice
                Some(last) if last.name == one.name && last.campaign == one.campaign => {
                    if last.posts.last() != one.posts.last() {
                        last.posts.extend(one.posts);
                    }
                }
                _ => ended.push(one),
            }
        }
        ended
    }
}

/// `report may-report → ann, gil`
fn told(campaign: &[Ended]) -> String {
    let Ended { campaign: what, end, .. } = &campaign[0];
    let person = |one: &Ended| {
        if what.starts_with("digest") {
            format!("{} ({})", one.name, one.posts.join(", "))
        } else {
            one.name.clone()
        }
    };
    let people: Vec<_> = campaign.iter().map(person).collect();
    if end == "accepted" {
        format!("{what} → {}", people.join(", "))
    } else {
        format!("{what}, {end}: {}", people.join(", "))
    }
}
