//! What no relay may see: refused before anything is sent, because it is our own mistake.

use super::Envelope;
use super::smtp::command::xtext;
use crate::octets::Octets;

/// Octets of an ENVID (RFC 3461 §5.4).
const ID_LIMIT: usize = 100;

/// The return path may be empty (RFC 5321 §4.5.5), the recipient may not.
pub(super) fn envelope(envelope: &Envelope) -> Result<(), String> {
    if envelope.to.is_empty() {
        return Err("the envelope has no recipient".to_owned());
    }
    path("sender", &envelope.from)?;
    path("recipient", &envelope.to)?;
    envelope.id.as_deref().map_or(Ok(()), id)
}

/// RFC 3461 §4.4 and §5.4.
fn id(id: &str) -> Result<(), String> {
    let printable = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
    if id.is_empty() || !id.bytes().all(printable) || xtext(id).len() > ID_LIMIT {
        return Err(format!(
            "the envelope's id is empty, not printable ASCII or over {ID_LIMIT} octets as xtext"
        ));
    }
    Ok(())
}

/// The text names no address, because it may be logged.
fn path(whose: &str, address: &str) -> Result<(), String> {
    let breaks_out = |c: char| c.is_control() || c.is_whitespace() || c == '<' || c == '>';
    if address.contains(breaks_out) {
        return Err(format!(
            "the {whose}'s address in the envelope holds a control character, a space or an angle \
             bracket; parse it as an EmailAddress first"
        ));
    }
    Ok(())
}

/// A bare CR or LF is how one message is smuggled as two (CVE-2023-51764), and breaks a signature.
pub(super) fn message(message: &Octets) -> Result<(), String> {
    message.flaw().map_or(Ok(()), |flaw| Err(flaw.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_breaks_out_of_its_brackets_is_refused_without_being_told() {
        let to =
            |to: &str| envelope(&Envelope { from: String::new(), to: to.to_owned(), id: None });
        assert_eq!(to("ann@example.org"), Ok(()));
        for address in
            ["", "a@b.c>", "<a@b.c", "a b@c.d", "a@b.c\r\nDATA", "a@b.c\u{2028}", "a\0@b.c"]
        {
            let error = to(address).unwrap_err();
            assert!(!error.contains('@'), "{error}");
        }
    }

    #[test]
    fn an_id_that_dsn_cannot_carry_is_refused() {
        let with = |id: &str| {
            envelope(&Envelope {
                from: String::new(),
                to: "ann@example.org".to_owned(),
                id: Some(id.to_owned()),
            })
        };
        assert_eq!(with(&"7".repeat(100)), Ok(()));
        for id in ["", "a\r\nDATA", "ä", &"7".repeat(101), &"+".repeat(34)] {
            assert!(with(id).is_err(), "{id:?}");
        }
    }
}
