//! The table of all rules: each with its name, its level, what it looks at, and why.

use std::fmt::Write as _;
use std::path::Path;

use crate::post::{Finding, Level};

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Post,
    /// The composed mail, and with it the templates.
    Mail,
}

/// A rule that posts and mails are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As `--allow` takes it.
    pub name: &'static str,
    /// `None`: an error or a warning, as its sentence says.
    level: Option<Level>,
    place: Place,
    sentence: &'static str,
}

impl Rule {
    /// What the rule found; an error where both can be.
    pub fn finding(&self, file: &Path, line: usize, message: String) -> Finding {
        let level = self.level.unwrap_or(Level::Error);
        Finding { file: file.to_owned(), line, level, rule: self.name, message }
    }
}

macro_rules! rules {
    ($($(#[$meta:meta])* $constant:ident $name:literal $place:ident $level:expr, $sentence:literal;)*) => {
        $(
            $(#[$meta])*
            pub const $constant: Rule = Rule {
                name: $name,
                level: $level,
                place: Place::$place,
                sentence: $sentence,
            };
        )*
        const LOOKED_FOR: &[Rule] = &[$($constant),*];
    };
}

const ERROR: Option<Level> = Some(Level::Error);
const WARNING: Option<Level> = Some(Level::Warning);

rules! {
    SHOUTING "shouting" Post ERROR,
        "A title or a subject is not in capitals throughout and has one exclamation mark at most: filters take it for spam, and screen readers spell it out.";
    IMAGE_ONLY "image-only" Post ERROR,
        "A post with a picture says in words what it has to say: many mail programs show no pictures, and nobody can listen to one.";
    LINK_TEXT "link-text" Post ERROR,
        "The words of a link say where it leads; \"here\", \"click here\" or \"read more\" say nothing to whoever hears links read out one by one.";
    BROKEN_LINK "broken-link" Post ERROR,
        "A link begins with https://, http://, mailto: or tel:, or names an attachment: a mail has no folder beside it that a shorter one could lead into.";
    TRACKING "tracking" Post ERROR,
        "No link carries a parameter that tells who followed it or from where (utm_…, fbclid, gclid, mc_eid and their kin): nobody is tracked.";
    ADDRESS_IN_LINK "address-in-link" Post ERROR,
        "No web link holds an email address: links end up in logs and histories. A mailto: link may, of course.";
    MEETING_PAST "meeting-past" Post None,
        "The meeting of a notice is still to come when the notice goes out: a warning when you check, an error when you queue.";
    RISKY_WORD "risky-word" Post None,
        "What a discreet reader's inbox shows has none of the words in [discreet] risk_words: an error in discreet_subject and in [discreet], a warning in picture descriptions and in a meeting's place and link, which its calendar shows. Files have neutral names.";
    LANG "lang" Mail ERROR,
        "The HTML says its language, so that it is read aloud in the right voice.";
    DIR "dir" Mail ERROR,
        "The HTML says which way its lines run.";
    TITLE "title" Mail ERROR,
        "The HTML has a title: it is the first thing that is read aloud when the mail is opened in a browser.";
    ROLE "role" Mail ERROR,
        "A table that is there for the layout says role=\"presentation\"; otherwise its rows and columns are read out.";
    IMAGE_ALT "image-alt" Mail ERROR,
        "Every picture has an alt text; an empty one says that it is decoration.";
    CONTRAST "contrast" Mail ERROR,
        "Text and background have a contrast of at least 4.5 to 1, large text (24 pixels, or 18.66 in bold) of at least 3 to 1 (WCAG 1.4.3), in light and in dark.";
    HTML_SIZE "html-size" Mail None,
        "Gmail cuts off a mail whose HTML is larger than about 100 KB, and the opt-out link is at its end: a warning above 80,000 bytes, an error above 100,000.";
    LOADED "remote-image" Mail ERROR,
        "Nothing in a mail is fetched from another server, be it a picture, a font or a style: it would tell that server who reads, and when.";
    NOT_ENCLOSED "attachment-missing" Mail ERROR,
        "A picture that the HTML shows travels with the mail.";
    PHOTO_PLACE "photo-place" Mail WARNING,
        "A photo that is attached does not say where it was taken: what a post shows is freed of that, what it attaches is left as it is.";
}

/// What reading refuses; `post add` does too.
const READ: [(&str, &str); 15] = [
    ("unreadable", "The file can be read."),
    ("not-utf8", "The file is UTF-8."),
    ("too-large", "A post has at most 1 MB of text, and its files stay within their limits."),
    (
        "no-front-matter, front-matter-open, bad-yaml",
        "A post begins with front matter between two lines of ---.",
    ),
    (
        "missing-…, empty, bad-value, bad-date, bad-slug",
        "Every field that must be there is there and has a value that makes sense.",
    ),
    (
        "unknown-kind, unknown-list, unknown-key, duplicate-key",
        "Names are spelt as they are known here, and written once.",
    ),
    (
        "line-break, control-character, too-long",
        "A title, a summary or a name is one line of a sensible length.",
    ),
    (
        "empty-body, too-deep, private-use, control-character",
        "The text below the front matter is there, and is text.",
    ),
    ("image-alt, image-src", "Every picture of a post has a description that says what it shows."),
    ("remote-image", "A picture lies beside the post, never on another server."),
    (
        "image-missing, image-type",
        "A picture that a post shows is there, and is a PNG, a JPEG or a GIF.",
    ),
    ("attachment-missing", "An attachment that a post names is there."),
    ("bad-file-name", "A file lies in the post's own folder."),
    (
        "no-such-time, bad-time, unknown-timezone, ends-before-start",
        "A meeting is at a time that its clocks show, and ends after it starts.",
    ),
    ("bad-join", "The address to join a meeting by begins with https://."),
];

/// The rule of a name, if a person may let it go; otherwise what to do instead.
pub fn named(name: &str) -> Result<&'static str, String> {
    let found = LOOKED_FOR.iter().find(|rule| rule.name == name);
    found.map(|rule| rule.name).ok_or_else(|| {
        let names: Vec<_> = LOOKED_FOR.iter().map(|rule| rule.name).collect();
        format!("\"{name}\" is not a rule that can be allowed; these are: {}", names.join(", "))
    })
}

/// The table as people read it: `docs/checks.md`.
pub fn manual() -> String {
    let mut out = String::from(include_str!("opening.md"));
    for (place, title) in
        [(Place::Post, "Of the post"), (Place::Mail, "Of the mail that is made from it")]
    {
        _ = write!(out, "\n## {title}\n\n| rule | level | what must be so |\n|---|---|---|\n");
        for rule in LOOKED_FOR.iter().filter(|rule| rule.place == place) {
            let level = match rule.level {
                Some(Level::Error) => "error",
                Some(Level::Warning) => "warning",
                None => "either",
            };
            _ = writeln!(out, "| `{}` | {level} | {} |", rule.name, rule.sentence);
        }
    }
    out.push_str("\n## Of the file\n\n");
    out.push_str(
        "Without these there is no post: `post add` refuses it too, and none can be allowed.\n\n",
    );
    out.push_str("| rule | what must be so |\n|---|---|\n");
    for (name, sentence) in READ {
        let names: Vec<_> = name.split(", ").map(|name| format!("`{name}`")).collect();
        _ = writeln!(out, "| {} | {sentence} |", names.join(", "));
    }
    out
}
