//! Every key of the configuration, once: its table, name, default and type.
//!
//! `config.toml` at the root of the repository says the same to people; a test compares the two.

mod coordinator;
mod discreet;
mod dkim;
mod domain;
mod named;
mod operator;
mod pace;
mod relay;
mod reminder;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::document::{self, Place, Table};
use super::section::{Reader, Section};
use super::{Brand, Config, Database, Delivery, Digest, List, Log, Logo, Picture, Sender, Site};
use super::{brand, host, value};
use crate::line::Line;
use named::{each, named, unknown_tables};

/// Reads the file's text and the variables over it, or tells every problem and its place.
pub(super) fn read(
    text: &str,
    folder: PathBuf,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Config, Vec<(Place, String)>> {
    let mut root = document::parse(text)?;
    let reader = Reader::new(folder);
    for (place, what) in document::overlay(&mut root, env) {
        reader.problem(place, what);
    }
    let config = config(&reader, &mut root);
    unknown_tables(&reader, &root);
    match (config, reader.into_problems()) {
        (Some(config), problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(problems),
    }
}

/// All tables are read before any is missed, so that all problems are found.
pub(super) fn config(reader: &Reader, root: &mut Table) -> Option<Config> {
    let site = site(Section::take(reader, root, "site"));
    let brand = brand(Section::take(reader, root, "brand"), site.as_ref());
    let sender = sender(Section::take(reader, root, "sender"), site.as_ref());
    let operator = operator::operator(Section::take(reader, root, "operator"));
    let database = database(Section::take(reader, root, "database"));
    let relay = relay::relays(reader, root, site.as_ref());
    let picture = picture(Section::take(reader, root, "picture"));
    let delivery = delivery(Section::take(reader, root, "delivery"));
    let domain = domain::domains(reader, root, site.as_ref());
    let dkim = dkim::keys(reader, root, sender.as_ref());
    let list = lists(reader, root);
    let digest = each(named(reader, root, "digest", "digest.NAME"), |slug, section| {
        digest(slug, section, site.as_ref())
    });
    let coordinator = coordinator::coordinators(reader, root);
    let reminder = reminder::reminder(Section::take(reader, root, "reminder"));
    let source = source::sources(reader, root, list.as_ref());
    let discreet = discreet::discreet(Section::take(reader, root, "discreet"), dkim.as_ref());
    let log = log(Section::take(reader, root, "log"));
    Some(Config {
        folder: reader.folder.clone(),
        site: site?,
        brand: brand?,
        sender: sender?,
        operator: operator?,
        database: database?,
        relay: relay?,
        picture: picture?,
        delivery: delivery?,
        domain: domain?,
        dkim: dkim?,
        list: list?,
        digest: digest?,
        coordinator: coordinator?,
        reminder: reminder?,
        source: source?,
        discreet: discreet?,
        log: log?,
    })
}

fn site(mut s: Section<'_>) -> Option<Site> {
    let folder = &s.reader().folder;
    let name = s.key("name", "Bulletin", value::line);
    let base_url = s.key("base_url", "http://127.0.0.1:8080", host::base_url);
    let listen = s.key("listen", "127.0.0.1:8080", value::socket);
    let operator_listen = s.key("operator_listen", "127.0.0.1:9090", value::socket);
    let timezone = s.key("timezone", "Europe/London", value::timezone);
    let quiet_hours = s.maybe("quiet_hours", "none", value::quiet_hours);
    let language = s.key("language", "en-GB", value::language);
    let secret_file = s.key("secret_file", "bulletin.secret", value::path(folder));
    let templates = s.maybe("templates", "none", value::path(folder));
    if let (Some(public), Some(operator)) = (listen, operator_listen) {
        let everywhere = public.ip().is_unspecified() || operator.ip().is_unspecified();
        // Port 0 is a free port, another one each time.
        if public.port() == operator.port()
            && public.port() != 0
            && (everywhere || public.ip() == operator.ip())
        {
            let what = format!("= \"{operator}\" is taken by site.listen; write another port");
            s.impossible("operator_listen", &what);
        }
    }
    s.end();
    Some(Site {
        name: name?,
        base_url: base_url?,
        listen: listen?,
        operator_listen: operator_listen?,
        timezone: timezone?,
        quiet_hours: quiet_hours?,
        language: language?,
        secret_file: secret_file?,
        templates: templates?,
    })
}

fn brand(mut s: Section<'_>, site: Option<&Site>) -> Option<Brand> {
    let accent = s.key("accent", "#0b5563", brand::dark);
    let accent_dark = s.key("accent_dark", "#7fcad6", brand::light);
    let logo = s.maybe("logo", "none", brand::logo(&s.reader().folder));
    let alt = s.maybe("logo_alt", "site.name", value::line);
    // as wide as a card at most
    let width = s.key("logo_width", "160", value::number(16..=534));
    s.end();
    let (alt, width) = (alt?.or_else(|| site.map(|site| site.name.clone()))?, width?);
    let logo = logo?.map(|(bytes, content_type)| Logo { bytes, content_type, alt, width });
    Some(Brand { accent: accent?, accent_dark: accent_dark?, logo })
}

fn sender(mut s: Section<'_>, site: Option<&Site>) -> Option<Sender> {
    let name = s.maybe("name", "site.name", value::line);
    let address = s.key("address", "bulletin@localhost", value::email);
    let reply_to = s.maybe("reply_to", "none", value::email);
    let postal_address = s.maybe("postal_address", "none", value::line);
    let bounce_domain = s.maybe("bounce_domain", "none", host::domain);
    s.end();
    Some(Sender {
        name: name?.or_else(|| site.map(|site| site.name.clone()))?,
        address: address?,
        reply_to: reply_to?,
        postal_address: postal_address?,
        bounce_domain: bounce_domain?,
    })
}

fn database(mut s: Section<'_>) -> Option<Database> {
    let url = s.key("url", "sqlite:bulletin.db", value::database(&s.reader().folder));
    s.end();
    Some(Database { url: url? })
}

fn picture(mut s: Section<'_>) -> Option<Picture> {
    let placing = s.key("placing", "embedded", value::word(value::PLACING));
    let largest = s.key("largest", "200", value::number(20..=5_000));
    let together = s.key("together", "600", value::number(20..=15_000));
    s.end();
    Some(Picture { placing: placing?, largest: largest? * 1_000, together: together? * 1_000 })
}

fn delivery(mut s: Section<'_>) -> Option<Delivery> {
    let window = s.key("window", "32", value::number(1..=10_000));
    let on_in_doubt = s.key("on_in_doubt", "resend", value::word(value::ON_IN_DOUBT));
    let give_up_after = s.key("give_up_after", "3d", value::duration);
    let stale_after = s.key("stale_after", "6h", value::duration);
    let retry = s.list("retry", "1m, 5m, 15m, 30m, 1h", value::duration);
    let relay_retry = s.list("relay_retry", "5s, 30s, 2m, 10m", value::duration);
    let lease = s.key("lease", "30m", value::lease);
    for (key, waits) in [("retry", &retry), ("relay_retry", &relay_retry)] {
        if waits.as_ref().is_some_and(Vec::is_empty) {
            s.impossible(key, "= [] is empty; write at least one duration, such as [\"5m\"]");
        }
    }
    s.end();
    Some(Delivery {
        window: window?,
        on_in_doubt: on_in_doubt?,
        give_up_after: give_up_after?,
        stale_after: stale_after?,
        retry: retry?,
        relay_retry: relay_retry?,
        lease: lease?,
    })
}

fn lists(reader: &Reader, root: &mut Table) -> Option<BTreeMap<String, List>> {
    let mut ids = BTreeMap::new();
    each(named(reader, root, "list", "list.NAME"), |slug, section| list(slug, section, &mut ids))
}

/// `ids` has the lists that were read before, by List-Id.
fn list(slug: &str, mut s: Section<'_>, ids: &mut BTreeMap<String, String>) -> Option<List> {
    let name = s.must("name", "\"Meetings\"", value::line);
    let description = s.maybe("description", "none", value::line);
    let list_id = s.maybe("list_id", "the name of the table", host::list_id);
    let kinds = s.list("kinds", "", value::kind);
    let double_opt_in = s.key("double_opt_in", "true", value::flag);
    let approval = s.key("approval", "false", value::flag);
    let archived = s.key("archived", "false", value::flag);
    let canary = s.maybe("canary", "none", value::email);
    let list_id = list_id.map(|id| id.unwrap_or_else(|| slug.to_owned()));
    if slug.ends_with('-') && list_id.as_deref() == Some(slug) {
        s.fault("cannot be a List-Id; end its name with a letter or number, or write list_id");
    }
    if let Some(id) = &list_id
        && let Some(other) = ids.insert(id.clone(), slug.to_owned())
    {
        s.impossible("list_id", &format!("= \"{id}\" is also that of list.{other}; write another"));
    }
    s.end();
    Some(List {
        name: name?,
        description: description?,
        list_id: list_id?,
        kinds: kinds?,
        double_opt_in: double_opt_in?,
        approval: approval?,
        archived: archived?,
        canary: canary?,
    })
}

fn digest(slug: &str, mut s: Section<'_>, site: Option<&Site>) -> Option<Digest> {
    let cron = s.must("cron", "\"0 8 * * Mon\"", value::cron);
    let timezone = s.maybe("timezone", "site.timezone", value::timezone);
    let name = s.maybe("name", "the name of the table", value::line);
    let catch_up = s.key("catch_up", "once", value::word(value::CATCH_UP));
    if slug == "immediate" {
        s.fault("is no digest: \"immediate\" means at once; choose another name");
    }
    s.end();
    Some(Digest {
        cron: cron?,
        timezone: timezone?.or_else(|| site.map(|site| site.timezone))?,
        name: name?.or_else(|| Line::parse(slug).ok())?,
        catch_up: catch_up?,
    })
}

fn log(mut s: Section<'_>) -> Option<Log> {
    let json = s.key("format", "text", value::word(value::LOG_FORMAT));
    let level = s.key("level", "info", value::log_level);
    s.end();
    Some(Log { json: json?, level: level? })
}
