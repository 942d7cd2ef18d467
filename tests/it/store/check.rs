//! What the types make impossible the tables refuse too.
//!
//! Each case first writes a row that is right, then breaks one thing about it: so the row is
//! refused for that reason and no other.

use super::{World, on_both};

on_both!(
    a_delivery_is_due_exactly_when_it_waits,
    a_delivery_is_finished_exactly_when_its_state_is_final,
    a_delivery_has_an_owner_exactly_while_it_is_sent,
    a_campaign_runs_only_with_a_frozen_audience,
    a_campaign_is_finished_exactly_when_it_ended,
    a_campaign_has_a_post_or_a_digest_and_expires_after_it_is_due,
    a_subscription_ends_with_a_time_and_a_reason,
    an_unknown_word_is_refused_everywhere,
    a_person_has_an_address_or_was_erased,
    a_relay_is_held_until_some_time,
    a_row_cannot_hang_in_the_air,
    nobody_is_in_a_campaign_or_in_the_ledger_twice,
);

impl World {
    /// One delivery that waits, and all it hangs on.
    async fn with_a_delivery(&self) {
        self.reader("ann", "news", "immediate").await;
        self.post("hello", "announcement").await;
        self.announce("hello").await;
    }

    async fn takes(&self, sql: &str) {
        self.raw.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn refuses(&self, sql: &str) {
        let Err(error) = self.raw.run(sql).await else { panic!("nobody refused {sql}") };
        let kind = error.as_database_error().map(sqlx::error::DatabaseError::kind);
        let expected = [
            sqlx::error::ErrorKind::CheckViolation,
            sqlx::error::ErrorKind::UniqueViolation,
            sqlx::error::ErrorKind::ForeignKeyViolation,
        ];
        assert!(kind.is_some_and(|kind| expected.contains(&kind)), "{sql}: {error}");
    }
}

async fn a_delivery_is_due_exactly_when_it_waits(w: &World) {
    w.with_a_delivery().await;
    w.refuses("UPDATE delivery SET next_at = NULL").await;
    w.refuses("UPDATE delivery SET state = 'deferred', next_at = NULL").await;
    w.refuses("UPDATE delivery SET state = 'in_doubt'").await;
    w.takes("UPDATE delivery SET state = 'deferred'").await;
    w.takes("UPDATE delivery SET state = 'in_doubt', next_at = NULL").await;
}

async fn a_delivery_is_finished_exactly_when_its_state_is_final(w: &World) {
    w.with_a_delivery().await;
    w.refuses("UPDATE delivery SET finished_at = 1").await;
    for state in ["accepted", "failed", "expired", "suppressed", "cancelled"] {
        w.refuses(&format!(
            "UPDATE delivery SET state = '{state}', next_at = NULL, finished_at = NULL"
        ))
        .await;
        w.takes(&format!("UPDATE delivery SET state = '{state}', next_at = NULL, finished_at = 1"))
            .await;
    }
}

async fn a_delivery_has_an_owner_exactly_while_it_is_sent(w: &World) {
    w.with_a_delivery().await;
    let sending = "UPDATE delivery SET state = 'sending', next_at = NULL";
    w.refuses(sending).await;
    w.refuses(&format!("{sending}, owner = 1")).await;
    w.refuses(&format!("{sending}, lease_until = 1")).await;
    w.refuses("UPDATE delivery SET owner = 1").await;
    w.refuses("UPDATE delivery SET lease_until = 1").await;
    w.takes(&format!("{sending}, owner = 1, lease_until = 1")).await;
}

async fn a_campaign_runs_only_with_a_frozen_audience(w: &World) {
    w.with_a_delivery().await;
    w.refuses("UPDATE campaign SET frozen_at = NULL").await;
    w.refuses("UPDATE campaign SET audience = NULL").await;
    w.refuses("UPDATE campaign SET audience = NULL, frozen_at = NULL").await;
    w.takes("UPDATE campaign SET audience = NULL, frozen_at = NULL, state = 'scheduled'").await;
}

async fn a_campaign_is_finished_exactly_when_it_ended(w: &World) {
    w.with_a_delivery().await;
    w.refuses("UPDATE campaign SET finished_at = 1").await;
    w.refuses("UPDATE campaign SET state = 'finished'").await;
    w.refuses("UPDATE campaign SET state = 'cancelled'").await;
    w.takes("UPDATE campaign SET state = 'finished', finished_at = 1").await;
}

async fn a_campaign_has_a_post_or_a_digest_and_expires_after_it_is_due(w: &World) {
    w.with_a_delivery().await;
    w.refuses("UPDATE campaign SET digest = 'weekly'").await;
    w.refuses("UPDATE campaign SET post_id = NULL, version = NULL").await;
    w.refuses("UPDATE campaign SET version = NULL").await;
    w.refuses("UPDATE campaign SET expires_at = due_at").await;
    w.takes("UPDATE campaign SET digest = 'weekly', post_id = NULL, version = NULL").await;
}

async fn a_subscription_ends_with_a_time_and_a_reason(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.refuses("UPDATE subscription SET state = 'ended'").await;
    w.refuses("UPDATE subscription SET state = 'ended', ended_at = 1").await;
    w.refuses("UPDATE subscription SET state = 'ended', end_reason = 'unsubscribed'").await;
    w.refuses("UPDATE subscription SET ended_at = 1, end_reason = 'unsubscribed'").await;
    w.takes("UPDATE subscription SET state = 'ended', ended_at = 1, end_reason = 'unsubscribed'")
        .await;
}

async fn an_unknown_word_is_refused_everywhere(w: &World) {
    w.with_a_delivery().await;
    w.suppress("ben").await;
    w.takes("INSERT INTO relay (name, state, changed_at) VALUES ('main', 'open', 1)").await;
    w.takes(
        "INSERT INTO attempt (delivery_id, at, relay, outcome, stage, text, duration_ms) \
         SELECT id, 1, 'main', 'accepted', 'dot', 'Ok', 5 FROM delivery",
    )
    .await;
    for (table, column) in [
        ("delivery", "state"),
        ("campaign", "state"),
        ("campaign", "kind"),
        ("subscription", "state"),
        ("consent", "action"),
        ("consent", "source"),
        ("suppression", "reason"),
        ("relay", "state"),
        ("attempt", "outcome"),
        ("post_version", "kind"),
    ] {
        w.refuses(&format!("UPDATE {table} SET {column} = 'nonsense'")).await;
    }
}

async fn a_person_has_an_address_or_was_erased(w: &World) {
    w.reader("ann", "news", "immediate").await;
    w.refuses("UPDATE subscriber SET email = NULL").await;
    w.refuses("UPDATE subscriber SET email = NULL, email_key = NULL").await;
    w.refuses("UPDATE subscriber SET email = NULL, erased_at = 1").await;
    w.refuses("UPDATE subscriber SET erased_at = 1").await;
    w.takes("UPDATE subscriber SET email = NULL, email_key = NULL, erased_at = 1").await;
}

async fn a_relay_is_held_until_some_time(w: &World) {
    w.takes("INSERT INTO relay (name, state, changed_at) VALUES ('main', 'open', 1)").await;
    w.refuses("UPDATE relay SET state = 'held'").await;
    w.refuses("UPDATE relay SET held_until = 5").await;
    w.takes("UPDATE relay SET state = 'held', held_until = 5").await;
}

async fn a_row_cannot_hang_in_the_air(w: &World) {
    w.with_a_delivery().await;
    for (table, column) in [
        ("delivery", "campaign_id"),
        ("delivery", "subscriber_id"),
        ("delivery", "rendition_id"),
        ("subscription", "subscriber_id"),
        ("consent", "subscriber_id"),
        ("ledger", "subscriber_id"),
        ("rendition", "campaign_id"),
        ("rendition_post", "version"),
        ("publication", "version"),
        ("campaign", "version"),
    ] {
        w.refuses(&format!("UPDATE {table} SET {column} = 4711")).await;
    }
}

async fn nobody_is_in_a_campaign_or_in_the_ledger_twice(w: &World) {
    w.with_a_delivery().await;
    w.refuses("INSERT INTO delivery (campaign_id, subscriber_id, rendition_id, message_id, state, next_at) \
         SELECT campaign_id, subscriber_id, rendition_id, 'another@example.org', 'queued', 1 FROM delivery")
        .await;
    w.refuses(
        "INSERT INTO ledger (subscriber_id, post_id, version, purpose, delivery_id) \
         SELECT subscriber_id, post_id, version, purpose, 4711 FROM ledger",
    )
    .await;
    w.refuses(
        "INSERT INTO publication (sequence, post_id, version, list, published_at) \
         SELECT sequence + 1, post_id, version, list, 1 FROM publication",
    )
    .await;
}
