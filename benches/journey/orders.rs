//! What was asked for.

use anyhow::{Context as _, bail};

use crate::rows::{ROWS, Row};

#[derive(Clone, Debug)]
pub(crate) struct Orders {
    /// Mails of a round; of the slow ways a part of them.
    pub(crate) messages: u64,
    pub(crate) rounds: usize,
    /// Mails of the large campaign; 0 leaves it out.
    pub(crate) big: u64,
    /// Names of rows; empty for all.
    only: Vec<String>,
    pub(crate) print_only: bool,
}

impl Orders {
    /// `MESSAGES=20000 ROUNDS=5 BIG=1000000 ONLY=rate,cpu --print-only`, each with a default.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let only = Vec::new();
        let mut orders =
            Self { messages: 20_000, rounds: 5, big: 1_000_000, only, print_only: false };
        // Cargo adds a word of its own
        for word in words.filter(|word| word != "--bench") {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let number = || value.parse::<u32>().with_context(|| word.clone());
            match name {
                "MESSAGES" => orders.messages = number()?.max(100).into(),
                "ROUNDS" => orders.rounds = number()?.max(1) as usize,
                "BIG" => orders.big = number()?.into(),
                "ONLY" => orders.only = value.split(',').map(known).collect::<Result<_, _>>()?,
                "--print-only" => orders.print_only = true,
                _ => bail!(
                    "{word}: write MESSAGES=, ROUNDS=, BIG= with a number, ONLY= with names, or --print-only"
                ),
            }
        }
        Ok(orders)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let asked = |row: &&Row| self.only.is_empty() || self.only.iter().any(|it| it == row.name);
        ROWS.iter().filter(asked)
    }

    /// A part of the rows is shown and not written: the page has all of them.
    pub(crate) fn writes(&self) -> bool {
        self.only.is_empty() && !self.print_only
    }

    /// The command that does the same again.
    pub(crate) fn command(&self) -> String {
        let Self { messages, rounds, big, .. } = self;
        format!("make bench MESSAGES={messages} ROUNDS={rounds} BIG={big}")
    }
}

fn known(name: &str) -> anyhow::Result<String> {
    if ROWS.iter().any(|row| row.name == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    bail!("ONLY={name}: the rows are {}", names.join(", "))
}
