//! `bulletin tracking-proof`: two readers' copies of a post, plain and discreet, and everything in
//! which they differ.

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
        let templates = Arc::new(Templates::of(&home.config).map_err(Failure::Usage)?);
        let press = Press::new(home.db.clone(), Arc::clone(&home.config), templates);
        let plain = Pair::of(home, &press, &pieces, false).await?;
        let discreet = Pair::of(home, &press, &pieces, true).await?;
        let tracked = plain.hidden() + discreet.hidden() > 0;
        printer.object(&json!({
            "post": stored.slug, "version": stored.version, "tracked": tracked,
            "differences": plain.objects(), "discreet_differences": discreet.objects(),
        }));
        plain.tell(&format!("\"{}\" for two readers", stored.title), printer);
        discreet.tell("The same for two discreet readers", printer);
        Ok(if tracked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Two readers' copies of one rendition, as the relay that is used first would get them.
struct Pair {
    first: Sent,
    second: Sent,
    found: Vec<Difference>,
}

impl Pair {
    async fn of(
        home: &Home,
        press: &Press,
        pieces: &[Piece],
        discreet: bool,
    ) -> anyhow::Result<Self> {
        let sample = Sample { kind: Kind::Announcement, digest: None, pieces, discreet };
        let rendition = press.specimen(&sample).await?;
        let mail = Mail { rendition, lists: press.list_names(pieces, discreet), discreet };
        let [one, other] = READERS;
        let (first, second) = (sent(home, &mail, one, 0)?, sent(home, &mail, other, 1)?);
        let found = differences(&first, &second);
        Ok(Self { first, second, found })
    }

    fn hidden(&self) -> usize {
        self.found.iter().filter(|one| !one.allowed).count()
    }

    fn objects(&self) -> Vec<Value> {
        self.found.iter().map(|one| object(one, &self.first, &self.second)).collect()
    }

    fn tell(&self, whose: &str, printer: Printer) {
        let Self { first, second, found } = self;
        printer.say(format!("{whose}: {} and {} bytes.", first.bytes.len(), second.bytes.len()));
        let rows = found.iter().map(|one| row(one, first, second)).collect();
        let head = ["differs", "for one", "for the other", "allowed"];
        printer.table(&head, rows, "They do not differ.");
        printer.say(match self.hidden() {
            0 => "Nothing else differs: this mail tracks nobody.".to_owned(),
            1 => {
                "One of these is not the reader's own: it could tell who reads the mail.".to_owned()
            }
            many => format!(
                "{many} of these are not the reader's own: they could tell who reads the mail."
            ),
        });
    }
}

/// What both copies are made of.
struct Mail {
    rendition: Rendition,
    lists: String,
    discreet: bool,
}

fn sent(
    home: &Home,
    mail: &Mail,
    (address, name): (&str, &str),
    number: i64,
) -> anyhow::Result<Sent> {
    let base_url = home.config.base_url(mail.discreet);
    let (to, name) = (EmailAddress::parse(address)?, Line::parse(name)?);
    let random = HEXLOWER.encode(&id::random::<16>()?);
    // of rows that nobody has, so that it ends nothing
    let token = home.keys.sign(Purpose::Unsubscribe, &[i64::MAX - number, i64::MAX - number]);
    let rsvp_token = home.keys.sign(Purpose::Rsvp, &[i64::MAX - number, i64::MAX - number]);
    let copy = Copy {
        to: &to,
        name: Some(&name),
        message_id: &format!("{random}@{}", home.config.from(mail.discreet).domain()),
        date: home.clock.now().plus(Duration::from_secs(u64::from(number > 0))),
        unsubscribe_url: &format!("{base_url}/unsubscribe/{token}"),
        lists: &mail.lists,
        rsvp_url: &format!("{base_url}/rsvp/{rsvp_token}"),
    };
    let bytes = signed(home, mail.rendition.message(&copy))?.into_bytes();
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
