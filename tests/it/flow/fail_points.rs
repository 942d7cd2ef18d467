//! Promises 1 and 2, step by step: the daemon dies at every fail point (`src/fault.rs`), and nobody is
//! missed. Before the dot nothing is repeated, after it at most the window. `make torture` does it a
//! thousand times.

use super::house::Database;
use crate::support::torture::{Dice, Kind, Setting, Victim, kinds};

on_both!(
    a_death_at_any_step_misses_nobody_and_repeats_at_most_the_window,
    what_is_past_the_dot_waits_for_a_person_when_so_configured,
);

const SETTING: Setting = Setting {
    database: Database::Sqlite,
    offers: &["PIPELINING", "8BITMIME"],
    readers: 400,
    connections: 12,
    window: 8,
    holds: false,
};

async fn a_death_at_any_step_misses_nobody_and_repeats_at_most_the_window(database: Database) {
    let moments = [Kind::AnyMoment; 4];
    tortured(Setting { database, ..SETTING }, [kinds(), moments.into()].concat()).await;
}

async fn what_is_past_the_dot_waits_for_a_person_when_so_configured(database: Database) {
    let here = ["half", "dot", "answered", "keeping"];
    let kinds = kinds().into_iter().filter(|kind| here.contains(&kind.place())).collect();
    let setting = Setting { database, holds: true, readers: 120, ..SETTING };
    tortured(setting, kinds).await;
}

async fn tortured(setting: Setting, mut kinds: Vec<Kind>) {
    let mut dice = Dice::new(1);
    dice.shuffle(&mut kinds);
    let mut victim = Victim::new(setting, dice.other());
    for kind in &kinds {
        victim.suffer(*kind).await;
    }
    let (harms, wrong) = victim.end().await;
    assert_eq!(harms.len(), kinds.len(), "{wrong:#?}");
    assert!(harms.iter().all(|harm| harm.lost == 0), "{harms:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
