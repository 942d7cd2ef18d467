//! What a person set: `config.toml`, the environment, and the defaults.
//!
//! What always holds:
//! * `config.toml` in the repository documents every key; a test holds it against the compiled defaults.
//! * A key nobody knows, a value of the wrong type and an impossible value are refused with file,
//!   line, key and remedy: `config.toml:14: relay.main.port = "25x" is not a number from 1 to 65535`.
//! * `BULLETIN__RELAY__MAIN__HOST` in the environment outranks `relay.main.host` in the file.
//! * Secrets come from files that only their owner can read, or from the environment; never from
//!   the file itself, and they are never printed.
//! * Relative paths count from the folder of the file.

mod brand;
mod coordinator;
mod discreet;
mod dkim;
mod document;
mod host;
mod kind;
mod near;
mod operator;
mod pace;
mod reader;
mod section;
mod value;
mod world;

#[cfg(test)]
mod tests;

pub use brand::{Brand, Color, Logo};
pub use coordinator::{Coordinator, MACHINE, known};
pub use discreet::Discreet;
pub use dkim::{Dkim, SIGNED};
pub use host::{domain_name, selector_name};
pub use kind::Kind;
pub(crate) use near::near;
pub use operator::Operator;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono_tz::Tz;

use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::clock::cron::Cron;
use crate::clock::quiet::QuietHours;
use crate::clock::step::Step;
use crate::line::Line;
use crate::secret::Secret;
use document::Place;

/// The manual of all keys, which sets none of them: what `bulletin init` writes.
pub const MANUAL: &str = include_str!("../../config.toml");

/// Everything that can be set, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that relative paths count from.
    pub folder: PathBuf,
    pub site: Site,
    pub brand: Brand,
    pub sender: Sender,
    pub operator: Operator,
    pub database: Database,
    /// By name; never empty. Used in the order of their names.
    pub relay: BTreeMap<String, Relay>,
    pub picture: Picture,
    pub delivery: Delivery,
    /// By the name of their table.
    pub domain: BTreeMap<String, Domain>,
    /// By name. Each signs every mail.
    pub dkim: BTreeMap<String, Dkim>,
    pub list: BTreeMap<String, List>,
    pub digest: BTreeMap<String, Digest>,
    /// By the name of their table. Empty: whoever can use the program may send.
    pub coordinator: BTreeMap<String, Coordinator>,
    /// When readers are reminded of a meeting, by the kind of post that told of it: the longest step first.
    pub reminder: BTreeMap<Kind, Vec<Step>>,
    pub source: BTreeMap<String, Source>,
    pub discreet: Discreet,
    pub log: Log,
}

impl Config {
    /// Reads `path` and the variables of `env` over it. The error tells every problem, a line each.
    pub fn load(path: &Path, env: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("{}: this file cannot be read; `bulletin init` makes one", path.display())
        })?;
        let folder = folder_of(path)?;
        reader::read(&text, folder, env).map_err(|problems| {
            let lines = problems.iter().map(|(place, what)| told(path, place, what));
            anyhow!(lines.collect::<Vec<_>>().join("\n"))
        })
    }

    /// Whether a second person must approve what goes to this list; one that is not there any more asks nobody.
    pub fn asks_for_approval(&self, list: &str) -> bool {
        self.list.get(list).is_some_and(|list| list.approval)
    }

    /// What holds when nothing is set, with paths counted from `folder`.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "there is no input that could be wrong, and a test reads the defaults"
    )]
    pub fn default_in(folder: &Path) -> Self {
        reader::read("", folder.to_owned(), std::iter::empty()).expect("the defaults are right")
    }
}

/// Absolute, so that a daemon that changes its folder still finds its files.
fn folder_of(path: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path)
        .with_context(|| format!("{}: its folder cannot be found", path.display()))?;
    Ok(path.parent().unwrap_or(&path).to_owned())
}

fn told(path: &Path, place: &Place, what: &str) -> String {
    match place {
        Place::Line(line) => format!("{}:{line}: {what}", path.display()),
        Place::Variable(name) => format!("{name}: {what}"),
        Place::Default => format!("{}: {what}", path.display()),
    }
}

/// Who runs this, and where its pages are.
#[derive(Clone, Debug)]
pub struct Site {
    /// The organisation, as readers know it.
    pub name: Line,
    /// Without a slash at the end; `https`, or `http` on loopback only.
    pub base_url: String,
    /// The public pages.
    pub listen: SocketAddr,
    /// Health, readiness and measurements.
    pub operator_listen: SocketAddr,
    /// Of local times, and of digests that name none.
    pub timezone: Tz,
    /// When nothing arrives that is not urgent, by each reader's clock.
    pub quiet_hours: Option<QuietHours>,
    /// A language tag (BCP 47), such as `en-GB`.
    pub language: String,
    /// Made on the first start, see [`crate::token::Keys`].
    pub secret_file: PathBuf,
    /// A folder of files in place of some of the templates of mails.
    pub templates: Option<PathBuf>,
}

/// Whom mails come from.
#[derive(Clone, Debug)]
pub struct Sender {
    pub name: Line,
    pub address: EmailAddress,
    /// Where answers go; without one, to `address`.
    pub reply_to: Option<EmailAddress>,
    /// For the foot of every mail.
    pub postal_address: Option<Line>,
    /// The domain bounces come back to; without one the envelope sender is `address`.
    pub bounce_domain: Option<String>,
}

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite:PATH` (made absolute) or `postgres://…`.
    pub url: Secret,
}

/// One next hop.
#[derive(Clone, Debug)]
pub struct Relay {
    pub kind: RelayKind,
    /// How many connections are open at once, at most.
    pub connections: usize,
    /// Over all its connections together.
    pub pace: Pace,
    /// Its share of the mails beside other relays that have one; 0: only when no other can be used.
    /// None: whatever it can take.
    pub weight: Option<u32>,
    /// Whether mails are signed before this relay gets them.
    pub dkim: bool,
    /// Of [`SIGNED`], what is left unsigned because this relay rewrites it.
    pub dkim_exclude: Vec<&'static str>,
}

/// How fast mails go at most.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// The least time from one message to the next; None: no limit.
    pub gap: Option<Duration>,
    pub warm_up: Option<WarmUp>,
}

/// Slower at first, until receivers know whom mails come from.
#[derive(Clone, Debug)]
pub struct WarmUp {
    /// Midnight of the first day.
    pub from: Timestamp,
    /// The least time between two messages on each day, 24 hours long; never empty.
    pub gaps: Vec<Duration>,
}

/// Recipients' domains that have limits of their own, over all relays.
#[derive(Clone, Debug)]
pub struct Domain {
    /// In lower case, as A-labels (RFC 5890).
    pub domains: Vec<String>,
    /// How many mails to them are under way at once, at most; None: what the relays allow.
    pub connections: Option<usize>,
    pub pace: Pace,
}

#[derive(Clone, Debug)]
pub enum RelayKind {
    Smtp(SmtpRelay),
    /// A folder of `.eml` files.
    File {
        path: PathBuf,
    },
}

#[derive(Clone, Debug)]
pub struct SmtpRelay {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Always with a password; without a user there is no login.
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub auth: Auth,
    /// A PEM file of authorities to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// The name said in EHLO; by default the domain of `sender.address`.
    pub hello: Option<String>,
    /// BDAT where it is offered (RFC 3030).
    pub chunking: bool,
    /// A connection that has carried so many is closed.
    pub messages_per_connection: usize,
}

/// What the secret of a login is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    #[default]
    Password,
    /// An OAuth 2.0 access token.
    Xoauth2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Upgraded before anything is said; without it nothing is sent.
    Starttls,
    Implicit,
    /// Loopback only.
    None,
}

/// The pictures of posts, once they are made small.
#[derive(Clone, Debug)]
pub struct Picture {
    pub placing: Placing,
    /// The most bytes of one.
    pub largest: usize,
    /// The most bytes of all that a post shows.
    pub together: usize,
}

/// Where a mail's pictures are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placing {
    /// In the mail itself: looking at them tells nobody.
    #[default]
    Embedded,
    /// On the site, in the post's archive.
    Linked,
}

/// How mail is handed over and retried.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Messages handed over whose outcome is not yet recorded, at most: what a crash may repeat.
    pub window: usize,
    /// What becomes of a mail whose final dot may have been sent when we crashed.
    pub on_in_doubt: OnInDoubt,
    /// After this a delivery has `expired`.
    pub give_up_after: Duration,
    /// What should have begun longer ago than this asks a person first.
    pub stale_after: Duration,
    /// One person's mail; the last value repeats.
    pub retry: Vec<Duration>,
    /// A relay at fault; the last value repeats.
    pub relay_retry: Vec<Duration>,
    /// How long a claimed row belongs to its worker.
    pub lease: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInDoubt {
    Resend,
    Hold,
}

/// A topic that people subscribe to.
#[derive(Clone, Debug)]
pub struct List {
    pub name: Line,
    pub description: Option<Line>,
    /// The first label of its List-Id; by default its name in the configuration. Never change it.
    pub list_id: String,
    /// The kinds of post it takes when a post names no lists.
    pub kinds: Vec<Kind>,
    /// Whether a sign-up must be confirmed by mail.
    pub double_opt_in: bool,
    /// Whether a second person approves each campaign.
    pub approval: bool,
    /// Retired: nobody can join, nothing is sent.
    pub archived: bool,
    /// A reader of it whose mailbox the operators watch.
    pub canary: Option<EmailAddress>,
}

/// A rhythm that readers can choose instead of `immediate`.
#[derive(Clone, Debug)]
pub struct Digest {
    pub cron: Cron,
    /// The wall clock that `cron` is read on.
    pub timezone: Tz,
    /// What readers call it.
    pub name: Line,
    pub catch_up: CatchUp,
}

/// What becomes of a firing for which no daemon was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// One edition, of all that is due, whenever a daemon is there again.
    Once,
    /// After `stale_after` none: what is due comes with the next.
    Skip,
}

/// Where posts come from.
#[derive(Clone, Debug)]
pub struct Source {
    pub origin: Origin,
    pub publish: Publish,
    /// How often it is looked at.
    pub every: Duration,
}

#[derive(Clone, Debug)]
pub enum Origin {
    /// Markdown files, as `post add` takes them.
    Folder {
        path: PathBuf,
    },
    Feed(Feed),
}

/// An RSS, Atom or JSON feed, and what its items become.
#[derive(Clone, Debug)]
pub struct Feed {
    /// `https`.
    pub url: String,
    /// Unless a category says otherwise.
    pub post_kind: Kind,
    /// Unless a category says otherwise; empty: the lists that take the kind.
    pub lists: Vec<String>,
    /// By category in lower case.
    pub kinds: BTreeMap<String, Kind>,
    /// By category in lower case; never empty lists.
    pub category_lists: BTreeMap<String, Vec<String>>,
}

/// What becomes of a new post from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// It waits until a coordinator queues it.
    Ask,
    /// It is queued at once.
    Auto,
}

#[derive(Clone, Debug)]
pub struct Log {
    /// `text` or `json`.
    pub json: bool,
    /// A `tracing` filter, such as `info` or `bulletin=debug`.
    pub level: String,
}
