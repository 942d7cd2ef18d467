//! The table `[operator]`.

use crate::config::section::Section;
use crate::config::{Operator, value};

pub(super) fn operator(mut s: Section<'_>) -> Option<Operator> {
    let address = s.maybe("address", "none", value::email);
    let summary = s.key("summary", "0 7 * * *", value::cron);
    let alert_after = s.key("alert_after", "15m", value::duration);
    let disk_free = s.key("disk_free", "500 MB", value::size);
    s.end();
    Some(Operator {
        address: address?,
        summary: summary?,
        alert_after: alert_after?,
        disk_free: disk_free?,
    })
}
