//! What goes out when each reader's clock shows one time: the first of them decides when it begins.

use std::time::Duration;

use anyhow::ensure;
use chrono_tz::Tz;

use super::store::{self, Campaign};
use super::{Order, State};
use crate::clock::Timestamp;
use crate::clock::local::LocalTime;
use crate::config::Config;
use crate::db::{Error, Session};

/// No two clocks on earth are further apart.
const AHEAD: Duration = Duration::from_hours(26);

/// The time that clocks show, and when the first reader's shows it.
pub(super) async fn first(
    session: &mut impl Session,
    config: &Config,
    order: &Order,
) -> anyhow::Result<(LocalTime, Timestamp)> {
    let time = LocalTime::of(order.due_at, config.site.timezone);
    let all: Vec<_> =
        zones(session, config).await?.iter().filter_map(|zone| time.at(*zone)).collect();
    ensure!(
        all.iter().all(|at| *at < order.expires_at),
        "it would expire before the last readers' clocks show that time; give a later --expires"
    );
    Ok((time, all.into_iter().min().unwrap_or(order.due_at)))
}

/// Those whose time has come, or is overdue. Somebody whose clock is ahead of all others may have come
/// since one was queued.
pub(super) async fn due(
    session: &mut impl Session,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Campaign>, Error> {
    let mut waiting = store::in_state(session, State::Scheduled).await?;
    let local = |one: &Campaign| {
        one.local_time.filter(|_| now < one.due_at && one.due_at < now.plus(AHEAD))
    };
    let zones = if waiting.iter().any(|one| local(one).is_some()) {
        zones(session, config).await?
    } else {
        Vec::new()
    };
    let begun =
        |time: LocalTime| zones.iter().filter_map(|zone| time.at(*zone)).any(|at| at <= now);
    waiting.retain(|one| one.due_at <= now || local(one).is_some_and(begun));
    Ok(waiting)
}

/// Of the site, and of readers who told us theirs.
async fn zones(session: &mut impl Session, config: &Config) -> Result<Vec<Tz>, Error> {
    let names = store::zones(session).await?;
    let known = names.iter().filter_map(|name| name.parse().ok());
    Ok(known.chain([config.site.timezone]).collect())
}
