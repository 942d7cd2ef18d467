//! A post and the mails that are made of it, by all rules together.

use std::path::Path;

use super::Composed;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::message::{Frame, Letter, Occasion, Templates};
use crate::post::Finding;
use crate::post::lint::rule::HTML_SIZE;
use crate::post::lint::{Written, risk};
use crate::post::read::Source;

/// Where the words for discreet readers stand.
const SETTINGS: &str = "config.toml";

/// A mail about a post that is to be looked over.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    pub file: &'a Path,
    pub source: &'a Source,
    pub occasion: Occasion,
    /// When it would go out.
    pub at: Timestamp,
}

/// All that is wrong with a post and its mails, plain and discreet, in the order of its lines. Fails when no
/// mail can be made of it at all.
pub fn post(
    planned: &Planned<'_>,
    templates: &Templates,
    config: &Config,
) -> anyhow::Result<Vec<Finding>> {
    let Planned { file, source: Source { post, text, .. }, occasion, at } = *planned;
    let mut found = match occasion {
        // its mail has few of the post's words, and those are looked at in it
        Occasion::Cancellation => Vec::new(),
        _ => Written { file, text, post, at }.findings(&config.discreet),
    };
    for discreet in [false, true] {
        for finding in mail(planned, templates, config, discreet)? {
            // the same thing is told where it was written, with its line, and one size is enough
            let known = |one: &Finding| {
                one.rule == finding.rule
                    && (one.message == finding.message || one.rule == HTML_SIZE.name)
            };
            if !found.iter().any(known) {
                found.push(finding);
            }
        }
    }
    found.extend(risk::in_settings(Path::new(SETTINGS), &config.discreet));
    Ok(found)
}

fn mail(
    planned: &Planned<'_>,
    templates: &Templates,
    config: &Config,
    discreet: bool,
) -> anyhow::Result<Vec<Finding>> {
    let Planned { file, source: Source { post, files, .. }, occasion, .. } = *planned;
    let base_url = config.base_url(discreet);
    // a post that is not added yet has no number
    let page = if discreet { "u/0".to_owned() } else { format!("archive/{}", post.slug) };
    let archive_url = format!("{base_url}/{page}");
    let letter = Letter::Post { post, files, archive_url, occasion };
    let frame = if discreet { Frame::discreet(config) } else { Frame::of(config) };
    let content = templates.render(&letter, &frame)?;
    Ok(Composed { file, content: &content, base_url }.findings())
}
