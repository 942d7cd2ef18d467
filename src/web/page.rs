//! Making a page from its template.
//!
//! What always holds: templates are strict and escape what they are given; the two exceptions are
//! the stylesheet, which is ours, and a post's body, which `post::markdown` made safe.

use std::sync::Arc;

use anyhow::Context;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use data_encoding::BASE64;
use handlebars::Handlebars;
use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Office;
use crate::message::view::direction;
pub(super) use crate::message::wording::encode;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/page");

/// Pages that search engines may keep; no other page is theirs.
const INDEXED: [&str; 3] = ["home.html", "archive.html", "post.html"];

/// What every page is made with, cheap to clone.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) office: Office,
    /// The path that `base_url` ends in, empty for most.
    root: Arc<str>,
    templates: Arc<Handlebars<'static>>,
    style: &'static str,
    inbox_style: &'static str,
}

impl Site {
    pub(super) fn new(office: &Office) -> anyhow::Result<Self> {
        let mut templates = Handlebars::new();
        templates.set_strict_mode(true);
        templates.set_prevent_indent(true);
        let pages = FILES.files().map(|file| file.path().to_string_lossy());
        for page in pages.filter(|name| name.ends_with(".html")) {
            // the layout is called by its stem
            let name = if page == "base.html" { "base" } else { &page };
            templates
                .register_template_string(name, text(&page)?)
                .with_context(|| format!("templates/page/{page}"))?;
        }
        Ok(Self {
            root: root(&office.config.site.base_url).into(),
            office: office.clone(),
            templates: Arc::new(templates),
            style: text("style.css")?,
            inbox_style: text("inbox.css")?,
        })
    }

    /// The path in front of every link.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// A page for readers. `title` is what the browser's tab says, before the site's name.
    pub(super) fn page(&self, name: &str, title: &str, page: &impl Serialize) -> Answer {
        let site = self.office.config.site.name.as_str();
        let title = match title {
            "" => site.to_owned(),
            title => format!("{title} – {site}"),
        };
        self.titled(name, &title, INDEXED.contains(&name), page)
    }

    /// A page that a mail leads to, whoever got it: neither the browser's tab nor its history says whose
    /// it is, and no search engine keeps it. `title` must not either.
    pub(super) fn neutral_page(&self, name: &str, title: &str, page: &impl Serialize) -> Answer {
        self.titled(name, title, false, page)
    }

    fn titled(&self, name: &str, title: &str, indexed: bool, page: &impl Serialize) -> Answer {
        let data = json!({
            "site": self.about(),
            "title": title,
            "style": self.style,
            "indexed": indexed,
            "page": page,
        });
        self.fill(name, &data)
    }

    /// A page for operators.
    pub(super) fn inbox_page(&self, name: &str, title: &str, page: &impl Serialize) -> Answer {
        let data = json!({
            "site": self.about(),
            "title": title,
            "style": self.inbox_style,
            "page": page,
        });
        self.fill(name, &data)
    }

    /// What a browser lets these pages do: show our own style and pictures, and post to us.
    pub(super) fn policy(&self) -> anyhow::Result<HeaderValue> {
        policy(&format!(
            "style-src {}; img-src 'self'; form-action 'self'",
            fingerprint(self.style)
        ))
    }

    /// The same for the inbox, which frames mails and has no form.
    pub(super) fn inbox_policy(&self) -> anyhow::Result<HeaderValue> {
        policy(&format!(
            "style-src {}; frame-src 'self'; form-action 'none'",
            fingerprint(self.inbox_style)
        ))
    }

    fn fill(&self, name: &str, data: &Value) -> Answer {
        let html = self.templates.render(name, data);
        let html = html.with_context(|| format!("templates/page/{name}"))?;
        Ok(Html(html).into_response())
    }

    fn about(&self) -> Value {
        let config = &self.office.config;
        let contact = config.sender.reply_to.as_ref();
        let contact = contact.unwrap_or(&config.sender.address).as_str();
        json!({
            "name": config.site.name.as_str(),
            "root": self.root(),
            "language": config.site.language,
            "direction": direction(&config.site.language),
            "contact": contact,
            "mailto": format!("mailto:{}", encode(contact)),
            "postal_address": config.sender.postal_address.as_ref().map(crate::line::Line::as_str),
        })
    }
}

/// A page, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// Why there is no page; the reader gets the notice of the status.
pub(super) enum Refusal {
    NotFound,
    /// Our fault: told to the log, not to the reader.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Failed(error) => {
                tracing::error!("a page could not be made: {error:#}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn policy(own: &str) -> anyhow::Result<HeaderValue> {
    let all = format!("default-src 'none'; {own}; frame-ancestors 'none'; base-uri 'none'");
    Ok(HeaderValue::from_str(&all)?)
}

/// Lets the browser take this stylesheet and no other (CSP 3 §8.2).
fn fingerprint(style: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(style)))
}

fn text(name: &str) -> anyhow::Result<&'static str> {
    let file = FILES.get_file(name);
    file.and_then(include_dir::File::contents_utf8)
        .with_context(|| format!("templates/page/{name} is missing or not UTF-8"))
}

fn root(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or("", |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_path_of_the_public_address() {
        assert_eq!(root("https://news.example.org"), "");
        assert_eq!(root("https://example.org/news/mail"), "/news/mail");
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(encode("a b/../ü?#&"), "a%20b%2F..%2F%C3%BC%3F%23%26");
        assert_eq!(encode("a+b@example.org"), "a%2Bb@example.org");
    }
}
