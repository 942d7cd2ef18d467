//! Which template holds which: none may hold itself, and all that one holds must stay small.

use std::collections::BTreeMap;

use super::scan::{self, Extent, Held};
use super::source::{Fault, Source};
use crate::config::near;

/// What a layout holds in place of the block it was given.
const BLOCK: &str = "@partial-block";

/// How much a template may write with all that it holds, and all that these hold. Loops in loops and
/// partials that double each other go on for ever otherwise.
const LONGEST: usize = 1_000_000;

/// Refuses templates that would nest, hold or grow without an end.
pub(super) fn check(sources: &[Source]) -> anyhow::Result<()> {
    let mut held = BTreeMap::new();
    for source in sources {
        let extent = scan::extent(&source.text).map_err(|fault| source.told(&fault))?;
        held.insert((source.is_markup(), source.name()), (source, extent));
    }
    for markup in [true, false] {
        let mut graph = Graph { markup, held: &held, path: Vec::new(), sizes: BTreeMap::new() };
        for (_, name) in held.keys().filter(|(form, _)| *form == markup) {
            graph.size(name)?;
        }
    }
    Ok(())
}

type HeldBy<'s> = BTreeMap<(bool, &'static str), (&'s Source, Extent)>;

struct Graph<'s> {
    markup: bool,
    held: &'s HeldBy<'s>,
    /// From the template asked for to the one being looked at.
    path: Vec<&'static str>,
    sizes: BTreeMap<&'static str, usize>,
}

impl Graph<'_> {
    /// Of a template with all that it holds. Recurses, but never deeper than there are templates.
    fn size(&mut self, name: &'static str) -> anyhow::Result<usize> {
        if let Some(size) = self.sizes.get(name) {
            return Ok(*size);
        }
        let held = self.held;
        let Some((source, extent)) = held.get(&(self.markup, name)) else { return Ok(0) };
        self.path.push(name);
        let mut size = extent.size;
        for one in extent.partials.iter().filter(|one| one.name != BLOCK) {
            let other = self.known(one).map_err(|why| source.told(&Fault::at(one.line, why)))?;
            // an empty one takes time too
            let other = self.size(other)?.max(1);
            size = size.saturating_add(one.times.saturating_mul(other));
        }
        self.path.pop();
        if size > LONGEST {
            let why = "it writes more than 1 MB with its loops and partials; leave some out";
            return Err(source.told(&Fault::at(1, why)));
        }
        self.sizes.insert(name, size);
        Ok(size)
    }

    /// The template that is meant, which is none of those that hold this one.
    fn known(&self, one: &Held) -> Result<&'static str, String> {
        let name = one.name.as_str();
        let shared = |name: &&str| !name.contains('/');
        let names: Vec<_> =
            self.held.keys().filter(|key| key.0 == self.markup).map(|key| key.1).collect();
        let Some(known) = names.iter().copied().filter(shared).find(|known| *known == name) else {
            let near = near(name, &names).unwrap_or("footer");
            return Err(format!("there is no partial called {name}; perhaps {{{{> {near}}}}}?"));
        };
        match self.path.iter().position(|holder| *holder == known) {
            Some(at) => {
                let chain = [&self.path[at..], &[known]].concat().join(" holds ");
                Err(format!("a template cannot hold itself: {chain}"))
            }
            None => Ok(known),
        }
    }
}
