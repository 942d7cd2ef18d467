//! The real stores, each thing that happens in one word.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bulletin::address::EmailAddress;
use bulletin::audience::optout::{OptOut, of_address, opt_out};
use bulletin::audience::subscribe::{Entry, Request, add};
use bulletin::audience::{ConsentSource, State, store, suppression};
use bulletin::campaign::action::Actor;
use bulletin::campaign::{self, Order, announcement, digest, freeze, sequel};
use bulletin::clock::Timestamp;
use bulletin::config::Config;
use bulletin::db::Db;
use bulletin::delivery::{self, withdrawal};
use bulletin::id::CampaignId;
use bulletin::post::read::{Source, hash};
use bulletin::post::{self, front};
use bulletin::token::Keys;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::model::Mail;
use crate::support::house::Database;
use crate::support::postgres;
use crate::support::raw::Raw;

pub(super) const LISTS: [&str; 3] = ["a", "b", "c"];
pub(super) const CADENCES: [&str; 3] = ["immediate", "daily", "weekly"];

const CONFIG: &str = r#"
[site]
name = "Measured"
base_url = "https://news.example.org"
[sender]
address = "news@example.org"
[relay.main]
kind = "file"
[list.a]
name = "A"
kinds = ["announcement"]
[list.b]
name = "B"
kinds = ["announcement"]
[list.c]
name = "C"
kinds = ["announcement"]
[digest.daily]
cron = "0 7 * * *"
[digest.weekly]
cron = "0 8 * * Mon"
"#;

/// A new SQLite database: made once, for it is wanted thousands of times.
static EMPTY: OnceCell<Vec<u8>> = OnceCell::const_new();

pub(super) struct Real {
    db: Db,
    raw: Raw,
    config: Config,
    keys: Keys,
    now: Timestamp,
    _folder: TempDir,
}

impl Real {
    pub(super) async fn open(database: Database) -> Self {
        let folder = folder();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, CONFIG).unwrap();
        let url = match database {
            Database::Sqlite => lite(folder.path()).await,
            Database::Postgres => postgres::database(),
        };
        Self {
            db: Db::open(&url).await.unwrap(),
            raw: Raw::open(&url).await,
            config: Config::load(&config, std::iter::empty()).unwrap(),
            keys: Keys::open(&folder.path().join("secret")).unwrap(),
            now: Timestamp(1_780_000_000_000),
            _folder: folder,
        }
    }

    /// So many people who read nothing.
    pub(super) async fn crowd(&self, count: usize) {
        self.raw.crowd(count).await;
    }

    pub(super) async fn subscribe(&self, person: usize, list: &str, cadence: &str) {
        let request = Request {
            email: address(person),
            name: None,
            discreet: None,
            subscriptions: vec![Entry {
                list: list.to_owned(),
                cadence: Some(cadence.parse().unwrap()),
                state: State::Active,
            }],
            basis: "asked".to_owned(),
            source: ConsentSource::Page,
            agreed_again: true,
        };
        let mut write = self.db.write().await.unwrap();
        add(&mut write, &self.keys, &request, self.now).await.unwrap();
        write.commit().await.unwrap();
    }

    pub(super) async fn leave(&self, person: usize) {
        let subscriptions = of_address(&self.db, &address(person), &[]).await.unwrap();
        let no = OptOut {
            subscriptions: subscriptions.unwrap_or_default(),
            source: ConsentSource::Page,
            wording: "Unsubscribe",
            delivery: None,
        };
        opt_out(&self.db, &no, self.now).await.unwrap();
    }

    pub(super) async fn pause(&self, person: usize, list: &str, active: bool) {
        let mut write = self.db.write().await.unwrap();
        let found = store::find(&mut write, &address(person)).await.unwrap();
        let mut all = found.into_iter().flat_map(|person| person.subscriptions);
        let state = if active { State::Active } else { State::Paused };
        if let Some(one) = all.find(|one| one.list == list) {
            store::adjust(&mut write, one.id, &one.cadence, state).await.unwrap();
        }
        write.commit().await.unwrap();
    }

    pub(super) async fn suppress(&self, person: usize, suppressed: bool) {
        let email = address(person);
        if suppressed {
            suppression::add(&self.db, &self.keys, &email, "manual", self.now).await.unwrap();
        } else {
            suppression::remove(&self.db, &self.keys, &email).await.unwrap();
        }
    }

    /// Whether there is such a person yet.
    pub(super) async fn set_discreet(&self, person: usize, discreet: bool) -> bool {
        let mut write = self.db.write().await.unwrap();
        let found = store::find(&mut write, &address(person)).await.unwrap();
        if let Some(person) = &found {
            store::set_discreet(&mut write, person.id, discreet).await.unwrap();
        }
        write.commit().await.unwrap();
        found.is_some()
    }

    pub(super) async fn write(&self, post: usize, version: usize) {
        let text = format!(
            "---\nslug: p{post}\ntitle: About p{post}\nkind: announcement\ndate: 2026-04-16\n\
             summary: Once more.\n---\n\nVersion {version}.\n"
        );
        let source = Source {
            post: front::parse(Path::new("post.md"), &text, None).unwrap(),
            hash: hash(&text, &[]),
            text,
            files: Vec::new(),
        };
        let added = post::add::add(&self.db, &source, self.now).await.unwrap();
        assert_eq!(added.version, i64::try_from(version).unwrap());
    }

    /// The campaign, unless nobody is left whom it could reach.
    pub(super) async fn queue(&self, post: usize, lists: &[&str]) -> Option<i64> {
        let order = self.order(post, lists);
        let queued = announcement::queue(&self.db, &self.config, &order, false, self.now).await;
        let queued = queued.unwrap();
        (!queued.nobody_left).then_some(queued.id.0)
    }

    /// Whether there is anybody to tell, or an archive to enter.
    pub(super) async fn correct(&self, post: usize) -> bool {
        let order = self.order(post, &[]);
        !sequel::correct(&self.db, &self.config, &order, false, self.now).await.unwrap().nobody_left
    }

    fn order(&self, post: usize, lists: &[&str]) -> Order {
        Order {
            version: None,
            post: format!("p{post}"),
            lists: lists.iter().map(|list| (*list).to_owned()).collect(),
            due_at: self.now,
            local_time: false,
            by: Actor::machine(),
            expires_at: self.now.plus(self.config.delivery.give_up_after),
        }
    }

    pub(super) async fn withdraw(&self, post: usize) {
        let stored = post::add::named(&self.db, &format!("p{post}")).await.unwrap();
        withdrawal::withdraw(&self.db, &self.config, &stored, false, &Actor::machine(), self.now)
            .await
            .unwrap();
    }

    /// As `bulletin campaign cancel` does.
    pub(super) async fn cancel(&self, id: i64) {
        let id = CampaignId(id);
        let mut write = self.db.write().await.unwrap();
        let state = campaign::store::lock(&mut write, id).await.unwrap().unwrap().state;
        let to = campaign::State::Cancelled;
        campaign::store::change(&mut write, id, state, to, None, self.now).await.unwrap();
        delivery::store::cancel(&mut write, id, None, self.now).await.unwrap();
        write.commit().await.unwrap();
    }

    /// Freezes what is due; given up after so many steps, if so: whether it was.
    pub(super) async fn freeze(&self, steps: Option<u64>) -> bool {
        up_to(steps, freeze::freeze_due(&self.db, &self.config, self.now)).await
    }

    pub(super) async fn run(&self, digest: &str, steps: Option<u64>) -> bool {
        up_to(steps, digest::run(&self.db, &self.config, digest, &Actor::machine(), self.now)).await
    }

    /// Plans the digests whose time has come.
    pub(super) async fn fire(&self, steps: Option<u64>) -> bool {
        up_to(steps, digest::plan_due(&self.db, &self.config, self.now)).await
    }

    pub(super) fn pass(&mut self, days: u64) {
        self.now = self.now.plus(Duration::from_secs(days * 24 * 3600));
    }

    /// The editions made after a campaign, with their digests.
    pub(super) async fn editions(&self, after: i64) -> Vec<(i64, String)> {
        let mut read = self.db.read().await.unwrap();
        let mut all = campaign::store::all(&mut read).await.unwrap();
        all.retain(|one| one.id.0 > after);
        all.iter().rev().filter_map(|one| Some((one.id.0, one.digest.clone()?))).collect()
    }

    pub(super) async fn last_campaign(&self) -> i64 {
        self.raw.number("SELECT coalesce(max(id), 0) FROM campaign").await
    }

    /// Who is mailed by a campaign, and what.
    pub(super) async fn mails(&self, campaign: i64) -> BTreeMap<usize, Mail> {
        let form = "CASE WHEN n.discreet THEN 'discreet' ELSE 'plain' END";
        let rows = self
            .raw
            .words(&format!(
                "SELECT s.email || ' ' || {form} || ' ' || p.slug || '.' || r.version || '@' || r.list FROM delivery d \
                 JOIN subscriber s ON s.id = d.subscriber_id JOIN rendition n ON n.id = d.rendition_id \
                 JOIN rendition_post r ON r.rendition_id = n.id JOIN post p ON p.id = r.post_id \
                 WHERE d.campaign_id = {campaign} ORDER BY d.id, r.position"
            ))
            .await;
        let mut mails: BTreeMap<usize, Mail> = BTreeMap::new();
        for row in rows {
            let [email, form, piece] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let number = email.strip_prefix('r').unwrap().split('@').next().unwrap();
            let mail = mails.entry(number.parse().unwrap()).or_default();
            mail.0 = form == "discreet";
            mail.1.push(piece.to_owned());
        }
        mails
    }

    /// How many renditions and how many mails it has.
    pub(super) async fn size(&self, campaign: i64) -> (usize, usize) {
        let count = async |what: &str| {
            let sql = format!("SELECT count({what}) FROM delivery WHERE campaign_id = {campaign}");
            usize::try_from(self.raw.number(&sql).await).unwrap()
        };
        (count("DISTINCT rendition_id").await, count("*").await)
    }

    /// `person post` of every row of the ledger that says that somebody had a post, with any repeated.
    pub(super) async fn ledger(&self) -> Vec<String> {
        let sql = "SELECT replace(s.email, '@example.org', '') || ' ' || p.slug FROM ledger g \
             JOIN subscriber s ON s.id = g.subscriber_id JOIN post p ON p.id = g.post_id \
             WHERE g.purpose = 'post' AND p.withdrawn_at IS NULL";
        let mut rows = self.raw.words(sql).await;
        rows.sort_unstable();
        rows
    }

    pub(super) async fn close(self) {
        self.db.close().await;
        self.raw.close().await;
    }
}

/// Until it ends or, as if its process had died there, up to so many steps of it: whether it was given up.
async fn up_to<T>(steps: Option<u64>, work: impl Future<Output = anyhow::Result<T>>) -> bool {
    let mut work = pin!(work);
    let mut left = steps.unwrap_or(u64::MAX);
    let ended = std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    });
    ended.await.map(Result::unwrap).is_none()
}

fn address(person: usize) -> EmailAddress {
    EmailAddress::parse(&format!("r{person}@example.org")).unwrap()
}

/// In memory where there is such a place: thousands of them are made, and none need outlive anything.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

async fn lite(folder: &Path) -> String {
    let empty = EMPTY.get_or_init(async || {
        let made = folder.join("empty.db");
        Db::open(&format!("sqlite:{}", made.display())).await.unwrap().close().await;
        std::fs::read(made).unwrap()
    });
    let file = folder.join("bulletin.db");
    std::fs::write(&file, empty.await).unwrap();
    format!("sqlite:{}", file.display())
}
