//! The templates of mails: those of the program, and a folder's files in place of some of them.
//!
//! Two registries, because `<` means something in MJML and nothing in text: one escapes what it is
//! given, the other does not. Both are strict: a name that nobody fills is an error.
//!
//! What always holds:
//! * A broken template is met when it is loaded, with its file, line and reason, and never in the middle
//!   of a mailing: each is tried on specimens with and without everything that may be left out.
//! * No template nests, loops or grows without an end: that is looked at before anything is compiled,
//!   because a stack that ends takes the whole process with it.

mod graph;
mod markup;
pub(super) mod neutral;
mod place;
mod scan;
mod source;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use handlebars::RenderErrorReason as Reason;
use handlebars::{Handlebars, RenderError, TemplateError, handlebars_helper, no_escape};
use serde_json::Value;

use super::{slot, specimen, wording};
use crate::config::Config;
use neutral::Cover;
use source::{Fault, Source};

/// How wide the lines of a text are: quoted twice, they still fit in 78 (RFC 3676 §4.2).
pub(super) const WIDTH: usize = 72;

/// More than any template that passed the other limits needs, for compiling and for being filled.
pub const STACK: usize = 16 << 20;
const PATIENCE: Duration = Duration::from_mins(5);

/// No mail program shows so much, and no template writes it without going round in a loop.
const LONGEST: usize = 8_000_000;

/// Every template of `templates/mail`, or what stands in its place.
#[derive(Debug)]
pub struct Templates {
    sources: Vec<Source>,
    markup: Handlebars<'static>,
    plain: Handlebars<'static>,
}

impl Templates {
    /// The templates that the program was built with.
    pub fn embedded() -> anyhow::Result<Self> {
        Self::load(None)
    }

    /// With the files of `site.templates`, if there is such a folder.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        Self::load(config.site.templates.as_deref())
    }

    /// On a thread of its own, with room, which is not waited for beyond measure.
    fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let (done, told) = channel();
        let folder: Option<PathBuf> = folder.map(Path::to_owned);
        let work = move || {
            // nobody listens any more when it took too long
            drop(done.send(Self::compile(folder.as_deref())));
        };
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(work)
            .context("no thread can be started")?;
        match told.recv_timeout(PATIENCE) {
            Ok(templates) => templates,
            Err(RecvTimeoutError::Timeout) => {
                bail!("the templates take longer than five minutes; is there a loop in a loop?")
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("loading the templates broke off, which is a defect of Bulletin")
            }
        }
    }

    fn compile(folder: Option<&Path>) -> anyhow::Result<Self> {
        let templates = Self::register(source::sources(folder)?)?;
        // those of the program are proven by its tests, not at each command
        if folder.is_some() {
            specimen::prove(&templates)?;
        }
        Ok(templates)
    }

    fn register(sources: Vec<Source>) -> anyhow::Result<Self> {
        graph::check(&sources)?;
        let (mut markup, mut plain) = (registry(), plain_registry());
        markup.register_escape_fn(slot::reference);
        for source in &sources {
            let registry = if source.is_markup() { &mut markup } else { &mut plain };
            registry
                .register_template_string(source.name(), &source.text)
                .map_err(|error| source.told(&uncompiled(&error)))?;
        }
        Ok(Self { sources, markup, plain })
    }

    /// The MJML of a mail, below its cover if it has one, and its HTML. `strict` refuses also what no mail
    /// should have.
    pub(super) fn markup(
        &self,
        kind: &str,
        data: &Value,
        cover: Option<&Cover<'_>>,
        strict: bool,
    ) -> anyhow::Result<(String, String)> {
        let name = format!("{kind}/body.mjml");
        let mjml = self.fill(&self.markup, &name, data)?;
        let mjml = match cover {
            Some(cover) => neutral::covered(&mjml, cover),
            None => mjml,
        };
        match self.proven(&mjml, strict) {
            Ok(html) => Ok((mjml, html)),
            Err(fault) => Err(self.placed(&name, data, strict, fault)?),
        }
    }

    /// The program's own templates load nothing, as its tests know: looking takes longer than making them.
    fn proven(&self, mjml: &str, strict: bool) -> Result<String, markup::Fault> {
        let html = markup::html(mjml, strict)?;
        if strict && self.sources.iter().any(|source| !source.is_built_in()) {
            markup::loads_nothing(mjml, &html)?;
        }
        Ok(html)
    }

    /// A text of a mail: `subject.txt` or `body.txt`.
    pub(super) fn plain(&self, kind: &str, file: &str, data: &Value) -> anyhow::Result<String> {
        self.fill(&self.plain, &format!("{kind}/{file}"), data)
    }

    /// The file of a kind's template, for what is wrong with all of it.
    pub(super) fn file(&self, name: &str) -> String {
        self.source(name, name.ends_with("mjml")).map_or_else(String::new, Source::to_string)
    }

    fn source(&self, name: &str, markup: bool) -> Option<&Source> {
        let mut sources = self.sources.iter();
        sources.find(|source| source.is_markup() == markup && source.name() == name)
    }

    fn fill(&self, registry: &Handlebars<'_>, name: &str, data: &Value) -> anyhow::Result<String> {
        let mut out = Bounded(Vec::new());
        registry.render_to_write(name, data, &mut out).map_err(|error| {
            let template = error.template_name.as_deref().unwrap_or(name);
            let fault = Fault::at(error.line_no.unwrap_or(1), unfilled(&error));
            match self.source(template, name.ends_with("mjml")) {
                Some(source) => source.told(&fault),
                None => anyhow!("{name}:{}: {}", fault.line, fault.why),
            }
        })?;
        String::from_utf8(out.0).context("a template wrote what is no text")
    }

    /// A fault of filled MJML in the words of the file that it came from.
    fn placed(
        &self,
        name: &str,
        data: &Value,
        strict: bool,
        fault: markup::Fault,
    ) -> anyhow::Result<anyhow::Error> {
        let mut registry = registry();
        registry.register_escape_fn(slot::reference);
        for (number, source) in self.sources.iter().enumerate().filter(|(_, it)| it.is_markup()) {
            let text = place::marked(number, &source.text);
            registry.register_template_string(source.name(), text)?;
        }
        let (mjml, marks) = place::unmarked(&self.fill(&registry, name, data)?);
        // the marks shift what handlebars trims, so the fault is looked for again
        let markup::Fault { at, why } = self.proven(&mjml, strict).err().unwrap_or(fault);
        let mark = marks.iter().rev().find(|mark| mark.at <= at);
        Ok(match mark.and_then(|mark| Some((self.sources.get(mark.number)?, mark.line))) {
            Some((source, line)) => source.told(&Fault::at(line, why)),
            None => anyhow!("{name}: {why}"),
        })
    }
}

fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    // what people are called does not belong into a log
    registry.unregister_helper("log");
    registry
}

/// For text alone, where no letter means anything else.
pub(super) fn plain_registry() -> Handlebars<'static> {
    let mut plain = registry();
    plain.register_escape_fn(no_escape);
    plain.register_helper("wrap", Box::new(wrap));
    plain
}

handlebars_helper!(wrap: |text: str, { hang: usize = 0 }| {
    wording::wrap(text, WIDTH - hang).replace('\n', &format!("\n{}", " ".repeat(hang)))
});

/// A text that does not grow beyond measure.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + octets.len() > LONGEST {
            return Err(std::io::Error::other("the mail is longer than 8 MB"));
        }
        self.0.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn uncompiled(error: &TemplateError) -> Fault {
    let line = error.pos().map_or(1, |(line, _)| line);
    Fault::at(line, error.reason().to_string())
}

fn unfilled(error: &RenderError) -> String {
    match error.reason() {
        Reason::MissingVariable(Some(name)) => format!("nothing is called {name} here"),
        Reason::HelperNotFound(name) => format!("there is no helper called {name}"),
        Reason::IOError(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
