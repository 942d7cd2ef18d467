//! How fast mails go: the keys `rate`, `warm_up` and `warm_up_from` of several tables.

use crate::clock::Timestamp;
use crate::config::section::Section;
use crate::config::{Pace, Site, WarmUp, value};

pub(super) fn pace(s: &mut Section<'_>, site: Option<&Site>) -> Option<Pace> {
    let gap = s.maybe("rate", "no limit", value::rate);
    let gaps = s.list("warm_up", "", value::rate);
    let from = s.maybe("warm_up_from", "none", value::date);
    let warm_up = match (gaps?, from?) {
        (gaps, None) if gaps.is_empty() => None,
        (gaps, Some(day)) if !gaps.is_empty() => {
            let midnight = Timestamp::on_the_wall_or_after(day.into(), site?.timezone)?;
            Some(WarmUp { from: midnight, gaps })
        }
        (_, None) => {
            s.impossible("warm_up", "has no beginning; write warm_up_from = \"2026-12-01\"");
            None
        }
        (_, Some(_)) => {
            let what = "has no rates; write warm_up = [\"200/d\", \"400/d\", \"800/d\"]";
            s.impossible("warm_up_from", what);
            None
        }
    };
    Some(Pace { gap: gap?, warm_up })
}
