//! Adding somebody: the person, the subscriptions, the consent.

use super::store::{self, Consent, Wanted};
use super::{Cadence, ConsentSource, State, Subscriber, Subscription};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Error, Write};
use crate::id::SubscriberId;
use crate::line::Line;
use crate::token::Keys;

/// Somebody to add, as a coordinator or a file says it.
#[derive(Clone, Debug)]
pub struct Request {
    pub email: EmailAddress,
    pub name: Option<Line>,
    /// None: as it was, or not discreet for somebody new.
    pub discreet: Option<bool>,
    pub subscriptions: Vec<Entry>,
    /// Why we may write to this person, in words.
    pub basis: String,
    pub source: ConsentSource,
    /// The person agreed again after leaving: lifts an earlier end, never a suppression.
    pub agreed_again: bool,
}

/// One list that somebody is to be on.
#[derive(Clone, Debug)]
pub struct Entry {
    pub list: String,
    /// None: as it was, or `immediate` for a new subscription.
    pub cadence: Option<Cadence>,
    pub state: State,
}

/// What adding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    New,
    Changed,
    Unchanged,
    /// The address must never be mailed: nothing was written.
    Suppressed,
    /// The person left this list before: nothing was written.
    Left,
}

/// Adds one person, or brings what is there up to date, in the caller's transaction.
pub async fn add(
    write: &mut Write,
    keys: &Keys,
    request: &Request,
    now: Timestamp,
) -> Result<Added, Error> {
    let hash = keys.suppression_hash(&request.email);
    if store::suppressed(write, &hash).await? {
        return Ok(Added::Suppressed);
    }
    let found = store::find(write, &request.email).await?;
    let wanted: Vec<&Entry> = request
        .subscriptions
        .iter()
        .filter(|entry| !left(found.as_ref(), entry, request))
        .collect();
    if wanted.is_empty() && !request.subscriptions.is_empty() {
        return Ok(Added::Left);
    }
    let (id, mut changed) = match &found {
        Some(person) => (person.id, update(write, person, request).await?),
        None => {
            (store::insert(write, &request.email, &hash, request.name.as_ref(), now).await?, true)
        }
    };
    if found.is_none() && request.discreet == Some(true) {
        store::set_discreet(write, id, true).await?;
    }
    for entry in wanted {
        changed |= subscribe(write, id, found.as_ref(), entry, request, now).await?;
    }
    Ok(match (found, changed) {
        (None, _) => Added::New,
        (Some(_), true) => Added::Changed,
        (Some(_), false) => Added::Unchanged,
    })
}

/// Whether the person ended this subscription, and this request is not their own change of mind.
fn left(person: Option<&Subscriber>, entry: &Entry, request: &Request) -> bool {
    let ended = |one: &Subscription| one.list == entry.list && one.state == State::Ended;
    !request.agreed_again && person.is_some_and(|person| person.subscriptions.iter().any(ended))
}

async fn update(write: &mut Write, person: &Subscriber, request: &Request) -> Result<bool, Error> {
    let mut changed = false;
    if let Some(name) = request.name.as_ref().filter(|name| person.name.as_ref() != Some(name)) {
        store::rename(write, person.id, name).await?;
        changed = true;
    }
    if let Some(discreet) = request.discreet.filter(|discreet| *discreet != person.discreet) {
        store::set_discreet(write, person.id, discreet).await?;
        changed = true;
    }
    Ok(changed)
}

async fn subscribe(
    write: &mut Write,
    id: SubscriberId,
    person: Option<&Subscriber>,
    entry: &Entry,
    request: &Request,
    now: Timestamp,
) -> Result<bool, Error> {
    let old =
        person.and_then(|person| person.subscriptions.iter().find(|one| one.list == entry.list));
    let action = if let Some(old) = old.filter(|old| old.state != State::Ended) {
        let cadence = entry.cadence.as_ref().unwrap_or(&old.cadence);
        // adding somebody again never takes a confirmation away
        let state = if old.state == State::Pending { entry.state } else { old.state };
        if *cadence == old.cadence && state == old.state {
            return Ok(false);
        }
        store::take_turn(write).await?;
        store::adjust(write, old.id, cadence, state).await?;
        if state == old.state { "cadence" } else { "subscribed" }
    } else {
        let cadence = entry.cadence.as_ref().unwrap_or(&Cadence::Immediate);
        let wanted =
            Wanted { list: &entry.list, cadence, state: entry.state, basis: &request.basis };
        store::begin(write, id, &wanted, now).await?;
        if entry.state == State::Pending { "requested" } else { "subscribed" }
    };
    let consent = Consent {
        subscriber: id,
        list: &entry.list,
        action,
        source: request.source,
        wording: &request.basis,
        delivery: None,
    };
    store::append(write, &consent, now).await?;
    Ok(true)
}
