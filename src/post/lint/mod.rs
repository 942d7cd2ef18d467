//! What is wrong with a post although it can be read: rules, and what a person let go.
//!
//! Reading (`post::read`) refuses what cannot be a post. These rules look at what can: whether it
//! is fit for readers, some of whom are watched and some of whom hear it read aloud. They are run
//! by `check` and again before a post is queued; the rules of the composed mail stand in
//! `message::lint`, and all rules of both in one table ([`rule`]), which is `docs/checks.md`.
//!
//! # What always holds
//! * A rule is a pure function: the same post, words and time give the same findings.
//! * An error blocks a mailing unless a person allowed its rule for this very content; who, when and
//!   why is kept and never changed (table `allowance`).

pub mod link;
mod meeting;
mod picture;
pub mod risk;
pub mod rule;
pub mod shouting;
pub mod store;

use std::path::Path;

use super::{Finding, Level, Post};
use crate::clock::Timestamp;
use crate::config::Discreet;
use rule::Rule;

/// A post that is looked over.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    pub file: &'a Path,
    /// What the post was read from.
    pub text: &'a str,
    pub post: &'a Post,
    /// When it would go out.
    pub at: Timestamp,
}

impl Written<'_> {
    /// All that the rules of a post find, in the order of the lines.
    pub fn findings(&self, discreet: &Discreet) -> Vec<Finding> {
        let mut found = shouting::in_post(self);
        found.extend(link::in_post(self));
        found.extend(picture::only(self));
        found.extend(meeting::past(self));
        found.extend(risk::in_post(self, discreet));
        found.sort_by_key(|finding| finding.line);
        found
    }

    fn finding(&self, line: usize, rule: &Rule, message: String) -> Finding {
        rule.finding(self.file, line, message)
    }

    /// The line of the file on which a field of the front matter begins; 0 when it is not found.
    fn line_of(&self, field: &str) -> usize {
        let found = self.text.lines().zip(1..).find(|(line, _)| {
            let rest = line.trim_start().strip_prefix(field);
            rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
        });
        found.map_or(0, |(_, line)| line)
    }

    /// The line of the file on which the body begins: a post ends with its body.
    fn body_line(&self) -> usize {
        let text = self.text.replace("\r\n", "\n").replace('\r', "\n");
        let head = text.trim_end().strip_suffix(self.post.body.as_str());
        head.map_or(0, |head| head.matches('\n').count() + 1)
    }

    /// The line of the file at an offset of the body.
    fn line_at(&self, offset: usize) -> usize {
        let before = self.post.body.get(..offset).unwrap_or_default();
        self.body_line() + before.matches('\n').count()
    }
}

impl Finding {
    /// The same as a warning: it is told and blocks nothing.
    #[must_use]
    pub fn softened(self) -> Self {
        Self { level: Level::Warning, ..self }
    }

    pub fn blocks(&self) -> bool {
        self.level == Level::Error
    }
}

#[cfg(test)]
mod tests;
