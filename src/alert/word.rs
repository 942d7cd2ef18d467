//! The words of an alert: what is broken, and what to do.
//!
//! What always holds: names of the configuration, subjects and times; no address, and nothing that a
//! server said. They change only when what is broken does.

use std::time::Duration;

use super::fact::Canary;
use super::store::Mailing;
use super::{Broken, Kind};
use crate::clock::Timestamp;
use crate::line::Line;

pub(super) fn disk(least: u64, since: Timestamp) -> Broken {
    Broken {
        kind: Kind::Disk,
        of: None,
        what: format!(
            "The disk that holds the database is nearly full: it has less room than {} MB \
             (operator.disk_free)",
            least / 1_000_000
        ),
        remedy: "Make room on that disk, or move the database to a larger one. Once it is full, \
                 nothing is sent; nobody is forgotten"
            .to_owned(),
        since,
        patience: Duration::ZERO,
    }
}

pub(super) fn relay(name: &str, since: Timestamp, patience: Duration) -> Broken {
    Broken {
        kind: Kind::Relay,
        of: Some(name.to_owned()),
        what: format!("The relay {name} takes no mail"),
        remedy: format!(
            "`bulletin relay list` says why. It is tried again by itself; once it is mended, \
             `bulletin relay resume {name}` tries it at once"
        ),
        since,
        patience,
    }
}

pub(super) fn stalled(since: Timestamp, patience: Duration) -> Broken {
    Broken {
        kind: Kind::Stalled,
        of: None,
        what: "Mails are due and none goes out".to_owned(),
        remedy:
            "`bulletin status` says what waits, and the daemon's log why; starting the daemon anew \
                 loses nothing"
                .to_owned(),
        since,
        patience,
    }
}

pub(super) fn digest(name: &str, title: &Line, firing: Timestamp, patience: Duration) -> Broken {
    Broken {
        kind: Kind::Digest,
        of: Some(name.to_owned()),
        what: format!("The digest {title} is overdue"),
        remedy: format!(
            "`bulletin digest run {name}` makes it now; the daemon's log says why it was not made"
        ),
        since: firing,
        patience,
    }
}

pub(super) fn urgent(mailing: &Mailing, patience: Duration) -> Broken {
    let Mailing { id, subject, .. } = mailing;
    Broken {
        kind: Kind::Urgent,
        of: Some(id.to_string()),
        what: format!("Nobody has got the urgent mailing “{subject}”"),
        remedy: format!("`bulletin campaign show {id}` says what became of its mails"),
        since: mailing.began(),
        patience,
    }
}

pub(super) fn canary(canary: &Canary, patience: Duration) -> Broken {
    let Mailing { id, subject, .. } = &canary.mailing;
    Broken {
        kind: Kind::Canary,
        of: Some(canary.list.clone()),
        what: format!("The canary of the list {} has not got “{subject}”", canary.title),
        remedy: format!(
            "`bulletin delivery list --campaign {id}` says what became of its mail; others may be \
             without theirs, too"
        ),
        since: canary.mailing.began(),
        patience,
    }
}
