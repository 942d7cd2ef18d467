//! The tables `[domain.NAME]`.

use std::collections::BTreeMap;

use super::named::{each, named};
use super::pace::pace;
use crate::config::document::Table;
use crate::config::section::{Reader, Section};
use crate::config::{Domain, Site, host, value};

pub(super) fn domains(
    reader: &Reader,
    root: &mut Table,
    site: Option<&Site>,
) -> Option<BTreeMap<String, Domain>> {
    let mut known = BTreeMap::new();
    each(named(reader, root, "domain", "domain.NAME"), |name, section| {
        domain(name, section, site, &mut known)
    })
}

/// `known` has the domains that were read before, with the names of their tables.
fn domain(
    name: &str,
    mut s: Section<'_>,
    site: Option<&Site>,
    known: &mut BTreeMap<String, String>,
) -> Option<Domain> {
    let example = "[\"gmail.com\", \"googlemail.com\"]";
    let domains = s.must_list("domains", example, host::domain);
    let connections = s.maybe("connections", "what the relays allow", value::number(1..=1000));
    let pace = pace(&mut s, site);
    for domain in domains.iter().flatten() {
        if let Some(other) = known.insert(domain.clone(), name.to_owned()) {
            let what = format!("has {domain}, which domain.{other} has already; leave one out");
            s.impossible("domains", &what);
        }
    }
    s.end();
    Some(Domain { domains: domains?, connections: connections?, pace: pace? })
}
