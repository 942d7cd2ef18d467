//! What readers who asked for discretion see instead of names, subjects and addresses.

use super::Config;
use crate::address::EmailAddress;
use crate::line::Line;

/// The neutral words, and the addresses that go with them.
#[derive(Clone, Debug)]
pub struct Discreet {
    pub sender_name: Line,
    /// Unless a post brings a discreet subject of its own.
    pub subject: Line,
    /// The first label of one List-Id for all discreet mail.
    pub list_id: String,
    /// What the foot of a mail calls the lists it came by.
    pub list_name: Line,
    /// What an inbox shows beside the subject.
    pub preheader: Line,
    pub title: Line,
    /// The first line of the mail.
    pub opening: Line,
    pub link_text: Line,
    pub calendar_title: Line,
    /// What files are called, with a number and an ending: `document` becomes `document-1.pdf`.
    pub file_name: String,
    /// Whether a mail says only [`notice`](Self::notice), with a link, in place of the post.
    pub notice_only: bool,
    pub notice: Line,
    pub address: Option<EmailAddress>,
    pub reply_to: Option<EmailAddress>,
    pub bounce_domain: Option<String>,
    /// Without a slash at the end.
    pub base_url: Option<String>,
    /// Words that none of these, and no discreet subject, may say.
    pub risk_words: Vec<Line>,
}

impl Config {
    /// Whom a mail comes from.
    pub fn from(&self, discreet: bool) -> &EmailAddress {
        let own = self.discreet.address.as_ref().filter(|_| discreet);
        own.unwrap_or(&self.sender.address)
    }

    /// Where the links of a mail point to.
    pub fn base_url(&self, discreet: bool) -> &str {
        let own = self.discreet.base_url.as_ref().filter(|_| discreet);
        own.unwrap_or(&self.site.base_url)
    }

    /// The domain that bounces of a mail come back to; none when they come back to its sender.
    pub fn bounce_domain(&self, discreet: bool) -> Option<&str> {
        let own = self.discreet.bounce_domain.as_ref().filter(|_| discreet);
        own.or(self.sender.bounce_domain.as_ref()).map(String::as_str)
    }

    /// The return path of what is no delivery: a word for what it is, in the domain that bounces come
    /// back to, or the sender's own address.
    pub fn return_path(&self, what: &str, discreet: bool) -> String {
        match self.bounce_domain(discreet) {
            Some(domain) => format!("b+{what}@{domain}"),
            None => self.from(discreet).wire(),
        }
    }

    /// What stands behind the @ of Message-IDs: of plain mails, and of discreet ones.
    pub fn message_domains(&self) -> [String; 2] {
        [false, true].map(|discreet| self.from(discreet).domain())
    }
}
