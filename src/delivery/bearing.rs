//! Whom a refusal is about: the address, us, or neither for good; and when we are refused by too many.
//! Pure.
//!
//! The text outranks the code, because servers say 5.1.1 and 5.7.1 about anything. What is in doubt is
//! never [`Bearing::Hard`]: to go on mailing a dead address costs little, to silence a reader
//! is a loss nobody sees. Codes as in RFC 3463, RFC 7505 (5.1.10) and IANA's registry of enhanced codes.

use crate::transport::Reply;

/// What a 5yz reply speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// The address or its domain does not exist, has moved, or takes no mail.
    Hard,
    /// Us: our name, our authentication, our relay, what we write.
    Policy,
    /// This mail to this person, and nothing is known beyond that.
    Soft,
}

impl Bearing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Policy => "policy",
            Self::Soft => "soft",
        }
    }
}

/// The mailbox is there and cannot take this one now.
const FULL: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "mailbox has exceeded",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded quota",
    "exceeds quota",
    "quota full",
    "out of storage",
    "insufficient storage",
    "insufficient system storage",
    "storage limit",
    "size limit",
    "too large",
];

/// We are not wanted, or not believed.
const ABOUT_US: &[&str] = &[
    "spam",
    "spf",
    "dkim",
    "dmarc",
    "authenticat",
    "blocklist",
    "block list",
    "blacklist",
    "black list",
    "denylist",
    "blocked using",
    "dnsbl",
    " rbl",
    "reputation",
    "policy",
    "policies",
    "banned",
    "unsolicited",
    "junk",
    "relay access denied",
    "relay denied",
    "relaying",
    "relay not permitted",
    "not permitted to relay",
    "not allowed to relay",
    "unable to relay",
    "cannot relay",
    "do not relay",
    "sender address rejected",
    "sender rejected",
    "sender verify",
    "sender verification",
    "sender unknown",
    "unknown sender",
    "sender domain",
    "domain of sender",
    "your domain",
    "your ip",
    "client host",
    "helo",
    "ehlo",
    "reverse dns",
    "ptr record",
];

/// Nobody is there. "Mailbox unavailable" alone is not: RFC 5321 §4.2.3 says it of policy, too.
const NOBODY: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "user not found",
    "user doesn't exist",
    "user does not exist",
    "no such recipient",
    "recipient unknown",
    "unknown recipient",
    "recipient not found",
    "recipientnotfound",
    "invalid recipient",
    "recipient does not exist",
    "no such mailbox",
    "no mailbox here",
    "mailbox not found",
    "mailbox does not exist",
    "mailbox doesn't exist",
    "mailbox unavailable does not exist",
    "unknown mailbox",
    "invalid mailbox",
    "no such address",
    "address does not exist",
    "account that you tried to reach does not exist",
    "account does not exist",
    "unknown address",
    "address unknown",
    "unknown or illegal alias",
    "unknown in virtual",
    "no such person",
    "doesn't have an account",
    "does not have an account",
    "no longer valid",
    "does not accept mail nullmx",
];

/// What must be said beside 5.2.1, which also means "not for now".
const CLOSED: &[&str] =
    &["disabled", "inactive", "no longer", "deactivated", "closed", "discontinued", "not active"];

/// The address, by its code: unknown, no such domain, bad syntax, moved, null MX.
const GONE: &[&str] = &["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];
/// Our own address is not believed (RFC 3463 §3.2).
const SENDER: &[&str] = &["5.1.7", "5.1.8"];
/// In the policy class but about the mailbox: disabled (RFC 5248), new owner (RFC 7293).
const ITS_OWN: &[&str] = &["5.7.13", "5.7.17", "5.7.18"];
/// Whatever the words, these classes never say that an address is gone.
const NEVER_HARD: &[&str] = &["5.2.2", "5.3.4", "5.4.", "5.5.", "5.6.", "5.7."];

/// Judges a refusal at RCPT or later.
pub fn bearing(reply: &Reply) -> Bearing {
    let words = plain(&reply.text);
    let code = reply.enhanced.as_deref().unwrap_or_default();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if says(FULL) {
        Bearing::Soft
    } else if says(ABOUT_US) {
        Bearing::Policy
    } else if says(NOBODY) {
        let never = NEVER_HARD.iter().any(|class| code.starts_with(class));
        if never { Bearing::Soft } else { Bearing::Hard }
    } else {
        by_code(code, says(CLOSED))
    }
}

fn by_code(code: &str, closed: bool) -> Bearing {
    match code {
        _ if GONE.contains(&code) => Bearing::Hard,
        "5.2.1" if closed => Bearing::Hard,
        _ if SENDER.contains(&code) => Bearing::Policy,
        _ if code.starts_with("5.7.") && !ITS_OWN.contains(&code) => Bearing::Policy,
        _ => Bearing::Soft,
    }
}

/// Lower case, one space between words, and no addresses: `antispam@…` says nothing about spam.
fn plain(text: &str) -> String {
    let text = text.to_lowercase();
    let parts =
        text.split(|letter: char| letter.is_whitespace() || "<>()[]{}\",:;".contains(letter));
    let words = parts.filter(|part| !part.is_empty() && !part.contains('@'));
    words.collect::<Vec<_>>().join(" ")
}

/// So many of the newest [`REPLIES`] may not speak against us: one in twenty (standards D8). Fewer
/// are those whose own servers are strict; a whole list refused is well past it.
const REFUSED: i64 = 10;
/// How many of a campaign's newest replies are looked at: a trouble that came in its middle is not
/// outweighed by what went well before.
pub const REPLIES: i64 = 200;

/// Whether so many refusals by policy pause a campaign; one with few readers when all are refused.
pub fn is_refused(refusals: i64, audience: i64) -> bool {
    refusals >= REFUSED.min(audience.max(1))
}

/// What a campaign is paused for: the server's words, and what to do. Names nobody.
pub fn advice(reply: &Reply) -> String {
    let said = reply.to_string();
    let words =
        said.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word });
    let said = words.collect::<Vec<_>>().join(" ");
    format!(
        "the receiving side refuses our mails, not the readers: \"{said}\". Mend what it names (SPF, DKIM, DMARC, \
         the relay's login, a blocklist), then `bulletin campaign resume`: nobody was given up"
    )
}

#[cfg(test)]
mod tests;
