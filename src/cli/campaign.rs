//! `bulletin campaign`: mailings, seen and steered.

mod approve;
mod show;
mod trial;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use self::approve::approve;
use self::show::{object, show};
use self::trial::trial;
use self::watch::watch;
use super::check::count;
use super::open::Failure;
use super::print::Printer;
use super::who::who;
use crate::address::EmailAddress;
use crate::campaign::State;
use crate::campaign::approval;
use crate::campaign::store::{self, Campaign as Row};
use crate::daemon::Home;
use crate::delivery::steer::{self, Resumed};
use crate::id::CampaignId;

#[derive(Debug, Subcommand)]
pub(super) enum Campaign {
    /// Show every campaign, the newest first
    List,
    /// Show one campaign and how far it is
    Show {
        id: CampaignId,
        /// Look again each second until it has ended; Ctrl-C leaves it
        #[arg(long)]
        watch: bool,
    },
    /// Stop sending for now
    Pause { id: CampaignId },
    /// Go on sending; whoever was refused for our sake is due at once
    Resume { id: CampaignId },
    /// Call it off: what is not yet sent stays unsent
    Cancel { id: CampaignId },
    /// Try again now what was deferred or is in doubt
    Retry { id: CampaignId },
    /// Let a campaign go out that waits for approval by a second person
    #[command(
        after_help = "What is approved is shown first, and on a terminal you are asked. It is approved as it stands:\n\
if its content, its lists or its time change before it goes out, it waits for approval again. Who\n\
queued it cannot approve it. After its time it goes out at once.\n\n\
Coordinators are named in the configuration and known by their login, or by the\n\
token in BULLETIN_TOKEN or in the file that BULLETIN_TOKEN_FILE names."
    )]
    Approve {
        id: CampaignId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Send one copy of its mail to an address, now and outside of the campaign
    #[command(
        after_help = "The copy goes over the first relay. It is no delivery: it is not counted, nobody is kept from\n\
the real one by it, and its unsubscribe link ends nothing. The campaign may wait for approval or\n\
for its time, run, pause, or have finished; one that was cancelled is refused, because a copy of it\n\
would pass for the news. Addresses that are suppressed, or have left its lists, are refused too.\n\n\
Example:\n  bulletin campaign test 3 --to ann@example.org"
    )]
    Test {
        id: CampaignId,
        /// Where to
        #[arg(long, value_name = "EMAIL")]
        to: EmailAddress,
    },
}

impl Campaign {
    pub(super) async fn run(self, home: &Home, printer: Printer) -> Result<ExitCode, Failure> {
        match self {
            Self::List => list(home, printer).await,
            Self::Show { id, watch: false } => show(home, printer, id).await,
            Self::Show { id, watch: true } => watch(home, printer, id).await,
            Self::Retry { id } => retry(home, printer, id).await,
            Self::Pause { id } => pause(home, printer, id).await,
            Self::Resume { id } => resume(home, printer, id).await,
            Self::Approve { id, yes } => approve(home, printer, id, yes).await,
            Self::Test { id, to } => trial(home, printer, id, &to).await,
            Self::Cancel { id } => cancel(home, printer, id).await,
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

async fn find(home: &Home, id: CampaignId) -> Result<Row, Failure> {
    let found = store::find(&mut home.db.read().await?, id).await?;
    Ok(found.ok_or_else(|| no_such(id))?)
}

fn no_such(id: CampaignId) -> anyhow::Error {
    anyhow::Error::msg(approval::no_such(id))
}

async fn retry(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let (by, now) = (who(home)?, home.clock.now());
    let mut write = home.db.write().await?;
    let due = steer::retry_all(&mut write, id, &by, now).await?;
    let campaign = store::find(&mut write, id).await?.ok_or_else(|| no_such(id))?;
    write.commit().await?;
    let steer::Due { deferred, in_doubt } = due;
    let state = campaign.state;
    printer.object(&json!({
        "id": id.0, "state": state.as_str(), "deferred": deferred, "in_doubt": in_doubt,
    }));
    let mails = count(usize::try_from(deferred + in_doubt).unwrap_or(usize::MAX), "mail");
    match deferred + in_doubt {
        0 => printer.say(format!("Nothing of campaign {id} is deferred or in doubt.")),
        _ => printer.say(format!(
            "{mails} of campaign {id} queued again: {deferred} deferred, {in_doubt} in doubt."
        )),
    }
    if state == State::Paused {
        printer.say(format!("It is paused: `bulletin campaign resume {id}` lets them go."));
    }
    Ok(ExitCode::SUCCESS)
}

async fn resume(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let (by, now) = (who(home)?, home.clock.now());
    let mut write = home.db.write().await?;
    let Resumed { state, refused } = steer::resume(&mut write, id, &by, now).await?;
    write.commit().await?;
    printer.object(&json!({ "id": id.0, "state": state.as_str(), "due": refused }));
    printer.say(format!("Campaign {id} is now {state}."));
    if refused > 0 {
        let mails = count(usize::try_from(refused).unwrap_or(usize::MAX), "mail");
        printer.say(format!("{mails} refused for our sake: due at once."));
    }
    Ok(ExitCode::SUCCESS)
}

async fn pause(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let (by, now) = (who(home)?, home.clock.now());
    let mut write = home.db.write().await?;
    steer::pause(&mut write, id, &by, now).await?;
    write.commit().await?;
    told(printer, id, State::Paused);
    Ok(ExitCode::SUCCESS)
}

async fn cancel(home: &Home, printer: Printer, id: CampaignId) -> Result<ExitCode, Failure> {
    let (by, now) = (who(home)?, home.clock.now());
    let mut write = home.db.write().await?;
    let stopped = steer::cancel(&mut write, id, &by, now).await?;
    write.commit().await?;
    told(printer, id, State::Cancelled);
    if stopped > 0 {
        printer.say(format!("{stopped} mails were not sent."));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(printer: Printer, id: CampaignId, state: State) {
    printer.object(&json!({ "id": id.0, "state": state.as_str() }));
    printer.say(format!("Campaign {id} is now {state}."));
}
