//! `bulletin list`: the topics of the configuration, and how many read them.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::open::Failure;
use super::print::Printer;
use crate::audience::{State, store};
use crate::daemon::Home;

#[derive(Debug, Subcommand)]
pub(super) enum List {
    /// Show every list
    List,
    /// Show one list
    Show { slug: String },
}

impl List {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let mut sizes: BTreeMap<(String, &str), i64> = BTreeMap::new();
        for (list, state, people) in store::sizes(&mut home.db.read().await?).await? {
            sizes.insert((list, state.as_str()), people);
        }
        let size = |slug: &str, state: State| {
            sizes.get(&(slug.to_owned(), state.as_str())).copied().unwrap_or(0)
        };
        let only = match &self {
            Self::List => None,
            Self::Show { slug } if home.config.list.contains_key(slug) => Some(slug),
            Self::Show { slug } => {
                return Err(anyhow::anyhow!(
                    "\"{slug}\" is not a list; `bulletin list list` shows them"
                )
                .into());
            }
        };
        let mut rows = Vec::new();
        for (slug, list) in
            home.config.list.iter().filter(|(slug, _)| only.is_none_or(|only| only == *slug))
        {
            let kinds: Vec<_> = list.kinds.iter().map(|kind| kind.as_str()).collect();
            let counts = [State::Active, State::Pending, State::Paused, State::Ended]
                .map(|state| size(slug, state));
            let [active, pending, paused, ended] = counts;
            printer.object(&json!({
                "list": slug, "name": list.name.as_str(), "kinds": kinds, "double_opt_in": list.double_opt_in,
                "archived": list.archived, "active": active, "pending": pending, "paused": paused, "ended": ended,
            }));
            let mut row = vec![slug.clone(), list.name.to_string()];
            row.extend(counts.map(|count| count.to_string()));
            row.push(kinds.join(", "));
            rows.push(row);
        }
        let header = ["list", "name", "active", "pending", "paused", "ended", "takes"];
        printer.table(
            &header,
            rows,
            "No lists yet: declare one in the configuration, as [list.NAME].",
        );
        Ok(ExitCode::SUCCESS)
    }
}
