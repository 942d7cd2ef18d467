//! Where posts come from: the tables `[source.NAME]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::named::{each, named};
use crate::config::document::Table;
use crate::config::section::{Reader, Section};
use crate::config::{Feed, Kind, List, Origin, Publish, Source, host, value};

type Lists = BTreeMap<String, List>;

const PUBLISH: &[(&str, Publish)] = &[("ask", Publish::Ask), ("auto", Publish::Auto)];

/// A folder of ours can be looked at often.
const FOLDER: Duration = Duration::from_secs(10);
const FEED: Duration = Duration::from_mins(30);
/// The server of a feed is somebody else's.
const OFTEN: Duration = Duration::from_mins(5);

/// The keys that only feeds have.
const OF_FEEDS: [&str; 5] = ["url", "post_kind", "lists", "kinds", "category_lists"];

/// `lists` are those of the configuration; None when they could not be read.
pub(super) fn sources(
    reader: &Reader,
    root: &mut Table,
    lists: Option<&Lists>,
) -> Option<BTreeMap<String, Source>> {
    each(named(reader, root, "source", "source.NAME"), |_, section| source(section, lists))
}

fn source(mut s: Section<'_>, lists: Option<&Lists>) -> Option<Source> {
    let kinds = value::word(&[("folder", false), ("feed", true)]);
    let is_feed = s.must("kind", "\"folder\" or \"feed\"", kinds);
    let feed = is_feed.unwrap_or_else(|| s.has("url"));
    let origin = if feed { feed_of(&mut s, lists) } else { folder_of(&mut s) };
    let publish = s.key("publish", "ask", value::word(PUBLISH));
    let every = s.maybe("every", "10s for a folder, 30m for a feed", value::duration);
    if feed && every.flatten().is_some_and(|every| every < OFTEN) {
        s.impossible("every", "is too often for somebody else's server; write 5m or longer");
    }
    s.end();
    is_feed?;
    let every = every?.unwrap_or(if feed { FEED } else { FOLDER });
    Some(Source { origin: origin?, publish: publish?, every })
}

fn folder_of(s: &mut Section<'_>) -> Option<Origin> {
    for key in OF_FEEDS {
        s.refuse(key, "belongs to sources of kind \"feed\", and this one is \"folder\"; remove it");
    }
    let path = s.must("path", "\"posts\"", value::path(&s.reader().folder));
    path.map(|path| Origin::Folder { path })
}

fn feed_of(s: &mut Section<'_>, known: Option<&Lists>) -> Option<Origin> {
    s.refuse("path", "belongs to sources of kind \"folder\", and this one is \"feed\"; remove it");
    let url = s.must("url", "\"https://www.example.org/feed.xml\"", host::feed_url);
    let post_kind = s.key("post_kind", "announcement", value::feed_kind);
    let lists = s.list("lists", "", |value| Ok(value::text(value)?.to_owned()));
    let kinds = s.list("kinds", "", value::pair(str::parse::<Kind>));
    let category_lists = s.list("category_lists", "", value::pair(|list| Ok(list.to_owned())));
    let (lists, kinds, category_lists) = (lists?, kinds?, category_lists?);
    if kinds.iter().any(|(_, kind)| *kind == Kind::MeetingNotice) {
        s.impossible("kinds", value::NO_MEETING);
    }
    let mut by_category: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (category, list) in category_lists {
        by_category.entry(category).or_default().push(list);
    }
    all_known(s, "lists", &lists, known);
    for named in by_category.values() {
        all_known(s, "category_lists", named, known);
    }
    Some(Origin::Feed(Feed {
        url: url?,
        post_kind: post_kind?,
        lists,
        kinds: kinds.into_iter().collect(),
        category_lists: by_category,
    }))
}

fn all_known(s: &Section<'_>, key: &str, lists: &[String], known: Option<&Lists>) {
    let Some(known) = known else {
        return;
    };
    for list in lists.iter().filter(|list| !known.contains_key(*list)) {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        let remedy = match names.as_slice() {
            [] => format!("write a table [list.{list}]"),
            names => format!("the lists are {}", names.join(", ")),
        };
        s.impossible(key, &format!("names \"{list}\", which is not a list; {remedy}"));
    }
}
