//! What receivers find in the DNS: the public half of a key (RFC 6376 §3.6).

use crate::config::Dkim;

/// A string of a TXT record has at most so many octets (RFC 1035 §3.3.14).
const LONGEST: usize = 255;

/// A TXT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Without a dot at its end.
    pub name: String,
    pub value: String,
}

impl Record {
    pub fn of(key: &Dkim) -> anyhow::Result<Self> {
        let Dkim { domain, selector, key } = key;
        Ok(Self {
            name: format!("{selector}._domainkey.{domain}"),
            value: format!("v=DKIM1; k={}; p={}", key.algorithm().as_str(), key.public()?),
        })
    }

    /// As a line of a zone file. Receivers put the strings together again without blanks (§3.6.2.2).
    pub fn zone_line(&self) -> String {
        let strings = self.value.as_bytes().chunks(LONGEST);
        let quoted: Vec<_> =
            strings.map(|string| format!("\"{}\"", String::from_utf8_lossy(string))).collect();
        format!("{}. IN TXT {}", self.name, quoted.join(" "))
    }
}
