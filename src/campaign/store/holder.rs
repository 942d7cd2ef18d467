//! Who had a post, and is still to be told what became of it.

use sqlx::AssertSqlSafe;

use super::super::{Forecast, Kind, State};
use crate::clock::step::Step;
use crate::db::{Error, Session, Write, on};
use crate::id::{CampaignId, PostId, SubscriberId};

/// What follows on a post that was mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequel {
    /// A newer version, to whoever had an earlier one.
    Update,
    /// The post is taken back, from whoever had any version.
    Cancellation,
    /// Its meeting draws near: to whoever had any version, and did not say that they are not coming.
    Reminder(Step),
}

/// Delivery `d` has come to rest, or a try may have brought it.
const MAY_HAVE_COME: &str = "((d.next_at IS NULL AND d.owner IS NULL) OR EXISTS (SELECT 1 FROM attempt a \
     WHERE a.delivery_id = d.id AND (a.outcome = 'in_doubt' OR a.stage = 'dot')))";

impl Sequel {
    pub fn kind(self) -> Kind {
        match self {
            Self::Update => Kind::Update,
            Self::Cancellation => Kind::Cancellation,
            Self::Reminder(_) => Kind::Reminder,
        }
    }

    /// In the ledger: each step is a purpose of its own.
    pub fn purpose(self) -> String {
        match self {
            Self::Reminder(step) => format!("{}:{step}", self.kind()),
            Self::Update | Self::Cancellation => self.kind().to_string(),
        }
    }

    /// Of a campaign that waits to be frozen, if it is one; reminders are frozen when they are made.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Update => Some(Self::Update),
            Kind::Cancellation => Some(Self::Cancellation),
            Kind::Announcement | Kind::Digest | Kind::Reminder => None,
        }
    }

    /// Ledger row `g` says that somebody had the post `$1`, of which `$2` is the version told of now.
    ///
    /// What waits to be sent of a withdrawn post never will be: only what a try may have brought counts. A
    /// row that is claimed at this very moment is turned down at its last look.
    fn had(self) -> String {
        match self {
            Self::Update => "g.version < $2 AND g.purpose IN ('post', 'update')".to_owned(),
            Self::Cancellation => {
                format!("g.version <= $2 AND g.purpose <> 'cancellation' AND {MAY_HAVE_COME}")
            }
            Self::Reminder(_) => "g.version <= $2 AND g.purpose IN ('post', 'update')".to_owned(),
        }
    }

    /// Ledger row `g` says that they know already.
    fn known(self) -> String {
        match self {
            Self::Update => "g.version >= $2 AND g.purpose IN ('post', 'update')".to_owned(),
            Self::Cancellation => "g.purpose = 'cancellation'".to_owned(),
            // of a newer version: by another list, which announced it alone
            Self::Reminder(_) => format!("g.version >= $2 AND g.purpose = '{}'", self.purpose()),
        }
    }

    /// They do not want it, and said so; or they are still to be told of what they would be reminded of.
    fn declined(self) -> String {
        match self {
            Self::Update | Self::Cancellation => String::new(),
            Self::Reminder(_) => format!(
                "WHEN EXISTS (SELECT 1 FROM rsvp o WHERE o.post_id = $1 AND o.subscriber_id = s.id \
                     AND o.answer = 'not_coming') THEN 'not_coming' \
                 WHEN EXISTS (SELECT 1 FROM ledger g JOIN delivery d ON d.id = g.delivery_id \
                     WHERE g.subscriber_id = s.id AND g.post_id = $1 AND g.purpose IN ('post', 'update') \
                     AND NOT {MAY_HAVE_COME}) THEN 'not_told' "
            ),
        }
    }

    /// Everybody who had the post, on each list it came by: as an announcement by the campaign's, in all
    /// other mails by those that the mail itself names; in a digest that has been planned anew without it,
    /// but may have brought it before, by those that announced it.
    fn came_by(self) -> String {
        let had = self.had();
        let ledger = "FROM ledger g JOIN delivery d ON d.id = g.delivery_id";
        format!(
            "SELECT g.subscriber_id, l.list {ledger} JOIN campaign c ON c.id = d.campaign_id \
             JOIN campaign_list l ON l.campaign_id = c.id \
             WHERE g.post_id = $1 AND c.kind NOT IN ('digest', 'update', 'reminder') AND {had} \
             UNION SELECT g.subscriber_id, r.list {ledger} JOIN campaign c ON c.id = d.campaign_id \
             JOIN rendition_post r ON r.rendition_id = d.rendition_id AND r.post_id = g.post_id \
             WHERE g.post_id = $1 AND c.kind IN ('digest', 'update', 'reminder') AND {had} \
             UNION SELECT g.subscriber_id, b.list {ledger} JOIN campaign c ON c.id = d.campaign_id \
             JOIN publication b ON b.post_id = g.post_id \
             WHERE g.post_id = $1 AND c.kind = 'digest' AND {had} AND NOT EXISTS (SELECT 1 FROM rendition_post r \
                 WHERE r.rendition_id = d.rendition_id AND r.post_id = g.post_id)"
        )
    }

    /// Each person who had it, in one word: why in, or why not, in the order in which reasons outrank
    /// each other.
    fn standing(self) -> String {
        let any = |state| format!("max(CASE WHEN u.state = '{state}' THEN 1 ELSE 0 END) = 1");
        format!(
            "SELECT CASE \
             WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) THEN 'suppressed' \
             WHEN EXISTS (SELECT 1 FROM ledger g WHERE g.subscriber_id = s.id AND g.post_id = $1 AND {}) \
                 THEN 'already_received' \
             {}WHEN {} THEN 'audience' WHEN {} THEN 'paused' WHEN {} THEN 'pending' \
             ELSE 'unsubscribed' END AS standing, s.id, s.discreet \
             FROM ({}) h JOIN subscriber s ON s.id = h.subscriber_id \
             LEFT JOIN subscription u ON u.subscriber_id = s.id AND u.list = h.list \
             WHERE s.email IS NOT NULL GROUP BY s.id, s.email_hash, s.discreet",
            self.known(),
            self.declined(),
            any("active"),
            any("paused"),
            any("pending"),
            self.came_by()
        )
    }
}

/// Who would be told if the audience were frozen now.
pub async fn forecast_holders(
    session: &mut impl Session,
    sequel: Sequel,
    post: PostId,
    version: i64,
) -> Result<Forecast, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT standing, count(*) FROM ({}) t GROUP BY standing ORDER BY standing",
            sequel.standing()
        ))
    };
    let rows: Vec<(String, i64)> =
        on!(session, c => sqlx::query_as(sql()).bind(post).bind(version).fetch_all(c).await)?;
    Ok(Forecast::of(rows))
}

/// Everybody to be told, on each list by which they had the post and that they still read: by person, and
/// then in the order of the campaign's lists. With each, whether they asked for discretion.
pub async fn holders(
    write: &mut Write,
    sequel: Sequel,
    campaign: CampaignId,
    post: PostId,
    version: i64,
) -> Result<Vec<(SubscriberId, bool, String)>, Error> {
    let sql = || {
        AssertSqlSafe(format!(
            "SELECT t.id, t.discreet, l.list FROM ({}) t JOIN ({}) h ON h.subscriber_id = t.id \
             JOIN subscription u ON u.subscriber_id = t.id AND u.list = h.list AND u.state = 'active' \
             JOIN campaign_list l ON l.campaign_id = $3 AND l.list = h.list \
             WHERE t.standing = 'audience' ORDER BY t.id, l.position",
            sequel.standing(),
            sequel.came_by()
        ))
    };
    on!(write, c => sqlx::query_as(sql()).bind(post).bind(version).bind(campaign).fetch_all(c).await)
}

/// Writes the ledger of a campaign whose every mail is one version of one post, by however many lists.
pub async fn write_sequel_ledger(
    write: &mut Write,
    campaign: CampaignId,
    purpose: &str,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO ledger (subscriber_id, post_id, version, purpose, delivery_id) \
         SELECT d.subscriber_id, c.post_id, c.version, $2, d.id \
         FROM delivery d JOIN campaign c ON c.id = d.campaign_id WHERE d.campaign_id = $1",
    )
    .bind(campaign)
    .bind(purpose)
    .execute(c)
    .await
    .map(drop))
}

/// Whether a mail that holds the post is being sent at this moment: who had it is not yet known.
pub async fn under_way(session: &mut impl Session, post: PostId) -> Result<bool, Error> {
    let count: i64 = on!(session, c => sqlx::query_scalar(
        "SELECT count(*) FROM delivery d JOIN ledger g ON g.delivery_id = d.id \
         WHERE d.owner IS NOT NULL AND g.post_id = $1 AND g.purpose <> 'cancellation'",
    )
    .bind(post)
    .fetch_one(c)
    .await)?;
    Ok(count > 0)
}

/// The cancellation of a post that is still to be sent, or being sent, and how it stands.
pub async fn open_cancellation(
    session: &mut impl Session,
    post: PostId,
) -> Result<Option<(CampaignId, State)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT id, state FROM campaign WHERE post_id = $1 AND kind = 'cancellation' \
         AND state NOT IN ('finished', 'cancelled') ORDER BY id LIMIT 1",
    )
    .bind(post)
    .fetch_optional(c)
    .await)
}
