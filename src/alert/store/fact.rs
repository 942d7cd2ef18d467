//! The facts that alerts are judged by. They are read every half minute: nothing here reads what has
//! ended long ago, and nothing that a person could be known by.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::address::EmailAddress;
use crate::alert::fact::{Gate, before};
use crate::campaign::State;
use crate::clock::Timestamp;
use crate::db::column::text_column;
use crate::db::{Error, Session, on, row};
use crate::id::CampaignId;
use crate::line::Line;

text_column!(Standing);

/// A daemon that has said nothing for so long does not count.
const SILENT: Duration = Duration::from_secs(30);

row! {
    /// A running campaign, and the first of its mails that is due.
    #[derive(Clone, Copy, Debug)]
    pub struct Waiting {
        pub frozen_at: Timestamp,
        pub resumed_at: Option<Timestamp>,
        pub next_at: Timestamp,
    }
}

impl Waiting {
    /// Since when it could have gone, for all that the campaign knows.
    pub fn since(&self) -> Timestamp {
        self.next_at.max(self.frozen_at).max(self.resumed_at.unwrap_or(self.frozen_at))
    }
}

/// How a campaign, or one mail of it, fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Taken by a relay: of a campaign, at least one mail.
    Accepted,
    /// Tried, and not taken: of a campaign, all of it.
    Failed,
    Waiting,
    /// Nobody is to have it any more.
    Unwanted,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Unwanted => "unwanted",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Accepted, Self::Failed, Self::Waiting, Self::Unwanted]
            .into_iter()
            .find(|standing| standing.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not a standing"))
    }
}

row! {
    /// A campaign, and how it or one mail of it fares.
    #[derive(Clone, Debug)]
    pub struct Mailing {
        pub id: CampaignId,
        pub subject: Line,
        pub state: State,
        /// Why a machine paused it.
        pub reason: Option<String>,
        pub frozen_at: Timestamp,
        pub resumed_at: Option<Timestamp>,
        pub finished_at: Option<Timestamp>,
        /// When the first of its mails that was not tried yet may go.
        pub due_at: Option<Timestamp>,
        pub mail: Standing,
    }
}

impl Mailing {
    /// When it began, or was last let go on, or when the first of its mails may reach its reader: nothing is
    /// broken while it waits for hours.
    pub fn began(&self) -> Timestamp {
        let told = [Some(self.frozen_at), self.resumed_at, self.due_at];
        told.into_iter().flatten().max().unwrap_or(self.frozen_at)
    }

    pub fn is_paused_by_a_person(&self) -> bool {
        self.state == State::Paused && self.reason.is_none()
    }

    pub fn has_ended(&self) -> bool {
        self.finished_at.is_some()
    }
}

/// Each running campaign with mails that nobody has claimed.
pub async fn waiting(session: &mut impl Session) -> Result<Vec<Waiting>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT * FROM (SELECT c.frozen_at, c.resumed_at, (SELECT min(d.next_at) FROM delivery d \
         WHERE d.campaign_id = c.id AND d.next_at IS NOT NULL) AS next_at \
         FROM campaign c WHERE c.state = 'running') t WHERE t.next_at IS NOT NULL",
    )
    .fetch_all(c)
    .await)
}

/// When a mail was last accepted; None when none of the newest ten thousand tries was.
pub async fn accepted_at(session: &mut impl Session) -> Result<Option<Timestamp>, Error> {
    on!(session, c => sqlx::query_scalar(
        "SELECT max(t.at) FROM (SELECT at, outcome FROM attempt ORDER BY id DESC LIMIT 10000) t \
         WHERE t.outcome = 'accepted'",
    )
    .fetch_one(c)
    .await)
}

row! {
    struct GateRow {
        name: String,
        state: String,
        changed_at: Timestamp,
        held_since: Option<Timestamp>,
    }
}

/// The relays that the database knows.
pub(in crate::alert) async fn gates(
    session: &mut impl Session,
) -> Result<Vec<(String, Gate)>, Error> {
    let rows: Vec<GateRow> = on!(session, c => sqlx::query_as(
        "SELECT name, state, changed_at, held_since FROM relay ORDER BY name",
    )
    .fetch_all(c)
    .await)?;
    let gate = |row: GateRow| {
        let since = row.held_since.unwrap_or(row.changed_at);
        let gate = match row.state.as_str() {
            "held" => Gate::Held { since },
            "paused" => Gate::Paused,
            _ => Gate::Open { since },
        };
        (row.name, gate)
    };
    Ok(rows.into_iter().map(gate).collect())
}

/// How many daemons have said lately that they live.
pub async fn daemons(session: &mut impl Session, now: Timestamp) -> Result<u32, Error> {
    let count: i64 = on!(session, c => sqlx::query_scalar(
        "SELECT count(*) FROM daemon WHERE seen_at > $1 AND stopped_at IS NULL",
    )
    .bind(before(now, SILENT))
    .fetch_one(c)
    .await)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Campaigns of urgent posts that have begun after `after` and have somebody to reach.
pub async fn urgent(session: &mut impl Session, after: Timestamp) -> Result<Vec<Mailing>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT c.id, c.subject, c.state, c.reason, c.frozen_at, c.resumed_at, c.finished_at, \
         (SELECT min(d.next_at) FROM delivery d WHERE d.campaign_id = c.id AND d.next_at IS NOT NULL AND d.attempts = 0) \
             AS due_at, \
         CASE WHEN EXISTS (SELECT 1 FROM delivery d WHERE d.campaign_id = c.id AND d.state = 'accepted' \
         AND d.state NOT IN ('queued', 'sending', 'deferred')) THEN 'accepted' \
         WHEN c.finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM delivery d WHERE d.campaign_id = c.id \
         AND d.state IN ('failed', 'expired', 'in_doubt') AND d.state NOT IN ('queued', 'sending', 'deferred')) \
         THEN 'failed' ELSE 'waiting' END AS mail \
         FROM campaign c WHERE c.urgent AND c.audience > 0 AND c.frozen_at > $1 \
         AND c.state IN ('running', 'paused', 'finished') ORDER BY c.id",
    )
    .bind(after)
    .fetch_all(c)
    .await)
}

/// Of the mailings of a list that began in that stretch and were to reach `canary`, the newest: an
/// announcement to the list, or a digest with news of it.
pub async fn canary(
    session: &mut impl Session,
    canary: &EmailAddress,
    list: &str,
    (after, until): (Timestamp, Timestamp),
) -> Result<Option<Mailing>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT c.id, c.subject, c.state, c.reason, c.frozen_at, c.resumed_at, c.finished_at, \
         CASE WHEN d.state IN ('queued', 'sending') AND d.attempts = 0 THEN coalesce(d.next_at, d.dated_at) END AS due_at, \
         CASE WHEN d.state = 'accepted' THEN 'accepted' WHEN d.state IN ('suppressed', 'cancelled') THEN 'unwanted' \
         WHEN d.state IN ('queued', 'sending') AND d.attempts = 0 THEN 'waiting' ELSE 'failed' END AS mail \
         FROM subscriber s JOIN delivery d ON d.subscriber_id = s.id JOIN campaign c ON c.id = d.campaign_id \
         JOIN campaign_list l ON l.campaign_id = c.id AND l.list = $2 \
         WHERE s.email_key = $1 AND c.frozen_at > $3 AND c.frozen_at <= $4 AND (c.kind <> 'digest' OR EXISTS \
         (SELECT 1 FROM rendition_post r WHERE r.rendition_id = d.rendition_id AND r.list = $2)) \
         ORDER BY c.frozen_at DESC, c.id DESC LIMIT 1",
    )
    .bind(canary.key())
    .bind(list)
    .bind(after)
    .bind(until)
    .fetch_optional(c)
    .await)
}
