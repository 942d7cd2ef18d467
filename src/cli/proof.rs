//! `bulletin tracking-proof`: two readers' copies of a post, and everything in which they differ.

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::open::Failure;
use super::preview::signed;
use super::print::Printer;
use crate::address::EmailAddress;
use crate::campaign::{Kind, store::Piece};
use crate::daemon::Home;
use crate::id;
use crate::line::Line;
use crate::message::Templates;
use crate::message::compose::{Copy, Rendition};
use crate::message::press::{Press, Sample};
use crate::message::proof::{Difference, Sent, differences};
use crate::post::add::{lists, named};
use crate::token::Purpose;

/// Two people nobody is, with words of different lengths and letters.
const READERS: [(&str, &str); 2] = [
    ("sam@example.org", "Sam Reader"),
    ("alexandra.o'brien@mail.example.com", "Alexandra Ó Briain"),
];
/// So much of a difference is shown to people; scripts get all.
const SHOWN: usize = 48;

#[derive(Debug, Args)]
#[command(
    after_help = "The two are invented; their copies are made and signed as for real readers. Exits with 1 when anything \
                  differs that is not the reader's own.\n\nExample:\n  bulletin tracking-proof next-meeting"
)]
pub(super) struct TrackingProof {
    /// The post's slug
    post: String,
}

impl TrackingProof {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let stored = named(&home.db, &self.post).await?;
        let list = lists(&stored.post()?, &[], &home.config)?.swap_remove(0);
        let pieces = [Piece { post: stored.id, version: stored.version, list }];
        let [first, second] = copies(home, &pieces).await?;
        let found = differences(&first, &second);
        let hidden = found.iter().filter(|one| !one.allowed).count();
        let shown: Vec<_> = found.iter().map(|one| object(one, &first, &second)).collect();
        printer.object(&json!({
            "post": stored.slug, "version": stored.version, "tracked": hidden > 0, "differences": shown,
        }));
        printer.say(format!(
            "\"{}\" for two readers: {} and {} bytes.",
            stored.title,
            first.bytes.len(),
            second.bytes.len()
        ));
        let rows = found.iter().map(|one| row(one, &first, &second)).collect();
        printer.table(
            &["differs", "for one", "for the other", "allowed"],
            rows,
            "They do not differ.",
        );
        printer.say(match hidden {
            0 => "Nothing else differs: this mail tracks nobody.".to_owned(),
            1 => {
                "One of these is not the reader's own: it could tell who reads the mail.".to_owned()
            }
            many => format!(
                "{many} of these are not the reader's own: they could tell who reads the mail."
            ),
        });
        Ok(if hidden == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Both from one rendition, as the relay that is used first would get them.
async fn copies(home: &Home, pieces: &[Piece]) -> Result<[Sent; 2], Failure> {
    let templates = Arc::new(Templates::of(&home.config).map_err(Failure::Usage)?);
    let press = Press::new(home.db.clone(), Arc::clone(&home.config), templates);
    let sample = Sample { kind: Kind::Announcement, digest: None, pieces, discreet: false };
    let rendition = press.specimen(&sample).await?;
    let lists = press.list_names(pieces, false);
    let [one, other] = READERS;
    Ok([sent(home, &rendition, &lists, one, 0)?, sent(home, &rendition, &lists, other, 1)?])
}

fn sent(
    home: &Home,
    rendition: &Rendition,
    lists: &str,
    (address, name): (&str, &str),
    number: i64,
) -> anyhow::Result<Sent> {
    let (to, name) = (EmailAddress::parse(address)?, Line::parse(name)?);
    let random = HEXLOWER.encode(&id::random::<16>()?);
    // of rows that nobody has, so that it ends nothing
    let token = home.keys.sign(Purpose::Unsubscribe, &[i64::MAX - number, i64::MAX - number]);
    let rsvp_token = home.keys.sign(Purpose::Rsvp, &[i64::MAX - number, i64::MAX - number]);
    let copy = Copy {
        to: &to,
        name: Some(&name),
        message_id: &format!("{random}@{}", home.config.sender.address.domain()),
        date: home.clock.now().plus(Duration::from_secs(u64::from(number > 0))),
        unsubscribe_url: &format!("{}/unsubscribe/{token}", home.config.site.base_url),
        lists,
        rsvp_url: &format!("{}/rsvp/{rsvp_token}", home.config.site.base_url),
    };
    let bytes = signed(home, rendition.message(&copy))?.into_bytes();
    Ok(Sent { bytes, own: copy.own() })
}

fn text(sent: &Sent, span: &Range<usize>) -> String {
    String::from_utf8_lossy(sent.bytes.get(span.clone()).unwrap_or_default()).into_owned()
}

fn object(one: &Difference, first: &Sent, second: &Sent) -> Value {
    let place = |sent: &Sent, span: &Range<usize>| json!({ "from": span.start, "to": span.end, "text": text(sent, span) });
    json!({
        "what": one.what, "allowed": one.allowed,
        "first": place(first, &one.first), "second": place(second, &one.second),
    })
}

fn row(one: &Difference, first: &Sent, second: &Sent) -> Vec<String> {
    let short = |sent: &Sent, span: &Range<usize>| {
        let line = text(sent, span).split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    };
    let allowed = if one.allowed { "yes" } else { "NO" };
    vec![one.what.clone(), short(first, &one.first), short(second, &one.second), allowed.to_owned()]
}
