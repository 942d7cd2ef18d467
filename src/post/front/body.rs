//! What is checked in the Markdown before it is anybody's body.

use super::field::Findings;
use super::page::Page;
use super::{Named, Role};
use crate::post::{body, plain};

/// The longest summary that is taken from a body, in characters.
const OPENING: usize = 300;

/// The body without empty lines around it; its pictures are added to `named`.
pub(super) fn checked(page: &Page<'_>, named: &mut Vec<Named>, found: &mut Findings) -> String {
    let body = page.body;
    private_use(page, found);
    if body.trim().is_empty() {
        let message = "the post has no text; write it below the front matter";
        found.error(page.body_line, "empty-body", message);
    } else if let Some(line) = body::too_deep(body) {
        let message = format!(
            "quotes and lists are nested deeper than {} levels; write them flatter",
            body::DEEPEST
        );
        found.error(page.body_line + line - 1, "too-deep", message);
    } else {
        pictures(page, named, found);
    }
    body.trim_start_matches('\n').trim_end().to_owned()
}

/// The message stage marks its slots with these characters.
fn private_use(page: &Page<'_>, found: &mut Findings) {
    for (index, line) in page.body.lines().enumerate() {
        if let Some(c) = line.chars().find(|c| body::is_private(*c)) {
            let message = format!(
                "the text holds the private-use character U+{:04X}; remove it",
                u32::from(c)
            );
            found.error(page.body_line + index, "private-use", message);
        }
    }
}

fn pictures(page: &Page<'_>, named: &mut Vec<Named>, found: &mut Findings) {
    for picture in body::pictures(page.body) {
        let line = page.body_line + picture.line - 1;
        if picture.alt.trim().is_empty() {
            let message = format!(
                "the image {0} has no description; write ![What it shows]({0})",
                picture.src
            );
            found.error(line, "image-alt", message);
        }
        if body::is_remote(&picture.src) {
            // loading it would tell its server who read the mail, and when
            let message = format!(
                "the image {} is on another server; put the file beside the post and name that",
                picture.src
            );
            found.error(line, "remote-image", message);
        } else if super::file::stays(&picture.src, line, found) {
            named.push(Named { line, name: picture.src, role: Role::Image });
        }
    }
}

/// The first paragraph, cut at a word.
pub(super) fn opening(body: &str) -> String {
    let text = plain::first_paragraph(body);
    if text.chars().count() <= OPENING {
        return text;
    }
    let head: String = text.chars().take(OPENING - 1).collect();
    let end = head.rfind(' ').unwrap_or(head.len());
    let head = head.get(..end).unwrap_or(&head);
    format!("{}…", head.trim_end_matches([' ', ',', ';', ':', '.']))
}
