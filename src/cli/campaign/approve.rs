//! `bulletin campaign approve`: a second person looks, and lets it go.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use serde_json::json;

use super::show::{allowed, forecast, heading};
use super::{Row, find};
use crate::campaign::approval::{Content, approve as sign, refuse};
use crate::campaign::store;
use crate::campaign::{Kind, State};
use crate::cli::allow;
use crate::cli::open::Failure;
use crate::cli::post::reminder::planned;
use crate::cli::print::Printer;
use crate::cli::who::{shown, who};
use crate::daemon::Home;
use crate::id::CampaignId;
use crate::post;

pub(super) async fn approve(
    home: &Home,
    printer: Printer,
    id: CampaignId,
    yes: bool,
) -> Result<ExitCode, Failure> {
    let by = who(home)?;
    let campaign = find(home, id).await?;
    let mut read = home.db.read().await?;
    refuse(&mut read, &campaign, &by, home.clock.now()).await?;
    let content = Content::of(&mut read, &campaign).await?;
    drop(read);
    for line in told(home, &campaign, &content).await? {
        printer.say(line);
    }
    if !yes && !printer.json && is_watched() {
        printer.say(format!("`bulletin campaign test {id} --to EMAIL` sends you a copy of it."));
        printer.say("Let it go out? Write yes, or anything else to leave it as it is.");
        if !is_yes(std::io::stdin().lock()) {
            printer.say("It was not approved.");
            return Ok(ExitCode::FAILURE);
        }
    }
    let now = home.clock.now();
    sign(&home.db, id, &content, &by, now).await?;
    let (state, hash) = (State::Scheduled.as_str(), content.hash());
    printer.object(&json!({ "id": id.0, "state": state, "approved_by": by.name(), "hash": hash }));
    let when = if campaign.due_at <= now { "it goes out at once" } else { "it waits for its time" };
    printer.say(format!("Approved by {}: {when}.", shown(&home.config, by.name())));
    Ok(ExitCode::SUCCESS)
}

/// What is approved: to whom it goes, when, who asked for it, and what is odd about it.
async fn told(home: &Home, campaign: &Row, content: &Content) -> Result<Vec<String>, Failure> {
    let zone = home.config.site.timezone;
    let mut lines = heading(home, campaign);
    lines.push(format!("to {}", content.lists().join(", ")));
    let expires = campaign.expires_at.local(zone).format("%A %-d %B %Y, %H:%M");
    lines.push(format!("given up on {expires}"));
    let mut read = home.db.read().await?;
    if let Some(by) = store::queued_by(&mut read, campaign.id).await? {
        lines.push(format!("queued by {}", shown(&home.config, &by)));
    }
    lines.extend(allow::lines(home, &allowed(home, campaign).await?));
    if let (Some(post), Some(version)) = (campaign.post_id, campaign.version) {
        let signed = post::store::version(&mut read, post, version).await?;
        let slug = &signed.slug;
        if campaign.kind != Kind::Cancellation {
            let from = campaign.due_at.max(home.clock.now());
            lines.extend(planned(&home.config, &signed.post()?, from));
        }
        let newest = post::store::newest(&mut read, slug).await?.map_or(version, |it| it.version);
        if newest > version {
            lines.push(format!(
                "The post was edited since: this sends version {version}, and the newest is {newest}."
            ));
        }
    }
    drop(read);
    lines.push(format!("{:>7}  would get it now", forecast(home, campaign).await?));
    Ok(lines)
}

/// A person is there to be asked; scripts are not.
fn is_watched() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn is_yes(mut from: impl BufRead) -> bool {
    let mut answer = String::new();
    from.read_line(&mut answer).is_ok() && matches!(answer.trim(), "yes" | "Yes" | "YES" | "y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_approves() {
        for (answer, expected) in
            [("yes\n", true), ("y", true), ("", false), ("no\n", false), ("yesterday", false)]
        {
            assert_eq!(is_yes(answer.as_bytes()), expected, "{answer:?}");
        }
    }
}
