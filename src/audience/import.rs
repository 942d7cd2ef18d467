//! Many people from a file: CSV with a header line.
//!
//! Every row is checked by itself: a broken one is set aside with its line and its reason, and
//! the others go in. The file is read to its end before anything is said to be done; a run that
//! is killed half-way has added whole rows only, and is simply run again.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, bail};

use super::subscribe::{Added, Entry, Request, add};
use super::{Cadence, ConsentSource, State};
use crate::address::EmailAddress;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::line::Line;
use crate::token::Keys;

/// Rows that go into one transaction: the daemon's own writes wait for no more than these.
const BATCH: usize = 500;

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
) -> anyhow::Result<(Summary, Vec<Refused>)> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let columns = Columns::find(reader.byte_headers()?, &plan.columns)?;
    let (mut summary, mut refused) = (Summary::default(), Vec::new());
    let mut records = reader.byte_records();
    loop {
        let batch = records
            .by_ref()
            .take(BATCH)
            .collect::<Result<Vec<_>, _>>()
            .context("the file cannot be read")?;
        if batch.is_empty() {
            return Ok((summary, refused));
        }
        let mut write = db.write().await?;
        for record in batch {
            summary.read += 1;
            let line = record.position().map_or(0, csv::Position::line);
            match columns.request(&record, config, plan) {
                Ok(request) => summary.count(add(&mut write, keys, &request, clock.now()).await?),
                Err(reason) => {
                    summary.refused += 1;
                    let row = record
                        .iter()
                        .map(|field| String::from_utf8_lossy(field).into_owned())
                        .collect();
                    refused.push(Refused {
                        line,
                        reason: format!("{reason:#}"),
                        row,
                    });
                }
            }
        }
        if !plan.dry_run {
            write.commit().await?;
        }
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
}

impl Columns {
    fn find(header: &csv::ByteRecord, map: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                String::from_utf8_lossy(name)
                    .trim_start_matches('\u{feff}')
                    .trim()
                    .to_lowercase()
            })
            .collect();
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
        })
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
            .context("the name")?;
        let cadence = field(self.cadence)?
            .map(str::parse::<Cadence>)
            .transpose()?;
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
        let entries = lists
            .into_iter()
            .map(|(list, cadence)| entry(list, cadence, config, plan.confirm));
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
        format!(
            "\"{list}\" is not a list; the lists are {}",
            names.join(", ")
        )
    })?;
    cadence
        .iter()
        .try_for_each(|cadence| cadence.check(config))?;
    let state = if confirm && known.double_opt_in {
        State::Pending
    } else {
        State::Active
    };
    Ok(Entry {
        list,
        cadence,
        state,
    })
}
