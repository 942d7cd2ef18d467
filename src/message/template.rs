//! The templates of mails, compiled once.
//!
//! Two registries, because `<` means something in MJML and nothing in text: one escapes what it is
//! given, the other does not. Both are strict: a name that nobody fills is an error.

use anyhow::{Context, anyhow};
use handlebars::{Handlebars, TemplateError, handlebars_helper, no_escape};
use include_dir::{Dir, DirEntry, File, include_dir};
use serde_json::Value;

use super::{slot, specimen, wording};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates/mail");

/// Where a person finds what a message names.
const FOLDER: &str = "templates/mail";

/// How wide the lines of a text are: quoted twice, they still fit in 78 (RFC 3676 §4.2).
pub(super) const WIDTH: usize = 72;

/// Every template of `templates/mail`.
#[derive(Debug)]
pub struct Templates {
    markup: Handlebars<'static>,
    plain: Handlebars<'static>,
}

impl Templates {
    /// The templates that the program was built with. Each is tried on a specimen, so that a broken
    /// one is met at the start and not in the middle of a mailing.
    pub fn embedded() -> anyhow::Result<Self> {
        let mut templates = Self::empty();
        for file in files(&FILES) {
            let source = file.contents_utf8().context("is not UTF-8");
            let path = file.path().to_string_lossy();
            source
                .and_then(|source| templates.add(&path, source))
                .with_context(|| format!("{FOLDER}/{path}"))?;
        }
        specimen::prove(&templates)?;
        Ok(templates)
    }

    fn empty() -> Self {
        let mut markup = Handlebars::new();
        let mut plain = Handlebars::new();
        markup.register_escape_fn(slot::reference);
        plain.register_escape_fn(no_escape);
        plain.register_helper("wrap", Box::new(wrap));
        for registry in [&mut markup, &mut plain] {
            registry.set_strict_mode(true);
            registry.set_prevent_indent(true);
        }
        Self { markup, plain }
    }

    fn add(&mut self, path: &str, source: &str) -> anyhow::Result<()> {
        let registry = match path.rsplit_once('.') {
            Some((_, "mjml")) => &mut self.markup,
            _ => &mut self.plain,
        };
        registry.register_template_string(name(path), source).map_err(|error| located(&error))
    }

    /// The MJML of a mail.
    pub(super) fn markup(&self, kind: &str, data: &Value) -> anyhow::Result<String> {
        fill(&self.markup, &format!("{kind}/body.mjml"), data)
    }

    /// A text of a mail: `subject.txt` or `body.txt`.
    pub(super) fn plain(&self, kind: &str, file: &str, data: &Value) -> anyhow::Result<String> {
        fill(&self.plain, &format!("{kind}/{file}"), data)
    }
}

handlebars_helper!(wrap: |text: str, { hang: usize = 0 }| {
    wording::wrap(text, WIDTH - hang).replace('\n', &format!("\n{}", " ".repeat(hang)))
});

/// All files of a folder and of the folders in it.
fn files(folder: &'static Dir<'static>) -> Vec<&'static File<'static>> {
    let mut found = Vec::new();
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => found.extend(files(inner)),
            DirEntry::File(file) => found.push(file),
        }
    }
    found
}

/// A kind's templates are called by their path, the layout and the partials by their stem.
fn name(path: &str) -> &str {
    let shared = path.strip_prefix("partials/").unwrap_or(path);
    match shared.split_once('.') {
        Some((stem, _)) if !stem.contains('/') => stem,
        _ => path,
    }
}

fn located(error: &TemplateError) -> anyhow::Error {
    match error.pos() {
        Some((line, column)) => anyhow!("line {line}, column {column}: {}", error.reason()),
        None => anyhow!("{}", error.reason()),
    }
}

fn fill(registry: &Handlebars<'_>, name: &str, data: &Value) -> anyhow::Result<String> {
    registry.render(name, data).map_err(|error| {
        let template = error.template_name.as_deref().unwrap_or(name);
        let line = error.line_no.unwrap_or(0);
        anyhow!("{FOLDER}/{name}: in \"{template}\", line {line}: {}", error.reason())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_templates_of_the_program_are_whole() {
        Templates::embedded().unwrap();
    }

    #[test]
    fn a_broken_template_is_refused_with_its_line_and_the_reason() {
        let error = Templates::empty()
            .add("report/body.mjml", "<mjml>\n{{#if title}}\n</mjml>")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("line "), "{error}");
    }

    #[test]
    fn a_misspelt_name_is_refused_with_its_file_and_line() {
        let mut templates = Templates::empty();
        templates.add("report/body.txt", "Hello\n{{nmae}}").unwrap();
        let error =
            templates.plain("report", "body.txt", &json!({"name": "Ann"})).unwrap_err().to_string();
        assert!(error.contains("templates/mail/report/body.txt"), "{error}");
        assert!(error.contains("line 2") && error.contains("nmae"), "{error}");
    }

    #[test]
    fn markup_is_escaped_and_text_is_not() {
        let mut templates = Templates::empty();
        templates.add("report/body.mjml", "{{title}}").unwrap();
        templates.add("report/body.txt", "{{title}}").unwrap();
        let data = json!({"title": "<b> & \"c\""});
        assert_eq!(templates.markup("report", &data).unwrap(), "&lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(templates.plain("report", "body.txt", &data).unwrap(), "<b> & \"c\"");
    }
}
