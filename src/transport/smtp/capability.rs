//! What a relay offers in its reply to EHLO (RFC 5321 §4.1.1.1).

use super::reply::Answer;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one keyword of the reply")]
pub(super) struct Capabilities {
    /// The largest message it takes, when it says so (RFC 1870).
    pub(super) size: Option<Size>,
    pub(super) eight_bit_mime: bool,
    pub(super) smtputf8: bool,
    pub(super) starttls: bool,
    pub(super) enhanced_status_codes: bool,
    pub(super) pipelining: bool,
    pub(super) chunking: bool,
    pub(super) dsn: bool,
    pub(super) auth_plain: bool,
    pub(super) auth_login: bool,
    pub(super) auth_xoauth2: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) limit: Option<usize>,
}

impl Capabilities {
    /// Keywords are compared without case; the first line is the greeting.
    pub(super) fn of(answer: &Answer) -> Self {
        let mut found = Self::default();
        for line in answer.lines.iter().skip(1) {
            // some relays still write AUTH=PLAIN beside or instead of AUTH PLAIN
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("SIZE") => found.size = Some(Size::of(words.next())),
                Some("8BITMIME") => found.eight_bit_mime = true,
                Some("SMTPUTF8") => found.smtputf8 = true,
                Some("STARTTLS") => found.starttls = true,
                Some("ENHANCEDSTATUSCODES") => found.enhanced_status_codes = true,
                Some("PIPELINING") => found.pipelining = true,
                Some("CHUNKING") => found.chunking = true,
                Some("DSN") => found.dsn = true,
                Some("AUTH") => words.for_each(|mechanism| found.add_mechanism(mechanism)),
                _ => (),
            }
        }
        found
    }

    fn add_mechanism(&mut self, mechanism: &str) {
        self.auth_plain |= mechanism == "PLAIN";
        self.auth_login |= mechanism == "LOGIN";
        self.auth_xoauth2 |= mechanism == "XOAUTH2";
    }
}

impl Size {
    /// Zero or no number means that there is no fixed limit (RFC 1870 §4).
    fn of(word: Option<&str>) -> Self {
        let limit = word.and_then(|word| word.parse().ok());
        Self { limit: limit.filter(|&limit| limit > 0) }
    }

    pub(super) fn excludes(self, length: usize) -> bool {
        self.limit.is_some_and(|limit| length > limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Capabilities {
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        Capabilities::of(&Answer { code: 250, lines })
    }

    #[test]
    fn keywords_are_read_without_case() {
        let found = of(&[
            "host",
            "Size 1000",
            "pipelining",
            "auth plain CRAM-MD5 Login",
            "8bitmime",
            "SmtpUtf8",
            "DSN",
            "chunking",
        ]);
        assert_eq!(found.size, Some(Size { limit: Some(1000) }));
        assert!(found.pipelining && found.eight_bit_mime && found.smtputf8 && found.dsn);
        assert!(found.chunking && found.auth_plain && found.auth_login && !found.starttls);
        assert!(of(&["host", "AUTH=LOGIN"]).auth_login);
    }

    #[test]
    fn the_greeting_line_offers_nothing() {
        assert_eq!(of(&["STARTTLS", "XSTARTTLS"]), Capabilities::default());
    }

    #[test]
    fn a_size_of_zero_is_no_limit() {
        assert!(!of(&["host", "SIZE 0"]).size.unwrap().excludes(usize::MAX));
        assert!(!of(&["host", "SIZE"]).size.unwrap().excludes(usize::MAX));
        assert!(of(&["host", "SIZE 9"]).size.unwrap().excludes(10));
        assert!(!of(&["host", "SIZE 9"]).size.unwrap().excludes(9));
    }
}
