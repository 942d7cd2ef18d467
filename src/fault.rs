//! Fail points: named places where a test lets the process die, as under `kill -9`.
//!
//! With `BULLETIN_DIE_AT=NAME` in the environment the process dies the first time it passes the point
//! NAME, with `NAME:N` the Nth time: no destructor runs, nothing is flushed, and no other thread gets
//! past the point meanwhile. What is then in the database and at the relay is what a crash at that
//! place leaves behind; `make torture` looks at it.
//!
//! What always holds: a release build has no fail points and does not read the variable; and each
//! name of [`all`] is passed where the list says and nowhere else, which
//! `tests/it/architecture/fail_points.rs` checks.
//!
//! | name | passed |
//! |---|---|
//! | `page` | when the mails of a page of a digest's readers are written, and not committed |
//! | `planned` | when its whole edition is, and not committed |
//! | `rendering` | when a rendition is composed, and its words are not kept |
//! | `rendered` | when they are kept |
//! | `claim` | before the transaction that claims |
//! | `claimed` | when it is committed |
//! | `composed` | when a message is composed |
//! | `connected` | after the reply to EHLO |
//! | `mail` | before MAIL is written; one that goes with the message before it does not pass |
//! | `envelope` | when the replies to MAIL, RCPT and DATA are read |
//! | `opened` | when the relay waits for the message |
//! | `looked` | after the last look |
//! | `body` | before the message is written |
//! | `half` | when half of it is written |
//! | `dot` | when all of it is written, and no reply is read |
//! | `answered` | when the reply is read |
//! | `sent` | when the engine has the answer, and nothing is recorded |
//! | `keep` | before the transaction that records |
//! | `keeping` | when its rows are written, and not committed |
//! | `kept` | when it is committed, and the window's slots are not yet let go |

/// One point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub name: &'static str,
    /// The folder or file that passes it.
    pub place: &'static str,
    /// The relay may have the message that passes it.
    pub past_the_dot: bool,
}

/// Those that are passed before there is any message, for many at once.
pub const BEFORE: [Point; 4] =
    [planner("page"), planner("planned"), press("rendering"), press("rendered")];

/// The others, in the order in which a message passes them.
pub const POINTS: [Point; 16] = [
    engine("claim", false),
    engine("claimed", false),
    engine("composed", false),
    client("connected", false),
    client("mail", false),
    client("envelope", false),
    engine("opened", false),
    engine("looked", false),
    client("body", false),
    client("half", false),
    client("dot", true),
    client("answered", true),
    engine("sent", true),
    engine("keep", true),
    engine("keeping", true),
    engine("kept", true),
];

/// Every point there is.
pub fn all() -> impl Iterator<Item = Point> {
    BEFORE.into_iter().chain(POINTS)
}

const fn planner(name: &'static str) -> Point {
    Point { name, place: "src/campaign", past_the_dot: false }
}

const fn press(name: &'static str) -> Point {
    Point { name, place: "src/message", past_the_dot: false }
}

const fn engine(name: &'static str, past_the_dot: bool) -> Point {
    Point { name, place: "src/delivery", past_the_dot }
}

const fn client(name: &'static str, past_the_dot: bool) -> Point {
    Point { name, place: "src/transport/smtp", past_the_dot }
}

/// Dies here if the environment says so.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    armed::pass(name);
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

/// Whether the process is to die at this point sooner or later: for the one that wants a message
/// written in two halves.
#[cfg(debug_assertions)]
pub fn is_set(name: &str) -> bool {
    armed::is_set(name)
}

#[cfg(not(debug_assertions))]
pub fn is_set(_name: &str) -> bool {
    false
}

#[cfg(debug_assertions)]
mod armed {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Where to die.
    #[derive(Debug, PartialEq, Eq)]
    struct Fate {
        name: String,
        /// Counted from 1.
        passing: u64,
    }

    pub(super) fn pass(name: &str) {
        static PASSED: AtomicU64 = AtomicU64::new(0);
        let Some(fate) = fate().filter(|fate| fate.name == name) else {
            return;
        };
        let passing = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        if passing == fate.passing {
            let _ = writeln!(std::io::stderr(), "fault point {name} reached");
            std::process::abort();
        }
        // dying takes a moment, in which nobody else comes past
        if passing > fate.passing {
            loop {
                std::thread::park();
            }
        }
    }

    pub(super) fn is_set(name: &str) -> bool {
        fate().is_some_and(|fate| fate.name == name)
    }

    fn fate() -> Option<&'static Fate> {
        static FATE: OnceLock<Option<Fate>> = OnceLock::new();
        FATE.get_or_init(|| std::env::var("BULLETIN_DIE_AT").ok().as_deref().and_then(parse))
            .as_ref()
    }

    /// `NAME` or `NAME:N`.
    fn parse(text: &str) -> Option<Fate> {
        let (name, passing) = text.split_once(':').unwrap_or((text, "1"));
        let passing = passing.parse().ok().filter(|passing| *passing > 0)?;
        super::all().any(|point| point.name == name).then(|| {
            let name = name.to_owned();
            Fate { name, passing }
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_fate_is_a_point_and_which_passing() {
            let fate = |name: &str, passing| Some(Fate { name: name.to_owned(), passing });
            assert_eq!(parse("dot"), fate("dot", 1));
            assert_eq!(parse("dot:17"), fate("dot", 17));
            for text in ["", "dto", "dot:0", "dot:", "dot:x", "dot:-1", "dot:1:2", ":1"] {
                assert_eq!(parse(text), None, "{text}");
            }
        }
    }
}
