//! `bulletin campaign show`: one campaign and how far it is.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Row, find};
use crate::campaign::store::Entry;
use crate::campaign::{Action, State, store};
use crate::cli::allow;
use crate::cli::open::Failure;
use crate::cli::print::Printer;
use crate::cli::who::shown;
use crate::daemon::Home;
use crate::delivery;
use crate::id::CampaignId;
use crate::post;
use crate::post::lint::store::Allowance;

/// So many different replies are shown to people; scripts get all.
const REPLIES: usize = 10;

pub(super) async fn show(
    home: &Home,
    printer: Printer,
    id: CampaignId,
) -> Result<ExitCode, Failure> {
    let campaign = find(home, id).await?;
    let object = object(home, &campaign).await?;
    printer.object(&object);
    for line in heading(home, &campaign) {
        printer.say(line);
    }
    for line in allow::lines(home, &allowed(home, &campaign).await?) {
        printer.say(line);
    }
    match campaign.audience {
        None => printer.say(format!(
            "{:>7}  would get it now; its audience is not frozen yet",
            object["audience"].as_i64().unwrap_or(0)
        )),
        Some(audience) => printer.say(format!("{audience:>7}  audience")),
    }
    for line in counts(&object).chain(replies(&object)) {
        printer.say(line);
    }
    for entry in store::actions(&mut home.db.read().await?, id).await? {
        printer.say(line(home, &entry));
    }
    Ok(ExitCode::SUCCESS)
}

/// What somebody did, for scripts.
fn logged(home: &Home, entry: &Entry) -> Value {
    let Entry { at, coordinator, action, detail } = entry;
    let at = at.rfc3339(home.config.site.timezone);
    json!({ "at": at, "who": coordinator, "action": action.as_str(), "detail": detail })
}

/// The same for people: "24 Nov 2026, 09:30  paused by Ann Field"
fn line(home: &Home, entry: &Entry) -> String {
    let at = entry.at.local(home.config.site.timezone).format("%-d %b %Y, %H:%M");
    let who = shown(&home.config, &entry.coordinator);
    let detail = entry.detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
    let what = match entry.action {
        Action::Voided => "approval voided",
        other => other.as_str(),
    };
    format!("{at}  {what} by {who}{detail}")
}

/// What it is, how it stands, and why.
pub(super) fn heading(home: &Home, campaign: &Row) -> Vec<String> {
    let Row { id, kind, subject, state, due_at, local_time, reason, .. } = campaign;
    let due = match local_time {
        Some(time) => format!("{}, by each reader's own clock", time.spelt()),
        None => due_at.local(home.config.site.timezone).format("%A %-d %B %Y, %H:%M").to_string(),
    };
    let mut lines =
        vec![format!("Campaign {id}: {subject}"), format!("{kind}, {state}, due {due}")];
    lines.extend(reason.iter().map(|reason| format!("because: {reason}")));
    lines
}

/// A line for each state that anybody is in.
pub(super) fn counts(object: &Value) -> impl Iterator<Item = String> {
    people(object).map(|(state, people)| format!("{people:>7}  {state}"))
}

/// The states that anybody is in, and how many.
pub(super) fn people(object: &Value) -> impl Iterator<Item = (&String, i64)> {
    let all = object["counts"].as_object().into_iter().flatten();
    all.filter_map(|(state, people)| Some((state, people.as_i64().filter(|people| *people > 0)?)))
}

/// What the next hops said about those who have not got it.
pub(super) fn replies(object: &Value) -> impl Iterator<Item = String> {
    let all = object["replies"].as_array().map_or(&[][..], Vec::as_slice);
    let title = (!all.is_empty()).then(|| "last replies:".to_owned());
    let line = |reply: &Value| {
        let (count, code) = (reply["count"].as_i64().unwrap_or(0), reply["code"].as_i64());
        let code = code.map_or(String::new(), |code| format!("{code} "));
        format!("{count:>7}  {code}{}", reply["text"].as_str().unwrap_or_default())
    };
    title.into_iter().chain(all.iter().take(REPLIES).map(line))
}

/// A campaign as scripts read it; the counts add up to the audience.
pub(super) async fn object(home: &Home, campaign: &Row) -> Result<Value, Failure> {
    let mut read = home.db.read().await?;
    let found = store::counts(&mut read, campaign.id).await?;
    let replies = delivery::store::replies(&mut read, campaign.id).await?;
    let log = store::actions(&mut read, campaign.id).await?;
    drop(read);
    let counts: serde_json::Map<String, Value> = delivery::State::ALL
        .iter()
        .map(|state| (state.to_string(), found.get(state.as_str()).copied().unwrap_or(0).into()))
        .collect();
    let audience = match campaign.audience {
        Some(audience) => audience,
        None => forecast(home, campaign).await?,
    };
    let replies: Vec<_> = replies
        .iter()
        .map(|one| json!({ "code": one.code, "text": one.text, "count": one.count }))
        .collect();
    Ok(json!({
        "id": campaign.id.0,
        "kind": campaign.kind.as_str(),
        "subject": campaign.subject.as_str(),
        "state": campaign.state.as_str(),
        "due_at": campaign.due_at.rfc3339(home.config.site.timezone),
        "audience": audience,
        "counts": counts,
        "local_time": campaign.local_time.map(|time| time.to_string()),
        "reason": campaign.reason,
        "replies": replies,
        "allowed": allow::object(home, &allowed(home, campaign).await?),
        "log": log.iter().map(|entry| logged(home, entry)).collect::<Value>(),
    }))
}

/// The rules that were let go for what it sends.
pub(super) async fn allowed(home: &Home, campaign: &Row) -> Result<Vec<Allowance>, Failure> {
    let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
        return Ok(Vec::new());
    };
    Ok(post::lint::store::allowed_in(&mut home.db.read().await?, post, version).await?)
}

/// Before the freeze the audience is a forecast; of what was called off before it, nobody.
pub(super) async fn forecast(home: &Home, campaign: &Row) -> Result<i64, Failure> {
    let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
        return Ok(0);
    };
    if campaign.state == State::Cancelled {
        return Ok(0);
    }
    let mut read = home.db.read().await?;
    if let Some(sequel) = store::Sequel::of(campaign.kind) {
        return Ok(store::forecast_holders(&mut read, sequel, post, version).await?.audience);
    }
    let urgent = post::store::version(&mut read, post, version).await?.post()?.urgent;
    Ok(store::forecast(&mut read, campaign.id, post, urgent).await?.audience)
}
