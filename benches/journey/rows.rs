//! The promise about speed, row by row: what is compared, and what it must come to.

use crate::subject::{Measured, Subject};

#[derive(Debug)]
pub(crate) struct Row {
    /// By which `ONLY=` and `reasons.toml` call it.
    pub(crate) name: &'static str,
    /// What is measured, against what.
    pub(crate) what: &'static str,
    pub(crate) value: Value,
    pub(crate) ours: Subject,
    /// Without one, the value itself is held to the bar.
    pub(crate) theirs: Option<Subject>,
    /// The bar, and what is aimed at.
    pub(crate) bar: Option<(Bound, Option<f64>)>,
}

/// Which of the numbers of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Rate,
    /// The lowest of all rounds instead of the median.
    LowestRate,
    Cpu,
    /// Microseconds that each took, on the clock.
    Time,
    Memory,
}

impl Value {
    pub(crate) fn of(self, measured: &Measured) -> f64 {
        match self {
            Self::Rate | Self::LowestRate => measured.rate,
            Self::Cpu => measured.cpu,
            Self::Time => 1e6 / measured.rate,
            Self::Memory => measured.memory,
        }
    }

    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Rate | Self::LowestRate => format!("{value:.0}/s"),
            Self::Cpu | Self::Time => format!("{value:.1} µs"),
            Self::Memory => format!("{value:.1} MiB"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

impl Bound {
    pub(crate) fn limit(self) -> f64 {
        match self {
            AtLeast(limit) | AtMost(limit) => limit,
        }
    }

    pub(crate) fn holds(self, figure: f64) -> bool {
        match self {
            AtLeast(limit) => figure >= limit,
            AtMost(limit) => figure <= limit,
        }
    }

    /// The same bound elsewhere.
    pub(crate) fn at(self, limit: f64) -> Self {
        match self {
            AtLeast(_) => AtLeast(limit),
            AtMost(_) => AtMost(limit),
        }
    }
}

pub(crate) const ROWS: [Row; 21] = [
    Row {
        name: "rate",
        what: "the whole path, unsigned, against `smtp-source -d -s 10`",
        value: Value::Rate,
        ours: Subject::Plain,
        theirs: Some(Subject::Source),
        bar: Some((AtLeast(1.5), Some(2.5))),
    },
    Row {
        name: "rate-32",
        what: "the same with `delivery.window` at its default, 32",
        value: Value::Rate,
        ours: Subject::DefaultWindow,
        theirs: Some(Subject::Source),
        bar: None,
    },
    Row {
        name: "rate-signed",
        what: "the whole path, signed by RSA-2048 and by Ed25519, against the RSA-2048 signatures that this machine can \
               make on all its cores (`openssl speed -multi`)",
        value: Value::Rate,
        ours: Subject::Signed,
        theirs: Some(Subject::OpenSsl),
        bar: Some((AtLeast(0.7), Some(0.85))),
    },
    Row {
        name: "cpu",
        what: "processor time of a mail, unsigned, against `smtp-source`'s",
        value: Value::Cpu,
        ours: Subject::Plain,
        theirs: Some(Subject::Source),
        bar: Some((AtMost(1.5), Some(0.8))),
    },
    Row {
        name: "cpu-signed",
        what: "processor time of a mail, signed by both, against OpenSSL's for one RSA-2048 signature",
        value: Value::Cpu,
        ours: Subject::Signed,
        theirs: Some(Subject::OpenSsl),
        bar: Some((AtMost(1.5), Some(1.2))),
    },
    Row {
        name: "far-10",
        what: "a relay 20 ms away, 10 connections, against `smtp-source -d`",
        value: Value::Rate,
        ours: Subject::Far(10),
        theirs: Some(Subject::FarSource(10)),
        bar: Some((AtLeast(3.5), None)),
    },
    Row {
        name: "far-50",
        what: "the same over 50 connections",
        value: Value::Rate,
        ours: Subject::Far(50),
        theirs: Some(Subject::FarSource(50)),
        bar: Some((AtLeast(1.8), None)),
    },
    Row {
        name: "nodemailer",
        what: "the whole path, unsigned, against nodemailer's pooled transport (the same HTML and text, 10 connections, \
               no record of anything)",
        value: Value::Rate,
        ours: Subject::Plain,
        theirs: Some(Subject::Nodemailer),
        bar: Some((AtLeast(25.0), None)),
    },
    Row {
        name: "nodemailer-signed",
        what: "the whole path, signed by both, against nodemailer with DKIM by RSA-2048 alone",
        value: Value::Rate,
        ours: Subject::Signed,
        theirs: Some(Subject::NodemailerSigned),
        bar: Some((AtLeast(10.0), None)),
    },
    Row {
        name: "one-connection",
        what: "one connection, the slowest round",
        value: Value::LowestRate,
        ours: Subject::OneConnection,
        theirs: None,
        bar: Some((AtLeast(200.0), None)),
    },
    Row {
        name: "memory",
        what: "peak memory of `run` in a campaign of `BIG` short mails",
        value: Value::Memory,
        ours: Subject::Big,
        theirs: None,
        bar: Some((AtMost(96.0), None)),
    },
    Row {
        name: "growth",
        what: "processor time of a delivery in a campaign of `BIG`, against one of 10,000",
        value: Value::Cpu,
        ours: Subject::Big,
        theirs: Some(Subject::Small),
        bar: Some((AtMost(1.15), None)),
    },
    Row {
        name: "freeze",
        what: "time to freeze an announcement to `BIG` people, against a bare `INSERT … SELECT` of as many deliveries",
        value: Value::Time,
        ours: Subject::Freeze,
        theirs: Some(Subject::Bare),
        bar: Some((AtMost(4.0), None)),
    },
    Row {
        name: "plan",
        what: "time to plan a digest for `BIG` readers of three lists each, of ten with thirty posts, against the same",
        value: Value::Time,
        ours: Subject::Plan,
        theirs: Some(Subject::Bare),
        bar: Some((AtMost(12.0), None)),
    },
    Row {
        name: "plan-memory",
        what: "peak memory of the process that plans it",
        value: Value::Memory,
        ours: Subject::Plan,
        theirs: None,
        bar: Some((AtMost(200.0), None)),
    },
    Row {
        name: "plan-growth",
        what: "time to plan it for each reader, against the same for a tenth as many",
        value: Value::Time,
        ours: Subject::Plan,
        theirs: Some(Subject::PlanTenth),
        bar: Some((AtMost(1.2), None)),
    },
    Row {
        name: "postgres",
        what: "the whole path on Postgres (`fsync` and `synchronous_commit` on), against SQLite",
        value: Value::Rate,
        ours: Subject::Postgres,
        theirs: Some(Subject::Plain),
        bar: Some((AtLeast(0.5), None)),
    },
    Row {
        name: "daemons",
        what: "two daemons on Postgres, a relay 20 ms away, against one; for each daemon 10 connections",
        value: Value::Rate,
        ours: Subject::Daemons(2),
        theirs: Some(Subject::Daemons(1)),
        bar: Some((AtLeast(1.8), None)),
    },
    Row {
        name: "mjml",
        what: "the MJML of a digest of 20 posts made into HTML, against npm `mjml`, warm, in a process of its own",
        value: Value::Rate,
        ours: Subject::Mrml,
        theirs: Some(Subject::Mjml),
        bar: Some((AtLeast(60.0), None)),
    },
    Row {
        name: "rendition",
        what: "from the posts of that digest to an encoded rendition, against its MJML made into HTML alone",
        value: Value::Cpu,
        ours: Subject::Compose,
        theirs: Some(Subject::Mrml),
        bar: Some((AtMost(8.0), None)),
    },
    Row {
        name: "copy",
        what: "one person's mail of 30 KB out of a rendition, unsigned, against lettre's `Message` builder on the same words",
        value: Value::Rate,
        ours: Subject::Copy,
        theirs: Some(Subject::Builder),
        bar: Some((AtLeast(15.0), None)),
    },
];
