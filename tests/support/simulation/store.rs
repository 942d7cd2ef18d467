//! The database as the engine's stores promise it to be; their own cases ask whether they are.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::address_of;
use bulletin::address::EmailAddress;
use bulletin::clock::Timestamp;
use bulletin::config::OnInDoubt;
use bulletin::db::owner::Company;
use bulletin::delivery::bearing::{self, Bearing};
use bulletin::delivery::core::Record;
use bulletin::delivery::store::{RelayRow, Taken};
use bulletin::delivery::{Claim, Errand, Happened, Priority, State};
use bulletin::id::{CampaignId, DeliveryId, RenditionId};
use bulletin::transport::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Running,
    Paused,
    Cancelled,
}

pub(super) struct Campaign {
    pub(super) course: Course,
    expires_at: Timestamp,
    /// Who were refused by policy since it last went on.
    refused: BTreeSet<usize>,
    audience: usize,
}

pub(super) struct Row {
    pub(super) campaign: usize,
    pub(super) person: usize,
    pub(super) state: State,
    pub(super) next_at: Option<Timestamp>,
    pub(super) owner: Option<u64>,
    lease_until: Timestamp,
    fence: i64,
    pub(super) attempts: i64,
    handed: bool,
}

pub(super) struct Store {
    pub(super) rows: Vec<Row>,
    pub(super) campaigns: Vec<Campaign>,
    /// Who left, and when it committed (steady).
    pub(super) left: BTreeMap<usize, u64>,
    pub(super) suppressed: BTreeSet<usize>,
    pub(super) relays: BTreeMap<String, RelayRow>,
    /// When each owner last said that it lives.
    seen: BTreeMap<u64, Timestamp>,
    policy: OnInDoubt,
}

impl Store {
    pub(super) fn new(people: usize, policy: OnInDoubt) -> Self {
        let (rows, campaigns) = (Vec::new(), Vec::new());
        let mut store = Self {
            rows,
            campaigns,
            left: BTreeMap::new(),
            suppressed: BTreeSet::new(),
            relays: BTreeMap::new(),
            seen: BTreeMap::new(),
            policy,
        };
        store.rows.reserve(people);
        store
    }

    pub(super) fn freeze(&mut self, people: usize, now: Timestamp, expires_at: Timestamp) {
        let campaign = self.campaigns.len();
        let audience: Vec<_> = (0..people)
            .filter(|who| !self.left.contains_key(who) && !self.suppressed.contains(who))
            .collect();
        let (course, refused) = (Course::Running, BTreeSet::new());
        self.campaigns.push(Campaign { course, expires_at, refused, audience: audience.len() });
        self.rows.extend(audience.into_iter().map(|person| Row {
            campaign,
            person,
            state: State::Queued,
            next_at: Some(now),
            owner: None,
            lease_until: now,
            fence: 0,
            attempts: 0,
            handed: false,
        }));
    }

    pub(super) fn claim(
        &mut self,
        owner: u64,
        limit: i64,
        now: Timestamp,
        lease: Timestamp,
    ) -> Vec<Taken> {
        let due = |row: &Row, store: &Self| {
            row.next_at.is_some_and(|at| at <= now)
                && store.campaigns[row.campaign].course == Course::Running
        };
        let mut ids: Vec<_> =
            (0..self.rows.len()).filter(|id| due(&self.rows[*id], self)).collect();
        ids.sort_by_key(|id| (self.rows[*id].campaign, self.rows[*id].next_at, *id));
        ids.truncate(usize::try_from(limit).unwrap());
        for id in &ids {
            let row = &mut self.rows[*id];
            (row.state, row.next_at, row.owner) = (State::Sending, None, Some(owner));
            (row.lease_until, row.handed) = (lease, false);
            row.fence += 1;
        }
        ids.into_iter().map(|id| self.taken(id, now)).collect()
    }

    fn taken(&self, id: usize, now: Timestamp) -> Taken {
        let row = &self.rows[id];
        let claim = Claim {
            id: DeliveryId(i64::try_from(id).unwrap()),
            fence: row.fence,
            campaign: CampaignId(i64::try_from(row.campaign).unwrap()),
            attempts: row.attempts,
            expires_at: self.campaigns[row.campaign].expires_at,
        };
        match self.unwanted(row, now) {
            Some(reason) => Taken::Unwanted(claim, reason),
            None => Taken::Wanted(Box::new(Errand {
                claim,
                priority: Priority::News,
                rendition: RenditionId(1),
                discreet: false,
                email: EmailAddress::parse(&address_of(row.person)).unwrap(),
                name: None,
                message_id: id.to_string(),
                dated_at: now,
                subscriptions: Vec::new(),
            })),
        }
    }

    fn unwanted(&self, row: &Row, now: Timestamp) -> Option<&'static str> {
        let campaign = &self.campaigns[row.campaign];
        match row.person {
            who if self.suppressed.contains(&who) => Some("suppressed"),
            who if self.left.contains_key(&who) => Some("unsubscribed"),
            _ if campaign.expires_at <= now => Some("expired"),
            _ if campaign.course != Course::Running => Some("not now"),
            _ => None,
        }
    }

    pub(super) fn look(&mut self, claims: &[Claim], now: Timestamp) -> Vec<Option<&'static str>> {
        let look = |claim: &Claim| {
            let id = row_of(claim);
            let row = &self.rows[id];
            if row.fence != claim.fence || row.state != State::Sending {
                return Some("not now");
            }
            let reason = self.unwanted(row, now);
            self.rows[id].handed = self.policy == OnInDoubt::Hold;
            reason
        };
        claims.iter().map(look).collect()
    }

    /// All of it or nothing; the world decides which before it asks.
    pub(super) fn keep(&mut self, records: &[Record]) {
        for record in records {
            self.keep_one(record);
            if let Some(row) = &record.relay {
                self.note_relay(row);
            }
        }
    }

    fn keep_one(&mut self, record: &Record) {
        let Record { claim, happened, verdict, .. } = record;
        let row = &mut self.rows[row_of(claim)];
        if row.fence != claim.fence || row.state != State::Sending {
            return;
        }
        (row.state, row.next_at, row.owner) = (verdict.state, verdict.next_at, None);
        row.attempts += i64::from(verdict.counts);
        row.handed = false;
        let (person, campaign) = (row.person, &mut self.campaigns[row.campaign]);
        if verdict.pauses_campaign.is_some() && campaign.course == Course::Running {
            campaign.course = Course::Paused;
        }
        match (verdict.bearing, happened) {
            (Some(Bearing::Hard), _) => drop(self.suppressed.insert(person)),
            (Some(Bearing::Policy), Happened::Tried { result: Ok(Outcome::Refused(_)), .. }) => {
                campaign.refused.insert(person);
                let (refused, audience) = (campaign.refused.len(), campaign.audience);
                if bearing::is_refused(refused as i64, audience as i64)
                    && campaign.course == Course::Running
                {
                    campaign.course = Course::Paused;
                }
            }
            _ => {}
        }
    }

    fn note_relay(&mut self, row: &RelayRow) {
        let known = self.relays.get(&row.name);
        if known.is_none_or(|known| known.state != "paused") {
            self.put_relay(row.clone());
        }
    }

    pub(super) fn put_relay(&mut self, mut row: RelayRow) {
        if let Some(known) = self.relays.get(&row.name) {
            row.changed_at = row.changed_at.max(Timestamp(known.changed_at.0 + 1));
        }
        self.relays.insert(row.name.clone(), row);
    }

    pub(super) fn beat(&mut self, owner: u64, now: Timestamp) {
        self.seen.insert(owner, now);
    }

    /// Its last word.
    pub(super) fn bye(&mut self, owner: u64) {
        self.seen.remove(&owner);
    }

    pub(super) fn living(&self, me: u64, now: Timestamp) -> Company {
        let alive = self.seen.iter().filter(|(_, seen)| seen.0 > now.0 - 30_000);
        let alive: Vec<_> = alive.map(|(owner, _)| *owner).collect();
        let rank = alive.iter().filter(|owner| **owner < me).count();
        Company { size: alive.len().max(rank + 1), rank }
    }

    pub(super) fn renew(&mut self, owner: u64, ids: &[DeliveryId], until: Timestamp) {
        for id in ids {
            let row = &mut self.rows[usize::try_from(id.0).unwrap()];
            if row.owner == Some(owner) {
                row.lease_until = until;
            }
        }
    }

    /// Takes back rows of dead owners, and of living ones whose lease has run out: which rows, and
    /// whether each was marked as about to be handed over.
    pub(super) fn recover(
        &mut self,
        alive: &[u64],
        judges: bool,
        now: Timestamp,
    ) -> Vec<(usize, bool)> {
        let mut back = Vec::new();
        for (id, row) in self.rows.iter_mut().enumerate() {
            let Some(owner) = row.owner else { continue };
            if alive.contains(&owner) && !(judges && row.lease_until <= now) {
                continue;
            }
            let held = self.policy == OnInDoubt::Hold;
            row.attempts += i64::from(!held || row.handed);
            (row.state, row.next_at) = if held && row.handed {
                (State::InDoubt, None)
            } else {
                (State::Queued, Some(now))
            };
            back.push((id, row.handed));
            (row.owner, row.handed) = (None, false);
        }
        back
    }

    /// Gives back what an owner has and does not know of.
    pub(super) fn strays(&mut self, owner: u64, until: Timestamp, now: Timestamp) {
        for row in &mut self.rows {
            if row.owner == Some(owner) && row.lease_until < until {
                (row.state, row.next_at) = (State::Queued, Some(now));
                (row.owner, row.handed) = (None, false);
            }
        }
    }

    pub(super) fn pause(&mut self, campaign: usize) {
        if self.campaigns[campaign].course == Course::Running {
            self.campaigns[campaign].course = Course::Paused;
        }
    }

    pub(super) fn resume(&mut self, campaign: usize) {
        let campaign = &mut self.campaigns[campaign];
        if campaign.course == Course::Paused {
            campaign.course = Course::Running;
            campaign.refused.clear();
        }
    }

    /// Also what came back untried to one that is cancelled already.
    pub(super) fn cancel(&mut self, campaign: usize) {
        self.campaigns[campaign].course = Course::Cancelled;
        for row in &mut self.rows {
            if row.campaign == campaign && row.next_at.is_some() {
                (row.state, row.next_at) = (State::Cancelled, None);
            }
        }
    }

    /// What nobody needs to wait for any more.
    pub(super) fn is_settled(&self) -> bool {
        self.rows.iter().all(|row| row.state.is_final() || row.state == State::InDoubt)
    }
}

pub(super) fn row_of(claim: &Claim) -> usize {
    usize::try_from(claim.id.0).unwrap()
}
