//! Whether a post may go out: the rules once more, on the version that would be sent.

use std::path::PathBuf;

use super::allow::{Allow, Content, let_go, would_let_go};
use super::check::{line, show};
use super::open::Failure;
use super::print::Printer;
use crate::campaign::Order;
use crate::campaign::action::Actor;
use crate::clock::Timestamp;
use crate::daemon::Home;
use crate::message::lint::whole::{self, Planned};
use crate::message::{Occasion, Templates};
use crate::post::Finding;
use crate::post::add::named;
use crate::post::read::Source;
use crate::post::store::{Stored, announced, files, version};

/// Tells what is wrong with the mail of `order`. The version that is fit to go out; none when something
/// blocks it that nobody let go.
pub(super) async fn fit(
    home: &Home,
    printer: Printer,
    (order, occasion): (&Order, Occasion),
    allow: &Allow,
    dry_run: bool,
) -> Result<Option<i64>, Failure> {
    let stored = named(&home.db, &order.post).await?;
    let asked = Asked { allow, by: &order.by, dry_run };
    let found = looked_over(home, &stored, (occasion, order.due_at), asked).await?;
    let remedy = "Nothing was queued: mend this and add the post again, or let a rule go by \
                  --allow RULE --because \"your reason\".";
    Ok(passes(found, printer, remedy).then_some(stored.version))
}

/// Tells what is wrong with the mail that a post was taken back. Whether it is fit to go out, if anybody is
/// to be told at all.
pub(super) async fn fit_to_call_off(
    home: &Home,
    printer: Printer,
    stored: &Stored,
    allow: &Allow,
    by: &Actor,
) -> Result<bool, Failure> {
    let mut read = home.db.read().await?;
    let Some(told) = announced(&mut read, stored.id).await? else { return Ok(true) };
    let told = version(&mut read, stored.id, told).await?;
    drop(read);
    let planned = (Occasion::Cancellation, home.clock.now());
    let asked = Asked { allow, by, dry_run: false };
    let found = looked_over(home, &told, planned, asked).await?;
    let remedy = "Nothing was withdrawn: let a rule go by --allow RULE --because \"your reason\", or withdraw the \
                  post without --notify.";
    Ok(passes(found, printer, remedy))
}

/// What a person lets go.
#[derive(Clone, Copy)]
struct Asked<'a> {
    allow: &'a Allow,
    by: &'a Actor,
    dry_run: bool,
}

/// All that is wrong with a version's mail as it counts after what was let go.
async fn looked_over(
    home: &Home,
    stored: &Stored,
    (occasion, at): (Occasion, Timestamp),
    asked: Asked<'_>,
) -> Result<Vec<Finding>, Failure> {
    let allowances = asked.allow.read(asked.by, home.clock.now())?;
    let files = files(&mut home.db.read().await?, stored.id, stored.version).await?;
    let (text, hash) = (stored.source.clone(), stored.hash.clone());
    let source = Source { post: stored.post()?, text, files, hash };
    let templates = Templates::of(&home.config).map_err(Failure::Usage)?;
    let file = PathBuf::from(format!("{}.md", stored.slug));
    let planned = Planned { file: &file, source: &source, occasion, at };
    let found = whole::post(&planned, &templates, &home.config)?;
    let content = Content { slug: &stored.slug, hash: &stored.hash };
    Ok(if asked.dry_run {
        would_let_go(home, content, &allowances, found).await?
    } else {
        let_go(home, content, &allowances, found).await?
    })
}

/// Whether nothing blocks. All is told, and what to do about it.
fn passes(found: Vec<Finding>, printer: Printer, remedy: &str) -> bool {
    let (blocking, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(Finding::blocks);
    // the answer of a command that goes on is its own
    for warning in &rest {
        printer.note(line(warning));
    }
    show(&blocking, printer);
    if !blocking.is_empty() {
        printer.note(remedy);
    }
    blocking.is_empty()
}
