//! The names of machines, lists and pages, and what makes them impossible.

use std::net::IpAddr;

use super::document::Value;
use super::section::Parsed;
use super::value::text;

/// A domain name, or `localhost`, as A-labels.
pub(super) fn domain(value: &Value) -> Parsed<String> {
    domain_name(text(value)?)
}

/// Reads a domain name, as A-labels, or says what is wrong with it.
pub fn domain_name(text: &str) -> Result<String, String> {
    domain_of(text)
        .filter(|domain| domain.contains('.') || domain == "localhost")
        .ok_or_else(|| "is not a domain; write one such as bounces.example.org".to_owned())
}

/// What tells the keys of a domain apart (RFC 6376 §3.1).
pub(super) fn selector(value: &Value) -> Parsed<String> {
    selector_name(text(value)?)
}

/// Reads a selector, in small letters, or says what is wrong with it.
pub fn selector_name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    if name.len() <= 100 && name.split('.').all(is_label) {
        return Ok(name);
    }
    Err("is not a selector; write letters, digits and hyphens, such as r1 or 2026a".to_owned())
}

/// A machine: a name or an address.
pub(super) fn host(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    if bare_ip(text).is_some() {
        return Ok(text.to_owned());
    }
    domain_of(text).ok_or_else(|| "is not a host; write one such as smtp.example.org".to_owned())
}

fn domain_of(text: &str) -> Option<String> {
    let domain = idna::domain_to_ascii(text).ok().filter(|domain| domain.len() <= 253)?;
    let numeric = domain.rsplit('.').next()?.chars().all(|c| c.is_ascii_digit());
    (!numeric && domain.split('.').all(is_label)).then_some(domain)
}

fn bare_ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether nothing said to `host` leaves this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || bare_ip(host).is_some_and(|ip| ip.is_loopback())
}

/// One label of a domain name (RFC 1035 §2.3.1, with the digits of RFC 1123 §2.1).
fn is_label(text: &str) -> bool {
    let word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63
        && text.bytes().all(|c| word(c) || c == b'-')
        && text.bytes().next().is_some_and(word)
        && text.bytes().last().is_some_and(word)
}

/// The first label of a List-Id (RFC 2919 §2).
pub(super) fn list_id(value: &Value) -> Parsed<String> {
    match text(value)? {
        text if is_label(text) => Ok(text.to_owned()),
        _ => Err("is not a label; write a–z, 0–9 and hyphens inside, at most 63".to_owned()),
    }
}

/// A word that is safe anywhere: in a file's name, in an address.
pub(super) fn slug(value: &Value) -> Parsed<String> {
    match text(value)? {
        text if is_slug(text) => Ok(text.to_owned()),
        _ => Err("is not a plain word; write a–z, 0–9 and hyphens, such as document".to_owned()),
    }
}

/// Whether `text` may name a table: `[a-z0-9][a-z0-9-]{0,62}`.
pub(super) fn is_slug(text: &str) -> bool {
    let word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|c| word(c) || c == b'-')
}

/// Where pages are, without a slash at the end: `https`, or `http` on loopback.
pub(super) fn base_url(value: &Value) -> Parsed<String> {
    let url = url(value)?;
    match url.strip_prefix("http://") {
        Some(rest) if !is_loopback(authority(rest).0) => Err(
            "is open to eavesdroppers; write https://… (http is for localhost, 127.0.0.1 and [::1])"
                .to_owned(),
        ),
        _ if url.contains(['?', '#']) => {
            Err("has a ? or #; write the address without what follows it".to_owned())
        }
        _ => Ok(url.trim_end_matches('/').to_owned()),
    }
}

/// An address on the web.
pub(super) fn url(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let right = rest.is_some_and(|rest| {
        let (host, port) = authority(rest);
        let known = bare_ip(host).is_some() || domain_of(host).is_some();
        known
            && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c))
    });
    if right {
        return Ok(text.to_owned());
    }
    Err("is not a web address; write one such as https://news.example.org".to_owned())
}

/// Where a feed is: `https`, for nobody may change on the way what readers are sent, and without a name
/// or a password in it.
pub(super) fn feed_url(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
        return Err("has a name or a password in it, which is never sent; remove it".to_owned());
    }
    let url = url(value)?;
    match scheme {
        "https" => Ok(url),
        _ => Err("can be changed on its way to us; write https://…".to_owned()),
    }
}

/// The host of an address on the web.
pub(super) fn of_url(url: &str) -> Option<&str> {
    Some(authority(url.split_once("://")?.1).0)
}

/// Host and port of what follows `https://`.
fn authority(rest: &str) -> (&str, Option<&str>) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}
