//! How many connections of a relay are in use at once, after Postfix's scheduler: few at first, more as
//! long as it goes well, fewer when it does not. Each mail moves it by 1/N, where N is how many there
//! are (<https://www.postfix.org/SCHEDULER_README.html>, "1/N feedback").
//!
//! A relay that says 421 or 4.7.x to us (too many, too fast) is also given time between mails: a
//! second at first, twice that for each further minute in which it says so, nothing again after ten
//! quiet minutes.

use std::time::Duration;

use crate::db::owner::Company;

/// With how many it begins.
const FIRST: f64 = 5.0;
const SLOWEST: Duration = Duration::from_mins(1);
const FIRST_GAP: Duration = Duration::from_secs(1);
/// For so long a second complaint is the same one.
const ONE: Duration = Duration::from_mins(1);
const QUIET: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Crowd {
    /// As the configuration says, for all daemons together.
    most: usize,
    /// The daemons that share it.
    company: Company,
    wanted: f64,
    busy: usize,
    complaint: Option<Complaint>,
}

#[derive(Clone, Copy, Debug)]
struct Complaint {
    gap: Duration,
    first: Duration,
    last: Duration,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Self {
        let wanted = FIRST.min(as_float(most));
        Self { most, company: Company::ALONE, wanted, busy: 0, complaint: None }
    }

    pub(super) fn share(&mut self, company: Company) {
        self.company = company;
    }

    pub(super) fn has_room(&self) -> bool {
        self.busy < self.limit()
    }

    /// This daemon's part: none, when there are more daemons than connections.
    pub(super) fn limit(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the connections of a relay"
        )]
        let wanted = self.wanted as usize;
        wanted.min(self.company.part(self.most))
    }

    /// Whether those that are in may go on. When it has become smaller, the next that come free leave.
    pub(super) fn is_within(&self) -> bool {
        self.busy <= self.limit()
    }

    /// How many daemons have a part of it.
    pub(super) fn sharers(&self) -> usize {
        self.company.size.min(self.most)
    }

    pub(super) fn enter(&mut self) {
        self.busy += 1;
    }

    pub(super) fn leave(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    /// The relay took a mail, or refused it for reasons of its own.
    pub(super) fn went_well(&mut self) {
        self.wanted = (self.wanted + 1.0 / self.wanted).min(as_float(self.most));
    }

    pub(super) fn went_badly(&mut self) {
        self.wanted = (self.wanted - 1.0 / self.wanted).max(1.0);
    }

    /// The relay says that it is too much for it.
    pub(super) fn complained(&mut self, now: Duration) {
        self.went_badly();
        let fresh = Complaint { gap: FIRST_GAP, first: now, last: now };
        let complaint = match self.complaint {
            Some(old) if now.saturating_sub(old.last) > QUIET => fresh,
            Some(old) if now.saturating_sub(old.first) > ONE => {
                Complaint { gap: (old.gap * 2).min(SLOWEST), ..fresh }
            }
            Some(old) => Complaint { last: now, ..old },
            None => fresh,
        };
        self.complaint = Some(complaint);
    }

    /// The least time between two mails, beside what the configuration says.
    pub(super) fn gap(&self, now: Duration) -> Option<Duration> {
        let complaint = self.complaint.filter(|it| now.saturating_sub(it.last) <= QUIET)?;
        Some(complaint.gap)
    }
}

fn as_float(connections: usize) -> f64 {
    u32::try_from(connections).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(crowd: &mut Crowd) -> usize {
        let mut count = 0;
        while crowd.has_room() {
            crowd.enter();
            count += 1;
        }
        (0..count).for_each(|_| crowd.leave());
        count
    }

    #[test]
    fn it_begins_with_five_and_grows_by_one_for_each_round_that_goes_well() {
        let mut crowd = Crowd::new(20);
        assert_eq!(fill(&mut crowd), 5);
        for expected in [6, 7, 8] {
            (0..expected).for_each(|_| crowd.went_well());
            assert_eq!(fill(&mut crowd), expected);
        }
        (0..1000).for_each(|_| crowd.went_well());
        assert_eq!(fill(&mut crowd), 20);
        (0..1000).for_each(|_| crowd.went_badly());
        assert_eq!(fill(&mut crowd), 1, "one goes on trying");
        assert_eq!(fill(&mut Crowd::new(2)), 2);
    }

    #[test]
    fn daemons_share_the_connections_and_never_have_more() {
        let mut crowd = Crowd::new(10);
        (0..1000).for_each(|_| crowd.went_well());
        for size in [1, 2, 3, 4, 10, 20] {
            let parts = (0..size).map(|rank| {
                crowd.share(Company { size, rank });
                fill(&mut crowd)
            });
            assert_eq!(parts.sum::<usize>(), 10, "{size} daemons");
        }
    }

    #[test]
    fn a_relay_that_complains_is_given_time() {
        let mut crowd = Crowd::new(10);
        let seconds = Duration::from_secs;
        assert_eq!(crowd.gap(seconds(0)), None);
        for (at, gap) in [(1, 1), (30, 1), (70, 2), (140, 4)] {
            crowd.complained(seconds(at));
            assert_eq!(crowd.gap(seconds(at)), Some(seconds(gap)), "{at}");
        }
        assert_eq!(crowd.gap(seconds(140 + 600)), Some(seconds(4)));
        assert_eq!(crowd.gap(seconds(140 + 601)), None);
        crowd.complained(seconds(2000));
        assert_eq!(crowd.gap(seconds(2000)), Some(seconds(1)), "that is another day");
        for at in 0..100 {
            crowd.complained(seconds(2000 + 61 * at));
        }
        assert_eq!(crowd.gap(seconds(2000 + 6100)), Some(SLOWEST));
    }
}
