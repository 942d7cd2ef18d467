//! The tables `[relay.NAME]`.

use std::collections::BTreeMap;

use super::dkim::excluded;
use super::named::{each, named};
use super::pace::pace;
use crate::config::document::{Place, Table};
use crate::config::section::{Reader, Section};
use crate::config::{Relay, RelayKind, Site, SmtpRelay, Tls, host, value};
use crate::secret::Secret;

/// Without any, one that writes into a folder: nothing is sent before somebody says where to.
pub(super) fn relays(
    reader: &Reader,
    root: &mut Table,
    site: Option<&Site>,
) -> Option<BTreeMap<String, Relay>> {
    let mut relays = named(reader, root, "relay", "relay.NAME");
    if relays.is_empty() {
        let main = "main".to_owned();
        let table =
            Section::new(reader, "relay.NAME", "relay.main".into(), Place::Default, Table::new());
        relays.push((main, table));
    }
    each(relays, |name, section| relay(name, section, site))
}

const SMTP_KEYS: [&str; 11] = [
    "host",
    "port",
    "tls",
    "user",
    "password",
    "password_file",
    "auth",
    "ca_file",
    "hello",
    "chunking",
    "messages_per_connection",
];

fn relay(name: &str, mut s: Section<'_>, site: Option<&Site>) -> Option<Relay> {
    let guess = SMTP_KEYS.iter().any(|key| s.has(key));
    let kinds = value::word(&[("smtp", true), ("file", false)]);
    let smtp = s.maybe(
        "kind",
        "\"smtp\" when anything from host to chunking is set, otherwise \"file\"",
        kinds,
    );
    let connections = s.maybe("connections", "10 for smtp, 1 for file", value::number(1..=1000));
    let pace = pace(&mut s, site);
    let weight = s.maybe("weight", "as many as it takes", value::number(0..=100));
    let dkim = s.key("dkim", "true", value::flag);
    let dkim_exclude = s.list("dkim_exclude", "", excluded);
    let is_smtp = smtp.flatten().unwrap_or(guess);
    // One variable, BULLETIN__RELAY__MAIN__KIND=file, diverts a whole installation into a folder:
    // so the settings of the other kind may stay.
    let kind = if is_smtp {
        s.unused("path");
        smtp_relay(name, &mut s).map(RelayKind::Smtp)
    } else {
        let _ = given_password(name, &mut s);
        for key in SMTP_KEYS {
            s.unused(key);
        }
        let path = s.key("path", "outbox", value::path(&s.reader().folder));
        path.map(|path| RelayKind::File { path })
    };
    s.end();
    smtp?;
    Some(Relay {
        kind: kind?,
        connections: connections?.unwrap_or(if is_smtp { 10 } else { 1 }),
        pace: pace?,
        weight: weight?.and_then(|weight| u32::try_from(weight).ok()),
        dkim: dkim?,
        dkim_exclude: dkim_exclude?,
    })
}

fn smtp_relay(name: &str, s: &mut Section<'_>) -> Option<SmtpRelay> {
    let folder = &s.reader().folder;
    let host = s.must("host", "\"smtp.example.org\"", host::host);
    let tls = s.key("tls", "starttls", value::word(value::TLS));
    let port = "587 for starttls, 465 for implicit, 25 for none";
    let port = s.maybe("port", port, value::number(1..=65535));
    let user = s.maybe("user", "none", value::line);
    let password = password(name, s);
    let auth = s.key("auth", "password", value::word(value::AUTH));
    let ca_file = s.maybe("ca_file", "none", value::path(folder));
    let hello = s.maybe("hello", "the domain of sender.address", host::host);
    let most = value::number(1..=1_000_000);
    let messages_per_connection = s.key("messages_per_connection", "1000", most);
    let chunking = s.key("chunking", "true", value::flag);
    if let (Some(host), Some(Tls::None)) = (&host, tls)
        && !host::is_loopback(host)
    {
        let what = format!(
            "= \"none\" would send mail and password to {host} for all to read; write \"starttls\" \
             or \"implicit\" (\"none\" is for localhost, 127.0.0.1 and [::1])"
        );
        s.impossible("tls", &what);
    }
    if let (Some(Some(_)), Some(None)) = (&user, &password) {
        s.impossible("user", "has no password; write password_file = \"relay.secret\"");
    }
    let usual = match tls? {
        Tls::Starttls => 587,
        Tls::Implicit => 465,
        Tls::None => 25,
    };
    Some(SmtpRelay {
        host: host?,
        port: port?.map_or(Some(usual), |port| u16::try_from(port).ok())?,
        tls: tls?,
        user: user?.map(|user| user.as_str().to_owned()),
        password: password?,
        auth: auth?,
        ca_file: ca_file?,
        hello: hello?,
        chunking: chunking?,
        messages_per_connection: messages_per_connection?,
    })
}

/// From the environment, or else from the file that `password_file` names.
#[expect(clippy::option_option, reason = "outside: is it right? inside: is it there?")]
fn password(relay: &str, s: &mut Section<'_>) -> Option<Option<Secret>> {
    let given = given_password(relay, s);
    let folder = &s.reader().folder;
    let file = s.maybe("password_file", "none", |file| match &given {
        Some(given) => Ok(given.clone()),
        None => value::secret_in(folder)(file),
    });
    Some(file?.or(given))
}

/// From the environment; one in the file is refused.
fn given_password(relay: &str, s: &mut Section<'_>) -> Option<Secret> {
    let variable = relay.to_uppercase().replace('-', "_");
    let remedy = format!(
        "write it on the first line of a file of mode 0600 and name that in password_file, or set \
         BULLETIN__RELAY__{variable}__PASSWORD"
    );
    s.variable("password", &remedy).map(Secret::new)
}
