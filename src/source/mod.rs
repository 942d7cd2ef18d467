//! Where posts come from by themselves: a folder of Markdown files, or a feed.
//!
//! Owns the tables `source` and `source_item`. A look takes what is new and what has changed, as
//! `post add` would; what is to be queued by itself is marked, and the daemon queues it.
//!
//! ```text
//! claim → see → [read a few → keep them] … → release         no transaction is open while a disk or a server answers
//! ```
//!
//! # What always holds
//! * What a source holds at its first look is old news: it is kept, and never queued by itself. The first
//!   look is the first that finds something: a disk that is not there yet, or a feed that is being built,
//!   looks empty. The same goes for a source that has moved, and for all that came before or while it said
//!   `publish = "ask"`.
//! * What is dated a week before the last look is old as well, whatever its id: it is not queued by itself.
//!   Nor is what could not be queued for as long as mails are tried.
//! * An item of a feed becomes one post for ever. The same content under another id is the same post; other
//!   content under the same id is a new version, and nothing is sent again by itself. A file under another
//!   slug is another post, and since only its slug may have been mended, a person queues it.
//! * A post is of the one file that brought it, for as long as that file is there and its source configured.
//! * A post and the mark that it is to be queued are written together. The mark goes when it has been
//!   queued, so a crash between the two queues it later; whoever had it is left out by the ledger.
//! * Only the claim's holder keeps or queues. The mark of a finding about queueing is the item's hash: what
//!   could not be read has none.
//! * A source at fault holds up no other, and nothing that was taken from it before. It is tried again
//!   after a while that grows up to a day.
//! * What a feed says is data: it is read with limits (see `fetch`, `net`, `html`), made into the text of
//!   a post, and read by the parser of all posts. Nothing in it is loaded, then or later.
//!
//! # Races
//! 1. *Two daemons find one source due.* The update that claims its row decides; the loser sees no row.
//! 2. *A daemon dies while it looks.* Its claim lapses after [`poll::LEASE`]; what it had kept stays, and the
//!    next look takes the rest as this one would have: it is still the first, if this was.
//! 3. *A daemon hangs, and another takes the source over.* The fence was raised: what the first wants to
//!    keep is refused. Each few that are kept renew the claim, so one that only has much to do goes on.
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
    /// A file that is as it was taken.
    Same,
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
