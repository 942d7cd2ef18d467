//! `bulletin check`: what is wrong with a post, before anybody queues it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::allow::{Allow, Content, let_go};
use super::open::{Failure, Opener};
use super::print::Printer;
use super::who::who;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::Home;
use crate::message::lint::specimens;
use crate::message::lint::whole::{self, Planned};
use crate::message::{Frame, Occasion, Templates};
use crate::post::lint::rule::MEETING_PAST;
use crate::post::lint::store::Allowance;
use crate::post::read::{Source, folder, read};
use crate::post::{Finding, Level};

#[derive(Debug, Args)]
#[command(
    after_help = "docs/checks.md lists every rule. An error that you allow no longer blocks this version of the post:\n  \
                  bulletin check next.md --allow shouting --because \"it is a name\"\n\n\
                  Example:\n  bulletin check posts/*.md"
)]
pub(super) struct Check {
    /// Posts, folders of posts; or templates, which are looked over all together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    allow: Allow,
}

impl Check {
    pub(super) async fn run(self, opener: &Opener, printer: Printer) -> Result<ExitCode, Failure> {
        let config = opener.config()?;
        let now = Clock::System.now();
        // only what is let go needs the database, and somebody who may
        let home = if self.allow.is_empty() { None } else { Some(opener.open().await?) };
        let allowances = match &home {
            Some(home) => self.allow.read(&who(home)?, now)?,
            None => Vec::new(),
        };
        let templates = Templates::of(&config).map_err(Failure::Usage)?;
        let (markup, named): (Vec<_>, Vec<_>) =
            self.files.into_iter().partition(|path| is_of_templates(path));
        // those of the program are looked over by its tests
        let mut findings = if markup.is_empty() && config.site.templates.is_none() {
            Vec::new()
        } else {
            specimens(&templates, &Frame::of(&config))?
        };
        let files = posts(&named)?;
        for file in &files {
            let found = match source(file, &config) {
                Err(found) => found,
                Ok(source) => {
                    let (source, occasion) = (&source, Occasion::News);
                    let planned = Planned { file, source, occasion, at: now };
                    let found = whole::post(&planned, &templates, &config)?;
                    let found = found.into_iter().map(early).collect();
                    let_go_of(home.as_ref(), source, &allowances, found).await?
                }
            };
            // what is wrong with the configuration is told once
            let new: Vec<_> = found.into_iter().filter(|one| !findings.contains(one)).collect();
            findings.extend(new);
        }
        let what = match (markup.is_empty(), files.len()) {
            (true, posts) => count(posts, "post"),
            (false, 0) => "the templates in use".to_owned(),
            (false, posts) => format!("{} and the templates in use", count(posts, "post")),
        };
        Ok(tell(&findings, &what, printer))
    }
}

/// A template, or a folder of them: they are looked over together, for none is a mail by itself.
fn is_of_templates(path: &Path) -> bool {
    let markup = |path: &Path| path.extension().is_some_and(|it| it.eq_ignore_ascii_case("mjml"));
    let inside = |folder: &Path| {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let holds = |folder: &Path| inside(folder).iter().any(|file| markup(file));
    markup(path) || holds(path) || inside(path).iter().any(|folder| holds(folder))
}

async fn let_go_of(
    home: Option<&Home>,
    source: &Source,
    allowances: &[Allowance],
    found: Vec<Finding>,
) -> Result<Vec<Finding>, Failure> {
    let Some(home) = home else {
        return Ok(found);
    };
    let content = Content { slug: &source.post.slug, hash: &source.hash };
    Ok(let_go(home, content, allowances, found).await?)
}

/// Whoever checks an old notice wants to know what else there is.
fn early(finding: Finding) -> Finding {
    if finding.rule == MEETING_PAST.name { finding.softened() } else { finding }
}

fn tell(findings: &[Finding], looked_over: &str, printer: Printer) -> ExitCode {
    show(findings, printer);
    if findings.iter().any(Finding::blocks) {
        return ExitCode::FAILURE;
    }
    let what = if findings.is_empty() { "nothing to mend" } else { "nothing that blocks" };
    printer.say(format!("{looked_over} checked, {what}"));
    ExitCode::SUCCESS
}

/// The files named, and those in the folders named.
pub(super) fn posts(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            files.extend(folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

pub(super) fn source(file: &std::path::Path, config: &Config) -> Result<Source, Vec<Finding>> {
    let lists: Vec<&str> = config.list.keys().map(String::as_str).collect();
    read(file, &lists, &config.picture)
}

pub(super) fn show(findings: &[Finding], printer: Printer) {
    for finding in findings {
        printer.say(line(finding));
        printer.object(&json!(finding));
    }
}

/// `minutes.md:9: what is wrong [link-text]`, by which it can be allowed.
pub(super) fn line(finding: &Finding) -> String {
    match finding.level {
        Level::Error => format!("{finding} [{}]", finding.rule),
        Level::Warning => format!("{finding} [{}, a warning]", finding.rule),
    }
}

/// "1 post", "2 posts"
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
