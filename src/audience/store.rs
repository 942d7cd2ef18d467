//! All SQL of the audience.

use chrono_tz::Tz;

use super::{Cadence, ConsentSource, State, Subscriber, Subscription};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::clock::quiet::QuietHours;
use crate::db::column::text_column;
use crate::db::{Error, Session, Write, on, row};
use crate::id::{DeliveryId, SubscriberId, SubscriptionId};
use crate::line::Line;

text_column!(Cadence, State);

row! {
    struct SubscriberRow {
        id: SubscriberId,
        email: Option<EmailAddress>,
        /// Of a name that is none by what a name is today, nothing is read: nobody is lost for it.
        name: Option<String>,
        discreet: bool,
        timezone: Option<String>,
        quiet_hours: Option<String>,
        created_at: Timestamp,
        suppressed: i64,
    }
}

row! {
    struct SubscriptionRow {
        id: SubscriptionId,
        list: String,
        cadence: Cadence,
        state: State,
        basis: String,
        end_reason: Option<String>,
    }
}

row! {
    /// A keyed hash and why it is there.
    pub struct Suppression {
        pub hash: String,
        pub reason: String,
        pub since: Timestamp,
    }
}

const SUBSCRIBER: &str = "SELECT s.id, s.email, s.name, s.discreet, s.timezone, s.quiet_hours, s.created_at, \
    (SELECT count(*) FROM suppression x WHERE x.hash = s.email_hash) AS suppressed FROM subscriber s ";

pub async fn find(
    session: &mut impl Session,
    email: &EmailAddress,
) -> Result<Option<Subscriber>, Error> {
    let sql = || sqlx::AssertSqlSafe(format!("{SUBSCRIBER} WHERE s.email_key = $1"));
    let found: Option<SubscriberRow> =
        on!(session, c => sqlx::query_as(sql()).bind(email.key()).fetch_optional(c).await)?;
    match found {
        Some(row) => with_subscriptions(session, row).await.map(Some),
        None => Ok(None),
    }
}

/// Up to `limit` subscribers whose id is above `after`, in the order of their ids.
pub async fn page(
    session: &mut impl Session,
    after: SubscriberId,
    limit: i64,
) -> Result<Vec<Subscriber>, Error> {
    let sql =
        || sqlx::AssertSqlSafe(format!("{SUBSCRIBER} WHERE s.id > $1 ORDER BY s.id LIMIT $2"));
    let rows: Vec<SubscriberRow> =
        on!(session, c => sqlx::query_as(sql()).bind(after).bind(limit).fetch_all(c).await)?;
    let mut subscribers = Vec::with_capacity(rows.len());
    for row in rows {
        subscribers.push(with_subscriptions(session, row).await?);
    }
    Ok(subscribers)
}

async fn with_subscriptions(
    session: &mut impl Session,
    row: SubscriberRow,
) -> Result<Subscriber, Error> {
    let subscriptions = subscriptions(session, row.id).await?;
    Ok(Subscriber {
        id: row.id,
        email: row.email,
        name: row.name.and_then(|name| Line::parse(&name).ok()),
        discreet: row.discreet,
        timezone: row.timezone.and_then(|name| name.parse().ok()),
        quiet_hours: row.quiet_hours.and_then(|hours| hours.parse().ok()),
        created_at: row.created_at,
        suppressed: row.suppressed > 0,
        subscriptions,
    })
}

pub async fn subscriptions(
    session: &mut impl Session,
    id: SubscriberId,
) -> Result<Vec<Subscription>, Error> {
    let rows: Vec<SubscriptionRow> = on!(session, c => sqlx::query_as(
        "SELECT id, list, cadence, state, basis, end_reason FROM subscription WHERE subscriber_id = $1 ORDER BY list",
    )
    .bind(id)
    .fetch_all(c)
    .await)?;
    Ok(rows
        .into_iter()
        .map(|SubscriptionRow { id, list, cadence, state, basis, end_reason }| Subscription {
            id,
            list,
            cadence,
            state,
            basis,
            end_reason,
        })
        .collect())
}

/// Adds a person; the caller has looked whether there is one.
pub async fn insert(
    write: &mut Write,
    email: &EmailAddress,
    hash: &str,
    name: Option<&Line>,
    now: Timestamp,
) -> Result<SubscriberId, Error> {
    on!(write, c => sqlx::query_scalar(
        "INSERT INTO subscriber (email, email_key, email_hash, name, created_at) \
         VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(email)
    .bind(email.key())
    .bind(hash)
    .bind(name)
    .bind(now)
    .fetch_one(c)
    .await)
}

/// The list and the state of these subscriptions; one that is gone is left out.
pub async fn standing(
    session: &mut impl Session,
    ids: &[SubscriptionId],
) -> Result<Vec<(String, State)>, Error> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let one: Option<(String, State)> = on!(session, c => sqlx::query_as(
            "SELECT list, state FROM subscription WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await)?;
        found.extend(one);
    }
    Ok(found)
}

pub async fn rename(write: &mut Write, id: SubscriberId, name: &Line) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE subscriber SET name = $2 WHERE id = $1")
        .bind(id).bind(name).execute(c).await.map(drop))
}

pub async fn set_discreet(
    write: &mut Write,
    id: SubscriberId,
    discreet: bool,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE subscriber SET discreet = $2 WHERE id = $1")
        .bind(id).bind(discreet).execute(c).await.map(drop))
}

/// None: by the site's clock.
pub async fn set_timezone(
    write: &mut Write,
    email: &EmailAddress,
    timezone: Option<Tz>,
) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE subscriber SET timezone = $2 WHERE email_key = $1")
        .bind(email.key()).bind(timezone.map(Tz::name)).execute(c).await.map(drop))
}

/// None: the site's.
pub async fn set_quiet_hours(
    write: &mut Write,
    email: &EmailAddress,
    hours: Option<QuietHours>,
) -> Result<(), Error> {
    let hours = hours.map(|hours| hours.to_string());
    on!(write, c => sqlx::query("UPDATE subscriber SET quiet_hours = $2 WHERE email_key = $1")
        .bind(email.key()).bind(hours).execute(c).await.map(drop))
}

/// A subscription as it is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub list: &'a str,
    pub cadence: &'a Cadence,
    pub state: State,
    pub basis: &'a str,
}

/// Begins a subscription, or begins it again: it starts after the newest publication.
pub async fn begin(
    write: &mut Write,
    id: SubscriberId,
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO subscription (subscriber_id, list, cadence, state, basis, from_sequence, created_at) \
         SELECT $1, $2, $3, $4, $5, value, $6 FROM counter WHERE name = 'publication' \
         ON CONFLICT (subscriber_id, list) DO UPDATE SET cadence = excluded.cadence, state = excluded.state, \
         basis = excluded.basis, from_sequence = excluded.from_sequence, left_digest = NULL, left_sequence = NULL, ended_at = NULL, end_reason = NULL",
    )
    .bind(id)
    .bind(wanted.list)
    .bind(wanted.cadence)
    .bind(wanted.state)
    .bind(wanted.basis)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

/// To be taken before anybody's cadence is changed: whoever freezes or plans now is before us and has published,
/// or after us and sees the change. Between the two a post would be nobody's.
pub async fn take_turn(write: &mut Write) -> Result<(), Error> {
    on!(write, c => sqlx::query("UPDATE counter SET value = value WHERE name = 'publication'")
        .execute(c).await.map(drop))
}

/// Changes the cadence or the state of a subscription that goes on: it keeps its start, but whoever
/// becomes active only now is new here, and gets no old news. Whoever leaves a digest for mails at once gets
/// what waits for them with its next edition.
pub async fn adjust(
    write: &mut Write,
    id: SubscriptionId,
    cadence: &Cadence,
    state: State,
) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE subscription SET cadence = $2, state = $3, from_sequence = \
         CASE WHEN state <> 'active' AND $3 = 'active' \
         THEN (SELECT value FROM counter WHERE name = 'publication') ELSE from_sequence END, \
         left_digest = CASE WHEN $2 <> 'immediate' THEN NULL WHEN cadence <> 'immediate' THEN cadence ELSE left_digest END, \
         left_sequence = CASE WHEN $2 <> 'immediate' THEN NULL WHEN cadence <> 'immediate' \
             THEN (SELECT value FROM counter WHERE name = 'publication') ELSE left_sequence END \
         WHERE id = $1 AND state <> 'ended'",
    )
    .bind(id)
    .bind(cadence)
    .bind(state)
    .execute(c)
    .await
    .map(drop))
}

/// Whoever may be mailed again starts anew: what was announced meanwhile is no news.
pub async fn start_anew(write: &mut Write, hash: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "UPDATE subscription SET from_sequence = (SELECT value FROM counter WHERE name = 'publication') \
         WHERE subscriber_id IN (SELECT id FROM subscriber WHERE email_hash = $1)",
    )
    .bind(hash)
    .execute(c)
    .await
    .map(drop))
}

/// Ends a subscription that has not ended; `None` when there was nothing to end.
pub async fn end(
    write: &mut Write,
    id: SubscriptionId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<(SubscriberId, String)>, Error> {
    on!(write, c => sqlx::query_as(
        "UPDATE subscription SET state = 'ended', ended_at = $3, end_reason = $2 \
         WHERE id = $1 AND state <> 'ended' RETURNING subscriber_id, list",
    )
    .bind(id)
    .bind(reason)
    .bind(now)
    .fetch_optional(c)
    .await)
}

/// One line of the consent log.
#[derive(Clone, Debug)]
pub struct Consent<'a> {
    pub subscriber: SubscriberId,
    pub list: &'a str,
    pub action: &'a str,
    pub source: ConsentSource,
    pub wording: &'a str,
    pub delivery: Option<DeliveryId>,
}

pub async fn append(write: &mut Write, consent: &Consent<'_>, now: Timestamp) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO consent (subscriber_id, list, action, source, wording, delivery_id, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(consent.subscriber)
    .bind(consent.list)
    .bind(consent.action)
    .bind(consent.source.as_str())
    .bind(consent.wording)
    .bind(consent.delivery)
    .bind(now)
    .execute(c)
    .await
    .map(drop))
}

pub async fn suppressed(session: &mut impl Session, hash: &str) -> Result<bool, Error> {
    let found: i64 = on!(session, c => sqlx::query_scalar("SELECT count(*) FROM suppression WHERE hash = $1")
        .bind(hash).fetch_one(c).await)?;
    Ok(found > 0)
}

/// True when the address was not suppressed before.
pub async fn suppress(
    write: &mut Write,
    hash: &str,
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query(
        "INSERT INTO suppression (hash, reason, since) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
    )
    .bind(hash)
    .bind(reason)
    .bind(now)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// True when the address was suppressed.
pub async fn unsuppress(write: &mut Write, hash: &str) -> Result<bool, Error> {
    let rows = on!(write, c => sqlx::query("DELETE FROM suppression WHERE hash = $1")
        .bind(hash).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

pub async fn suppressions(session: &mut impl Session) -> Result<Vec<Suppression>, Error> {
    on!(session, c => sqlx::query_as("SELECT hash, reason, since FROM suppression ORDER BY since, hash")
        .fetch_all(c).await)
}

/// The fingerprint of the keys that this database was made with.
pub async fn fingerprint(session: &mut impl Session) -> Result<Option<String>, Error> {
    on!(session, c => sqlx::query_scalar("SELECT fingerprint FROM secret").fetch_optional(c).await)
}

/// Keeps the fingerprint unless there is one.
pub async fn keep_fingerprint(write: &mut Write, fingerprint: &str) -> Result<(), Error> {
    on!(write, c => sqlx::query(
        "INSERT INTO secret (fingerprint) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM secret)",
    )
    .bind(fingerprint)
    .execute(c)
    .await
    .map(drop))
}

/// The lists and cadences that somebody is subscribed to, with how many people.
pub async fn used(session: &mut impl Session) -> Result<Vec<(String, Cadence, i64)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT list, cadence, count(*) FROM subscription WHERE state <> 'ended' GROUP BY list, cadence \
         ORDER BY list, cadence",
    )
    .fetch_all(c)
    .await)
}

/// How many people read each list, by state: `(list, state, people)`.
pub async fn sizes(session: &mut impl Session) -> Result<Vec<(String, State, i64)>, Error> {
    on!(session, c => sqlx::query_as(
        "SELECT list, state, count(*) FROM subscription GROUP BY list, state ORDER BY list, state",
    )
    .fetch_all(c)
    .await)
}
