//! The tables `[dkim.NAME]`.

use std::collections::BTreeMap;

use super::named::{each, named};
use crate::config::dkim::{ALWAYS_SIGNED, Dkim, SIGNED};
use crate::config::document::{Table, Value};
use crate::config::section::{Parsed, Reader, Section};
use crate::config::{Sender, host, near, value};

pub(super) fn keys(
    reader: &Reader,
    root: &mut Table,
    sender: Option<&Sender>,
) -> Option<BTreeMap<String, Dkim>> {
    let mut records = BTreeMap::new();
    each(named(reader, root, "dkim", "dkim.NAME"), |name, section| {
        key(name, section, sender, &mut records)
    })
}

/// `records` has the keys that were read before, by their names in the DNS.
fn key(
    name: &str,
    mut s: Section<'_>,
    sender: Option<&Sender>,
    records: &mut BTreeMap<(String, String), String>,
) -> Option<Dkim> {
    let domain = s.must("domain", "\"news.example.org\"", host::domain);
    let selector = s.must("selector", "\"r1\"", host::selector);
    let key = s.must("key_file", "\"dkim-r1.pem\"", value::signing_key_in(&s.reader().folder));
    if let (Some(domain), Some(sender)) = (&domain, sender)
        && !is_aligned(domain, &sender.address.domain())
    {
        let what = format!(
            "= \"{domain}\" says nothing of mails from {}; write the domain of sender.address, or \
             one above it",
            sender.address
        );
        s.impossible("domain", &what);
    }
    if let (Some(domain), Some(selector)) = (&domain, &selector)
        && let Some(other) = records.insert((domain.clone(), selector.clone()), name.to_owned())
    {
        let what = format!("= \"{selector}\" is also that of dkim.{other}; write another");
        s.impossible("selector", &what);
    }
    s.end();
    Some(Dkim { domain: domain?, selector: selector?, key: key? })
}

/// Receivers believe a signature only when its domain goes with that of `From` (RFC 9989).
pub(super) fn is_aligned(domain: &str, from: &str) -> bool {
    from == domain || from.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A header field that a relay may be left to rewrite, in small letters.
pub(super) fn excluded(value: &Value) -> Parsed<&'static str> {
    let name = value::text(value)?.to_ascii_lowercase();
    if ALWAYS_SIGNED.contains(&name.as_str()) {
        let what = "must be signed, or receivers trust neither the sender nor the unsubscribe button; \
             leave it out, or write dkim = false when this relay signs mails itself";
        return Err(what.to_owned());
    }
    SIGNED.iter().find(|signed| **signed == name).copied().ok_or_else(|| {
        near::near(&name, &SIGNED).map_or_else(
            || "is not signed anyway; leave it out".to_owned(),
            |near| format!("is not signed anyway; did you mean \"{near}\"?"),
        )
    })
}
