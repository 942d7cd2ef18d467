//! `bulletin delivery`: single mails and what became of them.

use std::process::ExitCode;

use chrono_tz::Tz;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::open::Failure;
use super::print::Printer;
use super::who::who;
use crate::address::EmailAddress;
use crate::daemon::Home;
use crate::delivery::State;
use crate::delivery::steer::{self, Decision, Retried};
use crate::delivery::store::{self, Filter, Shown, Tried};
use crate::id::{CampaignId, DeliveryId};

/// How many rows are read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Delivery {
    /// Show mails, the oldest first
    List(List),
    /// Show one mail and every try of it
    Show { id: DeliveryId },
    /// Send one that was deferred or is in doubt again now, as the same mail
    Retry { id: DeliveryId },
    /// Decide about one in doubt: it counts as accepted, or as failed
    Settle {
        id: DeliveryId,
        #[arg(value_name = "accepted|failed")]
        decision: Decision,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Who has not got it yet?\n  bulletin delivery list --campaign 3 --state deferred"
)]
pub(super) struct List {
    /// Only those of this campaign
    #[arg(long, value_name = "ID")]
    campaign: Option<CampaignId>,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only those to this person
    #[arg(long, value_name = "EMAIL")]
    email: Option<EmailAddress>,
}

impl Delivery {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List(list) => list.run(home, printer).await,
            Self::Show { id } => show(home, printer, id).await,
            Self::Retry { id } => retry(home, printer, id).await,
            Self::Settle { id, decision } => settle(home, printer, id, decision).await,
        }
    }
}

impl List {
    async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        let filter = Filter {
            campaign: self.campaign,
            state: self.state,
            email_key: self.email.as_ref().map(EmailAddress::key),
            id: None,
        };
        let (mut after, mut rows) = (DeliveryId(0), Vec::new());
        loop {
            let page = store::shown(&mut home.db.read().await?, &filter, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for shown in &page {
                printer.object(&object(shown));
                if !printer.json {
                    rows.push(row(shown));
                }
            }
        }
        printer.table(
            &["id", "campaign", "email", "state", "tries", "last reply"],
            rows,
            "No mails match.",
        );
        Ok(ExitCode::SUCCESS)
    }
}

fn email(shown: &Shown) -> String {
    shown.email.as_ref().map_or("(erased)".to_owned(), ToString::to_string)
}

fn row(shown: &Shown) -> Vec<String> {
    let reply = match (shown.code, &shown.text, &shown.reason) {
        (Some(code), Some(text), _) => format!("{code} {text}"),
        (None, Some(text), _) => text.clone(),
        (_, None, reason) => reason.clone().unwrap_or_default(),
    };
    let Shown { id, campaign_id, state, attempts, .. } = shown;
    vec![
        id.to_string(),
        campaign_id.to_string(),
        email(shown),
        state.to_string(),
        attempts.to_string(),
        reply,
    ]
}

fn object(shown: &Shown) -> Value {
    let reply = shown.text.as_ref().map(|text| {
        json!({ "stage": shown.stage, "code": shown.code, "enhanced": shown.enhanced, "text": text })
    });
    json!({
        "id": shown.id.0,
        "campaign": shown.campaign_id.0,
        "email": email(shown),
        "state": shown.state.as_str(),
        "attempts": shown.attempts,
        "message_id": shown.message_id,
        "reason": shown.reason,
        "reply": reply,
    })
}

fn tried(one: &Tried, zone: Tz) -> Value {
    let Tried { at, relay, outcome, stage, code, enhanced, text, duration_ms } = one;
    json!({
        "at": at.rfc3339(zone), "relay": relay, "outcome": outcome, "stage": stage, "code": code,
        "enhanced": enhanced, "text": text, "duration_ms": duration_ms,
    })
}

async fn show(home: &Home, printer: Printer, id: DeliveryId) -> Result<ExitCode, Failure> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    let found = store::shown(&mut home.db.read().await?, &filter, DeliveryId(0), 1).await?;
    let Some(shown) = found.first() else {
        return Err(anyhow::anyhow!(
            "there is no delivery {id}; `bulletin delivery list` shows them"
        )
        .into());
    };
    let tries = store::attempts(&mut home.db.read().await?, id).await?;
    let mut value = object(shown);
    let zone = home.config.site.timezone;
    value["tries"] = tries.iter().map(|one| tried(one, zone)).collect();
    printer.object(&value);
    printer.say(format!("Delivery {id} to {}: {}", email(shown), shown.state));
    printer.say(format!("Message-ID <{}>", shown.message_id));
    let rows = tries.iter().map(|one| {
        let code = one.code.map_or(String::new(), |code| code.to_string());
        let at = one.at.local(zone).format("%Y-%m-%d %H:%M:%S").to_string();
        vec![at, one.relay.clone(), one.outcome.clone(), one.stage.clone(), code, one.text.clone()]
    });
    printer.table(
        &["at", "relay", "outcome", "stage", "code", "text"],
        rows.collect(),
        "It was not tried yet.",
    );
    Ok(ExitCode::SUCCESS)
}

async fn retry(home: &Home, printer: Printer, id: DeliveryId) -> Result<ExitCode, Failure> {
    let by = who(home)?;
    let mut write = home.db.write().await?;
    let retried = steer::retry(&mut write, id, &by, home.clock.now()).await?;
    write.commit().await?;
    printer.object(&json!({ "id": id.0, "state": State::Queued.as_str() }));
    printer.say(match retried {
        Retried::Now => {
            format!("Delivery {id} is queued; it goes out as soon as its campaign runs.")
        }
        Retried::Already => format!("Delivery {id} is queued already."),
    });
    Ok(ExitCode::SUCCESS)
}

async fn settle(
    home: &Home,
    printer: Printer,
    id: DeliveryId,
    decision: Decision,
) -> Result<ExitCode, Failure> {
    let by = who(home)?;
    let mut write = home.db.write().await?;
    steer::settle(&mut write, id, decision, &by, home.clock.now()).await?;
    write.commit().await?;
    let state = decision.state();
    printer.object(&json!({ "id": id.0, "state": state.as_str() }));
    printer.say(format!("Delivery {id} counts as {state}; nobody is sent its posts again."));
    Ok(ExitCode::SUCCESS)
}
