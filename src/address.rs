//! A person's address, parsed once at the edge.
//!
//! What always holds: an [`EmailAddress`] fits in an envelope (RFC 5321 §4.1.2) and has no control
//! character. It is sent exactly as it was written; two spellings of one address have one
//! [`EmailAddress::key`]: domain case, IDN and local-part case are folded, `+tag` and dots are not.

use std::fmt;
use std::str::FromStr;

/// An address that mail can be sent to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_matches([' ', '\t']);
        let shown = || text.chars().take(60).filter(|c| !c.is_control()).collect::<String>();
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Err(AddressError::NoAt(shown()));
        };
        // 254 octets is what fits in a path of 256 with its angle brackets (RFC 5321 §4.5.3.1.3)
        // and a quoted space or bracket is allowed by the letter and refused by the world
        let breaks_out = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
        if text.len() > 254 || text.contains(breaks_out) {
            return Err(AddressError::Malformed(shown()));
        }
        if !domain.contains('.') && domain != "localhost" {
            return Err(AddressError::NoDomain(shown()));
        }
        lettre::Address::new(local, domain).map_err(|_| AddressError::Malformed(shown()))?;
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The domain as it goes over the wire: lower case, A-labels (RFC 5890).
    pub fn domain(&self) -> String {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
    }

    /// The address with its domain as A-labels: what an envelope and a header hold.
    pub fn wire(&self) -> String {
        format!("{}@{}", self.local(), self.domain())
    }

    /// What is equal for two spellings of one address.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local().to_lowercase(), self.domain())
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Masked, so that no log line or panic shows a person: `a***@e***.org`.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |text: &str| text.chars().next().unwrap_or('*');
        let domain = self.domain();
        let end = domain.rsplit_once('.').map_or("", |(_, end)| end);
        write!(f, "{}***@{}***.{end}", first(&self.0), first(&domain))
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

/// Why a text is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    #[error("\"{0}\" is not an e-mail address: it has no @; write it like ann@example.org")]
    NoAt(String),
    #[error(
        "\"{0}\" is not an e-mail address: its domain has no dot; write it like ann@example.org"
    )]
    NoDomain(String),
    #[error("\"{0}\" is not an e-mail address; write it like ann@example.org")]
    Malformed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_address_have_one_key() {
        let key = |text| EmailAddress::parse(text).unwrap().key();
        assert_eq!(key("Ann@Example.ORG"), key("ann@example.org"));
        assert_eq!(key("ann@bücher.example"), key("ann@xn--bcher-kva.example"));
        assert_ne!(key("ann+news@example.org"), key("ann@example.org"));
        assert_ne!(key("a.nn@example.org"), key("ann@example.org"));
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_an_example() {
        for text in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@host",
            "a b@example.org",
            "ann@exa mple.org",
            "Ann <ann@example.org>",
            "ann@example.org\r\nBcc: b@example.org",
            "a\0@example.org",
            "\"<x>\"@example.org",
            "\"a b\"@example.org",
        ] {
            let error = EmailAddress::parse(text).unwrap_err().to_string();
            assert!(error.contains("ann@example.org"), "{text:?}: {error}");
            assert!(!error.contains('\r'), "{error}");
        }
    }

    #[test]
    fn debug_masks_the_person() {
        let shown = format!("{:?}", EmailAddress::parse("ann@example.org").unwrap());
        assert_eq!(shown, "a***@e***.org");
    }
}
