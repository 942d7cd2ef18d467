//! When a mail may reach its reader, by the reader's own clock.
//!
//! It is asked whenever a mail is claimed. So it holds for what is queued at night, for what was put off
//! into the night, and, as soon as somebody sets hours of their own, for what is queued already.
//!
//! # What always holds
//! * A reader's own quiet hours hold for every mail, also for an urgent one: they alone know who is in
//!   the room.
//! * The site's hold for everybody who has set none, and not for urgent posts.
//! * What goes by local time comes when the reader's clock has come there, and not before.

use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::clock::local::LocalTime;
use crate::clock::quiet::QuietHours;
use crate::config::Site;

/// The hours of those who have set none.
#[derive(Clone, Copy, Debug)]
pub struct Hours {
    zone: Tz,
    quiet: Option<QuietHours>,
}

/// What a mail and its reader say, as the database has it. What nobody can read says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    pub timezone: Option<&'a str>,
    pub quiet_hours: Option<&'a str>,
    /// Of the campaign, a [`LocalTime`].
    pub local_time: Option<&'a str>,
    pub urgent: bool,
}

impl Hours {
    pub fn of(site: &Site) -> Self {
        Self { zone: site.timezone, quiet: site.quiet_hours }
    }

    /// When the mail may go; none when it may go now.
    pub fn until(&self, wish: &Wish<'_>, now: Timestamp) -> Option<Timestamp> {
        let zone = wish.timezone.and_then(|name| name.parse().ok()).unwrap_or(self.zone);
        let time = wish.local_time.and_then(|time| time.parse::<LocalTime>().ok());
        let due = time.and_then(|time| time.at(zone)).unwrap_or(now).max(now);
        let own = wish.quiet_hours.and_then(|hours| hours.parse().ok());
        let quiet = own.or(self.quiet.filter(|_| !wish.urgent));
        let at = quiet.and_then(|hours: QuietHours| hours.until(due, zone)).unwrap_or(due);
        (at > now).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Europe::London;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_utc(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
    }

    fn site(hours: Option<&str>) -> Hours {
        Hours { zone: London, quiet: hours.map(|hours| hours.parse().unwrap()) }
    }

    /// Until when the mail waits, by the clocks of London.
    fn waits(hours: Option<&str>, wish: Wish<'_>, now: &str) -> Option<String> {
        site(hours).until(&wish, at(now)).map(|until| until.rfc3339(London))
    }

    const NIGHT: Option<&str> = Some("21:00-08:00");
    const MIDNIGHT: &str = "2026-06-12T00:00:00+01:00";
    const NOON: &str = "2026-06-12T12:00:00+01:00";
    const MORNING: Option<&str> = Some("2026-06-12T08:00:00+01:00");

    #[test]
    fn without_hours_everything_goes() {
        assert_eq!(waits(None, Wish::default(), MIDNIGHT), None);
    }

    #[test]
    fn the_sites_hours_hold_for_whoever_has_none() {
        assert_eq!(waits(NIGHT, Wish::default(), MIDNIGHT).as_deref(), MORNING);
        assert_eq!(waits(NIGHT, Wish::default(), NOON), None);
    }

    #[test]
    fn hours_are_of_the_readers_own_clock() {
        let tokyo = Wish { timezone: Some("Asia/Tokyo"), ..Wish::default() };
        assert_eq!(waits(NIGHT, tokyo, MIDNIGHT), None, "eight in the morning there");
        assert_eq!(waits(NIGHT, tokyo, NOON), None, "eight in the evening");
        let evening = "2026-06-12T13:00:00+01:00";
        assert_eq!(waits(NIGHT, tokyo, evening).as_deref(), Some("2026-06-13T00:00:00+01:00"));
    }

    #[test]
    fn an_urgent_mail_passes_the_sites_hours_and_never_the_readers() {
        let urgent = Wish { urgent: true, ..Wish::default() };
        assert_eq!(waits(NIGHT, urgent, MIDNIGHT), None);
        let own = Wish { quiet_hours: Some("09:00-17:30"), ..urgent };
        assert_eq!(waits(NIGHT, own, NOON).as_deref(), Some("2026-06-12T17:30:00+01:00"));
    }

    #[test]
    fn a_readers_own_hours_take_the_place_of_the_sites() {
        let own = Wish { quiet_hours: Some("09:00-17:30"), ..Wish::default() };
        assert_eq!(waits(NIGHT, own, MIDNIGHT), None);
        assert_eq!(waits(NIGHT, own, NOON).as_deref(), Some("2026-06-12T17:30:00+01:00"));
    }

    #[test]
    fn local_time_is_when_the_readers_clock_shows_it() {
        let nine = Wish { local_time: Some("2026-06-12T09:00"), ..Wish::default() };
        assert_eq!(waits(None, nine, MIDNIGHT).as_deref(), Some("2026-06-12T09:00:00+01:00"));
        let tokyo = Wish { timezone: Some("Asia/Tokyo"), ..nine };
        assert_eq!(waits(None, tokyo, MIDNIGHT).as_deref(), Some("2026-06-12T01:00:00+01:00"));
        assert_eq!(waits(None, nine, NOON), None, "it has been nine");
        let both = Wish { quiet_hours: Some("08:00-10:00"), ..nine };
        assert_eq!(waits(None, both, MIDNIGHT).as_deref(), Some("2026-06-12T10:00:00+01:00"));
    }

    #[test]
    fn what_cannot_be_read_leaves_the_sites_hours() {
        let odd = Wish {
            timezone: Some("Mars/Olympus"),
            quiet_hours: Some("at night"),
            local_time: Some("soon"),
            urgent: false,
        };
        assert_eq!(waits(NIGHT, odd, MIDNIGHT).as_deref(), MORNING);
        assert_eq!(waits(NIGHT, odd, NOON), None);
    }
}
