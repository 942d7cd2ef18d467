//! A template's text, looked through before anything compiles or runs it.
//!
//! Compiler and renderer recurse, and a stack that ends takes the whole process with it. So what nests
//! too deep is refused here, by a reader that does not recurse. So is what would make words into markup.

use super::source::Fault;

/// How many blocks may stand within each other.
pub(super) const DEEPEST: usize = 32;

/// How often a loop is taken to go round.
const ROUNDS: usize = 10;

/// What a template comes to before its partials are looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// Octets written, about.
    pub(super) size: usize,
    pub(super) partials: Vec<Held>,
}

/// A partial that a template holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) name: String,
    /// Counted from 1.
    pub(super) line: usize,
    /// How often, in the loops around it.
    pub(super) times: usize,
}

/// What stands between `{{` and `}}`.
struct Tag<'t> {
    line: usize,
    /// Octets of text before it.
    before: usize,
    words: &'t str,
}

/// What a text holds, or what is wrong with it.
pub(super) fn extent(text: &str) -> Result<Extent, Fault> {
    let mut scan = Scan::default();
    for tag in tags(text) {
        let tag = tag?;
        scan.extent.size = scan.extent.size.saturating_add(scan.times().saturating_mul(tag.before));
        scan.take(&tag)?;
    }
    match scan.open.pop() {
        Some(block) => Err(block.unclosed()),
        None => Ok(scan.extent),
    }
}

/// Offsets of line breaks that stand outside of all `{{…}}`.
pub(super) fn breaks(text: &str) -> Vec<usize> {
    let mut outside = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['\n', '{']) {
        at += found;
        if text[at..].starts_with("{{") {
            at += length(&text[at..]).unwrap_or(text.len() - at);
        } else {
            if text[at..].starts_with('\n') {
                outside.push(at);
            }
            at += 1;
        }
    }
    outside
}

fn tags(text: &str) -> impl Iterator<Item = Result<Tag<'_>, Fault>> {
    let (mut at, mut line) = (0, 1);
    std::iter::from_fn(move || {
        let start = at + text[at..].find("{{")?;
        line += text[at..start].matches('\n').count();
        let Some(length) = length(&text[start..]) else {
            at = text.len();
            return Some(Err(Fault::at(line, "{{ is opened and never closed; write }} after it")));
        };
        let words = &text[start + 2..start + length];
        let tag = Tag { line, before: start - at, words: words.trim_end_matches('}') };
        line += words.matches('\n').count();
        at = start + length;
        Some(Ok(tag))
    })
}

/// Of `{{…}}` at the beginning of a text.
fn length(text: &str) -> Option<usize> {
    let closing = if text.starts_with("{{!--") { "--}}" } else { "}}" };
    let end = text.find(closing)? + closing.len();
    // `{{{x}}}` ends with its last brace
    Some(end + text[end..].chars().take_while(|c| *c == '}').count())
}

#[derive(Default)]
struct Scan<'t> {
    extent: Extent,
    open: Vec<Block<'t>>,
}

/// A block that is open.
struct Block<'t> {
    line: usize,
    name: &'t str,
    /// How many levels it takes: each `else if` is one within the last.
    levels: usize,
}

impl Block<'_> {
    fn unclosed(&self) -> Fault {
        let Self { line, name, .. } = self;
        Fault::at(
            *line,
            format!("{{{{#{name}}}}} is opened and never closed; write {{{{/{name}}}}}"),
        )
    }
}

impl<'t> Scan<'t> {
    fn take(&mut self, tag: &Tag<'t>) -> Result<(), Fault> {
        let words = tag.words.trim_start_matches('~').trim();
        let fault = |why: &str| Err(Fault::at(tag.line, why));
        nesting(tag)?;
        match words.chars().next() {
            Some('{' | '&') => {
                return fault("{{{…}}} would let people's words become markup; write {{…}}");
            }
            Some('*') => return fault("{{*…}} is not for templates of mails; leave it out"),
            Some('>') => self.hold(tag, &words[1..])?,
            Some('#') => return self.begin(tag, &words[1..]),
            Some('/') => return self.end(tag, words[1..].trim_end_matches('~').trim()),
            _ if is_chain(words) => self.deeper(tag)?,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, tag: &Tag<'t>, words: &'t str) -> Result<(), Fault> {
        match words.trim_start().chars().next() {
            Some('*') => {
                let why = "{{#*…}} is not for templates of mails; put the words into a partial";
                return Err(Fault::at(tag.line, why));
            }
            Some('>') => self.hold(tag, words.trim_start().trim_start_matches('>'))?,
            _ => {}
        }
        let name = words.trim_start().trim_start_matches('>').split_whitespace().next();
        let name = name.unwrap_or_default().trim_end_matches('~');
        self.open.push(Block { line: tag.line, name, levels: 0 });
        self.deeper(tag)
    }

    fn end(&mut self, tag: &Tag<'_>, name: &str) -> Result<(), Fault> {
        match self.open.pop() {
            Some(block) if name.is_empty() || block.name == name => Ok(()),
            Some(block) => Err(block.unclosed()),
            None => {
                let why = format!("{{{{/{name}}}}} closes what was never opened; leave it out");
                Err(Fault::at(tag.line, why))
            }
        }
    }

    /// How often what stands here is written.
    fn times(&self) -> usize {
        let loops = self.open.iter().filter(|block| block.name == "each");
        loops.fold(1, |times, _| times.saturating_mul(ROUNDS))
    }

    fn deeper(&mut self, tag: &Tag<'_>) -> Result<(), Fault> {
        if let Some(block) = self.open.last_mut() {
            block.levels += 1;
        }
        if self.open.iter().map(|block| block.levels).sum::<usize>() > DEEPEST {
            let why = format!("more than {DEEPEST} blocks stand within each other");
            return Err(Fault::at(tag.line, why));
        }
        Ok(())
    }

    /// The name must be there to read: one that is worked out could be that of any template.
    fn hold(&mut self, tag: &Tag<'_>, words: &str) -> Result<(), Fault> {
        let name = words.split_whitespace().next().unwrap_or_default().trim_end_matches('~');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_@/.".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            let why = "a partial is held by its plain name; write one such as {{> footer}}";
            return Err(Fault::at(tag.line, why));
        }
        let held = Held { name: name.to_owned(), line: tag.line, times: self.times() };
        self.extent.partials.push(held);
        Ok(())
    }
}

/// `{{else if …}}`, which compiles to a block in the `else` of the last.
fn is_chain(words: &str) -> bool {
    let rest = words.strip_prefix("else").or_else(|| words.strip_prefix('^'));
    rest.is_some_and(|rest| rest.starts_with(char::is_whitespace) && !rest.trim().is_empty())
}

/// Brackets within each other in one tag.
fn nesting(tag: &Tag<'_>) -> Result<(), Fault> {
    let mut depth = 0_usize;
    for c in tag.words.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let why = format!("more than {DEEPEST} brackets stand within each other");
            return Err(Fault::at(tag.line, why));
        }
    }
    Ok(())
}
