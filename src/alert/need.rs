//! What goes on only when somebody does something: for `status`, and for the summary.

use std::fmt;

use super::store::{self as alerts, Alert};
use super::{Desk, Kind};
use crate::address::EmailAddress;
use crate::audience::{self, State as Standing, Subscriber, used::check_used};
use crate::campaign::State;
use crate::campaign::approval::anew;
use crate::campaign::digest::check_left;
use crate::campaign::store::{self as campaigns, Campaign};
use crate::clock::Timestamp;
use crate::config::{Digest, List};
use crate::db::Read;
use crate::delivery::store as deliveries;
use crate::source::poll::location;
use crate::source::store as sources;

/// Something that needs a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    pub what: String,
    /// What a server or a feed said; not for a mail.
    pub words: Option<String>,
    /// What to do about it; may be empty.
    pub remedy: String,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(words) = &self.words {
            write!(f, ": {words}")?;
        }
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl Need {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), words: None, remedy: remedy.into() }
    }

    fn saying(self, words: Option<&str>) -> Self {
        Self { words: words.filter(|words| !words.is_empty()).map(str::to_owned), ..self }
    }
}

/// Everything that needs a person, what is broken first.
pub async fn needs(desk: Desk<'_>) -> anyhow::Result<Vec<Need>> {
    let read = &mut desk.db.read().await?;
    let mut lasting = alerts::all(read).await?;
    lasting.retain(Alert::lasts);
    let mut needs = broken(&lasting);
    needs.extend(relays(read, &lasting).await?);
    needs.extend(paused(read).await?);
    needs.extend(in_doubt(read).await?);
    if let Err(error) = desk.config.fit_for_the_world() {
        needs.push(Need::new(error.to_string(), ""));
    }
    if let Err(error) = check_used(desk.db, desk.config).await {
        needs.push(Need::new(error.to_string(), ""));
    }
    if let Err(error) = check_left(desk.db, desk.config).await {
        needs.push(Need::new(error.to_string(), ""));
    }
    needs.extend(of_sources(desk, read).await?);
    let now = desk.clock.now();
    let waiting = campaigns::in_state(read, State::AwaitingApproval).await?;
    needs.extend(waiting.iter().map(|campaign| awaits(campaign, now)));
    needs.extend(left_out(desk, read).await?);
    needs.extend(canaries(desk, read).await?);
    Ok(needs)
}

/// What a second person is to do, or what it is too late for.
fn awaits(campaign: &Campaign, now: Timestamp) -> Need {
    let Campaign { id, subject, due_at, expires_at, reason, .. } = campaign;
    let name = format!("campaign {id} “{subject}”");
    let need = if *expires_at <= now {
        let what = format!("{name} expired before anybody approved it");
        Need::new(what, format!("`bulletin campaign cancel {id}`, {}", anew(campaign)))
    } else {
        let late = if *due_at <= now { ", and its time has come" } else { "" };
        let what = format!("{name} waits for approval{late}");
        Need::new(what, format!("`bulletin campaign approve {id}`"))
    };
    need.saying(reason.as_deref())
}

/// Editions that were left out because no daemon ran.
async fn left_out(desk: Desk<'_>, read: &mut Read) -> anyhow::Result<Vec<Need>> {
    let skipped = campaigns::skipped(read).await?.into_iter();
    let known = skipped.filter_map(|(name, at)| Some((desk.config.digest.get(&name)?, name, at)));
    let need = |(digest, name, at): (&Digest, String, Timestamp)| {
        let when = at.local(digest.timezone).format("%A %-d %B, %H:%M");
        Need::new(
            format!("the digest {name} of {when} was left out, because nothing ran then"),
            format!("the next one brings it all, or `bulletin digest run {name}` now"),
        )
    };
    Ok(known.map(need).collect())
}

/// A relay's is told below, with what the server said.
fn broken(lasting: &[Alert]) -> Vec<Need> {
    let others = lasting.iter().filter(|alert| Kind::of(&alert.name) != Some(Kind::Relay));
    others.map(|alert| Need::new(&*alert.what, &*alert.remedy)).collect()
}

async fn relays(read: &mut Read, lasting: &[Alert]) -> anyhow::Result<Vec<Need>> {
    let relays = deliveries::relays(read).await?.into_iter().filter(|relay| relay.state != "open");
    let need = |relay: deliveries::RelayRow| {
        let name = format!("{}:{}", Kind::Relay.as_str(), relay.name);
        let remedy = match lasting.iter().find(|alert| alert.name == name) {
            Some(alert) => alert.remedy.clone(),
            None => format!("`bulletin relay resume {}` has it tried at once", relay.name),
        };
        Need::new(format!("relay {} is {}", relay.name, relay.state), remedy)
            .saying(relay.reason.as_deref())
    };
    Ok(relays.map(need).collect())
}

async fn paused(read: &mut Read) -> anyhow::Result<Vec<Need>> {
    let paused = campaigns::in_state(read, State::Paused).await?.into_iter();
    let need = |campaign: campaigns::Campaign| {
        let id = campaign.id;
        let reason = campaign.reason.as_deref().unwrap_or("by a person");
        Need::new(
            format!("campaign {id} “{}” is paused", campaign.subject),
            format!("`bulletin campaign resume {id}`"),
        )
        .saying(Some(reason))
    };
    Ok(paused.map(need).collect())
}

async fn in_doubt(read: &mut Read) -> anyhow::Result<Option<Need>> {
    let totals = deliveries::totals(read).await?;
    Ok(totals.get("in_doubt").map(|mails| {
        let what = match mails {
            1 => "1 mail".to_owned(),
            more => format!("{more} mails"),
        };
        Need::new(
            format!(
                "{what} in doubt, which may or may not have arrived (`bulletin delivery list --state in_doubt`)"
            ),
            "`bulletin delivery retry ID` sends it again, `bulletin delivery settle ID accepted|failed` ends it",
        )
    }))
}

async fn of_sources(desk: Desk<'_>, read: &mut Read) -> anyhow::Result<Vec<Need>> {
    let standings = sources::all(read).await?;
    let mut needs = Vec::new();
    for (name, source) in &desk.config.source {
        let here = location(source);
        let standing = standings.iter().find(|one| one.name == *name && one.location == here);
        if let Some(standing) = standing
            && let Some(error) = &standing.error
        {
            let tries = match standing.faults {
                1 => "1 look".to_owned(),
                more => format!("{more} looks"),
            };
            let what = format!("source {name} is at fault ({tries} in a row)");
            needs.push(Need::new(what, "").saying(Some(error)));
        }
        let items = sources::items(read, name).await?.into_iter();
        let finding = |why: String| Need::new(format!("source {name}: {why}"), "");
        needs.extend(items.filter_map(|item| item.finding).map(finding));
    }
    Ok(needs)
}

/// A canary that would sing of nothing. It is never subscribed by itself: it may have said no.
async fn canaries(desk: Desk<'_>, read: &mut Read) -> anyhow::Result<Vec<Need>> {
    let mut needs = Vec::new();
    for (slug, list) in desk.config.list.iter().filter(|(_, list)| !list.archived) {
        let Some(canary) = &list.canary else { continue };
        let hash = desk.keys.suppression_hash(canary);
        let suppressed = audience::store::suppressed(read, &hash).await?;
        let reader = audience::store::find(read, canary).await?;
        needs.extend(canary_need(slug, list, canary, suppressed, reader.as_ref()));
    }
    Ok(needs)
}

fn canary_need(
    slug: &str,
    list: &List,
    canary: &EmailAddress,
    suppressed: bool,
    reader: Option<&Subscriber>,
) -> Option<Need> {
    let name = &list.name;
    if suppressed {
        return Some(Need::new(
            format!("the canary of the list {name} is suppressed and gets no mail"),
            format!(
                "`bulletin suppression remove {canary}` lets it be mailed again, or name another"
            ),
        ));
    }
    let mut subscriptions = reader.into_iter().flat_map(|reader| &reader.subscriptions);
    let state = subscriptions.find(|one| one.list == slug).map(|one| one.state);
    let how = match state {
        Some(Standing::Active) => return None,
        None => "does not read it",
        Some(Standing::Pending) => "has not confirmed yet",
        Some(Standing::Paused) => "is pausing",
        Some(Standing::Ended) => "has left it",
    };
    Some(Need::new(
        format!("the canary of the list {name} {how}"),
        format!("`bulletin subscriber add {canary} --list {slug} --confirmed` subscribes it"),
    ))
}
