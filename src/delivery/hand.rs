//! What this daemon has in hand: claimed, and not yet recorded. Its leases are kept up.
//!
//! A row whose claim got lost on the way (the commit's answer never came) is not in hand: its lease
//! runs out, and it comes back.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::DeliveryId;

#[derive(Debug, Default)]
pub(crate) struct InHand(Mutex<HashSet<DeliveryId>>);

impl InHand {
    pub(crate) fn take(&self, ids: impl IntoIterator<Item = DeliveryId>) {
        self.lock().extend(ids);
    }

    pub(crate) fn let_go(&self, ids: impl IntoIterator<Item = DeliveryId>) {
        let mut held = self.lock();
        for id in ids {
            held.remove(&id);
        }
    }

    pub(crate) fn all(&self) -> Vec<DeliveryId> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<DeliveryId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
