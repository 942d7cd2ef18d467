//! Two pairs of eyes: where a list wants it, a second person signs what goes out, to whom, and when.
//!
//! # What always holds
//! * What a list wants approved is frozen only as it was signed: content, lists in their order, due time,
//!   expiry. Whatever changed sends it back to wait for approval; the audience may change until it is frozen.
//! * Whoever queued it does not approve it.

use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::action::Actor;
use super::store::{self, Campaign, Signed};
use super::{Action, Kind, State};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Db, Session, Write};
use crate::id::CampaignId;
use crate::post::store as posts;

/// All that is signed, and what people call it.
const PARTS: [(&str, &str); 8] = [
    ("kind", "its kind"),
    ("post", "its post"),
    ("hash", "its content"),
    ("lists", "its lists"),
    ("filter", "its filter"),
    ("due_at", "its due time"),
    ("local_time", "whose clock it goes by"),
    ("expires_at", "its expiry"),
];

/// What a person approves of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(Value);

impl Content {
    /// As it stands now. A digest has none: it is made of posts that were approved.
    pub async fn of(session: &mut impl Session, campaign: &Campaign) -> anyhow::Result<Self> {
        let (Some(post), Some(version)) = (campaign.post_id, campaign.version) else {
            bail!("campaign {} is a digest, which needs no approval", campaign.id);
        };
        Ok(Self(json!({
            "kind": campaign.kind.as_str(),
            "post": post.0,
            "hash": posts::version(session, post, version).await?.hash,
            "lists": store::lists(session, campaign.id).await?,
            "filter": null,
            "due_at": campaign.due_at.0,
            "local_time": campaign.local_time.map(|time| time.to_string()),
            "expires_at": campaign.expires_at.0,
        })))
    }

    pub fn lists(&self) -> Vec<&str> {
        lists(&self.0)
    }

    /// SHA-256 of its text, in hexadecimal digits.
    pub fn hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.text().as_bytes()))
    }

    fn text(&self) -> String {
        self.0.to_string()
    }

    /// What is otherwise than in the text that was signed.
    fn changes(&self, signed: &str) -> String {
        let before: Value = serde_json::from_str(signed).unwrap_or_default();
        let changed = PARTS.iter().filter(|(key, _)| before.get(key) != self.0.get(key));
        let told = changed.map(|(key, name)| match *key {
            "lists" => {
                let (before, now) = (lists(&before).join(", "), self.lists().join(", "));
                format!("{name} (before: {before}; now: {now})")
            }
            _ => (*name).to_owned(),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Why a signature does not hold any more; None when it does.
    fn breach(&self, signed: &Signed) -> Option<String> {
        if signed.hash == self.hash() {
            return None;
        }
        let (what, who) = (self.changes(&signed.content), &signed.approved_by);
        Some(match what.as_str() {
            "" => format!("{who} approved it under another version of Bulletin"),
            what => format!("changed since {who} approved it: {what}"),
        })
    }
}

fn lists(content: &Value) -> Vec<&str> {
    content["lists"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Lets a campaign go out as it was `seen`.
pub async fn approve(
    db: &Db,
    id: CampaignId,
    seen: &Content,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut write = db.write().await?;
    let campaign = store::lock(&mut write, id).await?.with_context(|| no_such(id))?;
    refuse(&mut write, &campaign, by, now).await?;
    let content = Content::of(&mut write, &campaign).await?;
    ensure!(content == *seen, "campaign {id} changed while you looked at it; look again");
    let hash = content.hash();
    store::sign(&mut write, id, (&content.text(), &hash), by, now).await?;
    store::change(&mut write, id, campaign.state, State::Scheduled, None, now).await?;
    let detail = format!("content {hash}");
    store::log(&mut write, id, by, Action::Approved, Some(&detail), now).await?;
    Ok(write.commit().await?)
}

/// Whether it waits for approval, in time, and by somebody else.
pub async fn refuse(
    session: &mut impl Session,
    campaign: &Campaign,
    by: &Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let Campaign { id, state, .. } = campaign;
    ensure!(
        *state == State::AwaitingApproval,
        "campaign {id} is {state}; only one that is awaiting_approval can be approved"
    );
    ensure!(
        now < campaign.expires_at,
        "campaign {id} expired before anybody approved it; cancel it by `bulletin campaign cancel {id}`, \
         {}",
        anew(campaign)
    );
    if let Some(queued_by) = store::queued_by(session, *id).await?
        && by.is(&queued_by)
    {
        bail!(
            "campaign {id} was queued by {queued_by}, which is you, and its list asks for a second person: \
             somebody else must approve it; who is who stands in the configuration, as [coordinator.NAME]"
        );
    }
    Ok(())
}

/// What to do when it expired before anybody let it go, and was cancelled for that.
pub fn anew(campaign: &Campaign) -> &'static str {
    match campaign.kind {
        Kind::Cancellation => {
            "and queue another by `bulletin post withdraw SLUG --notify`, which tells its readers"
        }
        _ => "and queue it again",
    }
}

pub fn no_such(id: CampaignId) -> String {
    format!("there is no campaign {id}; `bulletin campaign list` shows them")
}

/// Why a campaign that is due may not start: a list wants it approved, and it is not, or not as it stands.
pub(super) async fn missing(
    session: &mut impl Session,
    config: &Config,
    campaign: &Campaign,
) -> anyhow::Result<Option<String>> {
    let content = Content::of(session, campaign).await?;
    let wants = |list: &&str| config.asks_for_approval(list);
    let Some(list) = content.lists().into_iter().find(wants) else {
        return Ok(None);
    };
    Ok(match store::signed(session, campaign.id).await? {
        None => Some(format!("the list \"{list}\" asks for approval, and nobody has approved it")),
        Some(signed) => content.breach(&signed),
    })
}

/// Back to where it waits for a second person, for this reason.
pub(super) async fn void(
    write: &mut Write,
    id: CampaignId,
    why: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (from, to) = (State::Scheduled, State::AwaitingApproval);
    store::change(write, id, from, to, Some(why), now).await?;
    Ok(store::log(write, id, &Actor::machine(), Action::Voided, Some(why), now).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(lists: &[&str], due_at: i64) -> Content {
        Content(json!({
            "kind": "announcement", "post": 1, "hash": "abc", "lists": lists, "filter": null,
            "due_at": due_at, "local_time": null, "expires_at": 9,
        }))
    }

    #[test]
    fn every_part_of_what_is_signed_changes_the_hash_and_has_a_name() {
        let signed = content(&["news"], 1);
        assert_eq!(signed.hash().len(), 64);
        assert_eq!(signed.0.as_object().unwrap().len(), PARTS.len());
        for (key, name) in PARTS {
            let mut other = signed.clone();
            other.0[key] = json!(["other"]);
            assert_ne!(other.hash(), signed.hash(), "{key}");
            assert!(other.changes(&signed.text()).starts_with(name), "{key}");
        }
        assert_eq!(signed.changes(&signed.text()), "");
    }

    #[test]
    fn a_signature_that_tells_of_no_change_and_does_not_fit_is_none() {
        let seen = content(&["news"], 1);
        let mut signed =
            Signed { content: seen.text(), hash: seen.hash(), approved_by: "bob".to_owned() };
        assert_eq!(seen.breach(&signed), None);
        signed.hash = content(&["news"], 2).hash();
        let why = seen.breach(&signed).unwrap();
        assert_eq!(why, "bob approved it under another version of Bulletin");
    }

    #[test]
    fn the_order_of_lists_counts_because_the_first_names_the_mail() {
        let (signed, other) = (content(&["a", "b"], 1), content(&["b", "a"], 2));
        assert_ne!(signed.hash(), other.hash());
        assert_eq!(
            other.changes(&signed.text()),
            "its lists (before: a, b; now: b, a), its due time"
        );
    }
}
