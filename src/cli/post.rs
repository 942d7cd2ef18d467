//! `bulletin post`: what there is to announce.

pub(super) mod reminder;
mod rsvps;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::allow::{self, Allow};
use super::check::{count, posts, show, source};
use super::fit::fit_to_call_off;
use super::open::Failure;
use super::print::Printer;
use super::queue::{people, quiet_until};
use super::who::who;
use crate::campaign::sequel::Notice;
use crate::campaign::{Forecast, State};
use crate::daemon::Home;
use crate::delivery::withdrawal::{self, Withdrawn};
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
    /// Show one post as it was written, and when its readers are reminded
    Show { slug: String },
    /// Take a post out of the archive, of digests and of all that is not yet sent
    Withdraw {
        slug: String,
        /// Also tell everybody who had it, and who still reads what it came by
        #[arg(long)]
        notify: bool,
        #[command(flatten)]
        allow: Allow,
    },
    /// Show who comes to a meeting and who does not, of those who answered
    Rsvps {
        slug: String,
        #[arg(long, value_enum, default_value_t = rsvps::Format::Table)]
        format: rsvps::Format,
    },
}

impl Post {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::Add { files } => take_in(home, printer, &posts(&files)?).await,
            Self::List => list(home, printer).await,
            Self::Show { slug } => show_one(home, printer, &slug).await,
            Self::Withdraw { slug, notify, allow } => {
                withdraw(home, printer, &slug, notify, &allow).await
            }
            Self::Rsvps { slug, format } => rsvps::show(home, printer, &slug, format).await,
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

async fn show_one(home: &Home, printer: Printer, slug: &str) -> Result<ExitCode, Failure> {
    let stored = named(&home.db, slug).await?;
    let allowed = lint::store::allowed(&mut home.db.read().await?, slug, &stored.hash).await?;
    let reminders = reminder::all(home, &stored).await?;
    let mut shown = object(&stored, home);
    shown["allowed"] = allow::object(home, &allowed);
    shown["reminders"] = reminder::object(home, &reminders);
    printer.object(&shown);
    printer.say(stored.source);
    // beside the post, which may go into a file
    for line in allow::lines(home, &allowed).into_iter().chain(reminder::lines(home, &reminders)) {
        printer.note(line);
    }
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

async fn withdraw(
    home: &Home,
    printer: Printer,
    slug: &str,
    notify: bool,
    allow: &Allow,
) -> Result<ExitCode, Failure> {
    if !(notify || allow.is_empty()) {
        return Err(Failure::usage(
            "--allow: only what --notify sends is looked over; add --notify",
        ));
    }
    let by = who(home)?;
    let stored = named(&home.db, slug).await?;
    if notify && !fit_to_call_off(home, printer, &stored, allow, &by).await? {
        return Ok(ExitCode::FAILURE);
    }
    let now = home.clock.now();
    let done = withdrawal::withdraw(&home.db, &home.config, &stored, notify, &by, now).await?;
    let Withdrawn { new, campaigns, mails, digests, notice } = &done;
    printer.object(&json!({
        "slug": slug, "withdrawn": new, "campaigns_cancelled": campaigns,
        "deliveries_cancelled": mails, "digests_changed": digests,
        "notice": notice.as_ref().map(told),
    }));
    if *new {
        printer.say(format!(
            "Withdrawn: {}. {} cancelled, {mails} mails not sent.",
            stored.title,
            count(*campaigns, "campaign")
        ));
    } else {
        printer.say(format!("{slug} was withdrawn before."));
    }
    if *digests > 0 {
        printer.say(format!("{digests} digests that wait go without it."));
    }
    match notice {
        Some(notice) => tell(notice, home, printer),
        None if *new && stored.published_at.is_some() => printer.say(format!(
            "Nobody is told: `bulletin post withdraw {slug} --notify` tells whoever had it."
        )),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Whom the cancellation goes to.
fn tell(notice: &Notice, home: &Home, printer: Printer) {
    match notice {
        Notice::Queued(queued) => {
            let id = queued.id;
            if queued.state == State::AwaitingApproval {
                printer.say(format!(
                    "The cancellation, campaign {id}, waits for approval: `bulletin campaign approve {id}`."
                ));
            } else {
                printer.say(format!("The cancellation, campaign {id}, goes out at once."));
                if let Some(until) = quiet_until(queued, home) {
                    printer.say(until);
                }
            }
            people(&queued.forecast, "had it and are told", printer);
        }
        Notice::Open(id, State::AwaitingApproval) => printer.say(format!(
            "The cancellation, campaign {id}, still waits for approval: `bulletin campaign approve {id}`."
        )),
        Notice::Open(id, State::Paused) => printer.say(format!(
            "The cancellation, campaign {id}, is paused: `bulletin campaign resume {id}` lets it go on."
        )),
        Notice::Open(id, _) => {
            printer.say(format!("The cancellation is on its way already: campaign {id}."));
        }
        Notice::Nobody(forecast) => {
            printer.say("Nobody is left to tell.");
            people(forecast, "had it and are told", printer);
        }
    }
}

fn told(notice: &Notice) -> serde_json::Value {
    let nobody = Forecast::default();
    let (campaign, state, forecast) = match notice {
        Notice::Queued(queued) => (Some(queued.id), Some(queued.state), &queued.forecast),
        Notice::Open(id, state) => (Some(*id), Some(*state), &nobody),
        Notice::Nobody(forecast) => (None, None, forecast),
    };
    json!({
        "campaign": campaign.map(|id| id.0), "state": state.map(State::as_str),
        "audience": forecast.audience, "excluded": forecast.excluded,
    })
}
