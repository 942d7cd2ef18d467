//! Taking a post in: an unchanged file is no new version, and nothing is announced.

use std::path::Path;

use anyhow::{Context, bail};

use super::read::Source;
use super::store::{self, NewVersion, Stored};
use super::{Post, front};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Db, Write};

/// What adding a post did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    pub slug: String,
    pub version: i64,
    /// False when this very version was there already.
    pub new: bool,
}

/// Keeps posts as their newest versions: all of them or none.
pub async fn add_all(db: &Db, sources: &[Source], now: Timestamp) -> anyhow::Result<Vec<Added>> {
    let mut write = db.write().await?;
    let mut added: Vec<Added> = Vec::with_capacity(sources.len());
    for source in sources {
        let slug = &source.post.slug;
        if added.iter().any(|one| one.slug == *slug) {
            bail!("two of these files are the post \"{slug}\"; give one of them another `slug`");
        }
        added.push(add_one(&mut write, source, now).await?);
    }
    write.commit().await?;
    Ok(added)
}

/// Keeps one post as its newest version.
pub async fn add(db: &Db, source: &Source, now: Timestamp) -> anyhow::Result<Added> {
    let mut write = db.write().await?;
    let added = add_one(&mut write, source, now).await?;
    write.commit().await?;
    Ok(added)
}

/// The same, within a transaction of somebody else's.
pub async fn add_one(write: &mut Write, source: &Source, now: Timestamp) -> anyhow::Result<Added> {
    let slug = source.post.slug.clone();
    let id = store::insert(write, &slug, now).await?;
    let newest = store::newest(write, &slug).await?;
    if let Some(same) = newest.as_ref().filter(|newest| newest.hash == source.hash) {
        return Ok(Added { slug, version: same.version, new: false });
    }
    let version = newest.map_or(1, |newest| newest.version + 1);
    let new = NewVersion {
        version,
        kind: source.post.kind,
        title: &source.post.title,
        source: &source.text,
        hash: &source.hash,
        files: &source.files,
    };
    store::insert_version(write, id, &new, now).await?;
    if source.post.meeting.is_some() {
        store::ensure_event(write, id).await?;
    }
    Ok(Added { slug, version, new: true })
}

/// The newest version of the post that a person named.
pub async fn named(db: &Db, slug: &str) -> anyhow::Result<Stored> {
    let found = store::newest(&mut db.read().await?, slug).await?;
    found.with_context(|| format!("there is no post \"{slug}\"; `bulletin post list` shows them, `bulletin post add FILE` adds one"))
}

impl Stored {
    /// The post, read again from the file it was kept as.
    pub fn post(&self) -> anyhow::Result<Post> {
        let file = format!("{}.md", self.slug);
        front::parse(Path::new(&file), &self.source, None).map_err(|findings| {
            let first = findings.first().map_or_else(String::new, ToString::to_string);
            anyhow::anyhow!(
                "version {} of post {} can no longer be read: {first}",
                self.version,
                self.slug
            )
        })
    }
}

/// The lists a post goes to: those asked for, else its own, else those that take its kind.
pub fn lists(post: &Post, asked: &[String], config: &Config) -> anyhow::Result<Vec<String>> {
    let known: Vec<&str> = config.list.keys().map(String::as_str).collect();
    if let Some(unknown) =
        asked.iter().chain(&post.lists).find(|list| !known.contains(&list.as_str()))
    {
        bail!("\"{unknown}\" is not a list; the lists are {}", known.join(", "));
    }
    let chosen = match (asked, post.lists.as_slice()) {
        ([], []) => {
            let takes = config
                .list
                .iter()
                .filter(|(_, list)| list.kinds.contains(&post.kind) && !list.archived);
            takes.map(|(slug, _)| slug.clone()).collect()
        }
        ([], own) => own.to_vec(),
        (asked, _) => asked.to_vec(),
    };
    if chosen.is_empty() {
        bail!(
            "no list takes posts of kind {}; name one with --list, or in the post's `lists`",
            post.kind
        );
    }
    if let Some(retired) = chosen.iter().find(|list| config.list[*list].archived) {
        bail!("the list \"{retired}\" is archived; name another with --list");
    }
    Ok(chosen)
}
