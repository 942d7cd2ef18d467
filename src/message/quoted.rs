//! Quoted-printable (RFC 2045 §6.7): text as lines of at most 76 printable ASCII octets.

const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// A line holds this many, so that the `=` of a soft break is the 76th.
const WIDEST: usize = 75;

/// Octets that stand for themselves wherever they are in a line.
const LITERAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = b'!';
    while octet <= b'~' {
        table[octet as usize] = octet != b'=';
        octet += 1;
    }
    table[b' ' as usize] = true;
    table[b'\t' as usize] = true;
    table
};

/// Ends a line here without ending the line of the text.
pub(super) const SOFT_BREAK: &[u8] = b"=\r\n";

/// Appends `text`, starting on a line of its own. Returns how many octets its last line has.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) -> usize {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + bytes.len() / 16);
    let mut column = 0;
    let mut at = 0;
    while let Some(&octet) = bytes.get(at) {
        let rest = &bytes[at..];
        if let Some(length) = line_break(rest) {
            out.extend_from_slice(b"\r\n");
            column = 0;
            at += length;
            continue;
        }
        at += 1;
        let literal = LITERAL[usize::from(octet)] && !ends_in_blank(rest);
        if column + if literal { 1 } else { 3 } > WIDEST {
            out.extend_from_slice(SOFT_BREAK);
            column = 0;
        }
        if literal && !(column == 0 && misread_at_start(rest)) {
            out.push(octet);
            column += 1;
        } else {
            out.extend_from_slice(&[
                b'=',
                HEX[usize::from(octet >> 4)],
                HEX[usize::from(octet & 15)],
            ]);
            column += 3;
        }
    }
    column
}

/// However a text breaks its lines, a mail has CRLF (RFC 5322 §2.3).
fn line_break(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r' | b'\n', ..] => Some(1),
        _ => None,
    }
}

/// Relays may strip blanks at the end of a line (RFC 2045 §6.7 rule 3).
fn ends_in_blank(rest: &[u8]) -> bool {
    matches!(rest, [b' ' | b'\t'] | [b' ' | b'\t', b'\r' | b'\n', ..])
}

/// A dot needs stuffing by every hop, and some mailboxes write `>From` (RFC 4155).
fn misread_at_start(rest: &[u8]) -> bool {
    rest.starts_with(b".") || rest.starts_with(b"From ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_hop_would_change_is_encoded() {
        assert_eq!(encoded(".\nFrom me\n"), "=2E\r\n=46rom me\r\n");
        assert_eq!(encoded("a \nb\t"), "a=20\r\nb=09");
        assert_eq!(encoded("1=1 é\r\n\r.."), "1=3D1 =C3=A9\r\n\r\n=2E.");
    }

    #[test]
    fn a_dot_after_a_soft_break_is_encoded_too() {
        let lines = encoded(&".".repeat(200));
        assert!(lines.lines().all(|line| line.starts_with("=2E")), "{lines}");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_no_line_is_longer_than_76(text in "(\\PC|[ \t\r\n=.]|From ){0,300}") {
            let lines = encoded(&text);
            prop_assert!(lines.is_ascii());
            prop_assert!(lines.split("\r\n").all(|line| line.len() <= 76));
            prop_assert!(!lines.replace("\r\n", "").contains(['\r', '\n']));
            let decoded = mail_parser::decoders::quoted_printable::quoted_printable_decode(lines.as_bytes()).unwrap();
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(String::from_utf8(decoded).unwrap().replace("\r\n", "\n"), expected);
        }
    }
}
