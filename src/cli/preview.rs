//! `bulletin preview`: what that person would get.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::browse;
use super::open::Failure;
use super::print::Printer;
use crate::address::EmailAddress;
use crate::audience::{self, State, Subscriber, Subscription};
use crate::campaign::{Kind, store::Piece};
use crate::daemon::Home;
use crate::line::Line;
use crate::message::compose::Copy;
use crate::message::dkim::Signer;
use crate::message::press::{Press, Sample};
use crate::message::template::Templates;
use crate::octets::Octets;
use crate::post::add::{lists, named};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bulletin preview next-meeting --as ann@example.org --format eml --out ann.eml"
)]
pub(super) struct Preview {
    /// The post's slug
    post: String,
    /// For this person; by default an invented one
    #[arg(long = "as", value_name = "EMAIL")]
    reader: Option<EmailAddress>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Why it is mailed
    #[arg(long, value_enum, default_value_t = Occasion::News)]
    occasion: Occasion,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show it in the browser: large screen, phone, dark, text, headers, source side by side
    #[arg(long, conflicts_with = "format")]
    open: bool,
}

/// Why a post is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Occasion {
    /// It is announced
    News,
    /// Its meeting comes near
    Reminder,
    /// It has changed: `queue --correction`
    Update,
    /// It was taken back: `post withdraw --notify`
    Cancellation,
}

impl Occasion {
    fn kind(self) -> Kind {
        match self {
            Self::News => Kind::Announcement,
            Self::Reminder => Kind::Reminder,
            Self::Update => Kind::Update,
            Self::Cancellation => Kind::Cancellation,
        }
    }
}

/// How a mail is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Html,
    Text,
    /// The whole message, as it would be sent
    Eml,
    /// What the HTML is made from
    Mjml,
}

impl Preview {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let stored = named(&home.db, &self.post).await?;
        let list = lists(&stored.post()?, &[], &home.config)?.swap_remove(0);
        let pieces = [Piece { post: stored.id, version: stored.version, list }];
        let sample =
            Sample { kind: self.occasion.kind(), digest: None, pieces: &pieces, discreet: false };
        let (reader, out) = (self.reader.as_ref(), self.out.as_deref());
        if self.open {
            let (_, bytes) = composed(home, printer, &sample, reader, Format::Eml).await?;
            browse::open(printer, &bytes, out)?;
            return Ok(ExitCode::SUCCESS);
        }
        write_out(home, printer, &sample, reader, self.format, out).await
    }
}

/// Composes the mail and writes it in the format that was asked for.
pub(super) async fn write_out(
    home: &Home,
    printer: Printer,
    sample: &Sample<'_>,
    reader: Option<&EmailAddress>,
    format: Format,
    out: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let (subject, bytes) = composed(home, printer, sample, reader, format).await?;
    match out {
        None if printer.json => printer.object(&json!({
            "subject": subject,
            "format": format.to_possible_value().map(|value| value.get_name().to_owned()),
            "content": String::from_utf8_lossy(&bytes),
        })),
        Some(path) => {
            std::fs::write(path, bytes)
                .with_context(|| format!("{}: cannot be written", path.display()))?;
            printer.say(format!("written to {}", path.display()));
        }
        None => printer.raw(&bytes),
    }
    Ok(ExitCode::SUCCESS)
}

/// The subject of the mail, and the mail in the format that was asked for.
async fn composed(
    home: &Home,
    printer: Printer,
    sample: &Sample<'_>,
    reader: Option<&EmailAddress>,
    format: Format,
) -> Result<(String, Vec<u8>), Failure> {
    let templates = Templates::of(&home.config).map_err(Failure::Usage)?;
    let press = Press::new(home.db.clone(), Arc::clone(&home.config), Arc::new(templates));
    let Reader { email, name, discreet } = whom(home, printer, reader, sample.pieces).await?;
    let sample = &Sample { discreet, ..*sample };
    let copy = Copy {
        to: &email,
        name: name.as_ref(),
        message_id: &format!("preview@{}", home.config.from(discreet).domain()),
        date: home.clock.now(),
        unsubscribe_url: &press.dead_link(discreet),
        lists: &press.list_names(sample.pieces, discreet),
        rsvp_url: &press.dead_rsvp_link(discreet),
    };
    let subject = press.looks(sample).await?.subject.to_string();
    let bytes = match format {
        Format::Eml => signed(home, press.specimen(sample).await?.message(&copy))?.into_bytes(),
        Format::Mjml => press.looks(sample).await?.mjml.into_bytes(),
        Format::Html => press.looks(sample).await?.html_for(&copy)?.into_bytes(),
        Format::Text => press.looks(sample).await?.text_for(&copy)?.into_bytes(),
    };
    Ok((subject, bytes))
}

/// As the relay that is used first would get it.
pub(super) fn signed(home: &Home, message: Octets) -> anyhow::Result<Octets> {
    let first = home.config.relay.keys().next();
    match first.and_then(|relay| Signer::of(&home.config, relay)) {
        Some(signer) => signer.sign(message),
        None => Ok(message),
    }
}

/// Whose copy is shown.
struct Reader {
    email: EmailAddress,
    name: Option<Line>,
    discreet: bool,
}

async fn whom(
    home: &Home,
    printer: Printer,
    reader: Option<&EmailAddress>,
    pieces: &[Piece],
) -> Result<Reader, Failure> {
    match reader {
        None => Ok(Reader {
            email: EmailAddress::parse("reader@example.org")?,
            name: Some(Line::parse("Sam Reader")?),
            discreet: false,
        }),
        Some(email) => {
            let person = audience::store::find(&mut home.db.read().await?, email).await?;
            let person = person.with_context(|| format!("{email} is not a subscriber"))?;
            let reads = |one: &Subscription| {
                one.state == State::Active && pieces.iter().any(|piece| piece.list == one.list)
            };
            if person.suppressed || !person.subscriptions.iter().any(reads) {
                printer.note(format!(
                    "{email} would not get this: `bulletin subscriber show` says why"
                ));
            }
            let Subscriber { name, discreet, .. } = person;
            Ok(Reader { email: person.email.unwrap_or_else(|| email.clone()), name, discreet })
        }
    }
}
