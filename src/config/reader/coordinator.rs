//! The tables `[coordinator.NAME]`.

use std::collections::BTreeMap;

use super::named::{each, named};
use crate::config::coordinator::{Coordinator, MACHINE};
use crate::config::document::{Table, Value};
use crate::config::section::{Parsed, Reader, Section};
use crate::config::value;
use crate::line::Line;
use crate::secret::Hashed;

pub(super) fn coordinators(
    reader: &Reader,
    root: &mut Table,
) -> Option<BTreeMap<String, Coordinator>> {
    let mut known = Vec::new();
    each(named(reader, root, "coordinator", "coordinator.NAME"), |slug, section| {
        coordinator(slug, section, &mut known)
    })
}

/// `known` has those that were read before, with the names of their tables.
fn coordinator(
    slug: &str,
    mut s: Section<'_>,
    known: &mut Vec<(String, Coordinator)>,
) -> Option<Coordinator> {
    let name = s.maybe("name", "the name of the table", value::line);
    let user = s.maybe("user", "none", user);
    let token = s.maybe("token_sha256", "none", hash);
    if slug == MACHINE {
        s.fault("is no person: the log calls Bulletin itself so; choose another name");
    }
    if matches!((&user, &token), (Some(None), Some(None))) {
        s.fault("is known by nothing; write user = \"…\", or token_sha256 = \"…\", or both");
    }
    let (user, token) = (user?, token?);
    if let Some((other, _)) = known.iter().find(|(_, one)| user.is_some() && one.user == user) {
        s.impossible("user", &format!("is also that of coordinator.{other}; write another"));
    }
    if let Some((other, _)) = known.iter().find(|(_, one)| token.is_some() && one.token == token) {
        let what = format!("is also that of coordinator.{other}; each needs a token of their own");
        s.impossible("token_sha256", &what);
    }
    s.end();
    let name = name?.or_else(|| Line::parse(slug).ok())?;
    let coordinator = Coordinator { name, user, token };
    known.push((slug.to_owned(), coordinator.clone()));
    Some(coordinator)
}

fn user(value: &Value) -> Parsed<String> {
    Ok(value::line(value)?.to_string())
}

fn hash(value: &Value) -> Parsed<Hashed> {
    Hashed::parse(value::text(value)?).ok_or_else(|| {
        "is not a SHA-256, which has 64 of the characters 0–9 and a–f; \
         `printf %s \"$BULLETIN_TOKEN\" | sha256sum` tells it"
            .to_owned()
    })
}
