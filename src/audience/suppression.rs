//! Addresses never to be mailed, whatever anybody adds or imports.

use super::store;
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::db::{Db, Error};
use crate::token::Keys;

/// Makes sure that these are the keys which the database's hashes and links were made with.
///
/// With other keys a suppressed address would pass for a new one, and old opt-out links would die.
pub async fn check_keys(db: &Db, keys: &Keys) -> Result<bool, Error> {
    let mine = keys.fingerprint();
    if let Some(known) = store::fingerprint(&mut db.read().await?).await? {
        return Ok(known == mine);
    }
    let mut write = db.write().await?;
    store::keep_fingerprint(&mut write, &mine).await?;
    write.commit().await?;
    Ok(store::fingerprint(&mut db.read().await?).await?.as_ref() == Some(&mine))
}

/// Suppresses an address; false when it already was.
pub async fn add(
    db: &Db,
    keys: &Keys,
    email: &EmailAddress,
    reason: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut write = db.write().await?;
    let new = store::suppress(&mut write, &keys.suppression_hash(email), reason, now).await?;
    write.commit().await?;
    Ok(new)
}

/// Lifts a suppression; false when there was none.
pub async fn remove(db: &Db, keys: &Keys, email: &EmailAddress) -> Result<bool, Error> {
    let mut write = db.write().await?;
    let hash = keys.suppression_hash(email);
    let was = store::unsuppress(&mut write, &hash).await?;
    if was {
        store::start_anew(&mut write, &hash).await?;
    }
    write.commit().await?;
    Ok(was)
}
