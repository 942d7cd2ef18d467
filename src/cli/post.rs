//! `bulletin post`: what there is to announce.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::allow;
use super::check::{count, posts, show, source};
use super::open::Failure;
use super::print::Printer;
use crate::campaign::{self, State};
use crate::daemon::Home;
use crate::delivery;
use crate::post::add::{add_all, named};
use crate::post::lint;
use crate::post::store::{self, Stored};

#[derive(Debug, Subcommand)]
pub(super) enum Post {
    /// Take posts in; an edited one becomes a new version, and nothing is announced
    Add {
        /// Posts, or folders of posts
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show every post, the newest first
    List,
    /// Show one post as it was written
    Show { slug: String },
    /// Take a post out of the archive, of digests and of all that is not yet sent
    Withdraw { slug: String },
}

impl Post {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::Add { files } => take_in(home, printer, &posts(&files)?).await,
            Self::List => list(home, printer).await,
            Self::Show { slug } => {
                let stored = named(&home.db, &slug).await?;
                let allowed =
                    lint::store::allowed(&mut home.db.read().await?, &slug, &stored.hash).await?;
                let mut shown = object(&stored, home);
                shown["allowed"] = allow::object(home, &allowed);
                printer.object(&shown);
                printer.say(stored.source);
                // beside the post, which may go into a file
                for line in allow::lines(home, &allowed) {
                    printer.note(line);
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Withdraw { slug } => withdraw(home, printer, &slug).await,
        }
    }
}

/// All of them, or, when one is wrong, none.
async fn take_in(home: &Home, printer: Printer, files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let (mut sources, mut findings) = (Vec::new(), Vec::new());
    for file in files {
        match source(file, &home.config) {
            Ok(source) => sources.push(source),
            Err(found) => findings.extend(found),
        }
    }
    if !findings.is_empty() {
        show(&findings, printer);
        printer.note("Nothing was added.");
        return Ok(ExitCode::FAILURE);
    }
    let added = add_all(&home.db, &sources, home.clock.now()).await?;
    for (added, source) in added.iter().zip(&sources) {
        let what = if added.new { "added" } else { "unchanged" };
        printer.say(format!(
            "{what} {} (version {}): {}",
            added.slug, added.version, source.post.title
        ));
        printer.object(&json!(added));
    }
    if sources.is_empty() {
        printer.say("There are no posts in that folder: a post is a file that ends in .md.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
    let posts = store::all(&mut home.db.read().await?).await?;
    for stored in &posts {
        printer.object(&object(stored, home));
    }
    let row = |stored: &Stored| {
        let Stored { slug, kind, version, title, .. } = stored;
        vec![
            slug.clone(),
            kind.to_string(),
            version.to_string(),
            life(stored).to_owned(),
            title.to_string(),
        ]
    };
    let rows = posts.iter().map(row).collect();
    printer.table(
        &["post", "kind", "version", "state", "title"],
        rows,
        "No posts yet: `bulletin post add FILE` adds one.",
    );
    Ok(ExitCode::SUCCESS)
}

fn life(stored: &Stored) -> &'static str {
    match (stored.withdrawn_at, stored.published_at) {
        (Some(_), _) => "withdrawn",
        (None, Some(_)) => "published",
        (None, None) => "not announced",
    }
}

fn object(stored: &Stored, home: &Home) -> serde_json::Value {
    let zone = home.config.site.timezone;
    json!({
        "slug": stored.slug, "kind": stored.kind.as_str(), "version": stored.version, "title": stored.title.as_str(),
        "state": life(stored), "published_at": stored.published_at.map(|at| at.rfc3339(zone)),
    })
}

async fn withdraw(home: &Home, printer: Printer, slug: &str) -> Result<ExitCode, Failure> {
    let stored = named(&home.db, slug).await?;
    let now = home.clock.now();
    let mut write = home.db.write().await?;
    let new = store::withdraw(&mut write, stored.id, now).await?;
    let (mut campaigns, mut mails) = (0, 0);
    for campaign in campaign::store::all(&mut write)
        .await?
        .into_iter()
        .filter(|one| one.post_id == Some(stored.id))
    {
        if matches!(campaign.state, State::Finished | State::Cancelled) {
            continue;
        }
        let why = Some("the post was withdrawn");
        campaign::store::change(
            &mut write,
            campaign.id,
            campaign.state,
            State::Cancelled,
            why,
            now,
        )
        .await?;
        mails += delivery::store::cancel(&mut write, campaign.id, now).await?;
        campaigns += 1;
    }
    write.commit().await?;
    printer.object(&json!({ "slug": slug, "withdrawn": new, "campaigns_cancelled": campaigns, "deliveries_cancelled": mails }));
    if new {
        printer.say(format!(
            "Withdrawn: {}. {} cancelled, {mails} mails not sent.",
            stored.title,
            count(campaigns, "campaign")
        ));
    } else {
        printer.say(format!("{slug} was withdrawn before."));
    }
    Ok(ExitCode::SUCCESS)
}
