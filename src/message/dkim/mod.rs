//! DKIM signatures (RFC 6376): what receivers know our mails by.
//!
//! A [`Signer`] is made once for each relay; each mail gets a signature by every key, in the order of
//! their names, in front of all other fields. RSA is for everybody, Ed25519 (RFC 8463) for those who
//! know it: whoever does not ignores that signature.
//!
//! # What always holds
//! * What is signed is what is sent, to the octet: the transport changes nothing behind it.
//! * Every field that is signed and present is covered. Those that a forger would add are listed once
//!   more than the mail has them, so that a second one breaks the signature (§5.4, §8.15).
//! * The whole body is covered: there is no `l=` (§8.2).
//! * The same mail gets the same signatures: both algorithms are deterministic, and neither `t=` nor
//!   `x=` is written. So a mail that is sent again is the same mail, and its signature holds for as
//!   long as its key is in the DNS. `Date`, which is signed, says when it was written.

mod canonical;
mod field;
pub mod record;

use std::sync::Arc;

use aws_lc_rs::digest;

use crate::config::{Config, Dkim, SIGNED};
use crate::octets::Octets;
use canonical::{Field, body_hash, relaxed, split};
use field::Signature;

/// What forgers add (RFC 6376 §8.15): listed once more than present, also where there is none.
const OVERSIGNED: [&str; 9] = [
    "from",
    "to",
    "subject",
    "date",
    "reply-to",
    "cc",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// Signs the mails that go to one relay.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<Dkim>,
    /// The fields that are signed, in small letters.
    names: Vec<&'static str>,
}

impl Signer {
    /// `None` where there is no key, or the relay signs itself.
    pub fn of(config: &Config, relay: &str) -> Option<Arc<Self>> {
        let relay = config.relay.get(relay)?;
        let keys: Vec<_> = config.dkim.values().cloned().collect();
        (relay.dkim && !keys.is_empty()).then(|| Arc::new(Self::new(keys, &relay.dkim_exclude)))
    }

    /// One message as this relay gets it; for many, keep the signer.
    pub fn signed(config: &Config, relay: &str, message: Octets) -> anyhow::Result<Octets> {
        match Self::of(config, relay) {
            Some(signer) => signer.sign(message),
            None => Ok(message),
        }
    }

    fn new(keys: Vec<Dkim>, excluded: &[&str]) -> Self {
        let names = SIGNED.into_iter().filter(|name| !excluded.contains(name)).collect();
        Self { keys, names }
    }

    /// The message with its signatures.
    pub fn sign(&self, mut message: Octets) -> anyhow::Result<Octets> {
        let (fields, body) = split(&message);
        let (listed, header) = self.cover(&fields);
        let body = body_hash(body);
        // room for two signatures
        let mut out = Vec::with_capacity(3000);
        for key in &self.keys {
            let open = Signature::open(key, &listed, &body);
            let mut hash = header.clone();
            hash.update(&open.canonical());
            open.close(&key.key.sign(&hash.finish())?, &mut out);
        }
        message.precede(&out.into());
        Ok(message)
    }

    /// The names for `h=`, and the hash of the fields they stand for: of several with one name the last
    /// comes first, and a name without a field adds nothing (§5.4.2).
    fn cover(&self, fields: &[Field<'_>]) -> (Vec<&'static str>, digest::Context) {
        let mut listed = Vec::with_capacity(self.names.len() + OVERSIGNED.len());
        let mut canonical = Vec::with_capacity(2000);
        for name in &self.names {
            for field in fields.iter().rev().filter(|field| field.is(name)) {
                relaxed(field, &mut canonical);
                canonical.extend_from_slice(b"\r\n");
                listed.push(*name);
            }
            if OVERSIGNED.contains(name) {
                listed.push(*name);
            }
        }
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&canonical);
        (listed, hash)
    }
}

#[cfg(test)]
mod tests;
