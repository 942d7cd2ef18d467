//! The kinds of post: what lists take and posts say. (The post stage calls it `post::Kind`.)

use std::fmt;
use std::str::FromStr;

/// What sort of news a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    MeetingSummary,
    Report,
    MeetingNotice,
    Announcement,
}

impl Kind {
    pub const ALL: [Self; 4] =
        [Self::MeetingSummary, Self::Report, Self::MeetingNotice, Self::Announcement];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::MeetingSummary => "meeting-summary",
            Self::Report => "report",
            Self::MeetingNotice => "meeting-notice",
            Self::Announcement => "announcement",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            format!("\"{text}\" is not a kind; write meeting-summary, report, meeting-notice or announcement")
        })
    }
}
