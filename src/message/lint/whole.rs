//! A post and the mail that is made of it, by all rules together.

use std::path::Path;

use super::Composed;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::message::{Frame, Letter, Occasion, Templates};
use crate::post::Finding;
use crate::post::lint::{Written, risk};
use crate::post::read::Source;

/// Where the words for discreet readers stand.
const SETTINGS: &str = "config.toml";

/// All that is wrong with the post of `file` when it is announced `at` this time, in the order of its
/// lines. Fails when no mail can be made of it at all.
pub fn post(
    file: &Path,
    source: &Source,
    templates: &Templates,
    config: &Config,
    at: Timestamp,
) -> anyhow::Result<Vec<Finding>> {
    let Source { post, text, files, .. } = source;
    let mut found = Written { file, text, post, at }.findings(&config.discreet);
    let archive_url = format!("{}/archive/{}", config.site.base_url, post.slug);
    let letter = Letter::Post { post, files, archive_url, occasion: Occasion::News };
    let content = templates.render(&letter, &Frame::of(config))?;
    let composed = Composed { file, content: &content, base_url: &config.site.base_url };
    for finding in composed.findings() {
        // the same thing is told where it was written, with its line
        let known = |one: &Finding| one.rule == finding.rule && one.message == finding.message;
        if !found.iter().any(known) {
            found.push(finding);
        }
    }
    found.extend(risk::in_settings(Path::new(SETTINGS), &config.discreet));
    Ok(found)
}
