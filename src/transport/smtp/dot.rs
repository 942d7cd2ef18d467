//! Dot-stuffing (RFC 5321 §4.5.2), on CRLF line starts only: a message with a bare LF never comes
//! here, and treating one as a line's end is how mail is smuggled (CVE-2023-51764).

use std::borrow::Cow;

use memchr::memmem;

use crate::octets::Octets;

/// `message` as it goes over the wire before its final dot; itself, when no line starts with one.
pub(super) fn stuffed(message: &Octets) -> Cow<'_, [u8]> {
    if !message.has_leading_dot() {
        return Cow::Borrowed(message);
    }
    let mut wire = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    if message.starts_with(b".") {
        wire.push(b'.');
    }
    let mut copied = 0;
    for found in memmem::find_iter(message, b"\r\n.") {
        let dot = found + 2;
        wire.extend_from_slice(&message[copied..dot]);
        wire.push(b'.');
        copied = dot;
    }
    wire.extend_from_slice(&message[copied..]);
    Cow::Owned(wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(message: &str) -> String {
        let message = Octets::from(message.as_bytes().to_vec());
        String::from_utf8(stuffed(&message).into_owned()).unwrap()
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled_and_no_other() {
        assert_eq!(wire(".\r\n"), "..\r\n");
        assert_eq!(wire("a.b\r\n.\r\n..c\r\n"), "a.b\r\n..\r\n...c\r\n");
        assert_eq!(wire("a\r\n.\r\n.\r\n"), "a\r\n..\r\n..\r\n");
        assert_eq!(wire("a\r\n."), "a\r\n..");
    }

    #[test]
    fn a_message_without_such_a_dot_is_not_copied() {
        for message in ["", "a", "a.\r\nb.c\r\n"] {
            let message = Octets::from(message.as_bytes().to_vec());
            assert!(matches!(stuffed(&message), Cow::Borrowed(_)), "{message:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn unstuffing_gives_the_message_back(lines in proptest::collection::vec("[.a]{0,4}", 0..20)) {
            let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            let body = wire(&message);
            let back: String = body.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            proptest::prop_assert_eq!(back, message);
            proptest::prop_assert!(!body.split("\r\n").any(|line| line == "."));
        }
    }
}
