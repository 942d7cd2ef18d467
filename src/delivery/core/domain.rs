//! Limits of recipients' domains, over all relays.
//!
//! An errand to such a domain waits here before it is queued with all others, the most urgent first, so
//! that it holds up nobody else. Shortly before its turn it is *lined up*: looked at and brought to a
//! worker while the turn comes. What would wait for more than two seconds goes back to the database,
//! with the time at which its turn will be: a turn that is spoken for is *booked*.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::Now;
use super::crowd::Crowd;
use super::pace::Pace;
use crate::config;
use crate::db::owner::Company;
use crate::delivery::{Claim, Errand};

/// What waits for longer goes back.
const PATIENCE: Duration = Duration::from_secs(2);
/// What goes back comes again after this at the latest: the limits may be others by then.
const LATEST: Duration = Duration::from_mins(10);
/// So long before its turn an errand is lined up.
const EARLY: Duration = Duration::from_millis(50);
/// So many wait here at most.
const MOST: usize = 256;

/// All domains with limits.
#[derive(Debug, Default)]
pub(super) struct Domains {
    all: Vec<Domain>,
    /// An index into `all`.
    names: BTreeMap<String, usize>,
}

impl Domains {
    /// No more mails are under way to any than `connections`, those of all relays.
    pub(super) fn new<'a>(
        limits: impl Iterator<Item = &'a config::Domain>,
        connections: usize,
    ) -> Self {
        let mut domains = Self::default();
        for limit in limits {
            let number = domains.all.len();
            domains.names.extend(limit.domains.iter().map(|name| (name.clone(), number)));
            domains.all.push(Domain::new(limit, connections));
        }
        domains
    }

    /// Which of them this errand goes to.
    pub(super) fn of(&self, errand: &Errand) -> Option<usize> {
        if self.all.is_empty() {
            return None;
        }
        self.names.get(&errand.email.domain()).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&mut self, number: usize) -> &mut Domain {
        &mut self.all[number]
    }

    pub(super) fn has_turn(&self, number: usize, now: Now) -> bool {
        self.all[number].pace.is_ready(now)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Domain> {
        self.all.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Domain> {
        self.all.iter_mut()
    }
}

#[derive(Debug)]
pub(super) struct Domain {
    pub(super) pace: Pace,
    pub(super) crowd: Crowd,
    /// In the order of their turns, each with the time since when.
    waiting: VecDeque<(Box<Errand>, Duration)>,
    /// Lined up, and not begun.
    lined_up: u32,
    /// By priority: when the next turn is that nobody has booked.
    booked: [Duration; 3],
    /// How long a mail has a place here, about: also while it waits for its relay.
    takes: Duration,
}

impl Domain {
    fn new(limit: &config::Domain, connections: usize) -> Self {
        Self {
            pace: Pace::new(&limit.pace),
            crowd: Crowd::new(limit.connections.unwrap_or(connections)),
            waiting: VecDeque::new(),
            lined_up: 0,
            booked: [Duration::ZERO; 3],
            // rather too little: what comes again too early is booked anew
            takes: Duration::from_millis(10),
        }
    }

    pub(super) fn share(&mut self, company: Company) {
        self.crowd.share(company);
        self.pace.share(self.crowd.sharers());
    }

    /// Lets it wait for its turn; or gives it back, with how long from now it had better come again.
    pub(super) fn admit(
        &mut self,
        errand: Box<Errand>,
        now: Now,
    ) -> Result<(), (Box<Errand>, Duration)> {
        if self.crowd.limit() == 0 {
            // another daemon's: not all of them at once
            let apart = Duration::from_millis(errand.claim.id.0.unsigned_abs() % 1000);
            return Err((errand, PATIENCE + apart));
        }
        let before = |other: &Errand| other.priority <= errand.priority;
        let last = self.waiting.iter().rposition(|(other, _)| before(other));
        let place = last.map_or(0, |last| last + 1);
        let ahead = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(self.lined_up);
        let wait = self.turn_in(now) + self.turn_time(now).saturating_mul(ahead);
        if wait > PATIENCE || self.waiting.len() >= MOST {
            let later = self.book(errand.priority as usize, now, wait.max(PATIENCE));
            return Err((errand, later));
        }
        self.waiting.insert(place, (errand, now.steady));
        Ok(())
    }

    /// The next whose turn is about to come.
    pub(super) fn line_up(&mut self, now: Now) -> Option<Box<Errand>> {
        if self.waiting.is_empty() || !self.crowd.has_room() || self.lines_up_at(now) > now.steady {
            return None;
        }
        self.crowd.enter();
        self.lined_up += 1;
        self.waiting.pop_front().map(|(errand, _)| errand)
    }

    /// When the next may be lined up.
    fn lines_up_at(&self, now: Now) -> Duration {
        let gap = self.gap(now).unwrap_or_default();
        (self.pace.turn() + gap * self.lined_up).saturating_sub(EARLY)
    }

    /// When time alone changes something here, if it does.
    pub(super) fn wakes_at(&self, now: Now) -> Option<Duration> {
        let lines_up = (!self.waiting.is_empty()).then(|| self.lines_up_at(now));
        let begins = (self.lined_up > 0).then(|| self.pace.turn());
        [lines_up, begins].into_iter().flatten().filter(|at| *at > now.steady).min()
    }

    /// One that was lined up begins.
    pub(super) fn begin(&mut self, now: Now) {
        self.lined_up -= 1;
        self.pace.take(now, self.crowd.gap(now.steady));
    }

    /// One that was lined up does not begin.
    pub(super) fn step_out(&mut self) {
        self.lined_up -= 1;
        self.crowd.leave();
    }

    /// A mail had a place here for so long.
    pub(super) fn took(&mut self, time: Duration) {
        self.takes = (self.takes * 7 + time) / 8;
    }

    /// All that waits.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Box<Errand>> {
        self.waiting.drain(..).map(|(errand, _)| errand)
    }

    /// The claims of those that wait for which this is so; they wait no more.
    pub(super) fn take_out(&mut self, which: impl Fn(&Errand) -> bool) -> Vec<Claim> {
        let such = self.waiting.iter().filter(|(errand, _)| which(errand));
        let out = such.map(|(errand, _)| errand.claim).collect();
        self.waiting.retain(|(errand, _)| !which(errand));
        out
    }

    /// Whether the turn of what is lined up has moved away: somebody has complained since.
    pub(super) fn has_stalled(&self, now: Now) -> bool {
        self.lined_up > 0 && self.turn_in(now) > 2 * EARLY
    }

    /// Those that wait and had better come again: it is not this daemon's domain any more, its turn is
    /// far away, or the next has waited for long, and so a turn takes as long as that.
    pub(super) fn overdue(&mut self, now: Now) -> VecDeque<Box<Errand>> {
        let Some((_, since)) = self.waiting.front() else { return VecDeque::new() };
        let waited = now.steady.saturating_sub(*since);
        if self.crowd.limit() > 0 && self.turn_in(now).max(waited) <= 2 * PATIENCE {
            return VecDeque::new();
        }
        if waited > 2 * PATIENCE {
            self.takes = self.takes.max(waited * self.places());
        }
        self.drain().collect()
    }

    fn turn_in(&self, now: Now) -> Duration {
        self.pace.turn().saturating_sub(now.steady)
    }

    /// At least between two turns.
    fn gap(&self, now: Now) -> Option<Duration> {
        self.pace.gap(now.wall).max(self.crowd.gap(now.steady))
    }

    /// From one turn to the next, about.
    fn turn_time(&self, now: Now) -> Duration {
        self.gap(now).unwrap_or_default().max(self.takes / self.places())
    }

    fn places(&self) -> u32 {
        u32::try_from(self.crowd.limit().max(1)).unwrap_or(u32::MAX)
    }

    /// Speaks for a turn after those that are spoken for already by what goes before it. None that is
    /// too far away is spoken for: whoever comes again by then takes it.
    fn book(&mut self, priority: usize, now: Now, wait: Duration) -> Duration {
        let before = self.booked[..=priority].iter().max().copied().unwrap_or_default();
        let at = before.max(now.steady + wait);
        if at > now.steady + LATEST {
            return LATEST;
        }
        self.booked[priority] = at + self.turn_time(now);
        at.saturating_sub(now.steady)
    }
}
