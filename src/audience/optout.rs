//! Saying no: ends subscriptions, at once and for good.

use super::store::{self, Consent};
use super::{ConsentSource, State};
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Db, Error};
use crate::id::{DeliveryId, SubscriptionId};

/// A no, as it came in.
#[derive(Clone, Debug)]
pub struct OptOut {
    pub subscriptions: Vec<SubscriptionId>,
    pub source: ConsentSource,
    /// What the person saw or said.
    pub wording: &'static str,
    /// The mail whose link was used.
    pub delivery: Option<DeliveryId>,
}

/// Ends these subscriptions and says which lists ended now; ending twice changes nothing.
///
/// Once this returns, promise 3 holds: no claim and no hand-over after it sees the person as a reader.
pub async fn opt_out(db: &Db, no: &OptOut, now: Timestamp) -> Result<Vec<String>, Error> {
    let mut write = db.write().await?;
    let mut lists = Vec::new();
    for id in &no.subscriptions {
        if let Some((subscriber, list)) = store::end(&mut write, *id, "unsubscribed", now).await? {
            let consent = Consent {
                subscriber,
                list: &list,
                action: "ended",
                source: no.source,
                wording: no.wording,
                delivery: no.delivery,
            };
            store::append(&mut write, &consent, now).await?;
            lists.push(list);
        }
    }
    write.commit().await?;
    Ok(lists)
}

/// The subscriptions of an address that have not ended: all, or those of some lists.
pub async fn of_address(
    db: &Db,
    email: &EmailAddress,
    lists: &[String],
) -> Result<Option<Vec<SubscriptionId>>, Error> {
    let Some(person) = store::find(&mut db.read().await?, email).await? else {
        return Ok(None);
    };
    let wanted = |list: &String| lists.is_empty() || lists.contains(list);
    let open =
        person.subscriptions.iter().filter(|one| one.state != State::Ended && wanted(&one.list));
    Ok(Some(open.map(|one| one.id).collect()))
}
