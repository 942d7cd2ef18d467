//! The part of `docs/proof.md` that tells what came of it.

use std::fmt;
use std::time::Duration;

use crate::Orders;
use crate::support::proof::{Part, table, wrapped};

/// One kind of torture.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What was done, and what each number may be.
    pub(crate) sentence: String,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Every bound that did not hold.
    pub(crate) broken: Vec<String>,
}

pub(crate) struct Page {
    pub(crate) sections: Vec<Section>,
    pub(crate) took: Duration,
    pub(crate) orders: Orders,
}

impl Page {
    pub(crate) fn broken(&self) -> impl Iterator<Item = &String> {
        self.sections.iter().flat_map(|section| &section.broken)
    }

    pub(crate) fn write(&self) {
        let command = self.orders.command();
        let part = Part { name: "torture", command, took: self.took, text: self.to_string() };
        println!("written to {}", part.write().unwrap().display());
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<_> = self.sections.iter().map(Section::to_string).collect();
        f.write_str(&sections.join("\n"))
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sentence, table) = (wrapped(&self.sentence), table(&self.columns, &self.rows));
        write!(f, "## {}\n\n{sentence}\n\n{table}", self.title)
    }
}
