//! What is signed of a mail, and by which keys (DKIM, RFC 6376).

use std::sync::Arc;

use crate::key::SigningKey;

/// A key, and where in the DNS receivers find its public half.
#[derive(Clone, Debug)]
pub struct Dkim {
    /// That of `sender.address`, or one above it.
    pub domain: String,
    pub selector: String,
    pub key: Arc<SigningKey>,
}

/// The header fields that are signed when a mail has them (RFC 6376 §5.4.1), in small letters.
pub const SIGNED: [&str; 22] = [
    "from",
    "reply-to",
    "subject",
    "date",
    "to",
    "cc",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-help",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
    "feedback-id",
    "cfbl-address",
    "cfbl-feedback-id",
    "auto-submitted",
];

/// Those without which a signature is worth nothing to a reader: RFC 6376 §5.4 asks for the first,
/// RFC 8058 §4 for the next two, RFC 9477 §3.1.3 for the last.
pub(super) const ALWAYS_SIGNED: [&str; 5] =
    ["from", "list-unsubscribe", "list-unsubscribe-post", "cfbl-address", "cfbl-feedback-id"];
