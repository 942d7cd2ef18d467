//! The pages from outside: real sockets, a real database in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod archive;
mod inbox;
mod manners;
mod neutral;
mod rsvp;
mod unsubscribe;
mod watch;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bulletin::address::EmailAddress;
use bulletin::audience::subscribe::{self, Entry, Request};
use bulletin::audience::{ConsentSource, State, store};
use bulletin::clock::{Clock, Timestamp};
use bulletin::config::{Config, List};
use bulletin::db::Db;
use bulletin::line::Line;
use bulletin::metric::Metrics;
use bulletin::post::{self, Kind};
use bulletin::token::{Keys, Purpose};
use bulletin::web::{self, Office};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOW: Timestamp = Timestamp(1_780_000_000_000);
/// Of no delivery that exists: a link works for as long as the mail does.
const DELIVERY: i64 = 77;

/// Running pages with one reader of two lists.
struct Site {
    folder: tempfile::TempDir,
    office: Office,
    pages: web::Pages,
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default_in(folder.path());
        config.site.name = Line::parse("Alliance & friends").unwrap();
        config.site.listen = "127.0.0.1:0".parse().unwrap();
        config.site.operator_listen = "127.0.0.1:0".parse().unwrap();
        for (slug, name) in
            [("meetings", "Meetings"), ("reports", "Reports <new>"), ("old", "Retired")]
        {
            config.list.insert(slug.to_owned(), list(slug, name));
        }
        let office = Office {
            db: Db::open(config.database.url.reveal()).await.unwrap(),
            keys: Keys::open(&config.site.secret_file).unwrap(),
            clock: Clock::fixed(NOW),
            metrics: Metrics::new(),
            config: Arc::new(config),
        };
        subscribe(&office, "ann@example.org", &["meetings", "reports"]).await;
        let pages = web::start(&office).await.unwrap();
        Self { folder, office, pages }
    }

    /// The link in a mail that came by these lists.
    async fn link(&self, lists: &[&str]) -> String {
        let ann = EmailAddress::parse("ann@example.org").unwrap();
        let mut read = self.office.db.read().await.unwrap();
        let ann = store::find(&mut read, &ann).await.unwrap().unwrap();
        let of = |list: &&str| ann.subscriptions.iter().find(|one| one.list == *list).unwrap().id.0;
        let ids: Vec<i64> = [DELIVERY].into_iter().chain(lists.iter().map(of)).collect();
        format!("/unsubscribe/{}", self.office.keys.sign(Purpose::Unsubscribe, &ids))
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        ask(self.pages.public(), method, path, headers, body).await
    }

    async fn inbox(&self, path: &str) -> Answer {
        ask(self.pages.operator(), "GET", path, &[], b"").await
    }

    /// Another program's connection to the same database.
    async fn database(&self) -> SqliteConnection {
        let file = self.folder.path().join("bulletin.db");
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
    }

    /// Every row that says who wants what, and who agreed to what.
    async fn rows(&self) -> Vec<String> {
        let sql = "SELECT 'subscription ' || list || ' ' || state || ' ' || coalesce(end_reason, '') FROM subscription \
            UNION ALL SELECT 'consent ' || list || ' ' || action || ' ' || source || ' ' || coalesce(delivery_id, '') \
            FROM consent ORDER BY 1";
        let rows = sqlx::query(sql).fetch_all(&mut self.database().await).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Adds a post and announces it to the meetings list.
    async fn publish(&self, name: &str, text: &str) {
        self.add(name, text).await;
        let db = &self.office.db;
        let stored =
            post::store::newest(&mut db.read().await.unwrap(), name).await.unwrap().unwrap();
        let mut write = db.write().await.unwrap();
        post::store::publish(&mut write, stored.id, stored.version, "meetings", NOW).await.unwrap();
        write.commit().await.unwrap();
    }

    /// Adds a post whose files lie in the temporary folder.
    async fn add(&self, name: &str, text: &str) {
        let file = self.folder.path().join(format!("{name}.md"));
        std::fs::write(&file, text).unwrap();
        let source = post::read::read(&file, &["meetings"], &self.office.config.picture).unwrap();
        post::add::add(&self.office.db, &source, NOW).await.unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn list(slug: &str, name: &str) -> List {
    List {
        name: Line::parse(name).unwrap(),
        description: None,
        list_id: slug.to_owned(),
        kinds: vec![Kind::Announcement],
        double_opt_in: true,
        approval: false,
        archived: slug == "old",
        canary: None,
    }
}

async fn subscribe(office: &Office, email: &str, lists: &[&str]) {
    let entry =
        |list: &&str| Entry { list: (*list).to_owned(), cadence: None, state: State::Active };
    let request = Request {
        email: EmailAddress::parse(email).unwrap(),
        name: Some(Line::parse("Ann Lee").unwrap()),
        discreet: None,
        subscriptions: lists.iter().map(entry).collect(),
        basis: "asked at a meeting".to_owned(),
        source: ConsentSource::Command,
        agreed_again: false,
    };
    let mut write = office.db.write().await.unwrap();
    subscribe::add(&mut write, &office.keys, &request, NOW).await.unwrap();
    write.commit().await.unwrap();
}

/// What a server said, as it said it.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let named =
            |line: &&str| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| Some(line.split_once(':')?.1.trim()))
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One request, spelled out, so that no client library is kinder than the world.
async fn ask(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let named = |name: &str| headers.iter().any(|line| line.to_ascii_lowercase().starts_with(name));
    if !named("host:") {
        write!(head, "Host: {to}\r\n").unwrap();
    }
    if !named("content-length:") && !named("transfer-encoding:") {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    for line in headers {
        write!(head, "{line}\r\n").unwrap();
    }
    let mut stream = TcpStream::connect(to).await.unwrap();
    let request = [head.as_bytes(), b"\r\n", body].concat();
    stream.write_all(&request).await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(said[..end].to_vec()).unwrap();
    Answer { status: head[9..12].parse().unwrap(), head, body: said[end + 4..].to_vec() }
}
