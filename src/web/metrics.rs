//! `GET /metrics`: what this process counted, and how everything stands, for Prometheus.
//!
//! What always holds: numbers, states and the names of relays, nothing of a person or of what a
//! server said; the process's own numbers come also when the database does not answer.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::Office;
use super::page::{Answer, Site};
use crate::alert::{self, Kind};
use crate::db::{Error, Session};
use crate::metric::standing::{Relay, Standing};
use crate::{campaign, delivery, metric};

/// Prometheus itself waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn show(State(site): State<Site>) -> Answer {
    let standing = look(&site.office).await;
    let text = site.office.metrics.encode(standing.as_ref())?;
    Ok(([(CONTENT_TYPE, metric::CONTENT_TYPE)], text).into_response())
}

async fn look(office: &Office) -> Option<Standing> {
    match tokio::time::timeout(PATIENCE, standing(office)).await {
        Ok(Ok(standing)) => Some(standing),
        Ok(Err(error)) => {
            tracing::error!("the database cannot be read: {error}");
            None
        }
        Err(_) => {
            tracing::error!("the database did not answer within five seconds");
            None
        }
    }
}

async fn standing(office: &Office) -> Result<Standing, Error> {
    let mut read = office.db.read().await?;
    let deliveries = delivery::store::waiting(&mut read).await?;
    let campaigns = campaign::store::by_state(&mut read).await?;
    let oldest = delivery::store::oldest_due(&mut read).await?;
    let now = office.clock.now();
    let waiting =
        delivery::State::ALL.into_iter().filter(|state| *state != delivery::State::Accepted);
    Ok(Standing {
        deliveries: counted(waiting.map(delivery::State::as_str), &deliveries),
        campaigns: counted(campaign::State::ALL.iter().map(|state| state.as_str()), &campaigns),
        relays: relays(office, &mut read).await?,
        alerts: alerts(&mut read).await?,
        oldest_due: oldest.map_or(Duration::ZERO, |at| now.since(at)),
    })
}

fn counted(
    states: impl Iterator<Item = &'static str>,
    counts: &BTreeMap<String, i64>,
) -> Vec<(&'static str, i64)> {
    states.map(|state| (state, counts.get(state).copied().unwrap_or(0))).collect()
}

/// How many of each sort last.
async fn alerts(session: &mut impl Session) -> Result<Vec<(&'static str, i64)>, Error> {
    let mut counts: BTreeMap<Kind, i64> = Kind::ALL.map(|kind| (kind, 0)).into();
    for alert in alert::store::all(session).await?.iter().filter(|alert| alert.lasts()) {
        if let Some(count) = Kind::of(&alert.name).and_then(|kind| counts.get_mut(&kind)) {
            *count += 1;
        }
    }
    Ok(counts.into_iter().map(|(kind, count)| (kind.as_str(), count)).collect())
}

/// The configuration's relays; one that the database does not know was never at fault.
pub(super) async fn relays(
    office: &Office,
    session: &mut impl Session,
) -> Result<Vec<Relay>, Error> {
    let known = delivery::store::relays(session).await?;
    let state = |name: &String| {
        let row = known.iter().find(|row| row.name == *name);
        row.map_or("open", |row| row.state.as_str()).to_owned()
    };
    let names = office.config.relay.keys();
    Ok(names.map(|name| Relay { name: name.clone(), state: state(name) }).collect())
}
