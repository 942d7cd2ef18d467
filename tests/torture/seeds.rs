//! The engine's core, told story after story by seeds (`tests/support/simulation`).

use std::panic::catch_unwind;

use crate::Orders;
use crate::page::Section;
use crate::support::simulation::{Told, tell};

/// The stories of a part of the seeds, and what broke in them.
pub(crate) struct Stories {
    all: Vec<Told>,
    broken: Vec<String>,
}

/// In two threads, the even seeds and the odd ones.
pub(crate) fn torture(orders: &Orders) -> Stories {
    eprintln!("{} seeds", orders.seeds);
    // a story that breaks a promise says so in the table, not as a backtrace
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let first = orders.seed * 1_000_000;
    let seeds = first..first + orders.seeds as u64;
    let halves = std::thread::scope(|scope| {
        let tell_some = |start| {
            let seeds = seeds.clone();
            scope.spawn(move || tell_all(seeds.skip(start).step_by(2)))
        };
        [0, 1].map(tell_some).map(|half| half.join().unwrap())
    });
    std::panic::set_hook(loud);
    let [mut even, odd] = halves;
    even.all.extend(odd.all);
    even.broken.extend(odd.broken);
    even
}

fn tell_all(seeds: impl Iterator<Item = u64>) -> Stories {
    let mut stories = Stories { all: Vec::new(), broken: Vec::new() };
    for seed in seeds {
        match catch_unwind(|| tell(seed)) {
            Ok(told) => stories.all.push(told),
            Err(why) => {
                let why = why.downcast_ref::<String>().cloned();
                stories.broken.push(why.unwrap_or_else(|| format!("seed {seed} broke off")));
            }
        }
    }
    stories
}

pub(crate) fn section(stories: Stories) -> Section {
    let rows = [(1, "resend"), (1, "hold"), (2, "resend"), (2, "hold")]
        .map(|(daemons, policy)| row(&stories, daemons, policy));
    Section {
        title: "Stories told by seeds",
        sentence: "The engine's decisions, the real ones, among relays, a database, processes and clocks that fail as a \
                   seed says: commits that fail or whose answer gets lost, answers in every order, processes that crash \
                   or stand still for longer than their lease, a wall clock that jumps by an hour or a day, people who \
                   leave, campaigns and relays that are paused. In each story everybody ends in one state for a reason, \
                   nobody has a mail twice but for a doubt (never under `hold`), nobody gets one after a no, the window and \
                   the rates hold at every moment, and no fault of ours costs a reader a try."
            .to_owned(),
        columns: vec![
            "daemons", "in doubt", "stories", "mails", "crashes", "stood still", "clock jumps", "noes", "repeated",
            "worst in a crash",
        ],
        rows: rows.into(),
        broken: stories.broken,
    }
}

fn row(stories: &Stories, daemons: usize, policy: &str) -> Vec<String> {
    let of_this = |told: &&Told| told.daemons == daemons && told.holds == (policy == "hold");
    let these: Vec<_> = stories.all.iter().filter(of_this).collect();
    let sum = |of: fn(&Told) -> usize| these.iter().map(|told| of(told)).sum::<usize>().to_string();
    // as many as fit into its window, whatever that was
    let worst = these.iter().map(|told| told.worst).max().unwrap_or(0);
    vec![
        daemons.to_string(),
        policy.to_owned(),
        these.len().to_string(),
        sum(|told| told.deliveries),
        sum(|told| told.crashes),
        sum(|told| told.freezes),
        sum(|told| told.jumps),
        sum(|told| told.opt_outs),
        sum(|told| told.repeated),
        format!("{worst}"),
    ]
}
