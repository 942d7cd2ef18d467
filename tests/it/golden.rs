//! Whole mails as they stand, one file each: every kind and every occasion, plain and discreet.
//!
//! `BULLETIN_GOLDEN=write cargo test --test it golden` writes them anew; look at what changed, then commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bulletin::campaign::Kind;
use bulletin::campaign::store::Piece;
use bulletin::clock::Timestamp;
use bulletin::config::{Config, Discreet};
use bulletin::message::compose::Copy;
use bulletin::message::press::{Press, Sample};
use bulletin::message::template::Templates;
use bulletin::post::File;
use bulletin::post::store::newest;

use crate::store::World;
use crate::store::people::{email, line, source};

/// Friday 22 May 2026, 09:00 UTC.
const DATE: Timestamp = Timestamp(1_779_440_400_000);

const POSTS: [(&str, &str, &str); 4] = [
    ("meeting-summary", "meetings", "image: {src: front.png, alt: People at a table}\n"),
    (
        "report",
        "reports",
        "image: {src: front.png, alt: Front cover of the report}\nattachments: [findings.pdf]\n",
    ),
    (
        "meeting-notice",
        "meetings",
        "attachments: [findings.pdf]\nmeeting: {starts: 2026-06-12 14:00, ends: 2026-06-12 16:30, \
         timezone: Europe/London, place: \"Room 2, King's College London\", join: \"https://meet.example.org/a\"}\n",
    ),
    ("announcement", "news", "discreet_subject: Something to read\n"),
];

const OCCASIONS: [Kind; 3] = [Kind::Reminder, Kind::Update, Kind::Cancellation];

#[tokio::test]
async fn every_mail_is_as_it_stands_in_its_golden_file() {
    let w = World::on_sqlite().await;
    let pieces = posts(&w).await;
    let mut wrong = Vec::new();
    for discreet in [false, true] {
        let mail = async |name: &str, kind, pieces: &[Piece]| {
            let digest = (kind == Kind::Digest).then_some("weekly");
            let sample = Sample { kind, digest, pieces, discreet };
            let form = if discreet { "discreet" } else { "plain" };
            (format!("{name}-{form}"), composed(&w, w.config.as_ref().clone(), &sample).await)
        };
        let mut mails = Vec::new();
        for ((kind, ..), piece) in POSTS.iter().zip(&pieces) {
            mails.push(mail(kind, Kind::Announcement, std::slice::from_ref(piece)).await);
        }
        for occasion in OCCASIONS {
            mails.push(mail(occasion.as_str(), occasion, &pieces[2..3]).await);
        }
        mails.push(mail("digest", Kind::Digest, &pieces).await);
        wrong.extend(mails.iter().filter_map(|(name, mail)| compared(name, mail)));
    }
    for (name, kind, pieces) in [
        ("notice", Kind::Announcement, &pieces[1..2]),
        ("notice-digest", Kind::Digest, &pieces[..]),
    ] {
        let digest = (kind == Kind::Digest).then_some("weekly");
        let sample = Sample { kind, digest, pieces, discreet: true };
        let words = Discreet { notice_only: true, ..w.config.discreet.clone() };
        let config = Config { discreet: words, ..w.config.as_ref().clone() };
        wrong.extend(compared(name, &composed(&w, config, &sample).await));
    }
    assert!(
        wrong.is_empty(),
        "not as in tests/golden: {}; if that is as it should be, BULLETIN_GOLDEN=write writes them anew",
        wrong.join(", ")
    );
}

/// A post of each kind, added and not announced.
async fn posts(w: &World) -> Vec<Piece> {
    let file = |name: &str, content_type: &str| File {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        bytes: b"some octets".to_vec(),
    };
    let files = [file("front.png", "image/png"), file("findings.pdf", "application/pdf")];
    let mut pieces = Vec::new();
    for (kind, list, more) in POSTS {
        let slug = format!("our-{kind}");
        let source = source(&slug, kind, more, &files);
        bulletin::post::add::add(&w.db, &source, w.now()).await.unwrap();
        let stored = newest(&mut w.db.read().await.unwrap(), &slug).await.unwrap().unwrap();
        pieces.push(Piece { post: stored.id, version: 1, list: list.to_owned() });
    }
    // drawn at random otherwise
    w.raw.run("UPDATE event SET uid = '0123456789abcdef0123456789abcdef'").await.unwrap();
    pieces
}

async fn composed(w: &World, config: Config, sample: &Sample<'_>) -> String {
    let templates = Arc::new(Templates::embedded().unwrap());
    let press = Press::new(w.db.clone(), Arc::new(config), templates);
    let (to, name) = (email("sam@example.org"), line("Sam Reader"));
    let copy = Copy {
        to: &to,
        name: Some(&name),
        message_id: "golden@example.org",
        date: DATE,
        unsubscribe_url: &press.dead_link(sample.discreet),
        lists: &press.list_names(sample.pieces, sample.discreet),
        rsvp_url: &press.dead_rsvp_link(sample.discreet),
    };
    let message = press.specimen(sample).await.unwrap().message(&copy);
    String::from_utf8(message.into_bytes()).unwrap()
}

/// The name of a mail that is not as it stands in its file.
fn compared(name: &str, mail: &str) -> Option<String> {
    let file = folder().join(format!("{name}.eml"));
    if std::env::var("BULLETIN_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(&file, mail).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    (golden != mail).then(|| name.to_owned())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}
