//! `bulletin subscriber`: people, and what they read.

mod hours;
mod import;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::open::Failure;
use super::print::Printer;
use crate::address::EmailAddress;
use crate::audience::optout::{OptOut, of_address, opt_out};
use crate::audience::subscribe::{Added, Entry, Request, add};
use crate::audience::{Cadence, ConsentSource, State, Subscriber as Person, Subscription, store};
use crate::config::Config;
use crate::daemon::Home;
use crate::id::SubscriberId;
use crate::line::Line;

/// How many people are read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Subscriber {
    /// Add a person, or bring what is there up to date
    Add(Add),
    /// Add many people from a CSV file
    Import(import::Import),
    /// Show everybody
    List(ListAll),
    /// Show one person
    Show { email: EmailAddress },
    /// End a person's subscriptions
    Unsubscribe {
        email: EmailAddress,
        /// Only this list; may be given several times
        #[arg(long = "list", value_name = "SLUG")]
        lists: Vec<String>,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bulletin subscriber add ann@example.org --name Ann --list meetings --list reports:weekly --confirmed"
)]
pub(super) struct Add {
    email: EmailAddress,
    /// What we call them
    #[arg(long)]
    name: Option<Line>,
    /// A list, and how often: meetings, or reports:weekly; may be given several times
    #[arg(long = "list", value_name = "SLUG[:CADENCE]")]
    lists: Vec<String>,
    /// Give nothing away in this person's inbox: neutral words in place of names and subjects
    #[arg(long)]
    discreet: bool,
    #[command(flatten)]
    hours: hours::Hours,
    /// Why we may write to them
    #[arg(long, value_name = "TEXT")]
    basis: Option<Line>,
    /// They told us themselves that they want it: no confirmation is asked
    #[arg(long)]
    confirmed: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListAll {
    /// Only the readers of this list
    #[arg(long, value_name = "SLUG")]
    list: Option<String>,
}

impl Subscriber {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::Add(add) => add.run(home, printer).await,
            Self::Import(import) => import.run(home, printer).await,
            Self::List(list) => list.run(home, printer).await,
            Self::Show { email } => show(home, printer, &email).await,
            Self::Unsubscribe { email, lists } => {
                known(&lists, &home.config)?;
                unsubscribe(home, printer, &email, &lists).await
            }
        }
    }
}

impl Add {
    async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let (email, hours) = (self.email.clone(), self.hours.clone());
        let request = self.request(&home.config)?;
        let mut write = home.db.write().await?;
        let added = add(&mut write, &home.keys, &request, home.clock.now()).await?;
        if !matches!(added, Added::Suppressed | Added::Left) {
            hours.keep(&mut write, &email).await?;
        }
        write.commit().await?;
        match added {
            Added::Suppressed => Err(anyhow::anyhow!(
                "{email} must not be mailed: the address is suppressed; `bulletin suppression remove` lifts that"
            )
            .into()),
            Added::Left => Err(anyhow::anyhow!(
                "{email} has left that list; add --confirmed if they asked you to come back"
            )
            .into()),
            Added::New | Added::Changed | Added::Unchanged => show(home, printer, &email).await,
        }
    }

    fn request(self, config: &Config) -> Result<Request, Failure> {
        let mut subscriptions = Vec::new();
        for text in &self.lists {
            let (list, cadence) = listed(text, config)?;
            let asks = config.list[&list].double_opt_in && !self.confirmed;
            let state = if asks { State::Pending } else { State::Active };
            subscriptions.push(Entry { list, cadence, state });
        }
        let said = if self.confirmed {
            "told a coordinator that they want it"
        } else {
            "added by a coordinator"
        };
        let basis = self.basis.map_or_else(|| said.to_owned(), |basis| basis.to_string());
        Ok(Request {
            email: self.email,
            name: self.name,
            discreet: self.discreet.then_some(true),
            subscriptions,
            basis,
            source: ConsentSource::Command,
            agreed_again: self.confirmed,
        })
    }
}

/// Refuses a name that is no list: a slip must not pass for "nothing to do".
fn known(lists: &[String], config: &Config) -> Result<(), Failure> {
    match lists.iter().find(|list| !config.list.contains_key(*list)) {
        Some(list) => Err(no_list(list, config)),
        None => Ok(()),
    }
}

fn no_list(list: &str, config: &Config) -> Failure {
    let known: Vec<_> = config.list.keys().map(String::as_str).collect();
    Failure::usage(format!("--list: \"{list}\" is not a list; the lists are {}", known.join(", ")))
}

/// `meetings` or `reports:weekly`
fn listed(text: &str, config: &Config) -> Result<(String, Option<Cadence>), Failure> {
    let (list, cadence) = match text.split_once(':') {
        Some((list, cadence)) => (list, cadence.parse::<Cadence>().ok()),
        None => (text, None),
    };
    if !config.list.contains_key(list) {
        return Err(no_list(list, config));
    }
    cadence.iter().try_for_each(|cadence| cadence.check(config)).map_err(Failure::Usage)?;
    Ok((list.to_owned(), cadence))
}

impl ListAll {
    async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        known(self.list.as_slice(), &home.config)?;
        let (mut after, mut rows) = (SubscriberId(0), Vec::new());
        loop {
            let page = store::page(&mut home.db.read().await?, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for person in page.iter().filter(|person| self.wants(person)) {
                printer.object(&object(person));
                if !printer.json {
                    rows.push(row(person));
                }
            }
        }
        printer.table(
            &["email", "name", "status", "reads"],
            rows,
            "No subscribers yet: `bulletin subscriber add` adds one.",
        );
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, person: &Person) -> bool {
        let on = |list: &String| person.subscriptions.iter().any(|one| one.list == *list);
        self.list.as_ref().is_none_or(on)
    }
}

fn email(person: &Person) -> String {
    person.email.as_ref().map_or("(erased)".to_owned(), ToString::to_string)
}

fn row(person: &Person) -> Vec<String> {
    let open = person.subscriptions.iter().filter(|one| one.state != State::Ended);
    let reads = open.map(|one| match one.state {
        State::Active => format!("{} ({})", one.list, one.cadence),
        state => format!("{} ({state})", one.list),
    });
    let name = person.name.as_ref().map_or(String::new(), ToString::to_string);
    vec![email(person), name, person.status().to_owned(), reads.collect::<Vec<_>>().join(", ")]
}

fn object(person: &Person) -> Value {
    let subscriptions: Vec<_> = person
        .subscriptions
        .iter()
        .map(|one| {
            let mut object = json!({
                "list": one.list, "cadence": one.cadence.to_string(),
                "state": one.state.as_str(), "basis": one.basis,
            });
            if let Some(reason) = &one.end_reason {
                object["ended_reason"] = json!(reason);
            }
            object
        })
        .collect();
    json!({
        "email": email(person),
        "name": person.name.as_ref().map(Line::as_str),
        "status": person.status(),
        "discreet": person.discreet,
        "subscriptions": subscriptions,
        "timezone": person.timezone.map(chrono_tz::Tz::name),
        "quiet_hours": person.quiet_hours.map(|hours| hours.to_string()),
    })
}

/// "active", or "ended (unsubscribed)"
fn state(one: &Subscription) -> String {
    match &one.end_reason {
        Some(reason) => format!("{} ({reason})", one.state),
        None => one.state.to_string(),
    }
}

async fn show(home: &Home, printer: Printer, wanted: &EmailAddress) -> Result<ExitCode, Failure> {
    let Some(person) = store::find(&mut home.db.read().await?, wanted).await? else {
        return Err(anyhow::anyhow!("{wanted} is not a subscriber").into());
    };
    printer.object(&object(&person));
    let name = person.name.as_ref().map_or(String::new(), |name| format!(", {name}"));
    let discreet = if person.discreet { ", discreet" } else { "" };
    printer.say(format!("{}{name}: {}{discreet}", email(&person), person.status()));
    for line in hours::lines(&person, home.config.site.timezone) {
        printer.say(line);
    }
    let rows = person
        .subscriptions
        .iter()
        .map(|one| vec![one.list.clone(), one.cadence.to_string(), state(one), one.basis.clone()]);
    printer.table(
        &["list", "cadence", "state", "basis"],
        rows.collect(),
        "On no list, so nothing is sent: `bulletin subscriber add` with --list subscribes them.",
    );
    if person.subscriptions.iter().any(|one| one.state == State::Pending) {
        printer.say("Pending means that nothing is sent until the person agrees; `--confirmed` says that they did.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn unsubscribe(
    home: &Home,
    printer: Printer,
    email: &EmailAddress,
    lists: &[String],
) -> Result<ExitCode, Failure> {
    let Some(subscriptions) = of_address(&home.db, email, lists).await? else {
        return Err(anyhow::anyhow!("{email} is not a subscriber").into());
    };
    let no = OptOut {
        subscriptions,
        source: ConsentSource::Command,
        wording: "told a coordinator that they want no more",
        delivery: None,
    };
    let ended = opt_out(&home.db, &no, home.clock.now()).await?;
    printer.object(&json!({ "email": email.as_str(), "ended": ended }));
    if ended.is_empty() {
        printer.say(format!("{email} had no such subscription: nothing to end."));
    } else {
        printer.say(format!("{email} gets nothing more from {}.", ended.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}
