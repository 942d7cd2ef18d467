//! What people are subscribed to must be in the configuration.

use anyhow::bail;

use super::{Cadence, store};
use crate::config::Config;
use crate::db::Db;

/// Refuses a configuration without a list or a digest that somebody reads.
pub async fn check_used(db: &Db, config: &Config) -> anyhow::Result<()> {
    for (list, cadence, people) in store::used(&mut db.read().await?).await? {
        if !config.list.contains_key(&list) {
            bail!(
                "{people} people are subscribed to \"{list}\", which is not in the configuration; \
                   put [list.{list}] back, with `archived = true` to retire it"
            );
        }
        if let Cadence::Digest(digest) = &cadence
            && !config.digest.contains_key(digest)
        {
            bail!(
                "{people} people read \"{list}\" in the digest \"{digest}\", which is not in the configuration; \
                   put [digest.{digest}] back"
            );
        }
    }
    Ok(())
}
