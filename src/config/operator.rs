//! `[operator]`: whom Bulletin writes to about itself, and when.

use std::time::Duration;

use crate::address::EmailAddress;
use crate::clock::cron::Cron;

#[derive(Clone, Debug)]
pub struct Operator {
    /// Without one there are no mails.
    pub address: Option<EmailAddress>,
    /// When the daily summary goes out, on the site's wall clock.
    pub summary: Cron,
    /// How long what is out of order is waited for.
    pub alert_after: Duration,
    /// With fewer octets than this the disk counts as full.
    pub disk_free: u64,
}
