//! Dot-stuffing (RFC 5321 §4.5.2), on CRLF line starts only: a message with a bare LF never comes
//! here, and treating one as a line's end is how mail is smuggled (CVE-2023-51764).

use memchr::memmem;

/// Appends `message` as it goes over the wire, with its final dot, so that one write sends both.
pub(super) fn stuff(message: &[u8], wire: &mut Vec<u8>) {
    wire.reserve(message.len() + message.len() / 64 + 8);
    if message.first() == Some(&b'.') {
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
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(message: &str) -> String {
        let mut wire = Vec::new();
        stuff(message.as_bytes(), &mut wire);
        String::from_utf8(wire).unwrap()
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled_and_no_other() {
        assert_eq!(stuffed(".\r\n"), "..\r\n.\r\n");
        assert_eq!(stuffed("a.b\r\n.\r\n..c\r\n"), "a.b\r\n..\r\n...c\r\n.\r\n");
        assert_eq!(stuffed("a\r\n.\r\n.\r\n"), "a\r\n..\r\n..\r\n.\r\n");
        assert_eq!(stuffed(""), ".\r\n");
    }

    #[test]
    fn a_last_line_without_end_gets_one() {
        assert_eq!(stuffed("a"), "a\r\n.\r\n");
        assert_eq!(stuffed("a\r\n."), "a\r\n..\r\n.\r\n");
    }

    proptest::proptest! {
        #[test]
        fn unstuffing_gives_the_message_back(lines in proptest::collection::vec("[.a]{0,4}", 0..20)) {
            let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            let wire = stuffed(&message);
            let body = wire.strip_suffix(".\r\n").unwrap();
            let back: String = body.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            proptest::prop_assert_eq!(back, message);
            proptest::prop_assert!(!body.split("\r\n").any(|line| line == "."));
        }
    }
}
