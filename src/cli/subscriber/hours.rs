//! A person's own clock and quiet hours, as a coordinator sets and reads them.

use std::str::FromStr;

use chrono_tz::Tz;
use clap::Args;

use crate::address::EmailAddress;
use crate::audience::{Subscriber, store};
use crate::clock::quiet::QuietHours;
use crate::db::{Error, Write};

/// Left out, each stays as it is.
#[derive(Clone, Debug, Args)]
pub(super) struct Hours {
    /// The time zone they live in, such as Europe/London; none is the site's
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<Own<Tz>>,
    /// Hours in which nothing may reach them, urgent or not, such as 17:00-09:00; none is the site's
    #[arg(long, value_name = "FROM-TO", value_parser = quiet_hours)]
    quiet_hours: Option<Own<QuietHours>>,
}

/// Something of one's own, or `none`.
#[derive(Clone, Copy, Debug)]
struct Own<T>(Option<T>);

fn own<T: FromStr>(text: &str, refuse: impl Fn(T::Err) -> String) -> Result<Own<T>, String> {
    if text == "none" {
        return Ok(Own(None));
    }
    text.parse().map(|value| Own(Some(value))).map_err(refuse)
}

fn zone(text: &str) -> Result<Own<Tz>, String> {
    own(text, |_| "that is not a time zone; write one such as Europe/London, or none".to_owned())
}

fn quiet_hours(text: &str) -> Result<Own<QuietHours>, String> {
    own(text, |why| why)
}

impl Hours {
    pub(super) async fn keep(&self, write: &mut Write, email: &EmailAddress) -> Result<(), Error> {
        if let Some(Own(timezone)) = self.timezone {
            store::set_timezone(write, email, timezone).await?;
        }
        if let Some(Own(hours)) = self.quiet_hours {
            store::set_quiet_hours(write, email, hours).await?;
        }
        Ok(())
    }
}

/// What is their own, in words.
pub(super) fn lines(person: &Subscriber, site: Tz) -> Vec<String> {
    let zone = person.timezone.map(|zone| format!("Their clock is that of {zone}."));
    let hours = person.quiet_hours.map(|hours| {
        let clock = person.timezone.unwrap_or(site);
        format!("Nothing reaches them between {hours} ({clock}), not even what is urgent.")
    });
    zone.into_iter().chain(hours).collect()
}
