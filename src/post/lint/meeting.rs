//! Notices of meetings that are over.

use super::Written;
use super::rule::MEETING_PAST;
use crate::clock::Timestamp;
use crate::post::{Finding, Kind};

/// A notice whose meeting has begun by the time it goes out. A summary may tell of one that is over.
pub(super) fn past(written: &Written<'_>) -> Option<Finding> {
    let meeting = written.post.meeting.as_ref()?;
    let starts = Timestamp::on_the_wall(meeting.starts, meeting.timezone)?;
    let notice = written.post.kind == Kind::MeetingNotice;
    (notice && starts <= written.at).then(|| {
        let message = format!(
            "the meeting begins on {}, before this goes out; write the day of the next one, or make it a meeting-summary",
            meeting.starts.format("%A %-d %B %Y at %H:%M")
        );
        written.finding(written.line_of("starts").max(written.line_of("meeting")), &MEETING_PAST, message)
    })
}
