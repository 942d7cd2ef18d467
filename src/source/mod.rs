//! Where posts come from by themselves: a folder of Markdown files, or a feed.
//!
//! Owns the tables `source` and `source_item`. A look takes what is new and what has changed, as
//! `post add` would; what is to be queued by itself is marked, and the daemon queues it.
//!
//! ```text
//! claim → see (no transaction is open while a disk or a server answers) → keep and release, in one
//! ```
//!
//! # What always holds
//! * What a source holds at its first look is old news: it is kept, and never queued by itself. The same
//!   goes for a source that has moved, and for all that came before or while it said `publish = "ask"`.
//! * An item becomes one post for ever. The same content under another id is the same post; other
//!   content under the same id is a new version, and nothing is sent again by itself.
//! * A post and the mark that it is to be queued are written together. The mark goes when it has been
//!   queued, so a crash between the two queues it later; whoever had it is left out by the ledger.
//! * A source at fault holds up no other, and nothing that was taken from it before. It is tried again
//!   after a while that grows up to a day.
//! * What a feed says is data: it is read with limits (see `fetch`, `net`, `html`), made into the text of
//!   a post, and read by the parser of all posts. Nothing in it is loaded, then or later.
//!
//! # Races
//! 1. *Two daemons find one source due.* The update that claims its row decides; the loser sees no row.
//! 2. *A daemon dies while it looks.* Its claim lapses after [`poll::LEASE`]; nothing was kept.
//! 3. *A daemon hangs, and another takes the source over.* The fence was raised: what the first wants to
//!    keep is refused whole.
//! 4. *A person adds a file of a watched folder by hand.* Both write the same version; the second finds it.

mod feed;
pub mod fetch;
mod folder;
mod html;
mod item;
mod keep;
mod markdown;
pub mod net;
pub mod poll;
pub mod store;

use crate::post::read::Source as PostSource;

/// An entry of a feed, or a file, as it is now.
#[derive(Debug)]
struct Candidate {
    /// What it is known by in its source.
    item: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A post as its file says it.
    Post(Box<PostSource>),
    /// What is to become a post, and needs a slug.
    Piece(Box<item::Piece>),
    /// Why it can be none.
    Wrong(String),
    /// Somebody is still writing it.
    Later,
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Slugs of posts that are new here.
    pub added: Vec<String>,
    /// Slugs of posts that have a new version.
    pub changed: Vec<String>,
    /// Items that were there before as they are now, or that are another's content again.
    pub unchanged: usize,
    /// What could not be taken, and why.
    pub findings: Vec<String>,
    /// Why nothing could be looked at.
    pub error: Option<String>,
}
