//! Many people from a file: CSV with a header line.
//!
//! Every row is checked by itself: a broken one is set aside with its line and its reason, and
//! the others go in. The file is read to its end before anything is said to be done; a run that
//! is killed half-way has added whole rows only, and is simply run again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, anyhow, bail};

use super::subscribe::{Added, Entry, Request, add};
use super::{Cadence, ConsentSource, State, store};
use crate::address::EmailAddress;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::line::Line;
use crate::token::Keys;

/// Rows that go into one transaction: the daemon's own writes wait for no more than these.
const BATCH: usize = 500;

/// What other tools call people who are to be mailed, and people who are not.
const YES: [&str; 7] = ["", "active", "subscribed", "confirmed", "enabled", "member", "regular"];
const NO: [&str; 11] = [
    "unsubscribed",
    "cleaned",
    "bounced",
    "complained",
    "blocklisted",
    "suppressed",
    "disabled",
    "removed",
    "spammed",
    "inactive",
    "deleted",
];

/// How a file is to be read.
#[derive(Clone, Debug)]
pub struct Plan {
    pub basis: String,
    /// Lists for rows that name none.
    pub lists: Vec<(String, Option<Cadence>)>,
    /// Our field's name to the file's column.
    pub columns: BTreeMap<String, String>,
    /// Ask everybody to confirm on double-opt-in lists.
    pub confirm: bool,
    pub dry_run: bool,
}

/// What an import did, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub read: u64,
    pub added: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub refused: u64,
    pub suppressed: u64,
}

/// What an import gives back.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub summary: Summary,
    /// The file's own column names.
    pub header: Vec<String>,
    pub refused: Vec<Refused>,
}

/// A row that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: u64,
    pub reason: String,
    pub row: Vec<String>,
}

/// Reads people from `input` and adds them.
pub async fn import(
    db: &Db,
    keys: &Keys,
    config: &Config,
    plan: &Plan,
    clock: &Clock,
    input: impl Read,
) -> anyhow::Result<Outcome> {
    let quotes = AtomicUsize::new(0);
    let mut input = BufReader::new(Counted { input, quotes: &quotes });
    let delimiter = delimiter(input.fill_buf().context("the file cannot be read")?)?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(input);
    let mut outcome = Outcome { header: words(reader.byte_headers()?), ..Outcome::default() };
    let columns = Columns::find(reader.byte_headers()?, &plan.columns)?;
    let mut records = reader.byte_records();
    loop {
        let batch = records
            .by_ref()
            .take(BATCH)
            .collect::<Result<Vec<_>, _>>()
            .context("the file cannot be read")?;
        if batch.is_empty() {
            return Ok(outcome);
        }
        if records.reader().is_done() && quotes.load(Ordering::Relaxed) % 2 == 1 {
            // the last record is whatever the open quote swallowed, to the end of the file
            let at = batch.last().map_or(0, line);
            bail!(
                "line {at}: a quote \" opens here and is never closed; mend it and import the file again \
                   (rows before it may be in, and are not added twice)"
            );
        }
        let mut write = db.write().await?;
        // before any row is held: two imports would wait for each other
        store::take_turn(&mut write).await?;
        for record in batch {
            outcome.summary.read += 1;
            if columns.said_no(&record)? {
                outcome.summary.suppressed += 1;
                continue;
            }
            match columns.request(&record, config, plan) {
                Ok(request) => {
                    outcome.summary.count(add(&mut write, keys, &request, clock.now()).await?);
                }
                Err(reason) => outcome.set_aside(&record, &reason),
            }
        }
        if !plan.dry_run {
            write.commit().await?;
        }
    }
}

/// Counts the quotes of a file: doubled ones too, so that an odd number means one was left open.
struct Counted<'a, R> {
    input: R,
    quotes: &'a AtomicUsize,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.input.read(buffer)?;
        let quotes = buffer[..length].split(|byte| *byte == b'"').count() - 1;
        self.quotes.fetch_add(quotes, Ordering::Relaxed);
        Ok(length)
    }
}

/// Comma, semicolon (as spreadsheets write where the comma is the decimal sign) or tab: whichever
/// the header line has most of.
fn delimiter(start: &[u8]) -> anyhow::Result<u8> {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if header.trim_ascii().is_empty() {
        bail!("the file is empty; its first line must name the columns, such as email,name");
    }
    let count = |wanted: u8| header.split(|byte| *byte == wanted).count();
    Ok([b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b','))
}

fn words(record: &csv::ByteRecord) -> Vec<String> {
    record
        .iter()
        .map(|field| {
            String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_owned()
        })
        .collect()
}

fn line(record: &csv::ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

impl Outcome {
    fn set_aside(&mut self, record: &csv::ByteRecord, reason: &anyhow::Error) {
        self.summary.refused += 1;
        let row = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        self.refused.push(Refused { line: line(record), reason: format!("{reason:#}"), row });
    }
}

impl Summary {
    fn count(&mut self, added: Added) {
        match added {
            Added::New => self.added += 1,
            Added::Changed => self.updated += 1,
            Added::Unchanged => self.unchanged += 1,
            // whoever said no counts with the suppressed: nothing will be sent to them
            Added::Suppressed | Added::Left => self.suppressed += 1,
        }
    }
}

/// Where our fields are in the file's rows.
struct Columns {
    count: usize,
    email: usize,
    name: Option<usize>,
    list: Option<usize>,
    cadence: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    fn find(header: &csv::ByteRecord, map: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let names: Vec<String> = words(header).iter().map(|name| name.to_lowercase()).collect();
        let place = |field: &str| {
            let wanted = map.get(field).map_or(field, String::as_str).to_lowercase();
            names.iter().position(|name| *name == wanted)
        };
        if let Some((field, column)) = map.iter().find(|(field, _)| place(field).is_none()) {
            bail!(
                "line 1: there is no column \"{column}\" for {field}; the columns are {}",
                names.join(", ")
            );
        }
        let email = place("email").with_context(|| {
            format!("line 1: there is no column \"email\"; name it with --map email=COLUMN (the columns are {})", names.join(", "))
        })?;
        Ok(Self {
            count: names.len(),
            email,
            name: place("name"),
            list: place("list"),
            cadence: place("cadence"),
            status: place("status"),
        })
    }

    /// Whether the file itself says that this person wants no mail, or takes none.
    fn said_no(&self, record: &csv::ByteRecord) -> anyhow::Result<bool> {
        let Some(field) = self.status.and_then(|place| record.get(place)) else {
            return Ok(false);
        };
        let word = String::from_utf8_lossy(field).trim().to_lowercase();
        if NO.contains(&word.as_str()) {
            return Ok(true);
        }
        if YES.contains(&word.as_str()) {
            return Ok(false);
        }
        bail!(
            "line {}: the status \"{word}\" says neither yes nor no; write one of {} or {}, or rename \
             the column when it means something else",
            line(record),
            YES[1..].join(", "),
            NO.join(", ")
        )
    }

    fn request(
        &self,
        record: &csv::ByteRecord,
        config: &Config,
        plan: &Plan,
    ) -> anyhow::Result<Request> {
        if record.len() != self.count {
            bail!(
                "the row has {} fields, the header has {}; put fields with commas in quotes",
                record.len(),
                self.count
            );
        }
        let field = |place: Option<usize>| -> anyhow::Result<Option<&str>> {
            let Some(bytes) = place.and_then(|place| record.get(place)) else {
                return Ok(None);
            };
            let text = std::str::from_utf8(bytes)
                .context("the row is not UTF-8; save the file as UTF-8")?
                .trim_matches(' ');
            Ok(Some(text).filter(|text| !text.is_empty()))
        };
        let email = EmailAddress::parse(field(Some(self.email))?.unwrap_or_default())?;
        let name = field(self.name)?
            .map(Line::parse)
            .transpose()
            .map_err(|why| anyhow!("the name {why}"))?;
        let cadence = field(self.cadence)?.map(str::parse::<Cadence>).transpose()?;
        let lists = match field(self.list)? {
            Some(list) => vec![(list.to_owned(), cadence)],
            None => plan
                .lists
                .iter()
                .map(|(list, own)| (list.clone(), cadence.clone().or(own.clone())))
                .collect(),
        };
        if lists.is_empty() {
            bail!("the row names no list; add a column \"list\", or say --list for all rows");
        }
        let entries =
            lists.into_iter().map(|(list, cadence)| entry(list, cadence, config, plan.confirm));
        Ok(Request {
            email,
            name,
            discreet: None,
            subscriptions: entries.collect::<anyhow::Result<_>>()?,
            basis: plan.basis.clone(),
            source: ConsentSource::Import,
            agreed_again: false,
        })
    }
}

fn entry(
    list: String,
    cadence: Option<Cadence>,
    config: &Config,
    confirm: bool,
) -> anyhow::Result<Entry> {
    let known = config.list.get(&list).with_context(|| {
        let names: Vec<_> = config.list.keys().map(String::as_str).collect();
        format!("\"{list}\" is not a list; the lists are {}", names.join(", "))
    })?;
    cadence.iter().try_for_each(|cadence| cadence.check(config))?;
    let state = if confirm && known.double_opt_in { State::Pending } else { State::Active };
    Ok(Entry { list, cadence, state })
}
