//! Whether a delivery is still wanted: one phrase for the claim and for the last look, so that they cannot
//! disagree.

/// Subscription `u` is one that delivery `d` of campaign `c` comes by: on `l`, one of the campaign's
/// lists, and for a digest in that digest, or on the list of a post that this copy holds; for a correction,
/// a cancellation or a reminder on a list by which the person had the post, which their copy names.
///
/// `u.list || ''` is no column, so that databases go by the person, who has a few subscriptions, and not
/// through a list, which may have a million: to Postgres, before it has statistics, both are the same.
pub(super) const COMES_BY: &str = "u.subscriber_id = d.subscriber_id AND u.list || '' = l.list AND u.state = 'active' \
     AND (c.kind = 'announcement' OR u.cadence = c.digest \
         OR u.list IN (SELECT r.list FROM rendition_post r WHERE r.rendition_id = d.rendition_id))";

/// Why delivery `d` of campaign `c` and rendition `n` to subscriber `s` must not go out at `$2`, or nothing.
pub(super) fn unwanted() -> String {
    format!(
        "CASE WHEN s.email IS NULL THEN 'erased' \
         WHEN EXISTS (SELECT 1 FROM suppression x WHERE x.hash = s.email_hash) THEN 'suppressed' \
         WHEN NOT EXISTS (SELECT 1 FROM campaign_list l JOIN subscription u ON {COMES_BY} \
             WHERE l.campaign_id = c.id) THEN 'unsubscribed' \
         WHEN c.kind <> 'cancellation' AND EXISTS (SELECT 1 FROM rendition_post r JOIN post p ON p.id = r.post_id \
             WHERE r.rendition_id = d.rendition_id AND p.withdrawn_at IS NOT NULL) THEN 'withdrawn' \
         WHEN c.kind = 'reminder' AND EXISTS (SELECT 1 FROM publication b JOIN rendition_post r ON r.list = b.list \
             WHERE b.post_id = c.post_id AND b.version > c.version AND r.rendition_id = d.rendition_id) THEN 'corrected' \
         WHEN c.kind = 'reminder' AND EXISTS (SELECT 1 FROM rsvp o WHERE o.post_id = c.post_id \
             AND o.subscriber_id = d.subscriber_id AND o.answer = 'not_coming') THEN 'not coming' \
         WHEN c.kind IN ('announcement', 'update') AND EXISTS (SELECT 1 FROM ledger g JOIN delivery k ON k.id = g.delivery_id \
             WHERE g.subscriber_id = d.subscriber_id AND g.post_id = c.post_id AND g.purpose = 'update' \
             AND g.version > c.version AND k.state = 'accepted') THEN 'corrected' \
         WHEN c.digest IS NOT NULL AND EXISTS (SELECT 1 FROM rendition_post r \
             WHERE r.rendition_id = d.rendition_id AND NOT EXISTS (SELECT 1 FROM subscription u \
                 WHERE u.subscriber_id = d.subscriber_id AND u.list || '' = r.list AND u.state = 'active')) \
             THEN 'left a list' \
         WHEN s.discreet AND NOT n.discreet THEN '{ANEW}' \
         WHEN c.expires_at <= $2 THEN 'expired' \
         WHEN c.state <> 'running' THEN 'not now' \
         ELSE '' END"
    )
}

/// Whether delivery `d` of campaign `c` brings a version whose correction is on its way to the same person:
/// it had better wait how that ends.
pub(super) const OUTRUN: &str = "CASE WHEN c.kind IN ('announcement', 'update') AND EXISTS (SELECT 1 FROM ledger g \
     JOIN delivery k ON k.id = g.delivery_id JOIN campaign m ON m.id = k.campaign_id \
     WHERE g.subscriber_id = d.subscriber_id AND g.post_id = c.post_id AND g.purpose = 'update' \
     AND g.version > c.version AND m.state = 'running' AND k.state IN ('queued', 'sending') AND k.attempts = 0) \
     THEN 1 ELSE 0 END";

/// The words of [`unwanted`].
const REASONS: [&str; 10] = [
    "erased",
    "suppressed",
    "unsubscribed",
    "withdrawn",
    "corrected",
    "not coming",
    "left a list",
    ANEW,
    "expired",
    NOT_NOW,
];

/// Of a campaign that does not run, and of a row that is somebody else's by now.
pub const NOT_NOW: &str = "not now";

/// Of a plain mail to somebody who has asked for discretion meanwhile: the next claim gives it another form.
pub const ANEW: &str = "anew";

/// Of a mail to somebody whose own quiet hours hold by now: the next claim lets it wait for their end.
pub const QUIET: &str = "quiet";

/// The same word, for good.
pub(super) fn known_reason(text: &str) -> Option<&'static str> {
    REASONS.into_iter().find(|reason| *reason == text)
}
