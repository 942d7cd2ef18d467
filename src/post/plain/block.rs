//! Blocks of text, one below the other, each behind the marks of the quotes and lists around it.

use pulldown_cmark::HeadingLevel;

use super::wrap;

/// A quote or a list item that is open.
struct Frame {
    first: String,
    rest: String,
    /// Nothing of it is written yet.
    fresh: bool,
}

#[derive(Default)]
pub(super) struct Blocks {
    width: usize,
    out: String,
    frames: Vec<Frame>,
    /// An empty line is due before the next line.
    gap: bool,
}

impl Blocks {
    pub(super) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Marks take half of the width at most; deeper ones are left out.
    pub(super) fn enter(&mut self, first: &str, rest: &str) {
        let fits = self.indent() + first.len() <= self.width / 2;
        let (first, rest) = if fits { (first, rest) } else { ("", "") };
        self.frames.push(Frame { first: first.to_owned(), rest: rest.to_owned(), fresh: true });
    }

    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    /// The next line begins a new part: an empty line comes before it.
    pub(super) fn part(&mut self) {
        self.gap = !self.out.is_empty();
    }

    /// How many characters a line has beside its marks.
    pub(super) fn room(&self) -> usize {
        self.width.saturating_sub(self.indent())
    }

    fn indent(&self) -> usize {
        self.frames.iter().map(|frame| frame.rest.len()).sum()
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        for line in wrap::words(text, self.room()) {
            self.line(&line);
        }
    }

    pub(super) fn heading(&mut self, text: &str, level: HeadingLevel) {
        let lines = wrap::words(text, self.room());
        let wide = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let sign = if level == HeadingLevel::H2 { "=" } else { "-" };
        self.part();
        for line in &lines {
            self.line(line);
        }
        self.line(&sign.repeat(wide.min(self.room())));
        self.part();
    }

    pub(super) fn rule(&mut self) {
        self.part();
        self.line(&"-".repeat(self.room().min(24)));
        self.part();
    }

    /// Lines as they are; one that is too wide is broken between its words.
    pub(super) fn code(&mut self, text: &str) {
        let room = self.room().saturating_sub(4);
        self.part();
        for line in text.trim_end().split('\n') {
            let fits = line.chars().count() <= room;
            let lines = if fits { vec![line.to_owned()] } else { wrap::words(line, room) };
            for line in lines {
                self.line(&format!("    {line}"));
            }
        }
        self.part();
    }

    /// Lines as they are, an empty one between parts; one that is too wide is wrapped.
    pub(super) fn lines(&mut self, lines: &[String]) {
        self.part();
        for line in lines {
            if line.is_empty() {
                self.part();
            } else if line.chars().count() <= self.room() {
                self.line(line);
            } else {
                self.paragraph(line);
            }
        }
        self.part();
    }

    pub(super) fn numbered(&mut self, number: usize, text: &str) {
        self.line(&format!("[{number}] {text}"));
    }

    /// Writes one line behind its marks, and before it the empty line that is due.
    fn line(&mut self, line: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        if std::mem::take(&mut self.gap) {
            let old = self.frames.iter().take_while(|frame| !frame.fresh);
            let marks: String = old.map(|frame| frame.rest.as_str()).collect();
            self.out.push_str(marks.trim_end());
            self.out.push('\n');
        }
        let mut full = String::new();
        for frame in &mut self.frames {
            full.push_str(if frame.fresh { &frame.first } else { &frame.rest });
            frame.fresh = false;
        }
        full.push_str(line);
        self.out.push_str(full.trim_end());
    }

    pub(super) fn into_text(self) -> String {
        self.out
    }
}
