//! `GET /`: who this is, what can be subscribed to, and how.

use axum::extract::State;
use serde::Serialize;

use super::page::{Answer, Site};
use crate::line::Line;

#[derive(Serialize)]
struct Home<'a> {
    lists: Vec<List<'a>>,
}

#[derive(Serialize)]
struct List<'a> {
    name: &'a str,
    description: Option<&'a str>,
}

pub(super) async fn show(State(site): State<Site>) -> Answer {
    let lists = site.office.config.list.values();
    let open = lists.filter(|list| !list.archived).map(|list| List {
        name: list.name.as_str(),
        description: list.description.as_ref().map(Line::as_str),
    });
    let home = Home { lists: open.collect() };
    site.page("home.html", "", &home)
}
