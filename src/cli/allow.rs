//! `--allow RULE --because TEXT`: what a person lets go, kept with their name, the time and the reason.

use clap::Args;
use serde_json::{Value, json};

use super::open::Failure;
use super::who::shown;
use crate::campaign::action::Actor;
use crate::clock::Timestamp;
use crate::daemon::Home;
use crate::line::Line;
use crate::post::Finding;
use crate::post::lint::rule;
use crate::post::lint::store::{self, Allowance};

#[derive(Debug, Args)]
pub(super) struct Allow {
    /// Let go of what this rule finds, for this version of the post; may be given several times
    #[arg(long = "allow", value_name = "RULE", requires = "because")]
    rules: Vec<String>,
    /// Why it is let go: kept with your name. One reason for all, or one for each RULE
    #[arg(long, value_name = "TEXT", requires = "rules")]
    because: Vec<String>,
}

impl Allow {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Each rule with its reason, let go by this person.
    pub(super) fn read(&self, by: &Actor, now: Timestamp) -> Result<Vec<Allowance>, Failure> {
        let count = self.because.len();
        if !self.is_empty() && count != 1 && count != self.rules.len() {
            return Err(Failure::usage(
                "--because: give one reason for all, or one for each --allow",
            ));
        }
        let reasons = self.because.iter().cycle();
        let each = self.rules.iter().zip(reasons);
        each.map(|(rule, reason)| allowance(rule, reason, by, now)).collect()
    }
}

fn allowance(rule: &str, reason: &str, by: &Actor, now: Timestamp) -> Result<Allowance, Failure> {
    let rule = rule::named(rule).map_err(|why| Failure::usage(format!("--allow: {why}")))?;
    let reason = Line::parse(reason)
        .map_err(|why| Failure::usage(format!("--because: the reason {why}")))?;
    Ok(Allowance {
        rule: rule.to_owned(),
        reason: reason.to_string(),
        allowed_by: by.name().to_owned(),
        allowed_at: now,
    })
}

/// The content of a post that something is let go for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub(super) slug: &'a str,
    pub(super) hash: &'a str,
}

/// The findings as they count after what was let go, now or before; what is new is kept first.
pub(super) async fn let_go(
    home: &Home,
    content: Content<'_>,
    new: &[Allowance],
    findings: Vec<Finding>,
) -> anyhow::Result<Vec<Finding>> {
    let mut write = home.db.write().await?;
    for allowance in new {
        let found = |finding: &Finding| finding.blocks() && finding.rule == allowance.rule;
        if findings.iter().any(found) {
            store::allow(&mut write, content.slug, content.hash, allowance).await?;
        }
    }
    let allowed = store::allowed(&mut write, content.slug, content.hash).await?;
    write.commit().await?;
    Ok(soften(home, findings, &allowed))
}

/// The same as [`let_go`], and nothing is kept: for a dry run.
pub(super) async fn would_let_go(
    home: &Home,
    content: Content<'_>,
    new: &[Allowance],
    findings: Vec<Finding>,
) -> anyhow::Result<Vec<Finding>> {
    let mut allowed =
        store::allowed(&mut home.db.read().await?, content.slug, content.hash).await?;
    allowed.extend(new.iter().cloned());
    Ok(soften(home, findings, &allowed))
}

fn soften(home: &Home, findings: Vec<Finding>, allowed: &[Allowance]) -> Vec<Finding> {
    let one = |finding: Finding| match allowed.iter().rfind(|one| one.rule == finding.rule) {
        Some(allowance) if finding.blocks() => {
            let message = format!("{}; {}", finding.message, sentence(home, allowance));
            Finding { message, ..finding }.softened()
        }
        _ => finding,
    };
    findings.into_iter().map(one).collect()
}

/// "allowed by ann on 24 November 2026: the name is written so"
fn sentence(home: &Home, allowance: &Allowance) -> String {
    let Allowance { allowed_by, allowed_at, reason, .. } = allowance;
    let day = allowed_at.local(home.config.site.timezone).format("%-d %B %Y");
    format!("allowed by {} on {day}: {reason}", shown(&home.config, allowed_by))
}

/// A line for people about each rule that was let go.
pub(super) fn lines(home: &Home, allowed: &[Allowance]) -> Vec<String> {
    let line = |one: &Allowance| format!("{} was {}", one.rule, sentence(home, one));
    allowed.iter().map(line).collect()
}

/// The same for scripts.
pub(super) fn object(home: &Home, allowed: &[Allowance]) -> Value {
    let zone = home.config.site.timezone;
    let one = |one: &Allowance| {
        json!({
            "rule": one.rule, "because": one.reason, "by": one.allowed_by, "at": one.allowed_at.rfc3339(zone),
        })
    };
    allowed.iter().map(one).collect()
}
