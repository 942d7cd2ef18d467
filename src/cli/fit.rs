//! Whether a post may go out: the rules once more, on the version that would be sent.

use std::path::PathBuf;

use super::allow::{Allow, Content, let_go, would_let_go};
use super::check::{line, show};
use super::open::Failure;
use super::print::Printer;
use crate::campaign::Order;
use crate::daemon::Home;
use crate::message::Templates;
use crate::message::lint::whole;
use crate::post::Finding;
use crate::post::add::named;
use crate::post::read::Source;
use crate::post::store::files;

/// Tells what is wrong with the mail of `order`. The version that is fit to go out; none when something
/// blocks it that nobody let go.
pub(super) async fn fit(
    home: &Home,
    printer: Printer,
    order: &Order,
    allow: &Allow,
    dry_run: bool,
) -> Result<Option<i64>, Failure> {
    let allowances = allow.read(home.clock.now())?;
    let stored = named(&home.db, &order.post).await?;
    let files = files(&mut home.db.read().await?, stored.id, stored.version).await?;
    let (text, hash) = (stored.source.clone(), stored.hash.clone());
    let source = Source { post: stored.post()?, text, files, hash };
    let templates = Templates::of(&home.config).map_err(Failure::Usage)?;
    let file = PathBuf::from(format!("{}.md", stored.slug));
    let found = whole::post(&file, &source, &templates, &home.config, order.due_at)?;
    let content = Content { slug: &stored.slug, hash: &stored.hash };
    let found = if dry_run {
        would_let_go(home, content, &allowances, found).await?
    } else {
        let_go(home, content, &allowances, found).await?
    };
    let (blocking, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(Finding::blocks);
    // the answer of a command that goes on is its own
    for warning in &rest {
        printer.note(line(warning));
    }
    show(&blocking, printer);
    if !blocking.is_empty() {
        printer.note(
            "Nothing was queued: mend this and add the post again, or let a rule go by \
             --allow RULE --because \"your reason\".",
        );
    }
    Ok(blocking.is_empty().then_some(stored.version))
}
