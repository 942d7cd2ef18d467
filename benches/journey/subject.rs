//! What is measured, and how: each subject is one sender on one way.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::composing::Desk;
use crate::mailing::{self, Mailing, Plan};
use crate::measure::Cost;
use crate::orders::Orders;
use crate::rivals::nodemailer::Nodemailer;
use crate::rivals::{openssl, smtp_source};
use crate::sink::{Counts, Sink};
use crate::support::postgres::Server;
use crate::{planning, proxy};

/// In the order of a round: what is compared stands close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Source,
    /// Bulletin on loopback: SQLite, unsigned, 10 connections, unless the name says otherwise.
    Plain,
    DefaultWindow,
    Postgres,
    OpenSsl,
    Signed,
    /// 20 ms away, over so many connections.
    FarSource(u64),
    Far(u64),
    Nodemailer,
    NodemailerSigned,
    OneConnection,
    /// So many daemons on Postgres, 20 ms away.
    Daemons(u64),
    /// Short mails, 10,000 of them and a million.
    Small,
    Big,
    /// Of a million people: as many bare rows, an announcement frozen, a digest planned; and one for a
    /// tenth of them.
    Bare,
    Freeze,
    Plan,
    PlanTenth,
    /// In this process: MJML to HTML by the reference compiler and by ours, posts to a rendition.
    Mjml,
    Mrml,
    Compose,
    /// One person's mail by a plain builder, and out of a rendition.
    Builder,
    Copy,
}

impl Subject {
    /// Takes so long that it is measured once.
    pub(crate) fn is_large(self) -> bool {
        self == Self::Big || self.is_planning()
    }

    fn is_planning(self) -> bool {
        matches!(self, Self::Bare | Self::Freeze | Self::Plan | Self::PlanTenth)
    }
}

/// One round of one subject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Messages a second.
    pub(crate) rate: f64,
    /// Microseconds a message.
    pub(crate) cpu: f64,
    /// MiB.
    pub(crate) memory: f64,
    /// KB a message.
    pub(crate) size: f64,
    /// The part of a processor that the sink took.
    pub(crate) sink: f64,
}

const CONNECTIONS: u64 = 10;
pub(crate) const WINDOW: u64 = 512;
/// As Bulletin has it when nobody says otherwise.
const DEFAULT_WINDOW: u64 = 32;
const SMALL: u64 = 10_000;
/// Each way.
const DELAY: Duration = Duration::from_millis(10);

/// Everything that the subjects need.
pub(crate) struct Workshop {
    orders: Orders,
    sink: Sink,
    far: std::net::SocketAddr,
    nodemailer: Option<Nodemailer>,
    desk: Desk,
}

impl Workshop {
    pub(crate) fn open(orders: &Orders) -> anyhow::Result<Self> {
        let sink = Sink::start()?;
        let far = proxy::start(sink.address(), DELAY)?;
        Ok(Self { orders: orders.clone(), sink, far, nodemailer: None, desk: Desk::open()? })
    }

    /// Why this subject cannot be measured at all, if so.
    pub(crate) fn absent(&self, subject: Subject) -> Option<&'static str> {
        match subject {
            Subject::Signed if !mailing::signs() => Some("not built"),
            Subject::Small if self.orders.big == 0 => Some("left out"),
            _ if subject.is_large() && self.orders.big == 0 => Some("left out"),
            _ => None,
        }
    }

    pub(crate) fn measure(&mut self, subject: Subject) -> anyhow::Result<Measured> {
        if matches!(
            subject,
            Subject::Mjml | Subject::Mrml | Subject::Compose | Subject::Builder | Subject::Copy
        ) {
            return self.desk.measure(subject);
        }
        if subject.is_planning() {
            return planning::measure(subject, self.count(subject));
        }
        // what an earlier failure left
        self.sink.take();
        let count = self.count(subject);
        let near = self.sink.address();
        let cost = match subject {
            Subject::OpenSsl => return Ok(signing_limit(&openssl::limit()?)),
            Subject::Source => smtp_source::send(count, CONNECTIONS, near)?,
            Subject::FarSource(connections) => smtp_source::send(count, connections, self.far)?,
            Subject::Nodemailer | Subject::NodemailerSigned => {
                let signed = subject == Subject::NodemailerSigned;
                self.nodemailer()?.send(count, CONNECTIONS, near, signed)?
            }
            _ => self.bulletin(subject)?,
        };
        measured(count, &self.sink.take(), cost, subject)
    }

    /// Mails of a round: the slow ways get as many as take them a few seconds.
    fn count(&self, subject: Subject) -> u64 {
        let messages = self.orders.messages;
        match subject {
            Subject::FarSource(CONNECTIONS)
            | Subject::Far(CONNECTIONS)
            | Subject::NodemailerSigned => messages / 20,
            Subject::FarSource(_)
            | Subject::Far(_)
            | Subject::Nodemailer
            | Subject::OneConnection => messages / 10,
            Subject::Daemons(_) | Subject::Postgres => messages / 2,
            Subject::Small => SMALL.min(self.orders.big),
            Subject::PlanTenth => self.orders.big.div_ceil(10),
            _ if subject.is_large() => self.orders.big,
            _ => messages,
        }
    }

    fn plan(&self, subject: Subject) -> Plan {
        let far = matches!(subject, Subject::Far(_) | Subject::Daemons(_));
        Plan {
            people: self.count(subject),
            relay: if far { self.far } else { self.sink.address() },
            connections: match subject {
                Subject::Far(connections) => connections,
                // which daemons share
                Subject::Daemons(daemons) => daemons * CONNECTIONS,
                Subject::OneConnection => 1,
                _ => CONNECTIONS,
            },
            window: if subject == Subject::DefaultWindow { DEFAULT_WINDOW } else { WINDOW },
            signed: subject == Subject::Signed,
            short: matches!(subject, Subject::Small | Subject::Big),
            postgres: None,
        }
    }

    fn bulletin(&self, subject: Subject) -> anyhow::Result<Cost> {
        let plan = self.plan(subject);
        let daemons = if let Subject::Daemons(daemons) = subject { daemons } else { 1 };
        if !matches!(subject, Subject::Postgres | Subject::Daemons(_)) {
            return Mailing::prepare(&plan)?.send(daemons);
        }
        // one of its own, which keeps what it has committed as SQLite does
        let server = Server::start("");
        Mailing::prepare(&Plan { postgres: Some(server.database()), ..plan })?.send(daemons)
    }

    /// Installed once, with the mail that Bulletin sends.
    fn nodemailer(&mut self) -> anyhow::Result<&Nodemailer> {
        if self.nodemailer.is_none() {
            let plan = Plan { people: 1, ..self.plan(Subject::Plain) };
            self.nodemailer = Some(Nodemailer::install(&Mailing::prepare(&plan)?.preview()?)?);
        }
        self.nodemailer.as_ref().context("nodemailer")
    }
}

fn measured(
    expected: u64,
    counts: &Counts,
    cost: Cost,
    subject: Subject,
) -> anyhow::Result<Measured> {
    let got = counts.messages;
    ensure!(got == expected, "{got} messages came instead of {expected}");
    let signatures = match subject {
        Subject::Signed => 2,
        Subject::NodemailerSigned => 1,
        _ => 0,
    };
    let found = memchr::memmem::find_iter(&counts.sample, b"\r\nDKIM-Signature:").count()
        + usize::from(counts.sample.starts_with(b"DKIM-Signature:"));
    ensure!(found == signatures, "a mail has {found} signatures instead of {signatures}");
    Ok(Measured {
        rate: counts.rate(),
        cpu: cost.cpu as f64 / got as f64,
        memory: cost.memory as f64 / 1024.0,
        size: counts.bytes as f64 / got as f64 / 1000.0,
        sink: counts.busy / counts.seconds(),
    })
}

fn signing_limit(limit: &openssl::Limit) -> Measured {
    let openssl::Limit { rate, cpu } = *limit;
    Measured { rate, cpu, memory: 0.0, size: 0.0, sink: 0.0 }
}
