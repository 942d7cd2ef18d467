//! The daemon dies at every fail point and at any moment, over relays of three kinds.

use bulletin::fault::POINTS;

use crate::Orders;
use crate::page::Section;
use crate::support::house::Database;
use crate::support::torture::{Dice, Harm, Kind, Setting, Victim, kinds};

const WINDOW: usize = 8;

const PLAIN: &[&str] = &["8BITMIME"];
const PIPELINING: &[&str] = &["PIPELINING", "8BITMIME"];
const CHUNKING: &[&str] = &["PIPELINING", "8BITMIME", "CHUNKING"];

/// What the deaths on one database did.
pub(crate) struct Killed {
    database: Database,
    resent: Vec<Harm>,
    held: Vec<Harm>,
    wrong: Vec<String>,
}

/// Of a thousand kills each passing of each point has ten on each database, the moments 140, and 40
/// are of houses that hold.
pub(crate) async fn torture(orders: &Orders, database: Database) -> Killed {
    let mut dice = Dice::new(orders.seed);
    let each = (orders.kills / 100).max(1);
    let mut kinds: Vec<_> = kinds().into_iter().flat_map(|kind| vec![kind; each]).collect();
    kinds.extend(vec![Kind::AnyMoment; 14 * each]);
    dice.shuffle(&mut kinds);
    let setting = |offers, readers, holds| Setting {
        database,
        offers,
        readers,
        connections: 12,
        window: WINDOW,
        holds,
    };
    let mut killed = Killed { database, resent: Vec::new(), held: Vec::new(), wrong: Vec::new() };
    let share = kinds.len().div_ceil(3);
    for (kinds, offers) in kinds.chunks(share).zip([PLAIN, PIPELINING, CHUNKING]) {
        let (harms, wrong) = suffered(setting(offers, 400, false), kinds, &mut dice).await;
        killed.resent.extend(harms);
        killed.wrong.extend(wrong);
    }
    let (harms, wrong) =
        suffered(setting(PIPELINING, 120, true), &holding(4 * each), &mut dice).await;
    killed.held = harms;
    killed.wrong.extend(wrong);
    killed
}

/// Around the dot, where holding matters.
fn holding(count: usize) -> Vec<Kind> {
    let kinds = kinds();
    let around = kinds.iter().position(|kind| kind.place() == "looked").unwrap_or(0);
    let claims = kinds.iter().filter(|kind| kind.place() == "claimed").take(1);
    kinds[around..].iter().chain(claims).cycle().take(count).copied().collect()
}

async fn suffered(setting: Setting, kinds: &[Kind], dice: &mut Dice) -> (Vec<Harm>, Vec<String>) {
    let mut victim = Victim::new(setting, dice.other());
    for (number, kind) in kinds.iter().enumerate() {
        if number % 20 == 0 {
            let (database, rest) = (name(setting.database), kinds.len() - number);
            eprintln!("{database}: {rest} kills to come over a relay with {:?}", setting.offers);
        }
        victim.suffer(*kind).await;
    }
    victim.end().await
}

pub(crate) fn sections(killed: Vec<Killed>) -> Vec<Section> {
    let mut sections = vec![points(&killed), moments(&killed), held(&killed)];
    sections[0].broken = killed.into_iter().flat_map(|killed| killed.wrong).collect();
    for section in &mut sections {
        let lost = section.columns.iter().position(|name| *name == "lost").unwrap_or(0);
        let losers = section.rows.iter().filter(|row| row[lost] != "0");
        let broken: Vec<_> = losers.map(|row| format!("lost: {row:?}")).collect();
        section.broken.extend(broken);
    }
    sections
}

fn points(killed: &[Killed]) -> Section {
    let mut rows = Vec::new();
    for point in POINTS {
        for killed in killed {
            let here = killed.resent.iter().filter(|harm| harm.kind.place() == point.name);
            let (before, after): (Vec<_>, Vec<_>) =
                here.partition(|harm| harm.kind.is_before_every_dot());
            let kills = before.len() + after.len();
            let lost = sum(&before, |harm| harm.lost) + sum(&after, |harm| harm.lost);
            let untouched = if point.past_the_dot {
                "-".to_owned()
            } else {
                sum(&before, |harm| harm.repeated).to_string()
            };
            rows.push(vec![
                format!("`{}`", point.name),
                name(killed.database).to_owned(),
                kills.to_string(),
                lost.to_string(),
                untouched,
                sum(&after, |harm| harm.repeated).to_string(),
                worst(&after, |harm| harm.repeated).to_string(),
                WINDOW.to_string(),
            ]);
        }
    }
    Section {
        title: "Killed at every step",
        sentence: format!(
            "The daemon dies at each fail point of `src/fault.rs`, half of the times when it comes there first and \
             half when it comes there again; another goes on, and the relay's journal is joined with the database. \
             Nobody may be lost. Nothing may be repeated when no message can have been past its final dot (the first \
             time at a point before it); otherwise at most `delivery.window`, here {WINDOW}, in one kill, and each as \
             the same mail: Message-ID and body. Relays: plain, PIPELINING, PIPELINING with CHUNKING; 12 connections."
        ),
        columns: vec![
            "point",
            "database",
            "kills",
            "lost",
            "repeated before the dot",
            "after it",
            "worst",
            "allowed",
        ],
        rows,
        broken: Vec::new(),
    }
}

fn moments(killed: &[Killed]) -> Section {
    let row = |killed: &Killed| {
        let here: Vec<_> =
            killed.resent.iter().filter(|harm| matches!(harm.kind, Kind::AnyMoment)).collect();
        let words = [
            here.len(),
            sum(&here, |harm| harm.lost),
            sum(&here, |harm| harm.repeated),
            worst(&here, |harm| harm.repeated),
            WINDOW,
        ];
        cells(name(killed.database), &words)
    };
    Section {
        title: "Killed at any moment",
        sentence: "`kill -9` while it starts, or after a drawn number of mails and a few milliseconds more; SQLite's \
                   `integrity_check` is asked after each."
            .to_owned(),
        columns: vec!["database", "kills", "lost", "repeated", "worst", "allowed"],
        rows: killed.iter().map(row).collect(),
        broken: Vec::new(),
    }
}

fn held(killed: &[Killed]) -> Section {
    let row = |killed: &Killed| {
        let all: Vec<_> = killed.held.iter().collect();
        let words = [
            all.len(),
            sum(&all, |harm| harm.lost),
            sum(&all, |harm| harm.repeated),
            sum(&all, |harm| harm.doubted),
            worst(&all, |harm| harm.doubted),
            WINDOW,
        ];
        cells(name(killed.database), &words)
    };
    Section {
        title: "Killed, and nothing may be repeated",
        sentence: "The same around the final dot with `on_in_doubt = \"hold\"`: nothing is repeated by itself. What was \
                   handed over and not recorded waits `in_doubt`, at most `delivery.window` after one kill, until a \
                   person settles what arrived and retries what did not."
            .to_owned(),
        columns: vec!["database", "kills", "lost", "repeated", "in doubt", "worst", "allowed"],
        rows: killed.iter().map(row).collect(),
        broken: Vec::new(),
    }
}

fn cells(first: &str, numbers: &[usize]) -> Vec<String> {
    [first.to_owned()].into_iter().chain(numbers.iter().map(ToString::to_string)).collect()
}

fn sum(harms: &[&Harm], of: impl Fn(&Harm) -> usize) -> usize {
    harms.iter().map(|harm| of(harm)).sum()
}

fn worst(harms: &[&Harm], of: impl Fn(&Harm) -> usize) -> usize {
    harms.iter().map(|harm| of(harm)).max().unwrap_or(0)
}

pub(crate) fn name(database: Database) -> &'static str {
    match database {
        Database::Sqlite => "SQLite",
        Database::Postgres => "Postgres",
    }
}
