//! `bulletin campaign`: mailings, seen and steered.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::open::Failure;
use super::print::Printer;
use crate::campaign::State;
use crate::campaign::store::{self, Campaign as Row};
use crate::daemon::Home;
use crate::delivery;
use crate::id::CampaignId;
use crate::post;

#[derive(Debug, Subcommand)]
pub(super) enum Campaign {
    /// Show every campaign, the newest first
    List,
    /// Show one campaign and how far it is
    Show { id: CampaignId },
    /// Stop sending for now
    Pause { id: CampaignId },
    /// Go on sending
    Resume { id: CampaignId },
    /// Call it off: what is not yet sent stays unsent
    Cancel { id: CampaignId },
    /// Let a campaign go out that waits for approval
    Approve { id: CampaignId },
}

impl Campaign {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List => list(home, printer).await,
            Self::Show { id } => show(home, printer, id).await,
            Self::Pause { id } => {
                let open = [State::Scheduled, State::Running];
                change(home, printer, id, &open, State::Paused).await
            }
            Self::Resume { id } => resume(home, printer, id).await,
            Self::Approve { id } => {
                change(home, printer, id, &[State::AwaitingApproval], State::Scheduled).await
            }
            Self::Cancel { id } => {
                let open = [
                    State::Draft,
                    State::AwaitingApproval,
                    State::Scheduled,
                    State::Running,
                    State::Paused,
                ];
                change(home, printer, id, &open, State::Cancelled).await
            }
        }
    }
}

async fn list(home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
    let campaigns = store::all(&mut home.db.read().await?).await?;
    let mut rows = Vec::new();
    for campaign in &campaigns {
        let object = object(home, campaign).await?;
        printer.object(&object);
        let accepted = object["counts"]["accepted"].as_i64().unwrap_or(0);
        let audience =
            campaign.audience.map_or(String::new(), |audience| format!("{accepted} of {audience}"));
        let due = campaign.due_at.local(home.config.site.timezone).format("%Y-%m-%d %H:%M");
        let Row { id, kind, state, subject, .. } = campaign;
        rows.push(vec![
            id.to_string(),
            kind.to_string(),
            state.to_string(),
            due.to_string(),
            audience,
            subject.to_string(),
        ]);
    }
    let empty = "No campaigns yet: `bulletin queue POST` makes one.";
    printer.table(&["id", "kind", "state", "due", "accepted", "subject"], rows, empty);
    Ok(ExitCode::SUCCESS)
}

async fn show(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let campaign = find(home, id).await?;
    let object = object(home, &campaign).await?;
    printer.object(&object);
    let Row { kind, subject, state, due_at, audience, .. } = &campaign;
    printer.say(format!("Campaign {id}: {subject}"));
    printer.say(format!(
        "{kind}, {state}, due {}",
        due_at.local(home.config.site.timezone).format("%A %-d %B %Y, %H:%M")
    ));
    if let Some(reason) = &campaign.reason {
        printer.say(format!("because: {reason}"));
    }
    match audience {
        None => printer.say(format!(
            "{:>7}  would get it now; its audience is not frozen yet",
            object["audience"]
        )),
        Some(audience) => {
            printer.say(format!("{audience:>7}  audience"));
            for (state, people) in object["counts"].as_object().into_iter().flatten() {
                if let Some(people) = people.as_i64().filter(|people| *people > 0) {
                    printer.say(format!("{people:>7}  {state}"));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A campaign as scripts read it; the counts add up to the audience.
pub(super) async fn object(home: &Home, campaign: &Row) -> Result<Value, Failure> {
    let found = store::counts(&mut home.db.read().await?, campaign.id).await?;
    let counts: serde_json::Map<String, Value> = delivery::State::ALL
        .iter()
        .map(|state| (state.to_string(), found.get(state.as_str()).copied().unwrap_or(0).into()))
        .collect();
    let audience = match campaign.audience {
        Some(audience) => audience,
        None => forecast(home, campaign).await?,
    };
    Ok(json!({
        "id": campaign.id.0,
        "kind": campaign.kind.as_str(),
        "subject": campaign.subject.as_str(),
        "state": campaign.state.as_str(),
        "due_at": campaign.due_at.rfc3339(home.config.site.timezone),
        "audience": audience,
        "counts": counts,
        "reason": campaign.reason,
    }))
}

/// Before the freeze the audience is a forecast.
async fn forecast(home: &Home, campaign: &Row) -> Result<i64, Failure> {
    let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
        return Ok(0);
    };
    let mut read = home.db.read().await?;
    let urgent = post::store::version(&mut read, post, version).await?.post()?.urgent;
    Ok(store::forecast(&mut read, campaign.id, post, urgent).await?.audience)
}

async fn find(home: &Home, id: CampaignId) -> Result<Row, Failure> {
    let found = store::find(&mut home.db.read().await?, id).await?;
    Ok(found.ok_or_else(|| no_such(id))?)
}

fn no_such(id: CampaignId) -> anyhow::Error {
    anyhow::anyhow!("there is no campaign {id}; `bulletin campaign list` shows them")
}

/// Goes on where it was: sending, or waiting for its time.
async fn resume(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let frozen = find(home, id).await?.audience.is_some();
    let to = if frozen { State::Running } else { State::Scheduled };
    change(home, printer, id, &[State::Paused], to).await
}

async fn change(
    home: &Home,
    printer: Printer,
    id: CampaignId,
    from: &[State],
    to: State,
) -> Result<ExitCode, Failure> {
    let now = home.clock.now();
    let mut write = home.db.write().await?;
    let found = store::find(&mut write, id).await?;
    let campaign = found.ok_or_else(|| no_such(id))?;
    if !from.contains(&campaign.state) {
        return Err(anyhow::anyhow!(
            "campaign {id} is {}; it cannot become {to} from there",
            campaign.state
        )
        .into());
    }
    if !store::change(&mut write, id, campaign.state, to, None, now).await? {
        return Err(anyhow::anyhow!("campaign {id} changed at this very moment; look again").into());
    }
    let stopped = if to == State::Cancelled {
        delivery::store::cancel(&mut write, id, now).await?
    } else {
        0
    };
    write.commit().await?;
    printer.object(&json!({ "id": id.0, "state": to.as_str() }));
    printer.say(format!("Campaign {id} is now {to}."));
    if stopped > 0 {
        printer.say(format!("{stopped} mails were not sent."));
    }
    Ok(ExitCode::SUCCESS)
}
